"""Owns what the year is made of: seasons, weather, types of day, courses of the day."""

from __future__ import annotations

from dataclasses import dataclass

from problems.staged.checks import SHARE_TOL, check, check_day, check_number


@dataclass(frozen=True, slots=True)
class Season:
    """Hold one season: its load, its clear sky, its temperature, how its weather is shared out."""

    name: str
    load_factor: float
    pv_clear: tuple[float, ...]
    weather_shares: tuple[float, ...]
    ambient_mean_c: float
    ambient_swing_c: float

    def __post_init__(self) -> None:
        check_number(f"season '{self.name}': load_factor", self.load_factor)
        check_day(f"season '{self.name}': pv_clear", self.pv_clear)
        check(
            abs(sum(self.weather_shares) - 1.0) < SHARE_TOL,
            f"season '{self.name}': weather_shares must add up to 1",
        )


@dataclass(frozen=True, slots=True)
class Weather:
    """Hold one kind of weather: the share of the clear-sky PV it leaves."""

    name: str
    pv_factor: float

    def __post_init__(self) -> None:
        check_number(f"weather '{self.name}': pv_factor", self.pv_factor, 0.0, 1.5)


@dataclass(frozen=True, slots=True)
class DayType:
    """Hold one kind of day: its share of the week and its load."""

    name: str
    share: float
    load_factor: float

    def __post_init__(self) -> None:
        check_number(f"day type '{self.name}': share", self.share, 0.0, 1.0)
        check_number(f"day type '{self.name}': load_factor", self.load_factor)


@dataclass(frozen=True, slots=True)
class Demand:
    """Hold the course of the day: load shape per unit of its peak, energy price by hour."""

    load_shape: tuple[float, ...]
    energy_price_rmb_per_kwh: tuple[float, ...]

    def __post_init__(self) -> None:
        check_day("demand.load_shape", self.load_shape)
        check_day("demand.energy_price_rmb_per_kwh", self.energy_price_rmb_per_kwh)
