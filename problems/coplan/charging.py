"""Owns when EVs charge: all alike, in hours drawn for each, or in the valley of the load."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from powerflow.jit import kernel
from problems.coplan.day import HOURS, Day
from problems.coplan.equipment import DATA
from problems.coplan.vehicles import customer_orders
from problems.core.errors import SettingError
from problems.core.rows import read_rows

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
IntArray = NDArray[np.int64]
Profile = Literal["simultaneous", "home", "overnight", "smart"]

MEAN_COLUMN = {"home": "home_level2", "overnight": "overnight_u", "smart": "home_level2"}
BEGIN_COLUMN = {"home": "home_begin", "overnight": "overnight_begin", "smart": "home_begin"}
MEAN_H = 5.1034
"""Hours at full power an EV charges in a day: the sum of the home events' mean power."""

DURATION_SHAPE = 12.0
"""Shape of the gamma distribution of these hours (assumed); with it the mean over EVs is that of
the home events within 0.03 of the rating in every hour."""

DRAWS_AT_ONCE = 200
"""Draws whose hours are held at a time: 24 hours of 1,120 EVs are 0.1 MB a draw."""


@dataclass(frozen=True, slots=True, eq=False)
class Charging:
    """Hold who takes an EV in what order and when it charges, for some draws.

    Attributes
    ----------
    order : (n_draw, n_customer) int16 array
        Bus of each customer in the order they take an EV.
    share : (n_draw, n_hour, n_customer) float32 array
        Mean power of that EV in the hour over its charger's rating.
    """

    order: NDArray[np.int16]
    share: Float32Array

    @property
    def n_draw(self) -> int:
        """Number of draws."""
        return len(self.order)

    def n_ev(self, adoption_pct: FloatArray | float) -> IntArray:
        """Return how many customers have an EV."""
        count: IntArray = np.round(adoption_pct * self.order.shape[1] / 100.0).astype(np.int64)
        return count

    def only(self, draw: int) -> Charging:
        """Return one draw."""
        return Charging(self.order[draw : draw + 1], self.share[draw : draw + 1])

    def ev_kw(self, draw: int, adoption_pct: float, charger_kw: float, n_bus: int) -> FloatArray:
        """Return what all EVs of a draw take at each bus, (n_hour, n_bus)."""
        n = int(self.n_ev(adoption_pct))
        kw = np.zeros((self.share.shape[1], n_bus))
        for hour, share in enumerate(self.share[draw, :, :n]):
            np.add.at(kw[hour], self.order[draw, :n], charger_kw * share)
        return kw


@cache
def charging_table() -> dict[str, FloatArray]:
    """Return the columns of charging.csv, (24,) each."""
    rows = [row for _, row in read_rows(DATA / "charging.csv", "hour")]
    return {column: np.array([row[column] for row in rows]) for column in rows[0]}


def charging_draws(
    feeder: Feeder,
    day: Day,
    charger_kw: float,
    profile: Profile,
    seed: int,
    n_draw: int,
    *,
    is_drawn: bool = False,
) -> Iterator[Charging]:
    """Yield the draws in groups; the first draws are the same however many there are.

    Parameters
    ----------
    profile : {"simultaneous", "home", "overnight", "smart"}
        Full power all day; the course of home_level2 or of overnight_u; or the energy of home
        charging, each EV in turn where the load of the feeder and of the EVs before it is least.
    seed, n_draw : int
    is_drawn : bool
        Whether each EV charges at full power for hours of its own, whose begin and length are
        drawn; else all follow the course, with the energy it has.

    Raises
    ------
    SettingError
        If a profile of 24 hours is asked for a day of another length.
    """
    if profile != "simultaneous" and day.n_hour != HOURS:
        raise SettingError(f"profile {profile} has {HOURS} hours, the day has {day.n_hour}")
    orders = customer_orders(feeder, seed, n_draw)
    begins, lengths = (np.random.default_rng([seed, stream]) for stream in (1, 2))
    for first in range(0, n_draw, DRAWS_AT_ONCE):
        order = orders[first : first + DRAWS_AT_ONCE]
        n, n_customer = order.shape
        if profile == "simultaneous":
            yield Charging(order, np.ones((n, day.n_hour, n_customer), dtype=np.float32))
            continue
        share = np.zeros((n, HOURS, n_customer), dtype=np.float32)
        course = charging_table()[MEAN_COLUMN[profile]]
        length_h = np.full((n, n_customer), course.sum())
        if is_drawn:
            begin_h, length_h = drawn_events(profile, begins, lengths, (n, n_customer))
            if profile != "smart":
                _charge_from(begin_h, length_h, share)
        elif profile != "smart":
            share[:] = course[:, np.newaxis]
        if profile == "smart":
            _fill_valleys(day.p_kw.sum(axis=1), charger_kw, length_h, share)
        yield Charging(order, share)


def drawn_events(
    profile: Profile,
    begins: np.random.Generator,
    lengths: np.random.Generator,
    shape: tuple[int, int],
) -> tuple[FloatArray, FloatArray]:
    """Return when EVs begin to charge, hours from midnight, and for how many hours."""
    share = charging_table()[BEGIN_COLUMN[profile]]
    until = np.concatenate([[0.0], np.cumsum(share) / share.sum()])
    begin_h: FloatArray = np.interp(begins.random(shape), until, np.arange(HOURS + 1.0))
    length_h = lengths.standard_gamma(DURATION_SHAPE, shape) * (MEAN_H / DURATION_SHAPE)
    return begin_h, np.minimum(length_h, float(HOURS))


@kernel
def _charge_from(begin_h: FloatArray, length_h: FloatArray, share: Float32Array) -> None:
    """Charge at full power from the begin on, into the next day where it is late."""
    n_draw, n_hour, n_ev = share.shape
    for draw in range(n_draw):
        for ev in range(n_ev):
            now, left = begin_h[draw, ev], length_h[draw, ev]
            while left > 0.0:
                hour = int(now)
                part = min(left, hour + 1 - now)
                share[draw, hour % n_hour, ev] += part
                left -= part
                now = hour + 1.0


@kernel
def _fill_valleys(
    base_kw: FloatArray, charger_kw: float, length_h: FloatArray, share: Float32Array
) -> None:
    """Charge each EV in turn in the hours in which the load before it is least."""
    n_draw, n_hour, n_ev = share.shape
    total_kw = np.empty(n_hour)
    is_free = np.empty(n_hour, dtype=np.bool_)
    for draw in range(n_draw):
        total_kw[:] = base_kw
        for ev in range(n_ev):
            is_free[:] = True
            left = length_h[draw, ev]
            while left > 0.0:
                least = -1
                for hour in range(n_hour):
                    if is_free[hour] and (least < 0 or total_kw[hour] < total_kw[least]):
                        least = hour
                if least < 0:
                    break
                part = min(left, 1.0)
                share[draw, least, ev] = part
                total_kw[least] += charger_kw * part
                is_free[least] = False
                left -= part
