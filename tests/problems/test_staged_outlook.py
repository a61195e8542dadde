"""Stages of development, warnings, aging of transformers, pooled batteries and the outlook."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from powerflow.library import load_feeder
from problems.cli.app import app
from problems.core.errors import SettingError
from problems.staged import aging, development
from problems.staged.door import shipped_data
from problems.staged.outlook import MODES, outlook
from problems.staged.pool import Pool, flattest_kw
from problems.staged.studied import studied


@pytest.fixture(scope="module")
def study():
    return studied(load_feeder("ieee33"), shipped_data("ieee33"))


def test_stages_begin_where_the_paper_says() -> None:
    assert [development.pv_stage(x) for x in (0.0, 0.099, 0.1, 0.3, 0.599, 0.6)] == [
        0, 0, 1, 2, 2, 3,
    ]  # fmt: skip
    assert [development.ev_stage(x) for x in (0.0, 0.1, 0.3, 0.5, 0.51)] == [
        "A",
        "B",
        "C",
        "C",
        "D",
    ]
    assert development.warnings(0.25, 0.15) == []
    assert len(development.warnings(0.26, 0.16)) == 2
    assert development.guideline(0.4).storage_share_of_pv == (0.15, 0.15)
    assert development.guideline(0.51).v2g_share == 0.30
    for bad in ((-0.1, 0.5), (0.5, 1.1), (math.nan, 0.5)):
        with pytest.raises(SettingError):
            development.check_ratios(*bad)


def test_constant_rated_load_ages_as_the_standard_says() -> None:
    # at rating and 30 C the hot spot is 30 + 80 = 110 C: normal life, factor 1
    loading, ambient = np.ones((1, 24)), np.full((1, 24), 30.0)
    assert aging.hot_spot_c(loading, ambient) == pytest.approx(110.0, abs=1e-6)
    assert aging.equivalent_aging(loading, ambient) == pytest.approx(1.0, abs=1e-6)
    # 180,000 h: 4.87 % of life a year
    assert aging.life_lost_pct(1.0) == pytest.approx(4.8667, abs=1e-3)
    # Table 1 of IEEE Std C57.91: 2.71 at 120 C, 0.36 at 100 C (0.3499)
    assert aging.aging_factor(np.array([100.0, 120.0])) == pytest.approx([0.350, 2.71], abs=0.005)


def test_a_step_of_load_heats_as_by_hand() -> None:
    # C57.91-2011, clause 7.2, with R = 5, n = m = 0.8, rises 55 and 25, 3 h and 0.08 h
    half = np.full((1, 24), 0.5)
    oil = 55.0 * ((0.25 * 5.0 + 1.0) / 6.0) ** 0.8  # 25.09 C
    spot = 25.0 * 0.5**1.6  # 8.25 C
    assert (oil, spot) == (pytest.approx(25.09, abs=0.01), pytest.approx(8.25, abs=0.01))
    air = np.full((1, 24), 20.0)
    assert aging.hot_spot_c(half, air) == pytest.approx(20.0 + oil + spot, abs=1e-3)
    # from half load to rating at 12 h: after an hour the winding has settled, the oil has gone
    # 1 - exp(-1/3) = 28.3 % of its way to 55 C, for the day before had cooled it down again
    step = half.copy()
    step[0, 12] = 1.0
    hot = aging.hot_spot_c(step, air)[0]
    after_an_hour = 13 * aging.STEPS_PER_HOUR - 1
    by_hand = 20.0 + oil + (55.0 - oil) * (1.0 - math.exp(-1.0 / 3.0)) + 25.0
    assert hot[after_an_hour] == pytest.approx(by_hand, abs=0.05)
    # 6 h later the oil is back by exp(-2)
    left = (55.0 - oil) * (1.0 - math.exp(-1.0 / 3.0)) * math.exp(-2.0)
    assert hot[19 * aging.STEPS_PER_HOUR - 1] == pytest.approx(20.0 + oil + left + spot, abs=0.05)
    # aging at 98 C: exp(15000 / 383 - 15000 / 371) = 0.282; at 140 C 17.2 (Table 1)
    assert aging.aging_factor(np.array([98.0, 140.0])) == pytest.approx([0.282, 17.2], rel=0.005)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 1.2), st.floats(0.01, 0.3))
def test_more_load_never_ages_less(load: float, more: float) -> None:
    ambient = np.full((1, 24), 20.0)
    low = aging.equivalent_aging(np.full((1, 24), load), ambient)
    assert aging.equivalent_aging(np.full((1, 24), load + more), ambient) > low


def test_the_pool_needs_the_energy_of_the_day(study) -> None:
    fleet = study.data.ev
    pool = Pool.of(fleet)
    assert pool.drawn_kwh.sum() == pytest.approx(fleet.daily_kwh)
    assert pool.leaving.sum() == pytest.approx(pool.returning.sum())
    assert pool.shortfall_kwh.sum() == pytest.approx(fleet.daily_kwh)
    assert (pool.least_kwh <= pool.most_kwh).all()


def test_managed_vehicles_draw_their_energy_and_lower_the_peak(study) -> None:
    fleet, data = study.data.ev, study.data
    base_kw = 5000.0 * np.array(data.demand.load_shape)
    smart = flattest_kw(fleet, base_kw, 900.0, 0.0)
    assert smart.sum() == pytest.approx(900.0 * fleet.daily_kwh / fleet.charge_efficiency)
    assert (smart >= -1e-9).all()
    two_way = flattest_kw(fleet, base_kw, 900.0, 900.0)
    assert (base_kw + two_way).max() < (base_kw + smart).max() - 100.0
    assert np.isnan(flattest_kw(fleet, base_kw, 900.0, 900.0)).sum() == 0


def test_the_outlook_orders_the_modes(study) -> None:
    found = outlook(study, 0.62, 0.5)
    modes = found.indicators["modes"]
    multiple = [modes[mode]["evening_peak_multiple"] for mode in MODES]
    assert multiple == sorted(multiple, reverse=True)
    # paper, section 2.1: 1.1 with smart charging and 0.9 with V2G at 50 %; 1.8 does not reproduce
    assert multiple[2] == pytest.approx(1.1, abs=0.1)
    assert multiple[3] == pytest.approx(0.9, abs=0.1)
    aging_factors = [modes[mode]["transformer_aging_factor"] for mode in MODES]
    assert aging_factors == sorted(aging_factors, reverse=True)
    assert (found.pv_stage, found.ev_stage) == (3, "C")


def test_much_pv_flows_back(study) -> None:
    little = outlook(study, 0.1, 0.0).indicators["modes"]["uncoordinated"]
    much = outlook(study, 2.0, 0.0).indicators["modes"]["uncoordinated"]
    assert little["reverse_power_h"] == 0.0
    assert much["reverse_power_h"] > 500.0
    assert much["v_max_pu"] > little["v_max_pu"]


def test_each_threshold_is_said_by_the_command(feederlab) -> None:
    """Stages 0 to 3 and A to D, warnings above 25 % PV and 15 % EV, guideline ratios."""
    cases = (
        # PV, EV, stages, warnings, storage over PV, hours, managed, two-way
        (0.05, 0.05, (0, "A"), 0, None, None, None, None),
        (0.25, 0.15, (1, "B"), 0, None, None, None, None),
        (0.30, 0.30, (2, "C"), 2, [0.15, 0.15], 2.0, 0.20, None),
        (0.60, 0.51, (3, "D"), 2, [0.30, 0.40], None, None, 0.30),
    )
    for pv, ev, stages, n_warning, storage, hours, managed, two_way in cases:
        words = ("--pv-ratio", str(pv), "--ev-penetration", str(ev), "--out", f"o{pv}")
        answer = feederlab("outlook", "ieee33", *words, "--json").json
        assert (answer["pv_stage"], answer["ev_stage"]) == stages
        assert len(answer["warnings"]) == n_warning
        advice = answer["indicators"]["guideline"]
        if storage is None:
            assert advice["storage_kw"] is None
        else:
            kw = [share * pv * 5000.0 for share in storage]
            assert advice["storage_kw"] == pytest.approx(kw)
        assert (advice["storage_h"], advice["smart_share"], advice["v2g_share"]) == (
            hours,
            managed,
            two_way,
        )


def test_the_command_prints_its_keys_and_writes_a_report(feederlab) -> None:
    words = ("outlook", "ieee33", "--ev-penetration", "0.2")
    answer = feederlab(*words, "--out", "study", "--json").json
    assert set(answer) == {"feeder", "pv_stage", "ev_stage", "warnings", "indicators", "out"}
    assert (answer["feeder"], answer["out"]) == ("ieee33", "study")
    assert answer["ev_stage"] == "B"
    for mode in answer["indicators"]["modes"].values():
        assert mode["v_min_pu"] <= mode["feeder_end_low_pu"] + 1e-9
        assert mode["feeder_end_low_pu"] < mode["feeder_end_high_pu"]
    gist = feederlab("show", "study", "--json").json
    assert gist["answer"].startswith("PV stage 3 (high penetration), EV stage B (time-of-use)")
    outcomes = [line["outcome"] for line in gist["verdicts"]]
    assert outcomes[:2] == ["fails", "fails"]  # both thresholds
    html = Path("study/report.html").read_text()
    assert html.count("<svg ") == 4  # stages, the day, diagram, profile
    assert feederlab("rerun", "study").code == 0
    feederlab("outlook", "ieee33", "--write-config", "mine.toml")
    assert "# paper" in Path("mine.toml").read_text()
    feederlab("outlook", "ieee33", "--config", "mine.toml", "--out", "mine")
    Path("mine.toml").unlink()
    assert feederlab("rerun", "mine").code == 0


def test_a_share_out_of_range_is_a_setting_error() -> None:
    ran = CliRunner().invoke(app, ["outlook", "ieee33", "--ev-penetration", "1.5"])
    assert isinstance(ran.exception, SettingError)
