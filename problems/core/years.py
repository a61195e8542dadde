"""Owns the load states that a plan is judged in over all its years, and what each is worth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from problems.core.horizon import LoadState
from problems.core.instance import Conditions
from problems.core.money import year_worths

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class StudyStates:
    """Hold the load states of a study.

    Attributes
    ----------
    states : tuple of LoadState
        Those of one year where loads do not grow, else those of every year in turn.
    hours : (n_state,) float array
        Hours a year of each, the mean over the years; physical averages go by these.
    worth_hours : (n_state,) float array
        Hours of each in the mean year that is worth, earned every year, what the years are worth;
        money goes by these. The same as `hours` where loads do not grow.
    """

    states: tuple[LoadState, ...]
    hours: FloatArray
    worth_hours: FloatArray


def study_states(conditions: Conditions) -> StudyStates:
    """Return the load states that conditions ask for.

    With growth g the loads of year t are those of the load states times (1 + g)^(t - 1): today's
    are the first year's. With w_t what a payment of year t is worth today, a state of h hours
    counts h w_t / sum(w) hours in year t, so that the mean year times sum(w) is the present value
    of all years.
    """
    horizon = conditions.horizon
    hours = np.array([state.hours for state in horizon.states])
    growth = horizon.growth
    if growth is None:
        return StudyStates(horizon.states, hours, hours)
    worths = year_worths(conditions.prices.discount_rate, horizon.years, conditions.money_rule)
    states = tuple(
        replace(
            state,
            name=f"year {year}, {state.name}",
            load_factor=state.load_factor * (1.0 + growth) ** (year - 1),
        )
        for year in range(1, horizon.years + 1)
        for state in horizon.states
    )
    return StudyStates(
        states,
        np.tile(hours, horizon.years) / horizon.years,
        np.outer(worths / worths.sum(), hours).ravel(),
    )
