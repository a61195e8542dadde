"""Owns the vehicles' data: how they charge, are connected and may be managed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from problems.staged.checks import Site, check, check_day, check_number, check_shares


@dataclass(frozen=True, slots=True)
class Fleet:
    """Hold the vehicles: how they charge, are connected and may be managed.

    `unmanaged_kw` is the power per vehicle at the peak of the unmanaged shape, whose
    `shape_exponent`-th power is taken. A managed vehicle is connected for `connected_share` of
    the vehicles in each hour; `hourly_churn` of them leave and return each hour besides.
    """

    stations: tuple[Site, ...]
    battery_kwh: float
    charger_kw: float
    discharge_kw: float
    charge_efficiency: float
    discharge_efficiency: float
    soc_min: float
    soc_max: float
    daily_kwh: float
    unmanaged_kw: float
    shape_exponent: float
    unmanaged: tuple[float, ...]
    time_of_use: tuple[float, ...]
    connected_share: tuple[float, ...]
    hourly_churn: float
    departure_soc: float

    def __post_init__(self) -> None:
        check_shares("ev.stations", self.stations)
        for name in ("battery_kwh", "charger_kw", "daily_kwh"):
            value = getattr(self, name)
            check(math.isfinite(value) and value > 0.0, f"{name} must be positive, not {value}")
        check_number("discharge_kw", self.discharge_kw)
        for name in ("charge_efficiency", "discharge_efficiency"):
            check_number(name, getattr(self, name), 0.01, 1.0)
        check_number("soc_min", self.soc_min, 0.0, 1.0)
        check_number("soc_max", self.soc_max, self.soc_min, 1.0)
        check_number("departure_soc", self.departure_soc, self.soc_min, self.soc_max)
        check_number("unmanaged_kw", self.unmanaged_kw)
        check_number("shape_exponent", self.shape_exponent, 0.1, 10.0)
        check_number("hourly_churn", self.hourly_churn, 0.0, 0.5)
        for name in ("unmanaged", "time_of_use", "connected_share"):
            check_day(name, getattr(self, name))
        for share in self.connected_share:
            check_number("connected_share", share, 0.0, 1.0)
