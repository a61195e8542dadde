"""Which limits conflict, by hand, and the repair of the relaxation under reverse flow."""

from dataclasses import replace

import numpy as np
import pytest

from powerflow import load_feeder, make_feeder, power_flow
from problems.conic.case import DispatchCase
from problems.conic.devices import Costs, GridLimits, Pv

pytest.importorskip("clarabel")

from problems.conic.diagnose import conflict_words, find_conflicts
from problems.conic.direct import solve_directly

CURTAIL = Costs(loss_per_kwh=0.1, curtailed_per_kwh=1.0)


def line(ampacity_a=np.nan):
    return make_feeder(
        name="two", base_kv=10.0, source="s", bus_id=["s", "a"], p_kw=[0.0, 0.0],
        q_kvar=[0.0, 0.0], from_bus=["s"], to_bus=["a"], r_ohm=[1.0], x_ohm=[0.5],
        ampacity_a=[ampacity_a],
    )  # fmt: skip


def case_of(p_kw, limits, feeder=None, **devices):
    loads = np.array([[0.0, value] for value in p_kw])
    return DispatchCase(feeder or line(), loads, 0.0 * loads, limits=limits, **devices)


def test_a_floor_that_cannot_be_kept_is_named_with_bus_hour_and_shortfall():
    case = case_of([500.0, 4000.0, 500.0, 500.0], GridLimits(0.97, 1.05))
    (conflict,) = find_conflicts(case)
    v_pu = power_flow(line(), [0.0, 4000.0]).v_pu[0, 1]
    assert (conflict.limit, conflict.where, conflict.hour) == ("voltage_floor", "a", 1)
    assert conflict.amount == pytest.approx(0.97 - v_pu, abs=1e-5)
    assert "voltage_floor at a, hour 1" in conflict_words([conflict])


def test_an_overloaded_line_and_substation_are_named_in_their_units():
    limits = GridLimits(0.5, 1.5, substation_kw=900.0)
    case = case_of([500.0, 500.0, 500.0, 1200.0], limits, feeder=line(ampacity_a=50.0))
    found = {c.limit: c for c in find_conflicts(case)}
    flow = power_flow(case.feeder, [0.0, 1200.0])
    assert set(found) == {"ampacity", "substation_kw"}
    assert found["ampacity"].where == "s-a"
    assert found["ampacity"].hour == 3
    assert found["ampacity"].amount == pytest.approx(flow.i_a[0, 1] - 50.0, rel=1e-3)
    assert found["substation_kw"].where == "s"
    assert found["substation_kw"].amount == pytest.approx(flow.substation_kw[0] - 900.0, rel=1e-3)


def test_a_feasible_case_has_no_conflicts():
    assert find_conflicts(case_of([500.0] * 4, GridLimits(0.9, 1.05))) == ()


def reverse_flow(feeder, kw, **limits):
    """Return PV at noon that pushes the voltage of the last bus against the ceiling."""
    plant = Pv(feeder.bus_id[-1], (0.0, kw, kw, 0.0), can_curtail=True)
    share = np.array([0.3, 0.2, 0.2, 0.3])
    return DispatchCase(
        feeder,
        np.outer(share, feeder.p_kw),
        np.outer(share, feeder.q_kvar),
        pv=(plant,),
        limits=GridLimits(0.9, 1.02, has_ampacity=False, **limits),
    )


def test_the_lossless_ceiling_makes_reverse_flow_exact_and_costs_little():
    # losses are worth more than curtailment is dear: the ceiling alone is met by burning PV
    costs = Costs(loss_per_kwh=0.1, curtailed_per_kwh=1.0)
    feeder = load_feeder("ieee33")
    case = reverse_flow(feeder, 4000.0)
    _, loose = solve_directly(case, costs)
    assert not loose.is_exact
    assert loose.cone_gap > 1e-3
    repaired = replace(case, limits=replace(case.limits, has_lossless_ceiling=True))
    _, tight = solve_directly(repaired, costs)
    assert tight.is_exact
    assert tight.ac.v_pu.max() <= 1.02 + 1e-6
    assert tight.pv_kw.sum() <= loose.pv_kw.sum()
    # the greatest plant that keeps the ceiling under AC power flow, by bisection
    low, high = 0.0, 4000.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        p_kw = case.p_kw[1].copy()
        p_kw[-1] -= middle
        v_max = power_flow(feeder, p_kw, case.q_kvar[1]).v_max_pu[0]
        low, high = (middle, high) if v_max <= 1.02 else (low, middle)
    assert 0.9 * low < tight.pv_kw[1, 0] <= low + 1e-2


def test_the_lossless_ceiling_answers_alike_in_cvxpy():
    cp = pytest.importorskip("cvxpy")
    from problems.conic.dispatch import build_dispatch
    from problems.conic.solve import solve

    case = reverse_flow(load_feeder("ieee33"), 4000.0, has_lossless_ceiling=True)
    model = build_dispatch(case)
    slow = solve(cp.Problem(cp.Minimize(model.cost(CURTAIL)), model.all_rows()))
    fast, _ = solve_directly(case, CURTAIL)
    assert fast.value == pytest.approx(slow.value, rel=1e-6)
