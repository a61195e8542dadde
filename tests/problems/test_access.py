"""Access, coverage and spacing: a tree checked by hand, and random trees against a slow twin."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_feeders import random_feeder

from powerflow import make_feeder
from powerflow.feeder import Feeder
from powerflow.library import load_feeder
from problems.core.access import branch_lengths, demand_weights, station_access
from problems.core.station_limits import access_unit
from problems.core.voltage import voltage_deviation


def four_buses(**columns: Any) -> Feeder:
    """Return a fork: S to A, then B and C; impedances are 3-4-5 triangles."""
    given = {
        "name": "fork",
        "base_kv": 12.66,
        "source": "S",
        "bus_id": ["S", "A", "B", "C"],
        "p_kw": [0.0, 0.0, 30.0, 10.0],
        "q_kvar": [0.0] * 4,
        "from_bus": ["S", "A", "A"],
        "to_bus": ["A", "B", "C"],
        "r_ohm": [3.0, 6.0, 0.3],
        "x_ohm": [4.0, 8.0, 0.4],
    }
    return make_feeder(**{**given, **columns})


def at(feeder: Feeder, *labels: str) -> Any:
    return np.array([[feeder.bus_index(label) for label in labels]], dtype=np.int64)


def test_fork_in_kilometers_by_customers() -> None:
    feeder = four_buses(length_m=[1000.0, 2000.0, 500.0], customers=[0.0, 1.0, 2.0, 1.0])
    assert access_unit(feeder) == "km"
    alone = station_access(feeder, at(feeder, "B"))
    # A is 2 km away, C 2.5 km: (1 x 2 + 2 x 0 + 1 x 2.5) / 4
    assert alone.access[0] == pytest.approx(1.125)
    assert alone.coverage[0] == pytest.approx(2.5)
    assert alone.spacing[0] == np.inf
    both = station_access(feeder, at(feeder, "B", "C"))
    assert both.access[0] == pytest.approx(0.125)
    assert both.coverage[0] == pytest.approx(0.5)
    assert both.spacing[0] == pytest.approx(2.5)


def test_fork_in_ohm_by_load() -> None:
    # one length is unknown: no distance in km
    feeder = four_buses(length_m=[1000.0, np.nan, 500.0])
    assert access_unit(feeder) == "ohm"
    # 30 of 40 kW are 10.5 ohm away, at B; the source and A have no load
    alone = station_access(feeder, at(feeder, "C"))
    assert alone.access[0] == pytest.approx(7.875)
    assert alone.coverage[0] == pytest.approx(10.5)
    three = station_access(feeder, at(feeder, "C", "A", "B"))
    assert three.spacing[0] == pytest.approx(0.5)
    assert three.access[0] == 0.0


def test_demand_goes_by_customers_only_where_all_are_known() -> None:
    by_load = [0.0, 0.0, 0.75, 0.25]
    index = [four_buses().bus_index(label) for label in "SABC"]
    for customers in (None, [0.0, 1.0, np.nan, 1.0], [0.0] * 4):
        assert demand_weights(four_buses(customers=customers))[index].tolist() == by_load
    counted = demand_weights(four_buses(customers=[0.0, 1.0, 2.0, 1.0]))
    assert counted[index].tolist() == [0.0, 0.25, 0.5, 0.25]
    generating = demand_weights(four_buses(p_kw=[0.0, -50.0, 30.0, 10.0]))
    assert generating[index].tolist() == by_load


def test_without_stations_or_demand_there_is_no_access() -> None:
    feeder = four_buses()
    none = station_access(feeder, np.zeros((1, 0), dtype=np.int64))
    assert none.access[0] == none.coverage[0] == none.spacing[0] == np.inf
    idle = station_access(four_buses(p_kw=[0.0] * 4), at(feeder, "A"))
    assert np.isnan([idle.access[0], idle.coverage[0]]).all()


def obvious_distances(feeder: Feeder) -> Any:
    """Return the distance between all pairs of buses, relaxing over every detour."""
    n = feeder.n_bus
    distance = np.full((n, n), np.inf)
    np.fill_diagonal(distance, 0.0)
    length = branch_lengths(feeder)
    for bus in range(1, n):
        up = feeder.parent[bus]
        distance[bus, up] = distance[up, bus] = min(distance[bus, up], length[bus])
    for via in range(n):
        distance = np.minimum(distance, distance[:, [via]] + distance[[via], :])
    return distance


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(1, 4))
def test_agrees_with_the_obvious_twin(seed: int, n_bus: int, n_station: int) -> None:
    feeder = random_feeder(seed, n_bus, with_zero=True, reverse=0.2)
    rng = np.random.default_rng(seed)
    n_station = min(n_station, n_bus)
    plans = np.array([rng.permutation(n_bus)[:n_station] for _ in range(5)])
    found = station_access(feeder, plans)
    distance, weight = obvious_distances(feeder), demand_weights(feeder)
    for k, stations in enumerate(plans):
        nearest = [min(distance[bus, s] for s in stations) for bus in range(n_bus)]
        mean = sum(w * d for w, d in zip(weight, nearest, strict=True))
        worst = max((d for w, d in zip(weight, nearest, strict=True) if w > 0), default=np.nan)
        pairs = [distance[a, b] for a in stations for b in stations if a != b]
        np.testing.assert_allclose(found.access[k], mean if weight.any() else np.nan, atol=1e-12)
        np.testing.assert_allclose(found.coverage[k], worst, atol=1e-12)
        np.testing.assert_allclose(found.spacing[k], min(pairs, default=np.inf), atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 30))
def test_another_station_never_worsens_access(seed: int, n_bus: int) -> None:
    feeder = random_feeder(seed, n_bus)
    order = np.random.default_rng(seed).permutation(n_bus)
    figures = [station_access(feeder, order[None, :n]) for n in range(1, n_bus + 1)]
    access = [f.access[0] for f in figures]
    assert all(more <= fewer + 1e-12 for fewer, more in pairwise(access))
    assert access[-1] == 0.0


def test_a_plan_is_judged_alike_alone_and_in_a_batch() -> None:
    feeder = load_feeder("iowa240")
    plans = np.random.default_rng(5).integers(1, feeder.n_bus, (40, 3))
    batch = station_access(feeder, plans)
    for k in range(len(plans)):
        alone = station_access(feeder, plans[[k]])
        assert alone.access[0] == batch.access[k]
        assert alone.coverage[0] == batch.coverage[k]
        assert alone.spacing[0] == batch.spacing[k]


def test_stations_beside_the_source_are_seen_for_what_they_are() -> None:
    feeder = load_feeder("ieee33")
    beside = station_access(feeder, at(feeder, "2", "19"))
    spread = station_access(feeder, at(feeder, "8", "30"))
    assert spread.access[0] < 0.8 * beside.access[0]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_voltage_deviation_is_the_mean_it_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    v_pu, hours = rng.uniform(0.9, 1.1, (4, 3, 6)), rng.uniform(1.0, 5000.0, 3)
    found = voltage_deviation(v_pu, hours)
    for k in range(4):
        per_state = [np.mean([abs(1.0 - v) for v in state[1:]]) for state in v_pu[k]]
        assert found[k] == pytest.approx(np.average(per_state, weights=hours))
        assert voltage_deviation(v_pu[[k]], hours)[0] == found[k]
    v_pu[2, 1] = np.nan
    assert np.isnan(voltage_deviation(v_pu, hours)).tolist() == [False, False, True, False]
