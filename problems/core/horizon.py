"""Owns the time a plan is judged over: the load states of a year and the number of years."""

from __future__ import annotations

import math
from dataclasses import dataclass

from problems.core.errors import ContentError

HOURS_PER_YEAR = 8760.0
LEAP_DAY_HOURS = 24.0
LONGEST_YEARS = 200
LARGEST_FACTOR = 1e6
LARGEST_GROWTH = 0.5


@dataclass(frozen=True, slots=True)
class LoadState:
    """Hold one state of the year: how long it lasts and what it scales.

    Parameters
    ----------
    name : str
        Label of the state.
    hours : float
        Hours a year that it lasts; its weight.
    load_factor : float
        Multiplies every load of the feeder.
    station_factor : float
        Multiplies the power of every charging station.
    """

    name: str = "peak"
    hours: float = HOURS_PER_YEAR
    load_factor: float = 1.0
    station_factor: float = 1.0

    def __post_init__(self) -> None:
        for field in ("hours", "load_factor", "station_factor"):
            value = getattr(self, field)
            if not (math.isfinite(value) and 0.0 <= value <= LARGEST_FACTOR):
                raise ContentError(
                    f"load state '{self.name}': {field} must be from 0 to {LARGEST_FACTOR:g}, "
                    f"not {value}"
                )


@dataclass(frozen=True, slots=True)
class Horizon:
    """Hold the load states of one year and the years they repeat.

    Parameters
    ----------
    states : tuple of LoadState
        Together one year; by default the feeder's own loads for 8760 h.
    years : int
        Life of the project.
    growth : float, optional
        How much loads grow a year, a fraction; the load states are the first year's.

    Raises
    ------
    ContentError
        If the hours do not add up to one year (a leap day is allowed), a name repeats, or the
        years are not positive, or the growth is out of range.
    """

    states: tuple[LoadState, ...] = (LoadState(),)
    years: int = 10
    growth: float | None = None

    def __post_init__(self) -> None:
        if not self.states:
            raise ContentError("load states: at least one state is needed")
        names = [state.name for state in self.states]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ContentError(f"load states: state '{twice}' appears twice")
        total = sum(state.hours for state in self.states)
        if abs(total - HOURS_PER_YEAR) > LEAP_DAY_HOURS:
            raise ContentError(
                f"load states: the hours add up to {total:g}, not to a year of {HOURS_PER_YEAR:g}"
            )
        if not 1 <= self.years <= LONGEST_YEARS:
            raise ContentError(f"years must be from 1 to {LONGEST_YEARS}, not {self.years}")
        if self.growth is not None and not -LARGEST_GROWTH <= self.growth <= LARGEST_GROWTH:
            raise ContentError(
                f"growth must be from {-LARGEST_GROWTH:g} to {LARGEST_GROWTH:g} a year, "
                f"not {self.growth}"
            )
