"""Owns the conditions a plan is judged under, and the feeder they apply to."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from powerflow.feeder import Feeder
from powerflow.limits import Limits
from problems.core.equipment import Asset, Mode, check_mode
from problems.core.errors import ContentError, SettingError
from problems.core.horizon import Horizon
from problems.core.land import SiteCost
from problems.core.money import MoneyRule, Prices, check_rule
from problems.core.station_limits import StationLimits, access_unit

MOST_SWEEPS = 1000


@dataclass(frozen=True, slots=True)
class Conditions:
    """Hold everything but the feeder and the assets that decides what a plan is worth.

    Parameters
    ----------
    limits : Limits
        Voltage band and greatest loading.
    horizon : Horizon
        Load states of a year and the number of years.
    prices : Prices
        The price table.
    money_rule : {"annuity", "final-year"}
        How yearly profits are discounted.
    mode : {"g2v", "v2g"}
        Whether stations charge from the grid or feed it.
    v2g_share : float, optional
        Share of the station rating that is fed back, a fraction; v2g needs it.
    sweeps : int, optional
        Stop the current sweep after so many sweeps instead of iterating to convergence; only for
        the reproduction of published tables.
    station_limits : StationLimits, optional
        Spacing and coverage that the stations are held to.
    existing : tuple of Asset, optional
        Stations and banks that stand already: they stay, cost nothing, and belong to the feeder
        that savings are counted against.
    budget : float, optional
        Greatest investment, in the currency of the prices.
    bus_costs : tuple of SiteCost, optional
        What building costs at single buses, beside the prices.

    Raises
    ------
    SettingError
        If a setting is out of range.
    """

    limits: Limits = field(default_factory=Limits)
    horizon: Horizon = field(default_factory=Horizon)
    prices: Prices = field(default_factory=Prices)
    money_rule: MoneyRule = "annuity"
    mode: Mode = "g2v"
    v2g_share: float | None = None
    sweeps: int | None = None
    station_limits: StationLimits | None = None
    existing: tuple[Asset, ...] | None = None
    budget: float | None = None
    bus_costs: tuple[SiteCost, ...] | None = None

    def __post_init__(self) -> None:
        check_rule(self.money_rule)
        check_mode(self.mode)
        if self.v2g_share is None:
            if self.mode == "v2g":
                raise SettingError("mode v2g needs a v2g share, a fraction between 0 and 1")
        elif not (math.isfinite(self.v2g_share) and 0.0 <= self.v2g_share <= 1.0):
            raise SettingError(f"v2g share must be between 0 and 1, not {self.v2g_share}")
        if self.sweeps is not None and not 1 <= self.sweeps <= MOST_SWEEPS:
            raise SettingError(f"sweeps must be from 1 to {MOST_SWEEPS}, not {self.sweeps}")
        if self.budget is not None and not (math.isfinite(self.budget) and self.budget > 0.0):
            raise SettingError(f"budget must be positive, not {self.budget}")


@dataclass(frozen=True, slots=True)
class Instance:
    """Hold a feeder together with the conditions plans on it are judged under.

    Parameters
    ----------
    feeder : Feeder
        The grid.
    conditions : Conditions
        The rest.
    reference : str
        What `load_feeder` was given: a library name or a path; the feeder's name when empty.

    Raises
    ------
    ContentError
        If the stations are limited in another unit than the feeder's distances have.
    """

    feeder: Feeder
    conditions: Conditions = field(default_factory=Conditions)
    reference: str = ""

    def station_demand_kw(self, rated_kw: float) -> float:
        """Return the active power a station draws, negative when it feeds the grid.

        Charging from the grid draws the rating. In vehicle-to-grid the charging load is gone and
        the share of vehicles that takes part injects: what the HGAPSO paper's tables contain.
        """
        if self.conditions.mode == "g2v":
            return rated_kw
        return -(self.conditions.v2g_share or 0.0) * rated_kw

    def __post_init__(self) -> None:
        if not self.reference:
            object.__setattr__(self, "reference", self.feeder.name)
        limits, unit = self.conditions.station_limits, access_unit(self.feeder)
        if limits is not None and limits.unit != unit:
            raise ContentError(
                f"feeder {self.feeder.name}: spacing and coverage are limited in {limits.unit}, "
                f"but distances along it are in {unit}"
            )
