"""Owns the siting problems that planners' further questions are tested on."""

from typing import Any

from powerflow.library import load_feeder
from powerflow.limits import Limits
from problems.core.equipment import Asset
from problems.core.horizon import Horizon, LoadState
from problems.core.instance import Conditions, Instance
from problems.core.land import SiteCost
from problems.core.station_limits import StationLimits
from problems.siting.equipment import SitingEquipment
from problems.siting.problem import SitingProblem

FEEDER = load_feeder("ieee33")
FREE = Limits(v_min_pu=0.0)
STATION, BANK = Asset("station", "19", kw=1500.0), Asset("capacitor", "30", kvar=900.0)
EXISTING = (Asset("station", "6", kw=500.0), Asset("capacitor", "14", kvar=300.0))
LAND = (SiteCost("2", 5e5, 1e4), SiteCost("19", 4e5), SiteCost("30", 0.0, 2e5))


def problem(conditions: dict[str, Any] | None = None, **equipment: Any) -> SitingProblem:
    held = Conditions(**{"limits": FREE, **(conditions or {})})
    return SitingProblem(Instance(FEEDER, held), SitingEquipment(**equipment))


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "existing": ({"existing": EXISTING}, {}),
    "budget": ({"budget": 70_000.0}, {}),
    "growth": ({"horizon": Horizon(years=3, growth=0.05)}, {}),
    "land": ({"bus_costs": LAND}, {}),
    "settled stations on land": ({"bus_costs": LAND}, {"station_buses": ("2", "19")}),
    "sizes": ({}, {"kvar_sizes": (600.0, 150.0, 1000.0)}),
    "ratings": ({}, {"station_kw_min": 500.0, "station_kw_max": 2500.0}),
    "ratings at settled buses": (
        {},
        {"station_kw_min": 500.0, "station_kw_max": 2500.0, "station_buses": ("19", "2")},
    ),
    "all": (
        {
            "existing": EXISTING,
            "budget": 900_000.0,
            "bus_costs": LAND,
            "horizon": Horizon(
                (LoadState("day", 5000.0), LoadState("night", 3760.0, 0.4, 0.2)), 2, 0.03
            ),
            "station_limits": StationLimits("ohm", min_spacing=1.0),
            "money_rule": "final-year",
        },
        {"kvar_step": 150.0, "station_kw_min": 900.0, "station_kw_max": 2000.0},
    ),
}
