"""Owns the hosting capacity without storage: the adoption each draw of EVs can reach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from powerflow.jit import kernel
from powerflow.solve import power_flow
from problems.coplan.charging import Charging, Profile, charging_draws
from problems.coplan.day import Day
from problems.coplan.diagnosis import V_MIN_PU, V_TOL_PU, VIOLATION_TOL_PCT
from problems.coplan.vehicles import customers_of, ev_kvar_per_kw
from problems.core.assess import required
from problems.core.errors import SettingError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

BELOW_0 = -1
"""Threshold in percent of a draw that violates without any EV."""

VALUES_AT_ONCE = 2**18
"""Loads of so many buses are computed together: what two arrays of a cache hold."""

FIRST_DRAWS = 8
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


def host(
    feeder: Feeder,
    day: Day,
    *,
    charger_kw: float,
    profile: Profile,
    seed: int,
    n_draw: int,
    is_drawn: bool = False,
    v_min_pu: float = V_MIN_PU,
    callback: Callable[[], None] | None = None,
) -> Hosting:
    """Find the greatest adoption without violation of every draw, in steps of 1 %.

    Each draw is an order in which customers take an EV, and hours in which each charges: a greater
    adoption adds EVs and changes nothing of the others, so that its threshold can be halved in on.
    First in one hour alone; then every other hour is judged there, and halved in on where it
    violates.

    Parameters
    ----------
    feeder : Feeder
        At its base voltage.
    day : Day
    charger_kw : float
        Rating of a charger.
    seed, n_draw : int
    is_drawn : bool
        Whether the hours of each EV are drawn (`charging_draws`).
    callback : callable, optional
        Called after each `DRAWS_AT_ONCE` draws.
    """
    if not charger_kw > 0.0:
        raise SettingError(f"charger power must be positive, not {charger_kw}")
    customers_of(feeder)  # without them there is no answer, whatever the day without EVs says
    judge = _Judge(feeder, day, charger_kw, v_min_pu)
    if not judge.is_safe_without():
        return Hosting(np.full(n_draw, BELOW_0))
    found: list[IntArray] = []
    first_hour = -1
    for charging in charging_draws(
        feeder, day, charger_kw, profile, seed, n_draw, is_drawn=is_drawn
    ):
        if first_hour < 0:
            first_hour = judge.tightest_hour(charging)
        found.append(judge.thresholds(charging, first_hour))
        if callback is not None:
            callback()
    return Hosting(np.concatenate(found))


@dataclass(frozen=True, slots=True, eq=False)
class _Judge:
    """Judge draws at adoptions, a batch of power flows at a time."""

    feeder: Feeder
    day: Day
    charger_kw: float
    v_min_pu: float

    def is_safe_without(self) -> bool:
        """Return whether the day without EVs keeps every limit."""
        day = self.day
        return bool(self._is_safe(day.p_kw, day.q_kvar, day.v_source_pu).all())

    def tightest_hour(self, charging: Charging) -> int:
        """Return the hour that binds most often in the first draws; no answer depends on it."""
        n, n_hour = min(FIRST_DRAWS, charging.n_draw), self.day.n_hour
        draw, hour = np.divmod(np.arange(n * n_hour), n_hour)
        found = self._halved(charging, draw, hour, np.full(n * n_hour, 101))
        return int(np.argmin(found.reshape(n, n_hour).mean(axis=0)))

    def thresholds(self, charging: Charging, first_hour: int) -> IntArray:
        """Return the greatest adoption of each draw that keeps every limit in every hour."""
        draw = np.arange(charging.n_draw)
        most = self._halved(charging, draw, np.full(len(draw), first_hour), np.full(len(draw), 101))
        others = np.delete(np.arange(self.day.n_hour), first_hour)
        draw, hour = np.repeat(draw, len(others)), np.tile(others, len(draw))
        is_low = ~self._is_met(charging, draw, hour, most[draw])
        draw, hour = draw[is_low], hour[is_low]
        np.minimum.at(most, draw, self._halved(charging, draw, hour, most[draw]))
        return most

    def _halved(
        self, charging: Charging, draw: IntArray, hour: IntArray, unsafe: IntArray
    ) -> IntArray:
        """Return the greatest adoption below `unsafe` that keeps every limit in an hour."""
        safe, unsafe = np.zeros(len(draw), dtype=np.int64), unsafe.copy()
        while (open_ := np.flatnonzero(unsafe - safe > 1)).size:
            middle = (safe[open_] + unsafe[open_]) // 2
            is_met = self._is_met(charging, draw[open_], hour[open_], middle)
            safe[open_[is_met]] = middle[is_met]
            unsafe[open_[~is_met]] = middle[~is_met]
        return safe

    def _is_met(
        self, charging: Charging, draw: IntArray, hour: IntArray, adoption_pct: IntArray
    ) -> BoolArray:
        """Return whether draws keep every limit in hours at adoptions, all (n_case,)."""
        day, n_bus = self.day, self.feeder.n_bus
        n_ev = charging.n_ev(adoption_pct.astype(np.float64))
        kvar_per_kw = ev_kvar_per_kw(self.feeder)
        is_met = np.empty(len(draw), dtype=np.bool_)
        at_once = max(VALUES_AT_ONCE // n_bus, 1)
        for first in range(0, len(draw), at_once):
            some = slice(first, first + at_once)
            p_kw, q_kvar = day.p_kw[hour[some]], day.q_kvar[hour[some]]
            _add_evs(
                charging.order, charging.share, draw[some], hour[some], n_ev[some],
                self.charger_kw, kvar_per_kw, p_kw, q_kvar,
            )  # fmt: skip
            is_met[some] = self._is_safe(p_kw, q_kvar, day.v_source_pu[hour[some]])
        return is_met

    def _is_safe(self, p_kw: FloatArray, q_kvar: FloatArray, v_source_pu: FloatArray) -> BoolArray:
        """Return whether power flows keep every limit, (n_case,)."""
        result = power_flow(
            self.feeder, p_kw, q_kvar, v_source_pu=v_source_pu,
            outputs=("v_min_pu", "max_loading_pct"),
        )  # fmt: skip
        lowest_pu = required(result.v_min_pu)
        is_safe: BoolArray = result.converged & (lowest_pu >= self.v_min_pu - V_TOL_PU)
        if self.feeder.has_ampacity:
            is_safe &= required(result.max_loading_pct) <= 100.0 + VIOLATION_TOL_PCT
        return is_safe


@kernel
def _add_evs(
    order: NDArray[np.int16],
    share: NDArray[np.float32],
    draw: IntArray,
    hour: IntArray,
    n_ev: IntArray,
    charger_kw: float,
    kvar_per_kw: FloatArray,
    p_kw: FloatArray,
    q_kvar: FloatArray,
) -> None:
    """Add what the first EVs of a draw take in an hour to the loads of each case, in place."""
    for case in range(len(draw)):
        for ev in range(n_ev[case]):
            bus = order[draw[case], ev]
            kw = charger_kw * share[draw[case], hour[case], ev]
            p_kw[case, bus] += kw
            q_kvar[case, bus] += kw * kvar_per_kw[bus]
