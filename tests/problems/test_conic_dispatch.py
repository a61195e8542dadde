"""The cvxpy dispatch: two buses and four hours by hand for each component, and real feeders."""

import math

import numpy as np
import pytest

from powerflow import load_feeder, make_feeder, power_flow
from problems.conic.case import DispatchCase
from problems.conic.devices import Costs, GridLimits, Pv, ReactiveDevice, SizedLoad, Storage
from problems.core.errors import ContentError

cp = pytest.importorskip("cvxpy")

from problems.conic.dispatch import build_dispatch  # noqa: E402
from problems.conic.solution import solution_of  # noqa: E402
from problems.conic.solve import solve  # noqa: E402

WIDE = GridLimits(0.5, 1.5, has_ampacity=False)
R_PU = 0.01  # 1 ohm at 10 kV and 1000 kVA


def two_bus(r_ohm=1.0, x_ohm=0.0, ampacity_a=math.nan):
    """Return one line at 10 kV from s to a."""
    return make_feeder(
        name="two", base_kv=10.0, source="s", bus_id=["s", "a"], p_kw=[0.0, 0.0],
        q_kvar=[0.0, 0.0], from_bus=["s"], to_bus=["a"], r_ohm=[r_ohm], x_ohm=[x_ohm],
        ampacity_a=[ampacity_a],
    )  # fmt: skip


def case_of(p_kw, q_kvar=(0.0, 0.0, 0.0, 0.0), feeder=None, limits=WIDE, **devices):
    at_bus = [np.array([[0.0, value] for value in values]) for values in (p_kw, q_kvar)]
    return DispatchCase(feeder or two_bus(), *at_bus, limits=limits, **devices)


def dispatch(case, costs=None, **settings):
    model = build_dispatch(case, **settings)
    cost = model.cost(costs or Costs()) + sum(1e3 * cp.sum(s) for s in model.slack.values())
    outcome = solve(cp.Problem(cp.Minimize(cost), model.all_rows()))
    assert outcome.status == "optimal", outcome
    return solution_of(model, outcome)


def test_losses_and_voltage_of_one_line_by_hand():
    # l = (1 + r l)^2 at 1000 kW, and v = 1 - 2 r P + r^2 l
    square = (1 - 2 * R_PU - math.sqrt(1 - 4 * R_PU)) / (2 * R_PU**2)
    found = dispatch(case_of([1000.0, 0.0, -500.0, 200.0]))
    assert found.loss_kw[0] == pytest.approx(1000 * R_PU * square, rel=1e-7)
    v = 1 - 2 * R_PU * (1 + R_PU * square) + R_PU**2 * square
    assert found.v_pu[0, 1] == pytest.approx(math.sqrt(v), abs=1e-9)
    assert found.v_pu[1, 1] == pytest.approx(1.0, abs=1e-7)
    assert found.v_pu[2, 1] > 1.0
    assert found.is_exact
    assert found.outcome.bound == pytest.approx(found.outcome.value, rel=1e-6)


def test_storage_lifts_a_peak_over_the_substation_and_pays_both_efficiencies():
    limits = GridLimits(0.5, 1.5, substation_kw=500.0)
    unit = Storage("a", 600.0, 500.0, 500.0, charge_efficiency=0.9, discharge_efficiency=0.8)
    case = case_of([0.0, 0.0, 900.0, 0.0], feeder=two_bus(1e-6), limits=limits, storage=(unit,))
    costs = Costs(loss_per_kwh=0.0, import_per_kwh=(1.3, 1.0, 1.3, 1.2), throughput_per_kwh=1e-4)
    found = dispatch(case, costs)
    stored = 400.0 / 0.8
    bought = stored / 0.9
    # the cheap second hour first, as much as the substation gives, the rest in the fourth
    assert found.charge_kw[:, 0] == pytest.approx([0, 500.0, 0, bought - 500.0], abs=1e-3)
    assert found.discharge_kw[:, 0] == pytest.approx([0, 0, 400.0, 0], abs=1e-3)
    # hour 4 leads to hour 1
    assert found.energy_kwh[3, 0] == pytest.approx(found.energy_kwh[0, 0], abs=1e-3)
    assert found.energy_kwh[1, 0] - found.energy_kwh[0, 0] == pytest.approx(450.0, abs=1e-3)
    assert found.simultaneity_kw < 1e-3


def test_storage_with_a_fixed_start_ends_where_it_began():
    unit = Storage("a", 1000.0, 500.0, 500.0, soc_initial=0.5)
    case = case_of([500.0, 0.0, 500.0, 0.0], storage=(unit,))
    found = dispatch(case)
    assert found.energy_kwh[3, 0] == pytest.approx(500.0, abs=1e-4)
    assert found.energy_kwh[0, 0] < 500.0


def test_reactive_device_delivers_what_the_load_draws_and_no_more_than_it_can():
    device = ReactiveDevice("a", -200.0, 200.0)
    found = dispatch(case_of([0.0] * 4, [150.0, 300.0, -100.0, -900.0], reactive=(device,)))
    assert found.reactive_kvar[:, 0] == pytest.approx([150.0, 200.0, -100.0, -200.0], abs=1e-2)


def test_pv_is_curtailed_to_the_reverse_limit_of_the_substation():
    limits = GridLimits(0.5, 1.5, substation_kw=400.0)
    plant = Pv("a", (0.0, 300.0, 1000.0, 700.0))
    case = case_of([100.0] * 4, feeder=two_bus(1e-6), limits=limits, pv=(plant,))
    found = dispatch(case, Costs(curtailed_per_kwh=1.0))
    assert found.pv_kw[:, 0] == pytest.approx([0.0, 300.0, 500.0, 500.0], abs=1e-3)


def test_pv_that_may_not_be_curtailed_is_burnt_by_the_relaxation_and_so_not_exact():
    limits = GridLimits(0.5, 1.5, substation_kw=400.0)
    plant = Pv("a", (0.0, 300.0, 1000.0, 700.0), can_curtail=False)
    found = dispatch(case_of([100.0] * 4, limits=limits, pv=(plant,)))
    assert found.loss_kw[2] == pytest.approx(500.0, rel=1e-4)
    assert not found.ac.is_feasible
    assert not found.is_exact


def test_an_infeasible_case_is_a_status():
    limits = GridLimits(0.5, 1.5, substation_kw=400.0)
    model = build_dispatch(case_of([100.0, 500.0, 0.0, 0.0], limits=limits))
    outcome = solve(cp.Problem(cp.Minimize(model.cost(Costs())), model.all_rows()))
    assert outcome.status == "infeasible"
    assert "Infeasible" in outcome.message
    assert outcome.value is None
    with pytest.raises(ValueError, match="no solution"):
        solution_of(model, outcome)


def test_load_is_shed_at_its_power_factor():
    limits = GridLimits(0.5, 1.5, substation_kw=600.0)
    case = case_of(
        [1000.0, 500.0, 0.0, 0.0], [500.0, 0.0, 0.0, 0.0], two_bus(1e-6), limits, shed_share=0.7
    )
    found = dispatch(case, Costs(shed_per_kwh=1.0))
    assert found.net_p_kw[:, 1] == pytest.approx([600.0, 500.0, 0.0, 0.0], abs=1e-2)
    assert found.net_q_kvar[0, 1] == pytest.approx(300.0, abs=1e-2)


def test_a_sized_load_grows_to_the_substation_at_its_worst_hour():
    limits = GridLimits(0.5, 1.5, substation_kw=1000.0)
    load = SizedLoad("a", (0.5, 1.0, 0.0, 0.2), 5000.0)
    case = case_of([400.0] * 4, feeder=two_bus(1e-6), limits=limits, sized=(load,))
    found = dispatch(case, Costs(size_reward_per_kw=(1.0,)))
    assert found.size_kw == pytest.approx([600.0], abs=1e-2)


def test_ampacity_holds_the_current_and_not_the_power():
    # 57.735 A at 10 kV are 1 p.u.: P = 1 into the line, 1 - r out of it
    amp = 1000.0 / (math.sqrt(3.0) * 10.0)
    load = SizedLoad("a", (1.0, 1.0, 1.0, 0.5), 5000.0)
    case = case_of(
        [0.0] * 4, feeder=two_bus(ampacity_a=amp), limits=GridLimits(0.5, 1.5), sized=(load,)
    )
    found = dispatch(case, Costs(size_reward_per_kw=(1.0,)))
    assert found.size_kw == pytest.approx([1000.0 * (1 - R_PU)], rel=1e-6)
    assert found.i_a[0, 0] == pytest.approx(amp, rel=1e-6)


def test_line_power_is_held_at_the_sending_end():
    load = SizedLoad("a", (1.0, 1.0, 1.0, 0.5), 5000.0)
    limits = GridLimits(0.5, 1.5, line_kw=1000.0)
    found = dispatch(
        case_of([0.0] * 4, limits=limits, sized=(load,)), Costs(size_reward_per_kw=(1.0,))
    )
    assert found.size_kw == pytest.approx([1000.0 * (1 - R_PU)], rel=1e-6)


def test_voltage_floor_by_hand():
    # v = 1 - 2 r P + r^2 P^2 = (1 - r P)^2 at the floor: r P = 0.03
    load = SizedLoad("a", (0.2, 1.0, 0.5, 0.5), 9000.0)
    case = case_of([0.0] * 4, limits=GridLimits(0.97, 1.5), sized=(load,))
    found = dispatch(case, Costs(size_reward_per_kw=(1.0,)))
    power = 0.03 / R_PU
    assert found.size_kw == pytest.approx([1000.0 * (power - R_PU * power**2)], rel=1e-6)
    assert found.v_pu[:, 1].min() == pytest.approx(0.97, abs=1e-8)


def test_slack_of_a_soft_floor_is_the_shortfall_of_the_squared_voltage():
    model = build_dispatch(case_of([3500.0, 0.0, 0.0, 0.0], limits=GridLimits(0.97, 1.5)),
                           soft=("voltage_floor",))  # fmt: skip
    cost = model.cost(Costs(loss_per_kwh=1e-3)) + 1e3 * cp.sum(model.slack["voltage_floor"])
    found = solution_of(model, solve(cp.Problem(cp.Minimize(cost), model.all_rows())))
    v_pu = power_flow(two_bus(), [0.0, 3500.0]).v_pu[0, 1]
    assert model.slack["voltage_floor"].value[0, 0] == pytest.approx(0.97**2 - v_pu**2, abs=1e-7)
    assert not found.ac.is_feasible
    assert not found.is_exact


@pytest.mark.parametrize("name", ["ieee33", "ieee123"])
def test_a_dispatch_without_devices_is_the_power_flow(name):
    feeder = load_feeder(name)
    factor = np.array([0.4, 0.7, 1.0])
    case = DispatchCase(
        feeder,
        np.outer(factor, feeder.p_kw),
        np.outer(factor, feeder.q_kvar),
        limits=GridLimits(0.8, 1.1),
    )
    found = dispatch(case)
    flow = power_flow(feeder, case.p_kw, case.q_kvar)
    assert found.v_pu == pytest.approx(flow.v_pu, abs=1e-6)
    assert found.loss_kw == pytest.approx(flow.loss_kw, rel=1e-4)
    assert found.i_a == pytest.approx(flow.i_a[:, 1:], abs=1e-2)
    assert found.is_exact


def test_reverse_flow_against_the_ceiling_is_reported_as_not_exact():
    plant = Pv("a", (4000.0,) * 4, can_curtail=False)
    found = dispatch(case_of([0.0] * 4, limits=GridLimits(0.95, 1.02), pv=(plant,)))
    assert found.cone_gap > 1e-3
    assert not found.is_exact


def test_a_solver_that_is_missing_or_out_of_time_is_a_status():
    model = build_dispatch(case_of([100.0] * 4))
    problem = cp.Problem(cp.Minimize(model.cost(Costs())), model.all_rows())
    missing = solve(problem, solver="nosuch")
    assert missing.status == "solver_failed"
    assert "NOSUCH is not installed" in missing.message
    late = solve(problem, limit_s=0.0)
    assert late.status == "time_limit"
    assert late.value is None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: case_of([0.0] * 4, storage=(Storage("b", 1.0, 1.0, 1.0),)), "no bus b"),
        (lambda: case_of([0.0] * 4, reactive=(ReactiveDevice("s", 0.0, 1.0),)), "the source"),
        (lambda: case_of([0.0] * 4, pv=(Pv("a", (1.0, 1.0)),)), "2 entries, the case has 4"),
        (lambda: Storage("a", -1.0, 1.0, 1.0), "energy_kwh must be 0 or more, not -1"),
        (lambda: Storage("a", 1.0, 1.0, 1.0, soc_initial=2.0), "soc_initial must be from 0 to 1"),
        (lambda: ReactiveDevice("a", 2.0, 1.0), "kvar_max must be 2 or more"),
        (lambda: SizedLoad("a", (math.nan,), 1.0), "finite numbers"),
        (lambda: GridLimits(1.0, 0.9), "v_max_pu must be finite and above"),
        (lambda: GridLimits(line_kw=-1.0), "line_kw must be 0 or more"),
        (lambda: case_of([math.nan, 0, 0, 0]), "p_kw: expected finite"),
        (lambda: case_of([0.0] * 4, shed_share=2.0), "shed_share must be from 0 to 1"),
    ],
)
def test_bad_content_is_one_clear_error(make, words):
    with pytest.raises(ContentError, match=words):
        make()
