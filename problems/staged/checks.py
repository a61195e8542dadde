"""Owns the checks that every table of a staged study is read with."""

from __future__ import annotations

import math
from dataclasses import dataclass

from problems.core.errors import ContentError

HOURS = 24
SHARE_TOL = 1e-6


def check(is_right: bool, message: str) -> None:
    """Raise ContentError with `message` unless `is_right`."""
    if not is_right:
        raise ContentError(message)


def check_number(name: str, value: float, low: float = 0.0, high: float = math.inf) -> None:
    """Raise ContentError unless `value` is a number from `low` to `high`."""
    span = f"from {low:g} to {high:g}" if math.isfinite(high) else f"{low:g} or more"
    check(math.isfinite(value) and low <= value <= high, f"{name} must be {span}, not {value}")


def check_day(name: str, values: tuple[float, ...]) -> None:
    """Raise ContentError unless there is one number, 0 or more, for each hour of a day."""
    check(len(values) == HOURS, f"{name} must have {HOURS} numbers, not {len(values)}")
    for value in values:
        check_number(name, value)


@dataclass(frozen=True, slots=True)
class Site:
    """Hold a bus and its share of a total."""

    bus: str
    share: float

    def __post_init__(self) -> None:
        check_number(f"bus {self.bus}: share", self.share, 0.0, 1.0)


def check_shares(name: str, sites: tuple[Site, ...]) -> None:
    """Raise ContentError unless shares add up to 1 and no bus is named twice."""
    check(abs(sum(s.share for s in sites) - 1.0) < SHARE_TOL, f"{name}: shares must add up to 1")
    check(len({s.bus for s in sites}) == len(sites), f"{name}: a bus is named twice")
