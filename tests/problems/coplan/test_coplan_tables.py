"""Tables a user may give: what is read, and one clear message for what is wrong."""

import numpy as np
import pytest

from powerflow import load_feeder
from problems.coplan.day import day_of, read_day
from problems.coplan.equipment import read_library
from problems.coplan.vehicles import paper_cases, proportional_count
from problems.core.errors import ContentError


def test_shipped_library_and_day():
    library = read_library()
    assert [c.size for c in library.cables][:2] == ["120", "150"]
    assert library.storage.kva_per_kwh == pytest.approx(0.6)
    feeder = load_feeder("iowa240")
    day = day_of(feeder)
    assert day.n_hour == 24
    assert day.v_source_pu[13] == pytest.approx(feeder.v_source_pu, abs=1e-7)
    # 13:00 is the peak whose reading the feeder carries as its base load
    assert np.allclose(day.p_kw[13], feeder.p_kw, atol=1e-3)
    assert {a: c.sum() for a, c in paper_cases(feeder).count.items()}[40] == 439


def test_a_feeder_without_a_day_gets_a_flat_one_and_says_so():
    feeder = load_feeder("ieee33")
    day = day_of(feeder)
    assert day.source.startswith("assumed")
    assert (day.p_kw == feeder.p_kw).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hour,load_factor\n0,1\n2,1\n", "hour 1 is missing"),
        ("hour,load_factor\n3,1\n4,1\n", "the first hour is 3"),
        ("hour,load_factor\n0,x\n", "load_factor must be a finite number"),
        ("hour,load_factor\n0,1\n0,1\n", "twice"),
        ("hour,bus,p_kw,q_kvar\n0,2,1,1\n", "bus 3 has no row for hour 0"),
        ("hour,bus,p_kw,q_kvar\n0,nowhere,1,1\n", "has no bus nowhere"),
        ("hour,load_factor\n0.5,1\n", "whole number"),
        ("hour\n0\n", "load_factor is missing"),
    ],
)
def test_a_day_with_a_fault_is_named(tmp_path, text, message):
    path = tmp_path / "day.csv"
    path.write_text(text)
    with pytest.raises(ContentError, match=message) as caught:
        read_day(load_feeder("ieee33"), path)
    assert "day.csv" in str(caught.value)


def test_a_day_by_factors(tmp_path):
    path = tmp_path / "day.toml"
    path.write_text(
        "[[hour]]\nhour = 1\nload_factor = 0.5\nv_source_pu = 1.02\n"
        "[[hour]]\nhour = 2\nload_factor = 1.0\n"
    )
    feeder = load_feeder("ieee33")
    day = read_day(feeder, path)
    assert np.allclose(day.p_kw, [0.5 * feeder.p_kw, feeder.p_kw])
    assert day.v_source_pu.tolist() == [1.02, feeder.v_source_pu]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("size,ampacity_a\n120,330\n", "r_ohm_per_km"),
        (
            "size,ampacity_a,r_ohm_per_km,x_ohm_per_km,price_usd_per_m\n120,-1,1,1,1\n",
            "ampacity_a must be a positive number",
        ),
        (
            "size,ampacity_a,r_ohm_per_km,x_ohm_per_km,price_usd_per_m\n1,1,1,1,1\n1,1,1,1,1\n",
            "twice",
        ),
    ],
)
def test_a_cable_table_with_a_fault_is_named(tmp_path, text, message):
    path = tmp_path / "cables.csv"
    path.write_text(text)
    with pytest.raises(ContentError, match=message):
        read_library(cables=path)


def test_storage_terms_left_out_are_the_papers(tmp_path):
    path = tmp_path / "storage.toml"
    path.write_text("cost_usd_per_kwh = 100.0\n")
    assert read_library(storage=path).storage.cost_usd_per_kwh == 100.0
    assert read_library(storage=path).storage.soc_min == 0.1
    path.write_text("soc_min = 0.95\n")
    with pytest.raises(ContentError, match="soc_min must be below"):
        read_library(storage=path)


def test_proportional_evs_add_up():
    feeder = load_feeder("iowa240")
    for adoption in (0.0, 1.0, 33.3, 100.0):
        assert proportional_count(feeder, adoption).sum() == round(1120 * adoption / 100.0)
    with pytest.raises(ContentError, match="no customers are known"):
        proportional_count(load_feeder("ieee33"), 20.0)
