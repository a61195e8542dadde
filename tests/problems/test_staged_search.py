"""The search of staged plans on a five-bus feeder: against enumeration, twins and physics."""

import itertools

import numpy as np
import pytest

pytest.importorskip("cvxpy")

import cvxpy as cp
from five_bus import five_bus_study

from problems.conic.network import Network
from problems.conic.solve import solve
from problems.staged.chain import chain_cost, joint_cost
from problems.staged.dispatch import build_stage
from problems.staged.floors import Floors, state_of, subset_minimum
from problems.staged.genetic import chain_of, gene_space, search
from problems.staged.indicators import cost_breakdown, investment_rows, scheme_answer
from problems.staged.investment import Scheme
from problems.staged.memo import Memo
from problems.staged.program import yearly_cost
from problems.staged.proof import open_roots, prove
from problems.staged.scenarios import reduce_scenarios
from problems.staged.scheme_plan import Effort, plan_scheme
from problems.staged.solving import solve_state
from problems.staged.state import StageModel, StateResult


@pytest.fixture(scope="module")
def study():
    return five_bus_study()


def memo_of(study, name: str, **kwargs) -> Memo:
    seen = reduce_scenarios(study.data, 1)
    return Memo(StageModel.of(study, Scheme(name), seen), **kwargs)


@pytest.fixture(scope="module")
def enumerated(study):
    """Every plan of scheme D and its cost: all chains of all states."""
    memo = memo_of(study, "D")
    floors = Floors.of(memo)
    possible = [s for s in range(len(floors.bits)) if np.isfinite(floors.value[0, s])]
    for k in range(3):
        memo.solve_leaves(floors.decided(k, s) for s in possible)
    costs = {}
    for chain in itertools.product(possible, repeat=3):
        if chain[0] & ~chain[1] or chain[1] & ~chain[2]:
            continue
        found = chain_cost(memo, tuple(tuple(floors.bits[s].tolist()) for s in chain))
        costs[chain] = found
    return memo, costs


def test_proof_finds_what_enumeration_finds(study, enumerated) -> None:
    memo, costs = enumerated
    least = min(found.cost_mrmb for found in costs.values())
    floor = min(found.floor_mrmb for found in costs.values())
    fresh = Floors.of(memo_of(study, "D"))
    open_roots(fresh)
    proof = prove(fresh, gap=0.0, constant_mrmb=1.0)
    assert proof.status in ("optimal", "gap_limit")
    assert (proof.status == "gap_limit") == proof.message.startswith("stalled")
    assert proof.cost_mrmb == pytest.approx(least, rel=1e-5)
    assert proof.bound_mrmb <= floor + 1e-6
    assert proof.bound_mrmb == pytest.approx(floor, rel=1e-4)
    # and it did not solve everything
    assert fresh.memo.counts.solved < memo.counts.solved


def test_joint_capacities_cost_between_floor_and_repair(enumerated) -> None:
    memo, costs = enumerated
    floors = Floors.of(memo)
    states, found = max(costs.items(), key=lambda pair: pair[1].cost_mrmb - pair[1].floor_mrmb)
    assert found.cost_mrmb > found.floor_mrmb * 1.001  # a capacity would shrink
    chain = tuple(tuple(floors.bits[s].tolist()) for s in states)
    joint = joint_cost(memo, chain)
    assert found.floor_mrmb - 1e-5 <= joint.cost_mrmb <= found.cost_mrmb
    assert joint.cost_mrmb < found.cost_mrmb * (1.0 - 1e-6)
    for before, later in itertools.pairwise(joint.capacity):
        for name, sizes in before.items():
            assert all(a <= b for a, b in zip(sizes, later[name], strict=True))


def test_genetic_search_finds_it_too(study, enumerated) -> None:
    memo, costs = enumerated
    least = min(found.cost_mrmb for found in costs.values())
    floors = Floors.of(memo_of(study, "D"))
    floors.memo.kept.update({key.text(): result for key, result in memo.known.items()})
    found = [search(floors, population=16, generations=15, seed=seed) for seed in range(3)]
    assert min(f.cost_mrmb for f in found) == pytest.approx(least, rel=1e-6)


def test_pruned_and_unpruned_searches_give_the_same_survivors(study, enumerated) -> None:
    kept = {key.text(): result for key, result in enumerated[0].known.items()}
    runs = []
    for is_pruning in (True, False):
        floors = Floors.of(memo_of(study, "D"))
        floors.memo.kept.update(kept)
        open_roots(floors)
        runs.append(
            (search(floors, population=8, generations=10, seed=5, is_pruning=is_pruning), floors)
        )
    (pruned, with_floors), (plain, without) = runs
    assert pruned.survivors == plain.survivors
    assert pruned.chain == plain.chain
    counts = with_floors.memo.counts
    assert counts.pruned > 0
    assert counts.solved <= without.memo.counts.solved
    assert without.memo.counts.pruned == 0


def test_remembered_search_is_the_same_as_a_fresh_one(study, tmp_path) -> None:
    file = tmp_path / "states.jsonl"
    results = []
    for _ in range(2):
        floors = Floors.of(memo_of(study, "B", file=file))
        open_roots(floors)
        proof = prove(floors, gap=0.0, constant_mrmb=1.0)
        found = search(floors, population=6, generations=6, seed=2)
        results.append((proof, found, floors.memo.counts))
    assert results[0][0].cost_mrmb == results[1][0].cost_mrmb
    assert results[0][1].survivors == results[1][1].survivors
    assert results[0][2] == results[1][2]
    # an interruption cuts the last line
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:3]) + "\n" + lines[3][:20])
    floors = Floors.of(memo_of(study, "B", file=file))
    open_roots(floors)
    assert prove(floors, gap=0.0, constant_mrmb=1.0).cost_mrmb == results[0][0].cost_mrmb


@pytest.mark.parametrize("bits", list(itertools.product((0, 1), repeat=3)))
def test_screened_hours_cost_what_the_whole_cone_program_costs(study, bits) -> None:
    memo = memo_of(study, "B")
    model = memo.model
    for k in (0, 2):
        fast = solve_state(model, model.key(k, bits))
        network = Network.of(study.with_segments(np.array(bits[:2], bool)))
        program = build_stage(
            study, k, model.seen, Scheme("B"), network, (2.0, 3.15)[bits[2]], np.zeros(2)
        )
        problem = cp.Problem(cp.Minimize(yearly_cost(program, study.data, k)), program.all_rows())
        slow = solve(problem)
        assert fast.cost_mrmb == pytest.approx(slow.value, rel=1e-5)


def test_schemes_share_what_costs_them_the_same_and_find_what_they_find_alone(
    study, enumerated
) -> None:
    kept = {key.text(): result for key, result in enumerated[0].known.items()}
    first = memo_of(study, "A")
    prove(Floors.of(first), gap=0.0, constant_mrmb=1.0)
    for name in ("B", "D"):
        found, solved = [], []
        for known in ({}, dict(first.known)):
            memo = memo_of(study, name, known=known, kept=dict(kept))
            floors = Floors.of(memo)
            open_roots(floors)
            proof = prove(floors, gap=0.0, constant_mrmb=1.0)
            survivors = search(floors, population=6, generations=4, seed=3).survivors
            found.append((proof.cost_mrmb, proof.bound_mrmb, proof.chain, survivors))
            solved.append(memo.counts.solved)
        assert found[0] == found[1]
        # A has solved states of B; those of D have storage or managed charging
        assert solved[1] < solved[0] if name == "B" else solved[1] == solved[0]


@pytest.mark.parametrize("name", ["B", "D"])
def test_relaxations_are_below_every_state_they_hold(study, enumerated, name) -> None:
    memo = memo_of(study, name)
    model, n = memo.model, memo.model.n_item
    floors = Floors.of(memo)
    open_roots(floors)
    memo.kept.update({key.text(): result for key, result in enumerated[0].known.items()})
    for k in range(3):
        for state in range(len(floors.bits)):
            if not np.isfinite(floors.value[k, state]):
                continue
            key = model.key(k, tuple(floors.bits[state].tolist()))
            memo.solve_leaves([key])
            exact = memo.leaf(key).cost_mrmb + model.item_mrmb[k, :n] @ floors.bits[state]
            assert floors.value[k, state] <= exact + 1e-5


def test_random_open_states_bound_every_state_and_random_plans_every_bound(
    study, enumerated
) -> None:
    memo, costs = enumerated
    model, n = memo.model, memo.model.n_item
    floors = Floors.of(memo_of(study, "D"))
    rng = np.random.default_rng(11)
    possible = [s for s in range(len(floors.bits)) if np.isfinite(floors.value[0, s])]
    is_checked = False
    for k in (0, 2, 2, 2, 2):
        # a range around two states that are possible, closed where both agree
        one, other = floors.bits[rng.choice(possible, 2)]
        key = model.key(k, tuple(np.minimum(one, other)), tuple(np.maximum(one, other)))
        if key.is_leaf:
            continue
        floors.add_nodes([key])
        for state in possible:
            exact = memo.leaf(model.key(k, tuple(floors.bits[state].tolist()))).cost_mrmb
            exact += model.item_mrmb[k, :n] @ floors.bits[state]
            assert floors.value[k, state] <= exact + 1e-5
            is_checked |= floors.value[k, state] > 0.9 * exact
    assert is_checked  # some bound is near enough to be able to fail
    open_roots(floors)
    bound = prove(floors, gap=1e-3, constant_mrmb=1.0).bound_mrmb
    plans = list(costs.values())
    for place in rng.choice(len(plans), 50):
        assert bound <= plans[place].cost_mrmb + 1e-6


def test_schemes_are_nested(study) -> None:
    effort = Effort(1, 6, 4, seed=1, gap=1e-3)
    plans = {}
    for name in "ABCD":
        plans[name] = plan_scheme(study, Scheme(name), effort, known=dict(plans))
    for less, more in itertools.pairwise("ABCD"):
        # up to the gap that was stopped at
        assert plans[more].lcc_rmb <= plans[less].lcc_rmb * (1.0 + 1e-3 + 1e-5)
        assert plans[more].bound_rmb <= plans[less].lcc_rmb
    for plan in plans.values():
        assert plan.bound_rmb <= plan.lcc_rmb
        answer = scheme_answer(plan)
        assert answer["gap"] <= 2e-3
        # exact: every limit is kept under AC power flow
        assert answer["ac"]["violation"] < 1e-5
        assert answer["ac"]["simultaneity_kw"] < 0.1
        assert answer["lcc_all_rmb"] == pytest.approx(sum(cost_breakdown(plan).values()))
        after = answer["undervoltage_buses"]["after"]
        assert after == [0, 0, 0]
        spent = sum(row["cost_rmb"] for row in investment_rows(plan))
        assert answer["investment_rmb"] == pytest.approx(spent)
    assert len(set(plans["A"].chain)) == 1
    for plan in plans.values():
        for before, later in itertools.pairwise(plan.chain):
            assert all(a <= b for a, b in zip(before, later, strict=True))
        for before, later in itertools.pairwise(plan.capacity):
            for name, sizes in before.items():
                assert all(a <= b + 1e-9 for a, b in zip(sizes, later[name], strict=True))


def test_a_failed_state_loses_and_is_counted(study, monkeypatch) -> None:
    from problems.staged import memo as memory

    def failing(model, key):
        if key.low[0] == 1:
            return StateResult("solver_failed", "made to fail")
        return solve_state(model, key)

    monkeypatch.setattr(memory, "solve_state", failing)
    floors = Floors.of(memo_of(study, "B"))
    open_roots(floors)
    proof = prove(floors, gap=0.0, constant_mrmb=1.0)
    found = search(floors, population=6, generations=4, seed=1)
    assert found.chain is not None
    assert proof.chain is not None
    assert all(bits[0] == 0 for bits in proof.chain)
    # what failed might have been cheaper: the bound says so
    assert proof.bound_mrmb <= proof.cost_mrmb
    assert all(bits[0] == 0 for bits in found.chain)
    assert floors.memo.counts.failed > 0


def test_workers_do_not_change_the_answer(study) -> None:
    found = []
    for n_jobs in (1, 2):
        floors = Floors.of(memo_of(study, "B", n_jobs=n_jobs))
        found.append(search(floors, population=6, generations=4, seed=4).survivors)
    assert found[0] == found[1]


def test_subset_minimum_is_the_least_of_all_subsets() -> None:
    value = np.random.default_rng(0).random(16)
    slow = [min(value[s] for s in range(16) if s & ~m == 0) for m in range(16)]
    assert subset_minimum(value).tolist() == slow
    assert state_of((1, 0, 1)) == 5


def test_genes_decode_to_chains_that_only_grow(study) -> None:
    for name in "AD":
        model = memo_of(study, name).model
        points = gene_space(model).sample(50, np.random.default_rng(1))
        for genes in points:
            chain = chain_of(model, genes)
            for before, later in itertools.pairwise(chain):
                assert all(a <= b for a, b in zip(before, later, strict=True))
            if name == "A":
                assert chain[0] == chain[2]
