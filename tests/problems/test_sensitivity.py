"""Sensitivity of a plan to prices: linear where money is linear, better where sited anew."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from powerflow.library import load_feeder
from powerflow.limits import Limits
from problems.core.assess import assess
from problems.core.equipment import Asset
from problems.core.errors import ContentError, SettingError
from problems.core.instance import Conditions, Instance
from problems.core.plan import Plan
from problems.siting.equipment import SitingEquipment
from problems.siting.sensitivity import PARAMETERS, equipment_of, sensitivity

INSTANCE = Instance(load_feeder("ieee33"), Conditions(limits=Limits(v_min_pu=0.0)))
PLAN = Plan.of(
    INSTANCE,
    (
        Asset("station", "2", kw=1500.0),
        Asset("station", "19", kw=1500.0),
        Asset("capacitor", "30", kvar=1000.0),
    ),
)


def test_linear_prices_move_the_npv_by_what_they_buy() -> None:
    swings = {swing.parameter: swing for swing in sensitivity(PLAN, INSTANCE)}
    assert set(swings) == set(PARAMETERS)
    annuity = (1.0 - 1.07**-10) / 0.07
    by_hand = {
        "capacitor_purchase_per_kvar": 25.0 * 1000.0,
        "capacitor_install_per_site": 1500.0,
        "capacitor_om_per_site_year": 800.0 * annuity,
        "station_purchase_per_kw": 10.0 * 3000.0,
        "station_install_per_site": 2 * 3000.0,
        "station_om_per_site_year": 2 * 1200.0 * annuity,
    }
    npv = assess(PLAN, INSTANCE).npv
    assert npv is not None
    for parameter, spent in by_hand.items():
        assert swings[parameter].npv_low == pytest.approx(npv + 0.1 * spent)
        assert swings[parameter].npv_high == pytest.approx(npv - 0.1 * spent)


def test_widest_swing_comes_first() -> None:
    widths = [swing.width for swing in sensitivity(PLAN, INSTANCE, delta_pct=25.0)]
    assert widths == sorted(widths, reverse=True)


def test_siting_anew_is_never_worse() -> None:
    kept = {s.parameter: s for s in sensitivity(PLAN, INSTANCE)}
    equipment = equipment_of(PLAN)
    anew = {s.parameter: s for s in sensitivity(PLAN, INSTANCE, equipment=equipment)}
    for parameter, swing in kept.items():
        assert anew[parameter].npv_low >= swing.npv_low - 1e-3
        assert anew[parameter].npv_high >= swing.npv_high - 1e-3


@pytest.mark.parametrize("delta_pct", [0.0, -1.0, 101.0, float("nan")])
def test_impossible_change_is_named(delta_pct: float) -> None:
    with pytest.raises(SettingError, match="delta must be"):
        sensitivity(PLAN, INSTANCE, delta_pct=delta_pct)


def test_stations_of_different_ratings_cannot_be_sited_anew() -> None:
    assets: tuple[Any, ...] = (*PLAN.assets, Asset("station", "5", kw=100.0))
    with pytest.raises(ContentError, match="different ratings"):
        equipment_of(replace(PLAN, assets=assets))


def test_what_a_plan_is_sited_anew_with() -> None:
    free = equipment_of(PLAN)
    assert (free.stations, free.capacitors, free.station_kw) == (2, 1, 1500.0)
    assert (free.station_buses, free.exclude_buses) == ((), ())
    assert (free.bank_rule, free.kvar_step) == ("at-most", None)
    large = replace(PLAN, assets=(Asset("capacitor", "30", kvar=2000.0),))
    assert equipment_of(large).kvar_max == 2000.0
    recorded = SitingEquipment(
        station_buses=("2", "19"), capacitors=3, kvar_step=50.0, bank_rule="exactly"
    )
    assert equipment_of(PLAN, recorded) == recorded
    assert equipment_of(PLAN, recorded, exclude_buses=("30",)) == replace(
        recorded, exclude_buses=("30",)
    )
    with pytest.raises(ContentError, match="places 1 stations of 1500 kW, the plan has 2"):
        equipment_of(PLAN, SitingEquipment(stations=1))


def test_siting_anew_keeps_to_the_rules_of_the_study(feederlab: Any, tmp_path: Path) -> None:
    """The study's steps, forbidden buses and station buses hold; options replace them."""
    rules = ("--stations", "1", "--capacitors", "1", "--kvar-step", "350", "--exclude-buses", "30")
    feederlab(
        "site", "ieee33", *rules, "--station-buses", "6", "--v-min", "0", "--bank-rule", "exactly",
        "--evaluations", "60", "--seed", "1", "--out", "study", "--quiet",
    )  # fmt: skip
    answer = feederlab("sensitivity", "study/plan.json", "--reoptimize", "--json").json
    assert answer["equipment_from"].endswith("study/record.json and the options")
    assert answer["equipment"]["station_buses"] == ["6"]
    assert answer["equipment"]["kvar_step"] == 350.0
    assert answer["equipment"]["exclude_buses"] == ["30"]
    assert answer["equipment"]["bank_rule"] == "exactly"
    # by hand: one bank in steps of 350 kvar at any bus but 30, the station where it stands
    loaded = Plan.load(tmp_path / "study" / "plan.json")
    instance = Instance(load_feeder("ieee33"), loaded.conditions)
    station = Asset("station", "6", kw=1500.0)
    best = max(
        assess(Plan.of(instance, (station, Asset("capacitor", bus, kvar=kvar))), instance).npv
        for bus in instance.feeder.bus_id[1:]
        if bus != "30"
        for kvar in (150.0, 500.0, 850.0, 1200.0)
    )
    assert answer["npv_usd"] == pytest.approx(best, rel=1e-5)
    (tmp_path / "study" / "record.json").unlink()
    freed = feederlab("sensitivity", "study/plan.json", "--reoptimize", "--json").json
    assert freed["equipment_from"] == "the plan and the options"
    assert freed["npv_usd"] > answer["npv_usd"]
    again = feederlab(
        "sensitivity", "study/plan.json", "--reoptimize", "--json", *rules[4:],
        "--station-buses", "6", "--bank-rule", "exactly",
    ).json  # fmt: skip
    assert again["npv_usd"] == pytest.approx(answer["npv_usd"], rel=1e-9)
