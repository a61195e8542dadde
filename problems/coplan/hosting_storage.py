"""Owns the hosting capacity with storage: the adoption up to which storage can keep every limit."""

from __future__ import annotations

import joblib
import numpy as np

from powerflow.feeder import Feeder
from problems.coplan.charging import Charging, Profile, charging_draws
from problems.coplan.day import Day
from problems.coplan.diagnosis import V_MIN_PU
from problems.coplan.equipment import StorageTerms
from problems.coplan.hosting import BELOW_0, Hosting
from problems.coplan.scenario import on_day
from problems.coplan.storage_model import Grid, one_feeder
from problems.coplan.vcu import feeders_behind
from problems.coplan.vmbp import feeder_storage


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
) -> Hosting:
    """Find the greatest adoption that storage of any size makes feasible, draw by draw.

    The draws are those of `problems.coplan.hosting.host` with the same seed; each is halved in on
    in steps of 1 %, around the threshold of the first. An adoption is feasible if the cone program
    of every feeder is.

    Parameters
    ----------
    n_jobs : int
        Workers, each takes draws; the answer does not depend on it.
    """
    groups = charging_draws(feeder, day, charger_kw, profile, seed, n_draw, is_drawn=is_drawn)
    draws = [group.only(draw) for group in groups for draw in range(group.n_draw)]
    first = _threshold(feeder, day, charger_kw, draws[0], terms, v_min_pu, None)
    rest = joblib.Parallel(n_jobs=n_jobs)(
        joblib.delayed(_threshold)(feeder, day, charger_kw, draw, terms, v_min_pu, first)
        for draw in draws[1:]
    )
    return Hosting(np.array([first, *rest], dtype=np.int64))


def _threshold(
    feeder: Feeder,
    day: Day,
    charger_kw: float,
    charging: Charging,
    terms: StorageTerms,
    v_min_pu: float,
    guess: int | None,
) -> int:
    """Return the threshold of one draw; a guess saves steps and changes nothing."""

    def is_feasible(adoption: int) -> bool:
        ev_kw = charging.ev_kw(0, adoption, charger_kw, feeder.n_bus)
        scenario = on_day(feeder, day, ev_kw, v_min_pu=v_min_pu)
        for buses in feeders_behind(scenario):
            part, _ = one_feeder(scenario, buses)
            found = feeder_storage(part, terms, Grid.of(part.feeder), has_bound=False)
            if not np.isfinite(found.cost_usd):
                return False
        return True

    low, high = BELOW_0, 101
    step = 1
    while guess is not None and low < guess < high:  # widen a bracket around the guess
        low, high = (guess, high) if is_feasible(guess) else (low, guess)
        guess, step = (guess + step, 2 * step) if low == guess else (guess - step, 2 * step)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_feasible(middle) else (low, middle)
    return low
