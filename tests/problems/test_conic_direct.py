"""The hot path against its oracle, the cvxpy model; duals against perturbed solves."""

from dataclasses import replace

import joblib
import numpy as np
import pytest

from powerflow import load_feeder
from problems.conic.case import DispatchCase
from problems.conic.devices import Costs, GridLimits, Pv, ReactiveDevice, SizedLoad, Storage
from problems.conic.network import Network

cp = pytest.importorskip("cvxpy")
pytest.importorskip("clarabel")

from problems.conic import direct  # noqa: E402
from problems.conic.direct import dispatch_directly, solve_directly  # noqa: E402
from problems.conic.dispatch import build_dispatch  # noqa: E402
from problems.conic.solution import solution_of  # noqa: E402
from problems.conic.solve import solve  # noqa: E402

HOURS = np.arange(6)
COSTS = Costs(
    loss_per_kwh=0.5,
    loss_per_kvarh=0.1,
    import_per_kwh=(0.1, 0.05, 0.1, 0.2, 0.4, 0.3),
    curtailed_per_kwh=0.2,
    shed_per_kwh=5.0,
    throughput_per_kwh=0.01,
    size_reward_per_kw=(1.0, 0.5),
)


def rich_case(rng=None):
    """Return ieee33 over six hours with every kind of device and limit."""
    feeder = load_feeder("ieee33")
    factor = 0.6 + 0.4 * np.sin(HOURS)
    noise = 1.0 if rng is None else rng.uniform(0.9, 1.1, (6, 33))
    sun = tuple(np.clip(600.0 * np.sin(HOURS / 2), 0.0, None))
    return DispatchCase(
        feeder,
        np.outer(factor, feeder.p_kw) * noise,
        np.outer(factor, feeder.q_kvar) * noise,
        v_source_pu=1.0 + 0.01 * np.cos(HOURS),
        storage=(
            Storage("18", 400.0, 200.0, 190.0, kvar_max=100.0),
            Storage("18", 300.0, 100.0, 100.0, 0.9, 0.9, 0.1, 0.9, 0.5, -50.0, 50.0),
        ),
        reactive=(ReactiveDevice("33", -600.0, 600.0),),
        pv=(Pv("25", sun), Pv("33", sun, can_curtail=False)),
        sized=(
            SizedLoad("7", tuple(0.5 + 0.5 * np.cos(HOURS) ** 2), 400.0, 10.0, 0.2),
            SizedLoad("7", (0.1,) * 6, 300.0),
        ),
        limits=GridLimits(0.93, 1.05, line_kw=4200.0, substation_kw=4000.0, substation_kvar=2500.0),
        shed_share=0.3,
    )


def oracle(case, costs, soft=()):
    model = build_dispatch(case, soft=soft)
    outcome = solve(cp.Problem(cp.Minimize(model.cost(costs)), model.all_rows()))
    return outcome, solution_of(model, outcome) if outcome.has_solution else None


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_the_hot_path_answers_as_its_oracle_does(seed):
    case = rich_case(None if seed is None else np.random.default_rng(seed))
    slow_outcome, slow = oracle(case, COSTS)
    outcome, fast = solve_directly(case, COSTS)
    assert outcome.status == slow_outcome.status == "optimal"
    assert outcome.value == pytest.approx(slow_outcome.value, rel=1e-6)
    assert outcome.bound == pytest.approx(outcome.value, rel=1e-6)
    for name in ("v_pu", "net_p_kw", "size_kw", "pv_kw"):
        found, expected = getattr(fast, name), getattr(slow, name)
        assert found == pytest.approx(expected, rel=1e-3, abs=0.5), name
    assert fast.is_exact
    assert slow.is_exact


def test_soft_limits_answer_alike():
    case = replace(
        rich_case(),
        limits=GridLimits(0.99, 1.05, substation_kw=2000.0, has_ampacity=False),
        shed_share=0.0,
    )
    soft = ("voltage_floor", "substation_kw")
    slow_outcome, _ = oracle(case, COSTS, soft)
    found = dispatch_directly(case, COSTS, soft=soft)
    assert found.outcome.value == pytest.approx(slow_outcome.value, rel=1e-6)
    assert found.slack["voltage_floor"].max() > 1e-3


def test_a_solver_that_was_set_up_before_answers_as_a_fresh_one_does():
    first, second = rich_case(), rich_case(np.random.default_rng(3))
    network = Network.of(first.feeder, r_ohm=first.feeder.r_ohm * 1.2)
    dispatch_directly(first, COSTS)
    n_kept = len(direct._SOLVERS)
    reused = dispatch_directly(second, COSTS, network=network)
    assert len(direct._SOLVERS) == n_kept
    direct._SOLVERS.clear()
    fresh = dispatch_directly(second, COSTS, network=network)
    assert reused.outcome.value == pytest.approx(fresh.outcome.value, rel=1e-7)
    back = dispatch_directly(first, COSTS)
    direct._SOLVERS.clear()
    assert back.outcome.value == pytest.approx(
        dispatch_directly(first, COSTS).outcome.value, rel=1e-7
    )


def test_an_infeasible_case_is_a_status_and_leaves_the_solver_usable():
    case = rich_case()
    impossible = replace(case, limits=replace(case.limits, substation_kw=10.0))
    assert dispatch_directly(impossible, COSTS).outcome.status == "infeasible"
    assert solve_directly(impossible, COSTS)[1] is None
    assert dispatch_directly(case, COSTS).outcome.status == "optimal"
    assert dispatch_directly(case, COSTS, limit_s=0.0).outcome.status == "time_limit"
    assert dispatch_directly(case, COSTS).outcome.status == "optimal"


def test_workers_give_the_same_bits():
    cases = [rich_case(np.random.default_rng(seed)) for seed in range(2)]

    here = [_value(case) for case in cases]
    with joblib.parallel_config(backend="loky", n_jobs=2, inner_max_num_threads=1):
        there = joblib.Parallel()(joblib.delayed(_value)(case) for case in cases)
    assert here == there


def _value(case):
    direct._SOLVERS.clear()
    return dispatch_directly(case, COSTS).outcome.value


def cost_of(case):
    return dispatch_directly(case, COSTS).outcome.value


@pytest.mark.parametrize(
    ("name", "change", "step"),
    [
        ("substation_kw", lambda c, h: replace(c, limits=replace(c.limits, substation_kw=3200 + h)),
         2.0),
        ("storage_energy", lambda c, h: replace(c, storage=(
            replace(c.storage[0], energy_kwh=100 + h), c.storage[1])), 2.0),
        ("reactive", lambda c, h: replace(c, reactive=(
            replace(c.reactive[0], kvar_max=600 + h),)), 5.0),
    ],
)  # fmt: skip
def test_duals_are_what_a_perturbed_limit_is_worth(name, change, step):
    base = change(rich_case(), 0.0)
    duals = dispatch_directly(base, COSTS).duals
    per_kw = {
        "substation_kw": lambda: duals["substation_kw"].sum(),
        "storage_energy": lambda: duals["energy_max"][:, 0].sum(),
        "reactive": lambda: duals["reactive_q_max"].sum(),
    }[name]() / 1000.0
    measured = (cost_of(change(base, -step)) - cost_of(change(base, step))) / (2 * step)
    assert per_kw > 1e-6
    assert per_kw == pytest.approx(measured, rel=0.03)


def test_dual_of_the_balance_is_the_price_of_load_at_a_bus():
    case = rich_case()
    bus, hour, step = 16, 4, 1.0

    def more(by_kw):
        p_kw = case.p_kw.copy()
        p_kw[hour, bus] += by_kw
        return cost_of(replace(case, p_kw=p_kw, shed_share=0.0))

    duals = dispatch_directly(replace(case, shed_share=0.0), COSTS).duals
    price = -duals["active_balance"][hour, bus - 1] / 1000.0
    assert price == pytest.approx((more(step) - more(-step)) / (2 * step), rel=0.01)
    assert price > 0.3
