"""Acceptance capacity: hand-checked, against bisection with the power flow, and bad content."""

import numpy as np
import pytest

from powerflow import load_feeder, make_feeder, power_flow
from problems.acceptance.courses import profile, read_curve
from problems.acceptance.devices import Devices, StorageUnit, Svg, read_devices
from problems.acceptance.scenarios import scenario_devices
from problems.acceptance.study import AcceptanceStudy
from problems.core.errors import ContentError, SettingError

pytest.importorskip("clarabel")

from problems.acceptance.capacity import CAPACITY_TOL, accept, accept_bus

FLAT = (1.0, 1.0, 1.0, 1.0)


def two_bus(load_kw=0.0, r_ohm=1e-6):
    return make_feeder(
        name="two", base_kv=10.0, source="s", bus_id=["s", "a"], p_kw=[0.0, load_kw],
        q_kvar=[0.0, 0.0], from_bus=["s"], to_bus=["a"], r_ohm=[r_ohm], x_ohm=[0.0],
    )  # fmt: skip


def test_the_substation_less_the_load_of_the_worst_hour_by_hand():
    devices = Devices(load_shape=(0.5, 1.0, 0.8, 0.5), substation_kw=1000.0)
    study = AcceptanceStudy(two_bus(400.0), devices, (1.0, 0.5, 0.9, 0.2))
    # hour 0: 800 / 1, hour 1: 600 / 0.5, hour 2: 680 / 0.9 = 755.6, hour 3: 800 / 0.2
    found = accept_bus(study, "a")
    assert found.bound_kw == pytest.approx(680.0 / 0.9, rel=1e-6)
    assert found.capacity_kw == pytest.approx(680.0 / 0.9, rel=CAPACITY_TOL + 1e-6)
    assert (found.binding.limit, found.binding.where, found.binding.hour) == (
        "substation_kw", "s", 2,
    )  # fmt: skip
    assert found.status == "optimal"


def test_storage_moves_energy_between_hours_by_hand():
    # the station draws in hour 3 alone; a day's charging serves it at both efficiencies
    unit = StorageUnit(
        "a", 500.0, 1000.0, charge_efficiency=0.9, discharge_efficiency=0.8, soc_max=0.5
    )
    devices = Devices(load_shape=FLAT, substation_kw=1000.0, storage=(unit,))
    study = AcceptanceStudy(two_bus(), devices, (0.0, 0.0, 0.0, 1.0))
    found = accept_bus(study, "a")
    assert found.bound_kw == pytest.approx(1000.0 + 0.8 * 250.0, rel=1e-6)
    assert found.capacity_kw == pytest.approx(1000.0 + 0.8 * 250.0, rel=CAPACITY_TOL + 1e-6)
    taken = found.solution.discharge_kw[3, 0] / 0.8
    # what the capacity gives up comes out of the store
    assert taken == pytest.approx(250.0, abs=(CAPACITY_TOL + 1e-6) * 1200.0 / 0.8)
    # drawn from the grid in the other hours, not more than the losses of both ways ask for
    assert found.solution.charge_kw[:3, 0].sum() == pytest.approx(250.0 / 0.9, rel=1e-4)


def test_power_of_storage_is_taken_from_the_store_as_in_equation_15():
    unit = StorageUnit("a", 500.0, 100.0, discharge_efficiency=0.8)
    devices = Devices(load_shape=FLAT, substation_kw=1000.0, storage=(unit,))
    found = accept_bus(AcceptanceStudy(two_bus(), devices, (0.0, 0.0, 0.0, 1.0)), "a")
    assert found.bound_kw == pytest.approx(1000.0 + 0.8 * 100.0, rel=1e-6)
    assert found.capacity_kw == pytest.approx(1000.0 + 0.8 * 100.0, rel=CAPACITY_TOL + 1e-6)


@pytest.mark.parametrize("bus", ["5", "18", "33"])
def test_without_devices_the_capacity_is_what_bisection_with_the_power_flow_finds(bus):
    feeder = load_feeder("ieee33")
    curve = profile("ev_type1")
    study = AcceptanceStudy(feeder, Devices(load_scale=0.5), curve)
    found = accept_bus(study, bus)
    factor = 0.5 * np.array(profile("base_load"))
    p_kw, q_kvar = np.outer(factor, feeder.p_kw), np.outer(factor, feeder.q_kvar)
    low, high = 0.0, 20000.0
    for _ in range(40):
        middle = 0.5 * (low + high)
        loaded = p_kw.copy()
        loaded[:, feeder.bus_index(bus)] += middle * np.array(curve)
        flow = power_flow(feeder, loaded, q_kvar)
        is_met = flow.converged.all() and flow.v_min_pu.min() >= 0.95
        low, high = (middle, high) if is_met else (low, middle)
    assert found.capacity_kw == pytest.approx(low, rel=1e-5)
    worst = power_flow(feeder, loaded, q_kvar).v_min_pu.argmin()
    assert (found.binding.limit, found.binding.hour) == ("voltage_floor", worst)


def test_a_scenario_is_exact_and_more_of_anything_never_accepts_less():
    feeder = load_feeder("ieee33")
    found = {
        number: accept(
            AcceptanceStudy(feeder, scenario_devices(number, feeder), profile("ev_type1")),
            ("18", "19"),
        )
        for number in (1, 2, 3, 5)
    }
    for rows in found.values():
        for row in rows:
            assert row.status == "optimal"
            assert row.solution.cone_gap <= 1e-6
            assert row.solution.ac.voltage_error_pu <= 1e-5
            assert row.solution.simultaneity_kw < 1e-2
            # independent of the model: the power flow of station and schedules keeps the limits
            flow = power_flow(feeder, row.solution.net_p_kw, row.solution.net_q_kvar)
            assert flow.v_min_pu.min() >= 0.95 - 1e-6
            assert flow.substation_kw.max() <= (4000.0 if rows is not found[5] else 6000.0) + 0.1
    base = [row.capacity_kw for row in found[1]]
    for number in (2, 3, 5):
        more = [row.capacity_kw for row in found[number]]
        assert all(b >= a * (1 - 1e-6) for a, b in zip(base, more, strict=True))


@pytest.mark.parametrize("bus", ["2", "15", "18"])
def test_the_weight_of_losses_gives_up_no_capacity(bus, monkeypatch):
    feeder = load_feeder("ieee33")
    study = AcceptanceStudy(feeder, scenario_devices(7, feeder), profile("ev_type1"))
    with_losses = accept_bus(study, bus)
    from problems.acceptance import study as module

    monkeypatch.setattr(module, "LOSS_PER_KWH", 0.0)
    monkeypatch.setattr(module, "THROUGHPUT_PER_KWH", 0.0)
    alone = accept_bus(study, bus)
    assert with_losses.capacity_kw == pytest.approx(alone.bound_kw, rel=1e-5)


def test_the_weighted_form_of_the_paper_may_give_up_capacity_for_losses():
    feeder = load_feeder("ieee33")
    curve, devices = profile("ev_type1"), scenario_devices(1, feeder)
    first = accept_bus(AcceptanceStudy(feeder, devices, curve), "18")
    printed = accept_bus(AcceptanceStudy(feeder, devices, curve, weights=(0.1, 0.9)), "18")
    dear = accept_bus(AcceptanceStudy(feeder, devices, curve, weights=(0.9, 0.1)), "18")
    assert printed.capacity_kw <= first.capacity_kw * (1 + 1e-6)
    assert dear.capacity_kw < 0.9 * first.capacity_kw


def test_svg_lifts_a_capacity_that_voltage_binds():
    feeder = load_feeder("ieee33")
    devices = Devices(load_scale=0.5)
    more = Devices(load_scale=0.5, svg=(Svg("18", 500.0),))
    curve = read_curve("residential")
    before, after = (
        accept_bus(AcceptanceStudy(feeder, d, curve), "18").capacity_kw for d in (devices, more)
    )
    assert after > before + 10.0


def test_a_feeder_that_keeps_no_limit_says_which_conflict():
    found = accept_bus(AcceptanceStudy(load_feeder("ieee33"), Devices(), profile("pv")), "18")
    assert found.status == "infeasible"
    assert found.capacity_kw is None
    assert "limits conflict: voltage_floor at 18" in found.message


def test_a_solver_that_is_missing_or_late_keeps_the_others(monkeypatch):
    feeder = load_feeder("ieee33")
    study = AcceptanceStudy(feeder, scenario_devices(1, feeder), profile("ev_type1"))
    assert accept_bus(study, "18", limit_s=0.0).status == "time_limit"
    assert accept_bus(study, "18").status == "optimal"
    from problems.conic import direct

    monkeypatch.setattr(direct, "find_spec", lambda name: None)
    missing = accept_bus(study, "18")
    assert missing.status == "solver_failed"
    assert "feederlab[conic]" in missing.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[storage]]\nbus = '18'\nenergy_kwh = -1\npower_kw = 1", "energy_kwh must be 0 or more"),
        ("[[storage]]\nbus = 18\nenergy_kwh = 1\npower_kw = 1", "must be text"),
        ("[[storage]]\nbus = '18'\npower_kw = 1", "'energy_kwh' is missing"),
        ("[[svg]]\nbus = '18'\nkvar = -5", "SVG at bus 18: kvar must be 0 or more, not -5"),
        ("[[sgv]]\nbus = '18'\nkvar = 5", "unknown key 'sgv'"),
        ("[[pv]]\nbus = '18'\nkw = 5\nshape = [1.0, 0.5]", "2 hours, the loads' has 24"),
        ("load_scale = -1", "load_scale must be 0 or more"),
        ("load_shape = [1.0, -1.0]", "load_shape must hold finite numbers"),
        ("line_kw = -4.0", "line_kw must be 0 or more"),
        ("load_scale =", "not TOML"),
    ],
)
def test_a_bad_devices_file_is_one_error_that_names_it(tmp_path, text, words):
    path = tmp_path / "devices.toml"
    path.write_text(text)
    with pytest.raises(ContentError, match=words) as error:
        read_devices(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hour,share\n0,1.0\n2,0.5\n", "expected hour 1, not 2"),
        ("hour,share\n0,-1.0\n", "share must be a number, 0 or more"),
        ("hour,power\n0,1.0\n", "expected the columns hour and share"),
        ("hour,share\n0,0.0\n", "draws no power"),
    ],
)
def test_a_bad_curve_is_one_error_that_names_it(tmp_path, text, words):
    path = tmp_path / "curve.csv"
    path.write_text(text)
    with pytest.raises(ContentError, match=words):
        read_curve(str(path))


def test_curves_buses_and_scenarios_that_do_not_fit_are_errors():
    feeder, other = load_feeder("ieee33"), load_feeder("ieee69")
    with pytest.raises(ContentError, match="the curve has 2 hours, the loads' has 24"):
        AcceptanceStudy(feeder, Devices(), (1.0, 1.0))
    with pytest.raises(ContentError, match="no bus 99"):
        AcceptanceStudy(feeder, Devices(svg=(Svg("99", 1.0),)), profile("pv"))
    with pytest.raises(SettingError, match="belong to ieee33, not to ieee69"):
        scenario_devices(1, other)
    with pytest.raises(SettingError, match="from 1 to 8, not 9"):
        scenario_devices(9, feeder)
    with pytest.raises(SettingError, match="weights must be positive"):
        AcceptanceStudy(feeder, Devices(), profile("pv"), weights=(0.0, 1.0))


def test_two_stations_share_a_substation_by_hand():
    pytest.importorskip("cvxpy")
    from problems.acceptance.together import directions, joint_front

    feeder = make_feeder(
        name="three", base_kv=10.0, source="s", bus_id=["s", "a", "b"], p_kw=[0.0, 100.0, 300.0],
        q_kvar=[0.0] * 3, from_bus=["s", "s"], to_bus=["a", "b"], r_ohm=[1e-6] * 2,
        x_ohm=[0.0] * 2,
    )  # fmt: skip
    devices = Devices(load_shape=FLAT, substation_kw=2400.0, line_kw=1400.0)
    front = joint_front(AcceptanceStudy(feeder, devices, FLAT), ("a", "b"), 4)
    # a at most 1300, b at most 1100, together at most 2000
    for point in front.points:
        a, b = point.capacity_kw
        assert a <= 1300.0 + 0.1
        assert b <= 1100.0 + 0.1
        assert a + b == pytest.approx(2000.0, abs=0.1)
    assert front.points[0].capacity_kw[0] == pytest.approx(1300.0, abs=0.1)
    assert front.points[-1].capacity_kw[1] == pytest.approx(1100.0, abs=0.1)
    assert front.greatest.total_kw == pytest.approx(2000.0, abs=0.1)
    assert len(directions(3, 4)) == 15
    with pytest.raises(SettingError, match="at least two different buses"):
        joint_front(AcceptanceStudy(feeder, devices, FLAT), ("a", "a"))
