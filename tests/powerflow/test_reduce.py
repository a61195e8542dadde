"""Tests of how a network becomes a feeder: against a slow power flow, and by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_network import solve_network

from powerflow import FeederError, power_flow
from powerflow.loops import Opening
from powerflow.readers.network import Branch, Bus, Network, Report
from powerflow.readers.parallel import combine_parallel
from powerflow.readers.reduce import to_reading


def network_of(buses, branches, held_pu=None):
    held_pu = held_pu or {next(iter(buses)): 1.0}
    return Network("hand", "hand.x", held_pu, buses, branches, Report())


@st.composite
def networks(draw):
    """Draw a radial network of several voltage levels, taps, directions and kinds of load."""
    n_bus = draw(st.integers(2, 7))
    levels = draw(st.lists(st.sampled_from([33.0, 11.0, 0.4]), min_size=n_bus, max_size=n_bus))
    numbers = st.floats(0.2, 1.0)
    buses, branches = {}, []
    for k in range(n_bus):
        bus = buses[f"b{k}"] = Bus(levels[k])
        for exponent in range(3):
            kw = draw(numbers) * (-0.5 if draw(st.booleans()) else 1.0)
            bus.draw(10.0 * kw, 5.0 * draw(numbers), exponent)
    for k in range(1, n_bus):
        above = draw(st.integers(0, k - 1))
        ends = (f"b{above}", f"b{k}")
        start, end = ends if draw(st.booleans()) else ends[::-1]
        ratio = draw(st.sampled_from([1.0, 0.95, 1.025, 1.1]))
        base_ohm = buses[end].kv ** 2 * 1e3 / 1000.0
        r_ohm, x_ohm = 0.1 * draw(numbers) * base_ohm, 0.1 * draw(numbers) * base_ohm
        branches.append(Branch(f"branch {k}", start, end, r_ohm, x_ohm, ratio=ratio))
    return network_of(buses, branches, {"b0": draw(st.sampled_from([1.0, 1.03]))})


@settings(deadline=None, max_examples=60)
@given(networks())
def test_voltages_and_power_are_those_of_the_network_itself(network):
    v_pu, s_kva = solve_network(network)
    reading = to_reading(network, Opening())
    flow = power_flow(reading.feeder, tol_pu=1e-10)
    ours = flow.v_pu[0] * reading.voltage_factor
    expected = [v_pu[label] for label in reading.feeder.bus_id]
    # powers are rounded to 0.1 W
    assert np.abs(ours - expected).max() < 1e-6
    assert flow.substation_kw[0] == pytest.approx(s_kva.real, abs=2e-3)
    assert flow.substation_kvar[0] == pytest.approx(s_kva.imag, abs=2e-3)


def test_two_levels_by_hand():
    buses = {"high": Bus(20.0), "low": Bus(10.0), "end": Bus(10.0)}
    buses["end"].draw(100.0, 50.0)
    branches = [
        Branch("t", "high", "low", 1.0, 2.0, ampacity_a=100.0, kind="transformer", ratio=1.05),
        Branch("l", "end", "low", 0.5, 0.5, ampacity_a=50.0, length_m=30.0, kind="cable"),
    ]
    reading = to_reading(network_of(buses, branches, {"high": 1.02}), Opening())
    feeder = reading.feeder
    # most buses are at 10 kV behind the tap: there ohms and amperes stand as given
    assert (feeder.base_kv, feeder.v_source_pu) == (10.0, pytest.approx(1.02 * 1.05))
    assert feeder.bus_id == ("high", "low", "end")
    assert feeder.r_ohm.tolist() == [0.0, 1.0, 0.5]
    assert feeder.ampacity_a[1:].tolist() == [100.0, 50.0]
    assert feeder.kind == ("", "transformer", "cable")
    assert reading.voltage_factor.tolist() == pytest.approx([1.0 / 1.05, 1.0, 1.0])
    assert feeder.p_kw.tolist() == [0.0, 0.0, 100.0]
    assert "multiply by 0.952381" in reading.report.taps[0]
    assert "1 buses of 20 kV" in reading.report.averaged[0]


def test_referring_keeps_per_unit_drop_and_loading():
    """A feeder told in 10 kV and one told in 5 kV behind an ideal transformer load alike."""
    buses = {"s": Bus(10.0), "a": Bus(10.0), "b": Bus(10.0), "c": Bus(5.0)}
    buses["c"].draw(100.0, 0.0)
    branches = [
        Branch("1", "s", "a", 1.0, 1.0, ampacity_a=20.0),
        Branch("2", "a", "b", 1.0, 1.0),
        Branch("3", "b", "c", 0.5, 0.25, ampacity_a=24.0, kind="transformer"),
    ]
    feeder = to_reading(network_of(buses, branches), Opening()).feeder
    assert (feeder.r_ohm[3], feeder.x_ohm[3]) == (2.0, 1.0)
    assert feeder.ampacity_a[3] == 12.0
    flow = power_flow(feeder)
    i_low_a = 2.0 * flow.i_a[0, 3]
    assert flow.loading_pct[0, 3] == pytest.approx(100.0 * i_low_a / 24.0)


def test_buses_without_impedance_between_them_become_the_upper_one():
    buses = {label: Bus(10.0) for label in "sabcd"}
    for k, bus in enumerate(buses.values()):
        bus.draw(float(k), 0.0)
    branches = [
        Branch("sw1", "a", "s", 0.0, 0.0, kind="switch"),
        Branch("sw2", "a", "b", 0.0, 0.0, kind="switch"),
        Branch("line", "b", "c", 0.1, 0.1),
        Branch("sw3", "c", "d", 0.0, 0.0, kind="switch"),
    ]
    reading = to_reading(network_of(buses, branches), Opening())
    assert reading.feeder.bus_id == ("s", "c")
    assert reading.feeder.p_kw.tolist() == [3.0, 7.0]
    assert sorted(reading.report.merged) == ["a into s (sw1)", "b into s (sw2)", "d into c (sw3)"]


def test_what_the_source_does_not_reach_is_dropped_and_said():
    buses = {label: Bus(10.0) for label in "sabc"}
    buses["c"].draw(70.0, 0.0)
    branches = [Branch("1", "s", "a", 0.1, 0.1), Branch("2", "b", "c", 0.1, 0.1)]
    reading = to_reading(network_of(buses, branches), Opening())
    assert reading.feeder.bus_id == ("s", "a")
    words = "2 buses without a path to the source, 70 kW on them: b, c"
    assert reading.report.dropped == [words]
    assert reading.report.warnings == [f"dropped {words}"]


def test_loops_are_named_by_the_source_and_opened_by_bus_labels():
    buses = {label: Bus(10.0) for label in "sabc"}
    branches = [
        Branch("line 1", "s", "a", 0.1, 0.1),
        Branch("line 2", "a", "b", 0.1, 0.1),
        Branch("switch 3", "b", "c", 0.0, 0.0, kind="switch"),
        Branch("line 4", "c", "s", 0.4, 0.1),
    ]
    with pytest.raises(FeederError, match=r"hand.x, switch 3: not radial, 1 loop: .*b-c closes"):
        to_reading(network_of(buses, branches), Opening())
    by_name = to_reading(network_of(buses, branches), Opening(("c:b",)))
    by_tree = to_reading(network_of(buses, branches), Opening(radial="mst"))
    assert by_name.report.loops == by_tree.report.loops == ["opened switch 3 (b:c)"]
    assert by_name.feeder.digest() == by_tree.feeder.digest()
    assert by_name.feeder.n_bus == 4


def test_sources_of_one_voltage_are_one_and_of_two_are_refused():
    buses = {label: Bus(10.0) for label in "sta"}
    branches = [Branch("1", "t", "a", 0.1, 0.1)]
    joined = to_reading(network_of(buses, branches, {"s": 1.0, "t": 1.0}), Opening())
    assert joined.feeder.bus_id == ("s", "a")
    with pytest.raises(FeederError, match="found s and t at different voltages"):
        to_reading(network_of(buses, branches, {"s": 1.0, "t": 1.01}), Opening())


def test_a_source_that_feeds_nothing_is_refused():
    buses = {label: Bus(10.0) for label in "sab"}
    with pytest.raises(FeederError, match="no branch is fed by the source s"):
        to_reading(network_of(buses, [Branch("1", "a", "b", 0.1, 0.1)]), Opening())


def test_a_negative_resistance_is_taken_as_none():
    buses = {label: Bus(10.0) for label in "sa"}
    reading = to_reading(network_of(buses, [Branch("leg", "s", "a", -0.1, 0.3)]), Opening())
    assert reading.feeder.r_ohm[1] == 0.0
    assert reading.report.averaged == ["leg: resistance -0.1 ohm taken as 0"]


def test_parallel_branches_by_hand():
    one = Branch("1", "a", "b", 2.0, 0.0, ampacity_a=30.0)
    two = Branch("2", "b", "a", 6.0, 0.0, ampacity_a=5.0)
    tapped = Branch("3", "a", "b", 2.0, 0.0, ratio=1.1)
    loop = Branch("4", "a", "a", 2.0, 0.0)
    joint = Branch("5", "c", "d", 0.0, 0.0)
    line = Branch("6", "c", "d", 1.0, 1.0)
    left, words = combine_parallel([one, two, tapped, loop, joint, line])
    both = left[0]
    assert (both.r_ohm, both.x_ohm) == (1.5, 0.0)
    # of 20 A, 15 flow in the first and 5, its all, in the second
    assert both.ampacity_a == pytest.approx(20.0)
    assert left[1:3] == [tapped, loop]
    assert (left[3].r_ohm, left[3].x_ohm) == (0.0, 0.0)
    assert math.isnan(left[3].ampacity_a)
    assert words == ["parallel branches into one: 1, 2", "parallel branches into one: 5, 6"]


def test_loads_without_a_base_case_stand_at_nominal_voltage():
    buses = {"s": Bus(1.0), "a": Bus(1.0)}
    buses["a"].draw(5e5, 0.0)
    buses["a"].draw(5e5, 0.0, 2)
    reading = to_reading(network_of(buses, [Branch("1", "s", "a", 1.0, 1.0)]), Opening())
    assert reading.feeder.p_kw.tolist() == [0.0, 1e6]
    assert "stand at nominal voltage" in reading.report.warnings[0]
