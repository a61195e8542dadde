"""Owns the hosting capacity with storage: the adoption up to which storage can keep every limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import joblib
import numpy as np

from powerflow.feeder import Feeder
from problems.coplan.charging import Charging, Profile, charging_draws
from problems.coplan.day import Day
from problems.coplan.diagnosis import V_MIN_PU
from problems.coplan.equipment import Library, StorageTerms
from problems.coplan.hosting import BELOW_0, BoolArray, Hosting, IntArray
from problems.coplan.plan import StorageUnit, conflicts_in, judge
from problems.coplan.scenario import Scenario, on_day
from problems.coplan.storage_model import Grid, one_feeder
from problems.coplan.vcu import feeders_behind
from problems.coplan.vmbp import feeder_storage


@dataclass(frozen=True, slots=True, eq=False)
class StoredHosting(Hosting):
    """Hold the thresholds with storage, and what they rest on.

    Attributes
    ----------
    is_open : (n_draw,) bool array
        Whether a solve that failed stands above the threshold, so that it may be higher.
    lowered_pct : (n_draw,) int array
        By how much the power flow lowers what the cone program finds; 0 where it agrees.
    message : str
        What failed and what was lowered; empty where all is well.
    """

    is_open: BoolArray
    lowered_pct: IntArray
    message: str


def host_with_storage(
    feeder: Feeder,
    day: Day,
    terms: StorageTerms,
    *,
    charger_kw: float,
    profile: Profile,
    seed: int,
    n_draw: int,
    is_drawn: bool = False,
    n_jobs: int = 1,
    v_min_pu: float = V_MIN_PU,
) -> StoredHosting:
    """Find the greatest adoption that storage of any size makes feasible, draw by draw.

    The draws are those of `problems.coplan.hosting.host` with the same seed; each is halved in on
    in steps of 1 %, around the threshold of the first. An adoption is feasible if the cone program
    of every feeder is; at the threshold the power flow of every hour must agree.

    Parameters
    ----------
    n_jobs : int
        Workers, each takes draws; the answer does not depend on it.
    """
    groups = charging_draws(feeder, day, charger_kw, profile, seed, n_draw, is_drawn=is_drawn)
    draws = (group.only(draw) for group in groups for draw in range(group.n_draw))
    first = _threshold(feeder, day, charger_kw, next(draws), terms, v_min_pu, None)
    rest = joblib.Parallel(n_jobs=n_jobs)(
        joblib.delayed(_threshold)(feeder, day, charger_kw, draw, terms, v_min_pu, first.found_pct)
        for draw in draws
    )
    every: list[_Threshold] = [first, *rest]
    lowered = np.array([one.found_pct - one.agreed_pct for one in every], dtype=np.int64)
    failures = [one.failure for one in every if one.failure]
    words = []
    if failures:
        words.append(
            f"with storage the thresholds of {len(failures)} of {n_draw} draws rest on a solve "
            f"that failed and may be higher: {failures[0]}"
        )
    if lowered.any():
        words.append(
            f"the power flow rejects what the cone program finds for {np.count_nonzero(lowered)} "
            f"of {n_draw} draws, whose thresholds are lowered by up to {lowered.max()} %"
        )
    return StoredHosting(
        np.array([one.agreed_pct for one in every], dtype=np.int64),
        np.array([bool(one.failure) for one in every]),
        lowered,
        "; ".join(words),
    )


class _Threshold(NamedTuple):
    """Hold a draw's threshold by cone program and by power flow, and the solve that failed."""

    found_pct: int
    agreed_pct: int
    failure: str


def _threshold(
    feeder: Feeder,
    day: Day,
    charger_kw: float,
    charging: Charging,
    terms: StorageTerms,
    v_min_pu: float,
    guess: int | None,
) -> _Threshold:
    """Return the threshold of one draw; a guess saves steps and changes nothing."""
    units: dict[int, tuple[StorageUnit, ...]] = {}
    failures: dict[int, str] = {}

    def scenario_at(adoption: int) -> Scenario:
        ev_kw = charging.ev_kw(0, adoption, charger_kw, feeder.n_bus)
        return on_day(feeder, day, ev_kw, v_min_pu=v_min_pu)

    def is_feasible(adoption: int) -> bool:
        scenario = scenario_at(adoption)
        built: list[StorageUnit] = []
        failure = ""
        for buses in feeders_behind(scenario):
            part, _ = one_feeder(scenario, buses)
            found = feeder_storage(part, terms, Grid.of(part.feeder), has_bound=False)
            if found.status == "infeasible":
                return False
            if not np.isfinite(found.cost_usd):
                words = f": {found.message}" if found.message else ""
                failure = f"{adoption} % of customers, {found.status}{words}"
            built += found.units
        if failure:
            failures[adoption] = failure
            return False
        units[adoption] = tuple(built)
        return True

    def is_agreed(adoption: int) -> bool:
        if adoption not in units and not is_feasible(adoption):
            return False
        if not units[adoption]:  # then the power flow has judged it already
            return True
        scenario = scenario_at(adoption)
        judged = judge(scenario, Library((), (), terms), (), units[adoption])
        return not conflicts_in(judged, scenario)

    low, high = BELOW_0, 101
    step = 1
    while guess is not None and low < guess < high:  # widen a bracket around the guess
        low, high = (guess, high) if is_feasible(guess) else (low, guess)
        guess, step = (guess + step, 2 * step) if low == guess else (guess - step, 2 * step)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_feasible(middle) else (low, middle)
    agreed = low
    while agreed > BELOW_0 and not is_agreed(agreed):
        agreed -= 1
    above = [failures[adoption] for adoption in range(agreed + 1, high + 1) if adoption in failures]
    return _Threshold(low, agreed, above[0] if above else "")
