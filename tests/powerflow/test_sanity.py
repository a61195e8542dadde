"""Tests of the sanity report: slips of a factor of 1000 are caught, plausible feeders are not."""

from dataclasses import replace

import numpy as np
import pytest

from powerflow import list_feeders, load_feeder, power_flow, synthetic_feeder
from powerflow.errors import FeederWarning
from powerflow.library import read_feeder
from powerflow.sanity import LOSS_HIGH, V_DROP_LOW_PU, V_LOW_PU, base_case_warnings
from powerflow.writers.tables import folder_texts


@pytest.mark.parametrize("name", list_feeders())
def test_the_library_is_plausible(name):
    assert base_case_warnings(load_feeder(name)) == ()


@pytest.mark.parametrize("name", list_feeders())
@pytest.mark.parametrize(("factor", "slip"), [(1e3, "kW read as MW?"), (1e-3, "MW read as kW")])
def test_a_slip_of_a_thousand_is_caught_on_every_feeder(name, factor, slip):
    feeder = load_feeder(name)
    slipped = replace(feeder, p_kw=factor * feeder.p_kw, q_kvar=factor * feeder.q_kvar)
    (words,) = base_case_warnings(slipped)
    assert slip in words
    assert f"{slipped.p_kw.sum():,.6g} kW" in words


@pytest.mark.parametrize("name", ["ieee33", "ieee123"])
def test_impedances_in_the_wrong_unit_are_caught(name):
    feeder = load_feeder(name)
    for factor in (1e3, feeder.base_kv**2):
        slipped = replace(feeder, r_ohm=factor * feeder.r_ohm, x_ohm=factor * feeder.x_ohm)
        assert base_case_warnings(slipped)


def test_a_folder_is_checked_when_it_is_read_with_its_report(tmp_path):
    feeder = load_feeder("ieee33")
    slipped = replace(feeder, p_kw=1e3 * feeder.p_kw)
    for name, text in folder_texts(slipped).items():
        (tmp_path / name).write_text(text)
    assert "kW read as MW?" in read_feeder(tmp_path).report.warnings[0]
    assert load_feeder(tmp_path).digest() == slipped.digest()


def test_losses_and_loadings_are_looked_at():
    feeder = load_feeder("ieee33")
    few_amperes = replace(feeder, ampacity_a=np.where(feeder.r_ohm > 0.0, 10.0, np.nan))
    assert "of its ampacity" in base_case_warnings(few_amperes)[0]
    assert base_case_warnings(replace(feeder, p_kw=0 * feeder.p_kw, q_kvar=0 * feeder.q_kvar)) == (
        "no bus has a load",
    )
    # voltages held up by capacitive load, losses of a third of the load
    shifted = replace(feeder, p_kw=2.0 * feeder.p_kw, q_kvar=-2.6 * feeder.p_kw)
    flow = power_flow(shifted)
    load_kva = float(np.hypot(shifted.p_kw, shifted.q_kvar).sum())
    assert flow.v_min_pu[0] > V_LOW_PU
    assert (flow.loss_kw[0] / load_kva > LOSS_HIGH) == bool(base_case_warnings(shifted))


def test_a_stiff_feeder_with_small_loads_is_not_blamed():
    feeder = synthetic_feeder(n_bus=30, depth=10, seed=4)
    flow = power_flow(feeder)
    assert 1.0 - flow.v_min_pu[0] > V_DROP_LOW_PU
    assert base_case_warnings(feeder) == ()


def test_a_warning_of_a_foreign_file_reaches_python():
    pytest.importorskip("matpowercaseframes")
    from pathlib import Path

    case = Path(__file__).parents[1] / "cases" / "readers" / "kw_as_mw.m"
    with pytest.warns(FeederWarning, match="kw_as_mw: base case, 500,000 kW at 11 kV"):
        load_feeder(case)
