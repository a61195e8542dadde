"""Owns the sensitivity of a siting plan: its NPV when a price is lower or higher than assumed."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

from problems.core.assess import assess
from problems.core.errors import ContentError, SettingError
from problems.core.instance import Instance
from problems.core.money import Prices
from problems.core.plan import Plan
from problems.siting.certified import certify_problem
from problems.siting.equipment import SitingEquipment
from problems.siting.problem import SitingProblem

PARAMETERS = tuple(field.name for field in fields(Prices) if field.name != "currency")


@dataclass(frozen=True, slots=True)
class Swing:
    """Hold the NPV with one price `delta_pct` lower and higher, all others as assumed.

    `npv_low` and `npv_high` belong to the lower and the higher price; None where no plan is
    feasible.
    """

    parameter: str
    npv_low: float | None
    npv_high: float | None

    @property
    def width(self) -> float:
        """Distance between the two values, 0 if one is missing."""
        if self.npv_low is None or self.npv_high is None:
            return 0.0
        return abs(self.npv_high - self.npv_low)


def sensitivity(
    plan: Plan,
    instance: Instance,
    *,
    delta_pct: float = 10.0,
    equipment: SitingEquipment | None = None,
    limit_s: float = 60.0,
) -> list[Swing]:
    """Return how the NPV answers to each price, widest swing first.

    Parameters
    ----------
    plan : Plan
        The plan that is kept, or the one to start from.
    instance : Instance
        Feeder and conditions; its prices are varied one by one.
    delta_pct : float
        Change of each price, in percent, downward and upward.
    equipment : SitingEquipment, optional
        If given, the plan is sited anew for each changed price, to a proven gap of 1e-5.
    limit_s : float
        Seconds that each new siting may take.

    Raises
    ------
    SettingError
        If the change is not between 0 and 100 percent, or the problem has no certificate and
        so cannot be sited anew.
    """
    if not (math.isfinite(delta_pct) and 0.0 < delta_pct <= 100.0):
        raise SettingError(f"delta must be above 0 and at most 100 percent, not {delta_pct}")
    swings = []
    for parameter in PARAMETERS:
        low, high = (
            _npv(plan, _with_price(instance, parameter, factor), equipment, limit_s)
            for factor in (1.0 - delta_pct / 100.0, 1.0 + delta_pct / 100.0)
        )
        swings.append(Swing(parameter, low, high))
    return sorted(swings, key=lambda swing: -swing.width)


def npv_as_assumed(
    plan: Plan,
    instance: Instance,
    equipment: SitingEquipment | None = None,
    limit_s: float = 60.0,
) -> float | None:
    """Return the NPV at unchanged prices, of the plan or of its siting anew; see `sensitivity`."""
    return _npv(plan, instance, equipment, limit_s)


def equipment_of(
    plan: Plan, recorded: SitingEquipment | None = None, **settings: Any
) -> SitingEquipment:
    """Return what may be placed when a plan is sited anew.

    Parameters
    ----------
    plan : Plan
        As many stations of the same rating and at most as many banks, where nothing else is said.
    recorded : SitingEquipment, optional
        What the plan's own study was allowed; without it stations may move, banks may be left out,
        any bus may be used and sizes are continuous between the defaults.
    **settings
        Fields of `SitingEquipment` that replace those; sizes without a step are widened to hold the
        plan's own.

    Raises
    ------
    ContentError
        If the plan's stations differ in rating, or it is no plan of what was recorded.
    SettingError
        If a setting is out of range.
    """
    ratings = {asset.kw for asset in plan.assets if asset.kw is not None}
    n_stations = sum(asset.kw is not None for asset in plan.assets)
    sizes = [asset.kvar for asset in plan.assets if asset.kvar is not None]
    if len(ratings) > 1:
        raise ContentError("plan: stations of different ratings cannot be sited anew")
    if recorded is not None:
        if n_stations != recorded.stations or not ratings <= {recorded.station_kw}:
            raise ContentError(
                f"plan: its study places {recorded.stations} stations of "
                f"{recorded.station_kw:g} kW, the plan has {n_stations}"
            )
        return replace(recorded, **settings)
    equipment = SitingEquipment(
        stations=n_stations,
        station_kw=ratings.pop() if ratings else 1.0,
        **{"capacitors": len(sizes), **settings},
    )
    if equipment.kvar_step is not None:
        return equipment
    return replace(
        equipment,
        kvar_min=min([equipment.kvar_min, *sizes]),
        kvar_max=max([equipment.kvar_max, *sizes]),
    )


def _with_price(instance: Instance, parameter: str, factor: float) -> Instance:
    prices = instance.conditions.prices
    changed = replace(prices, **{parameter: factor * getattr(prices, parameter)})
    return replace(instance, conditions=replace(instance.conditions, prices=changed))


def _npv(
    plan: Plan, instance: Instance, equipment: SitingEquipment | None, limit_s: float
) -> float | None:
    if equipment is None:
        return assess(plan, instance).npv
    problem = SitingProblem(instance, equipment)
    return certify_problem(problem, limit_s=limit_s, incumbent=plan).npv_usd
