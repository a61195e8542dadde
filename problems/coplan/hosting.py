"""Owns the hosting capacity without storage: the adoption each draw of EVs can reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from powerflow.solve import power_flow
from problems.coplan.day import Day
from problems.coplan.diagnosis import V_MIN_PU, V_TOL_PU, VIOLATION_TOL_PCT
from problems.coplan.vehicles import (
    Profile,
    charging_profile,
    counts_of,
    customer_orders,
    customers_of,
    ev_kvar_per_kw,
)
from problems.core.assess import required
from problems.core.errors import SettingError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BELOW_0 = -1
"""Threshold in percent of a draw that violates without any EV."""

CASES_AT_ONCE = 12_000
Z_95 = 1.959963984540054


class Probability(NamedTuple):
    """Hold the probability of a violation at an adoption, with its 95 % interval (Wilson)."""

    adoption_pct: int
    p: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Hosting:
    """Hold the greatest whole adoption without violation of each draw.

    Attributes
    ----------
    threshold_pct : (n_draw,) int array
        `BELOW_0` where even 0 % violates.
    """

    threshold_pct: IntArray

    def probability(self) -> list[Probability]:
        """Return the share of draws that violate at 0, 1, ... 100 %."""
        n = len(self.threshold_pct)
        counts = [int((self.threshold_pct < adoption).sum()) for adoption in range(101)]
        return [Probability(a, k / n, *wilson(k, n)) for a, k in enumerate(counts)]


def wilson(k: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a probability of which k of n draws were hits (Wilson 1927).

    Examples
    --------
    >>> [round(limit, 4) for limit in wilson(0, 10)]
    [0.0, 0.2775]
    """
    share, z = k / n, Z_95
    middle = (share + z * z / (2 * n)) / (1.0 + z * z / n)
    half = z / (1.0 + z * z / n) * np.sqrt(share * (1.0 - share) / n + z * z / (4 * n * n))
    low = 0.0 if k == 0 else max(0.0, float(middle - half))
    high = 1.0 if k == n else min(1.0, float(middle + half))
    return low, high


@dataclass(frozen=True, slots=True, eq=False)
class EvDay:
    """Hold hours of a feeder and what one EV draws in each, for every adoption.

    Attributes
    ----------
    day : Day
        Loads without EVs.
    ev_kw : (101, n_hour) float array
        Mean power of an EV by adoption in percent and hour.
    """

    day: Day
    ev_kw: FloatArray


def ev_day(feeder: Feeder, day: Day, charger_kw: float, profile: Profile) -> EvDay:
    """Return the hours of a day with what an EV draws in each.

    Raises
    ------
    SettingError
        If a profile of 24 hours is asked for a day of another length.
    """
    if profile == "simultaneous":
        return EvDay(day, np.full((101, day.n_hour), charger_kw))
    if day.n_hour != len(charging_profile("home")):
        raise SettingError(f"profile {profile} has 24 hours, the day has {day.n_hour}")
    if profile != "smart":
        return EvDay(day, np.tile(charger_kw * charging_profile(profile), (101, 1)))
    base_kw, n_customer = day.p_kw.sum(axis=1), int(customers_of(feeder).sum())
    rows = []
    for adoption in range(101):
        n_ev = max(round(n_customer * adoption / 100.0), 1)
        rows.append(charger_kw * charging_profile("smart", base_kw / (n_ev * charger_kw)))
    return EvDay(day, np.array(rows))


def host(
    feeder: Feeder,
    day: Day,
    *,
    charger_kw: float,
    profile: Profile,
    seed: int,
    n_draw: int,
    v_min_pu: float = V_MIN_PU,
) -> Hosting:
    """Find the greatest adoption without violation of every draw, in steps of 1 %.

    Each draw is an order in which customers take an EV, so that adoptions of a draw are nested and
    its threshold can be halved in on; each step is one batch of power flows.

    Parameters
    ----------
    feeder : Feeder
        At its base voltage.
    day : Day
    charger_kw : float
        Rating of a charger; the profile scales it.
    seed, n_draw : int
    """
    if not charger_kw > 0.0:
        raise SettingError(f"charger power must be positive, not {charger_kw}")
    orders = customer_orders(feeder, seed, n_draw)
    hours = ev_day(feeder, day, charger_kw, profile)
    safe, unsafe = np.full(n_draw, BELOW_0), np.full(n_draw, 101)
    _settle(feeder, hours, orders, np.arange(1), np.zeros(1, np.int64), safe, unsafe, v_min_pu)
    if safe[0] == BELOW_0:  # without EVs all draws are the same
        return Hosting(safe)
    safe[:] = 0
    while (open_ := np.flatnonzero(unsafe - safe > 1)).size:
        middle = (safe[open_] + unsafe[open_]) // 2
        _settle(feeder, hours, orders, open_, middle, safe, unsafe, v_min_pu)
    return Hosting(safe)


def _settle(
    feeder: Feeder, hours: EvDay, orders: NDArray[np.int16], draws: IntArray, adoption: IntArray,
    safe: IntArray, unsafe: IntArray, v_min_pu: float,
) -> None:  # fmt: skip
    """Judge these draws at these adoptions and move their brackets."""
    n_hour = hours.day.n_hour
    at_once = max(CASES_AT_ONCE // n_hour, 1)
    kvar = ev_kvar_per_kw(feeder)
    for first in range(0, len(draws), at_once):
        some, a = draws[first : first + at_once], adoption[first : first + at_once]
        count = counts_of(orders[some], a.astype(np.float64), feeder.n_bus)
        ev_kw = hours.ev_kw[a][:, :, None] * count[:, None, :]
        shape = (len(some) * n_hour, feeder.n_bus)
        result = power_flow(
            feeder,
            (hours.day.p_kw + ev_kw).reshape(shape),
            (hours.day.q_kvar + ev_kw * kvar).reshape(shape),
            v_source_pu=np.tile(hours.day.v_source_pu, len(some)),
            outputs=("v_min_pu", "max_loading_pct"),
        )
        is_safe: NDArray[np.bool_] = result.converged & (
            required(result.v_min_pu) >= v_min_pu - V_TOL_PU
        )
        if feeder.has_ampacity:
            is_safe &= required(result.max_loading_pct) <= 100.0 + VIOLATION_TOL_PCT
        is_met = is_safe.reshape(len(some), n_hour).all(axis=1)
        safe[some[is_met]] = a[is_met]
        unsafe[some[~is_met]] = a[~is_met]
