"""Joint plans: against every combination, and cheaper than cables alone or three stages."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("cvxpy")
pytest.importorskip("highspy")

from itertools import product

from powerflow.door import make_feeder
from problems.coplan.choices import UpgradeRule, make_choices
from problems.coplan.day import Day
from problems.coplan.ddcp import coplan
from problems.coplan.equipment import Cable, Library, read_library
from problems.coplan.joint import plan_jointly
from problems.coplan.plan import conflicts_in, judge
from problems.coplan.scenario import on_day
from problems.coplan.storage_model import Grid, one_feeder
from problems.coplan.upgrade import candidate_lines, plan_upgrades
from problems.coplan.vcu import feeders_behind
from problems.coplan.vmbp import feeder_storage, plan_storage
from problems.core.errors import ContentError

TERMS = read_library().storage
LIBRARY = Library(
    (Cable("small", 150.0, 0.2, 0.1, 60.0), Cable("large", 230.0, 0.1, 0.1, 200.0)), (), TERMS
)
RULE = UpgradeRule(margin=None)


def two_lines(peak_kw=650.0):
    """Return a short line overloaded all day and a long one overloaded in one hour only."""
    feeder = make_feeder(
        name="pair", base_kv=10.0, source="s", bus_id=["s", "a", "b"], p_kw=[0.0, 1000.0, 600.0],
        q_kvar=[0.0, 0.0, 0.0], from_bus=["s", "a"], to_bus=["a", "b"], r_ohm=[0.2, 0.4],
        x_ohm=[0.05, 0.1], ampacity_a=[80.0, 35.0], length_m=[200.0, 3000.0],
    )  # fmt: skip
    loads = np.array([[0.0, 1600.0, kw] for kw in (400.0, peak_kw, 450.0, 380.0)])
    return on_day(feeder, Day(loads, 0.0 * loads, np.ones(4), "built"), np.zeros((1, 3)))


def by_enumeration(scenario, library=LIBRARY):
    """Return the least cost over every choice of lines, each priced by the cone program."""
    choices = make_choices(scenario, library, RULE, candidate_lines(scenario, library, RULE))
    best = np.inf
    for chosen in product(*(choices.of(k) for k in choices.candidates)):
        r_ohm, x_ohm, limit_a = choices.columns(np.array(chosen))
        grid = Grid(r_ohm, x_ohm, limit_a)
        part, at = one_feeder(scenario, feeders_behind(scenario)[0])
        stored = feeder_storage(part, library.storage, grid.only(at), has_bound=False)
        best = min(best, choices.cost_usd[list(chosen)].sum() + stored.cost_usd)
    return best


@pytest.mark.parametrize("peak_kw", [640.0, 700.0])
def test_agrees_with_every_combination(peak_kw):
    scenario = two_lines(peak_kw)
    plan = plan_jointly(scenario, LIBRARY, RULE, gap=1e-3)
    best = by_enumeration(scenario)
    assert plan.total_usd == pytest.approx(best, rel=2e-3)
    assert plan.bound_usd <= best * (1.0 + 1e-6)
    assert plan.is_ac_feasible


@pytest.mark.parametrize("seed", [0, 1, 4])
def test_agrees_with_every_combination_of_random_cases(seed):
    from vcu_oracles import small_case

    scenario, library = small_case(np.random.default_rng(seed), n_bus=4, n_hour=3)
    # storage cheap enough to stand in for a cable now and then
    library = replace(library, storage=replace(TERMS, cost_usd_per_kwh=60.0))
    plan = plan_jointly(scenario, library, RULE, gap=1e-3, limit_s=60.0)
    best = by_enumeration(scenario, library)
    if np.isinf(best):
        assert plan.status == "infeasible"
        assert plan.conflicts
        return
    assert plan.total_usd == pytest.approx(best, rel=2e-3)
    assert plan.bound_usd <= best * (1.0 + 1e-6)
    assert plan.is_ac_feasible


def test_storage_that_cannot_pay_leaves_cables_alone():
    dear = replace(LIBRARY, storage=replace(TERMS, cost_usd_per_kwh=1e5))
    plan = plan_jointly(two_lines(), dear, RULE, limit_s=60.0)
    alone = plan_upgrades(two_lines(), dear, RULE)
    assert plan.status == "optimal"
    assert plan.storage == ()
    assert plan.total_usd == pytest.approx(alone.total_usd)


def test_feeders_behind_one_bus_add_up():
    one = two_lines()
    feeder = make_feeder(
        name="two pairs", base_kv=10.0, source="s", bus_id=["s", "a", "b", "c", "d"],
        p_kw=[0.0, 1000.0, 600.0, 1000.0, 600.0], q_kvar=[0.0] * 5,
        from_bus=["s", "a", "s", "c"], to_bus=["a", "b", "c", "d"], r_ohm=[0.2, 0.4] * 2,
        x_ohm=[0.05, 0.1] * 2, ampacity_a=[80.0, 35.0] * 2, length_m=[200.0, 3000.0] * 2,
    )  # fmt: skip
    loads = np.hstack([one.p_kw, one.p_kw[:, 1:]])
    both = on_day(feeder, Day(loads, 0.0 * loads, np.ones(4), "built"), np.zeros((1, 5)))
    plan, half = plan_jointly(both, LIBRARY, RULE), plan_jointly(one, LIBRARY, RULE)
    assert plan.total_usd == pytest.approx(2.0 * half.total_usd, rel=5e-4)
    assert plan.bound_usd == pytest.approx(2.0 * half.bound_usd, rel=5e-4)


def test_without_a_line_to_replace_storage_alone_is_the_plan():
    feeder = make_feeder(
        name="long", base_kv=10.0, source="s", bus_id=["s", "a"], p_kw=[0.0, 1000.0],
        q_kvar=[0.0, 300.0], from_bus=["s"], to_bus=["a"], r_ohm=[4.0], x_ohm=[2.0],
        ampacity_a=[np.nan], length_m=[np.nan],
    )  # fmt: skip
    loads = np.outer([0.4, 1.2, 0.5], feeder.p_kw)
    day = Day(loads, 0.3 * loads, np.ones(3), "built")
    scenario = on_day(feeder, day, np.zeros((1, 2)))
    plan, alone = plan_jointly(scenario, LIBRARY, RULE), plan_storage(scenario, LIBRARY)
    assert plan.cables == ()
    assert plan.storage_kwh > 0.0
    assert plan.total_usd == pytest.approx(alone.total_usd, rel=1e-4)
    assert plan.bound_usd == pytest.approx(alone.bound_usd, rel=1e-3)


def test_loads_that_feed_in_are_refused():
    scenario = two_lines()
    scenario = replace(scenario, p_kw=scenario.p_kw * [1.0, 1.0, -1.0])
    for plan in (plan_jointly, plan_upgrades):
        with pytest.raises(ContentError, match="line a-b feed in 400 kW in hour 0"):
            plan(scenario, LIBRARY, RULE)


def test_strictly_cheaper_than_cables_alone_and_than_three_stages():
    # DDCP sizes the short line by its peak current in Stage I; cables alone replace the long one
    scenario = two_lines()
    joint = plan_jointly(scenario, LIBRARY, RULE, gap=1e-3)
    alone = plan_upgrades(scenario, LIBRARY, RULE)
    stages = coplan(scenario, LIBRARY, UpgradeRule(margin=1.3)).plan
    assert joint.total_usd < 0.99 * alone.total_usd
    assert joint.total_usd < 0.99 * stages.total_usd
    assert joint.storage_kwh > 0.0
    assert joint.cables
    assert not conflicts_in(judge(scenario, LIBRARY, joint.cables, joint.storage), scenario)


def test_infeasible_is_said_with_conflicts():
    tiny = Library((Cable("tiny", 81.0, 0.2, 0.1, 60.0),), (), TERMS)
    plan = plan_jointly(two_lines(5000.0), tiny, RULE, limit_s=20.0)
    assert plan.total_usd is None
    assert plan.status == "infeasible"
    assert {conflict.where for conflict in plan.conflicts} >= {"s-a", "a-b"}
    forced = plan_jointly(two_lines(5000.0), tiny, UpgradeRule("forced"))
    assert forced.status == "infeasible"
    assert [(c.limit, c.where) for c in forced.conflicts] == [
        ("ampacity", "s-a"),
        ("ampacity", "a-b"),
    ]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("rule", "most_usd"),
    [
        (UpgradeRule(), 1_195_600.0),
        (UpgradeRule(margin_of="own"), 997_000.0),
        (UpgradeRule(margin=None), 980_800.0),
    ],
)
def test_the_papers_case(paper_day, rule, most_usd):
    # targets: optima of another program (a prototype), rounded up to 0.1 thousand USD
    library = read_library()
    plan = plan_jointly(paper_day, library, rule, limit_s=300.0)
    assert plan.total_usd <= most_usd
    assert plan.gap <= 0.01
    assert plan.is_ac_feasible
    assert plan.total_usd < plan_upgrades(paper_day, library, rule).total_usd
    # no plan around it, its storage by the cone program, costs less than the bound
    choices = make_choices(paper_day, library, rule, candidate_lines(paper_day, library, rule))
    size = {paper_day.feeder.bus_index(line.to_bus): line.size for line in plan.cables}
    rng, n_plan = np.random.default_rng(6), 0
    for _ in range(4):
        chosen = []
        for k in choices.candidates:
            own = choices.of(k)
            at = [choices.size[c] for c in own].index(size.get(int(k), ""))
            step = rng.choice([-1, 0, 1], p=[0.1, 0.7, 0.2])
            chosen.append(own[np.clip(at + step, 0, len(own) - 1)])
        r_ohm, x_ohm, limit_a = choices.columns(np.array(chosen))
        cost = float(choices.cost_usd[chosen].sum())
        for buses in feeders_behind(paper_day):
            part, at_buses = one_feeder(paper_day, buses)
            grid = Grid(r_ohm, x_ohm, np.where(np.isfinite(limit_a), limit_a, np.nan))
            cost += feeder_storage(part, TERMS, grid.only(at_buses), has_bound=False).cost_usd
        n_plan += np.isfinite(cost)
        assert cost >= plan.bound_usd
    assert n_plan
