"""Sensitivity of a plan to prices: linear where money is linear, better where sited anew."""

from dataclasses import replace
from typing import Any

import pytest

from powerflow.library import load_feeder
from powerflow.limits import Limits
from problems.core.assess import assess
from problems.core.equipment import Asset
from problems.core.errors import ContentError, SettingError
from problems.core.instance import Conditions, Instance
from problems.core.plan import Plan
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
    equipment = equipment_of(PLAN, kvar_min=150.0, kvar_max=1200.0)
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
        equipment_of(replace(PLAN, assets=assets), kvar_min=150.0, kvar_max=1200.0)
