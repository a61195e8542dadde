"""The local siting model: derivatives against finite differences, predictions, sizes, promise."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize as slsqp

from heuristics.constraints import Deb, best_first
from powerflow import load_feeder, make_feeder, power_flow
from powerflow.limits import Limits
from powerflow.sensitivity import sensitivity
from powerflow.units import S_BASE_KVA, i_base_a
from problems.core.horizon import Horizon, LoadState
from problems.core.instance import Conditions, Instance
from problems.core.station_limits import StationLimits
from problems.siting.equipment import SitingEquipment
from problems.siting.local_model import MARGIN
from problems.siting.problem import SitingProblem
from problems.siting.sizing import elastic_qp
from problems.siting.tangent import tangent

TWO_STATES = Horizon((LoadState("peak", 2000.0, 1.0, 0.5), LoadState("night", 6760.0, 0.4, 1.0)))


def ampacities(name: str, ampacity_a: float) -> Any:
    feeder = load_feeder(name)
    return make_feeder(
        name=feeder.name, base_kv=feeder.base_kv, source=feeder.bus_id[0], bus_id=feeder.bus_id,
        p_kw=feeder.p_kw, q_kvar=feeder.q_kvar,
        from_bus=[feeder.bus_id[k] for k in feeder.parent[1:]], to_bus=feeder.bus_id[1:],
        r_ohm=feeder.r_ohm[1:], x_ohm=feeder.x_ohm[1:],
        ampacity_a=np.full(feeder.n_branch, ampacity_a), v_source_pu=feeder.v_source_pu,
    )  # fmt: skip


def make(feeder: Any = "ieee33", conditions: Conditions | None = None, **settings: Any) -> Any:
    feeder = load_feeder(feeder) if isinstance(feeder, str) else feeder
    return SitingProblem(Instance(feeder, conditions or Conditions()), SitingEquipment(**settings))


CASES = {
    "free": ("ieee33", Conditions(), {}),
    "settled": ("ieee33", Conditions(), {"station_buses": ("2", "19")}),
    "exactly": ("ieee69", Conditions(), {"bank_rule": "exactly"}),
    "steps": ("ieee33", Conditions(), {"kvar_step": 100.0}),
    "states": ("ieee33", Conditions(horizon=TWO_STATES), {}),
    "v2g": ("ieee33", Conditions(mode="v2g", v2g_share=0.3), {"exclude_buses": ("5", "6")}),
    "loading": (ampacities("ieee33", 300.0), Conditions(limits=Limits(v_min_pu=0.0)), {}),
    "places": ("ieee33", Conditions(station_limits=StationLimits("ohm", 1.0, 20.0)), {}),
    "many banks": ("ieee118", Conditions(), {"capacitors": 10}),
}


def case(name: str) -> Any:
    feeder, conditions, settings = CASES[name]
    return make(feeder, conditions, **settings)


# --- derivatives of the power flow ---


@pytest.mark.parametrize("name", ["ieee33", "ieee85"])
def test_first_derivatives_agree_with_those_of_power_flow(name: str) -> None:
    feeder = load_feeder(name)
    at, known = tangent(feeder, feeder.p_kw, feeder.q_kvar), sensitivity(feeder)
    assert at is not None
    np.testing.assert_allclose(at.loss_by[0, 1:], known.dloss_dp_kw_per_kw[1:], rtol=1e-8)
    np.testing.assert_allclose(at.loss_by[1, 1:], known.dloss_dq_kw_per_kvar[1:], rtol=1e-8)
    dv_pu = at.v_by / (2.0 * known.v_pu) / S_BASE_KVA
    np.testing.assert_allclose(dv_pu[0].T[:, 1:], known.dv_dp_pu_per_kw[:, 1:], atol=1e-12)
    np.testing.assert_allclose(dv_pu[1].T[:, 1:], known.dv_dq_pu_per_kvar[:, 1:], atol=1e-12)


@pytest.mark.parametrize("name", ["ieee33", "ieee69"])
def test_second_derivatives_are_those_of_the_power_flow(name: str) -> None:
    feeder = load_feeder(name)
    at = tangent(feeder, feeder.p_kw, feeder.q_kvar)
    assert at is not None
    rng = np.random.default_rng(1)
    d = rng.normal(size=(2, feeder.n_bus)) * 0.02
    d[:, 0] = 0.0

    def exact(share: float) -> tuple[float, Any, Any]:
        moved = share * d * S_BASE_KVA
        flow = power_flow(feeder, feeder.p_kw + moved[0], feeder.q_kvar + moved[1], tol_pu=1e-13)
        current = (flow.i_a[0] / i_base_a(feeder.base_kv)) ** 2
        return flow.loss_kw[0] / S_BASE_KVA, flow.v_pu[0] ** 2, current

    ups, here, downs = exact(1.0), exact(0.0), exact(-1.0)
    bends = [up - 2.0 * mid + down for up, mid, down in zip(ups, here, downs, strict=True)]
    part = np.array([(d[:, :, None] * by).sum(axis=(0, 1)) for by in (at.p_by, at.q_by)])
    rest = 2.0 * (part**2).sum(axis=0) / at.v_sending
    # the difference quotient leaves the fourth derivative, a thousandth of the second here
    assert rest @ at.loss_of_rest == pytest.approx(bends[0], rel=5e-3)
    np.testing.assert_allclose(rest @ at.v_of_rest, bends[1], atol=5e-3 * np.abs(bends[1]).max())
    np.testing.assert_allclose(
        rest @ at.current_of_rest, bends[2], atol=5e-3 * np.abs(bends[2]).max()
    )


def test_no_flow_no_model() -> None:
    feeder = load_feeder("ieee33")
    assert tangent(feeder, 20.0 * feeder.p_kw, 20.0 * feeder.q_kvar) is None
    problem = make(station_kw=9000.0)
    x = problem.space.sample(40, np.random.default_rng(1))
    is_lost = ~np.isfinite(problem.evaluate(x).violation)
    assert is_lost.any()
    assert problem.local_model(x[is_lost][0]) is None


# --- predictions ---


@pytest.mark.parametrize("name", CASES)
def test_error_of_prediction_falls_with_the_cube_of_the_change(name: str) -> None:
    problem = case(name)
    rng = np.random.default_rng(2)
    x = problem.space.sample(20, rng)
    x = x[np.argmin(problem.evaluate(x).violation)]
    x[-problem.equipment.capacitors :] = 600.0
    model = problem.local_model(x)
    errors = []
    # the step is not asked of the model: sizes between steps are worth something, too
    for kvar in (400.0, 200.0):
        rows = np.tile(x, (6, 1))
        signs = np.random.default_rng(3).choice([-1.0, 1.0], (6, problem.equipment.capacitors))
        rows[:, -problem.equipment.capacitors :] += kvar * signs
        seen, exact = model.predict(rows), problem.evaluate(rows)
        errors.append([np.abs(seen.f - exact.f).max(), np.abs(seen.g - exact.g).max() * 1e6])
    errors = np.array(errors)
    assert errors[0, 0] > 1.0  # large enough for its order to show
    # constraints are the worst of many limits, each to third order
    assert (errors[1] <= np.maximum(errors[0] / 5.0, [1.0, 1.0])).all(), errors


@pytest.mark.parametrize("name", CASES)
def test_predictions_rank_neighbors_as_power_flows_do(name: str) -> None:
    problem = case(name)
    x = problem.space.sample(20, np.random.default_rng(4))
    x = x[best_first(Deb().keys(problem.evaluate(x).f[:, 0], problem.evaluate(x).violation, 0.0))]
    model = problem.local_model(x[0])
    around = model.neighbors(x[0], 60)
    seen, exact = model.predict(around), problem.evaluate(around)
    is_known = np.isfinite(exact.f[:, 0])
    order = np.corrcoef(seen.f[is_known, 0], exact.f[is_known, 0])[0, 1]
    assert order > 0.95


# --- neighbors ---


def plans(problem: Any, rows: Any) -> set[Any]:
    return {tuple((a.kind, a.bus, a.kvar) for a in problem.plan(row).assets) for row in rows}


def test_neighbors_are_all_single_changes_and_pairs_of_them() -> None:
    problem = make(kvar_step=525.0, exclude_buses=tuple(str(bus) for bus in range(2, 30)))
    space = problem.space
    x = space.snap(np.array([[0.0, 1.0, 0.0, 2.0, 3.0, 1.0, 675.0, 150.0, 0.0, 0.0]]))[0]
    model = problem.local_model(x)
    found = plans(problem, model.neighbors(x, 10_000))
    n_candidate, sizes = 4, (150.0, 675.0, 1200.0)
    expected = set()
    for station in range(n_candidate):
        for column in (0, 1):
            if station not in (0, 1):
                expected |= plans(problem, [np.where(np.arange(10) == column, station, x)])
    for bank, other in ((2, 3), (3, 2)):
        for bus in range(n_candidate):
            if bus != x[other] and bus != x[bank]:
                expected |= plans(problem, [np.where(np.arange(10) == bank, bus, x)])
        here = sizes.index(x[bank + 4])
        for size in {max(here - 1, 0), min(here + 1, 2)} - {here}:
            expected |= plans(problem, [np.where(np.arange(10) == bank + 4, sizes[size], x)])
        expected |= plans(problem, [np.where(np.arange(10) == bank + 4, 0.0, x)])
    assert expected <= found
    added = {plan for plan in found if len(plan) == 5}
    assert {bus for plan in added for _, bus, _ in plan} >= {"31", "32"}


def test_neighbors_that_meet_limits_on_places_come_first() -> None:
    problem = case("places")
    x = problem.space.sample(1, np.random.default_rng(8))[0]
    rows = problem.local_model(x).neighbors(x, 2000)
    spaced = problem.evaluate(rows).g[:, 2:].max(axis=1)
    singles = np.maximum(spaced[: len(rows) // 2], 0.0)[:100]
    assert (np.diff(singles) >= 0.0).all()
    assert singles[0] < np.maximum(spaced, 0.0).max()


def test_exactly_so_many_banks_are_kept() -> None:
    problem = make(bank_rule="exactly")
    x = problem.space.sample(1, np.random.default_rng(5))[0]
    model = problem.local_model(x)
    rows = model.refine(model.neighbors(x, 500))
    assert (rows[:, -4:] >= 150.0).all()


@pytest.mark.parametrize("name", ["free", "steps", "v2g", "states"])
def test_the_best_refined_neighbor_is_among_the_most_promising(name: str) -> None:
    problem = case(name)
    x = problem.space.sample(10, np.random.default_rng(6))
    x = x[np.argmin(problem.evaluate(x).violation)]
    for _ in range(4):
        model = problem.local_model(x)
        every = model.refine(model.neighbors(x, 10_000))
        near = model.refine(model.neighbors(x, 16))
        e, e_near = model.predict(every), model.predict(near)
        best = best_first(Deb().keys(e.f[:, 0], e.violation, 0.0))[0]
        best_near = best_first(Deb().keys(e_near.f[:, 0], e_near.violation, 0.0))[0]
        if e.violation[best] == 0.0:
            share = np.ptp(e.f) * 0.05
            assert e_near.violation[best_near] == 0.0
            assert e_near.f[best_near, 0] <= e.f[best, 0] + share
        x = near[best_near]


# --- sizes ---


SIZED = {
    "floor": ("ieee33", Conditions(limits=Limits(v_min_pu=0.92)), {}),
    "states": ("ieee33", Conditions(limits=Limits(v_min_pu=0.93), horizon=TWO_STATES), {}),
    "loading": (ampacities("ieee33", 326.0), Conditions(limits=Limits(v_min_pu=0.0)), {}),
    "ceiling": (
        "ieee33",
        Conditions(limits=Limits(0.0, 1.001), mode="v2g", v2g_share=0.8),
        {"bank_rule": "exactly"},
    ),
}


@pytest.mark.parametrize("name", SIZED)
def test_refined_sizes_are_the_models_constrained_optimum(name: str) -> None:
    feeder, conditions, settings = SIZED[name]
    problem = make(feeder, conditions, **settings)
    n_checked, n_bound = 0, 0
    for x in problem.space.sample(60, np.random.default_rng(7)):
        if not np.isfinite(problem.evaluate(x[None]).violation[0]) or not (x[-4:] > 0.0).all():
            continue
        model = problem.local_model(x)
        refined = model.refine(x[None])
        assert np.array_equal(refined[0, :-4], x[:-4])
        other = slow_sizes(model, x)
        e = model.predict(refined)
        if other.violation[0] > 0.0:
            continue
        assert e.violation[0] == 0.0
        assert e.f[0, 0] <= other.f[0, 0] + 1e-5 * abs(other.f[0, 0])
        n_checked += 1
        n_bound += bool((e.g > -1e-6).any())
    assert n_checked >= 5
    assert n_bound >= 2, "no limit was ever reached: the test says nothing of them"


def slow_sizes(model: Any, x: Any) -> Any:
    """Return what the model says of the best sizes by a general method."""

    def row(q: Any) -> Any:
        return np.concatenate([x[:-4], q])[None]

    answer = slsqp(
        lambda q: model.predict(row(q)).f[0, 0] / 1e6,
        np.full(4, 600.0),
        method="SLSQP",
        bounds=[(150.0, 1200.0)] * 4,
        constraints=[
            {"type": "ineq", "fun": lambda q: -1e3 * (model.predict(row(q)).g[0] + 2.0 * MARGIN)}
        ],
        options={"maxiter": 200, "ftol": 1e-12},
    )
    return model.predict(row(answer.x))


def test_newton_steps_on_the_sizes_converge_quadratically() -> None:
    problem = make(conditions=Conditions(limits=Limits(v_min_pu=0.0)))
    x = problem.space.snap(np.array([[0.0, 17.0, 6.0, 12.0, 23.0, 29.0] + [600.0] * 4]))[0]
    steps = []
    for _ in range(4):
        y = problem.local_model(x).refine(x[None])[0]
        steps.append(np.abs(y - x).max())
        x = y
    assert steps[1] < 0.2 * steps[0]
    assert steps[2] < 1e-2 * steps[1]
    assert steps[3] < 1e-3


@pytest.mark.parametrize("seed", range(30))
def test_elastic_program_meets_its_optimality_conditions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, n_row = int(rng.integers(1, 10)), int(rng.integers(0, 20))
    root = rng.normal(size=(n, n))
    hessian, gradient = root @ root.T, 3.0 * rng.normal(size=n)
    rows = rng.normal(size=(n_row, n))
    right = rows @ rng.uniform(0.2, 1.0, n) - rng.uniform(0.0, 0.3, n_row) + (seed % 3 == 0)
    x, price = elastic_qp(hessian, gradient, rows, right, 0.2, 1.0, 1e3)
    assert ((x >= 0.2) & (x <= 1.0)).all()
    room = rows @ x - right
    miss = max(0.0, -room.min(initial=0.0))
    assert (price >= 0.0).all()
    assert price.sum() <= 1e3 * (1.0 + 1e-9)
    if miss > 1e-6:
        assert price.sum() == pytest.approx(1e3, rel=1e-6)
    np.testing.assert_allclose(price * (room + miss), 0.0, atol=1e-5)
    slope = hessian @ x + gradient - rows.T @ price
    assert (slope[x > 0.2 + 1e-6] <= 1e-5).all()
    assert (slope[x < 1.0 - 1e-6] >= -1e-5).all()
