"""Owns the choice of lines as a problem for the engines: the cone program of storage inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heuristics.problem import Evaluation, Space
from powerflow.units import S_BASE_KVA, i_base_a
from problems.coplan.choices import Choices, FloatArray, IntArray
from problems.coplan.diagnosis import Diagnosis, diagnose
from problems.coplan.equipment import StorageTerms
from problems.coplan.scenario import Scenario
from problems.coplan.storage_model import Grid, one_feeder
from problems.coplan.storage_program import LOSS_PRICE, FeederStorage, StorageProgram
from problems.coplan.vmbp import feeder_storage

STEPPED_SHARE = 0.5
"""Share of the lines of a first candidate that differ from the start by one size."""


@dataclass(frozen=True, slots=True, eq=False)
class SpaceAround(Space):
    """A space whose samples lie around a start: the first is the start itself.

    Attributes
    ----------
    start : (n_var,) float array
        The others differ from it by one step in some columns, twice as often down as up.
    """

    start: FloatArray | None = None

    def sample(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Return the start and n - 1 neighbors of it."""
        assert self.start is not None
        shape = (n, len(self.start))
        step = np.where(rng.random(shape) < 1.0 / 3.0, 1.0, -1.0)
        step[rng.random(shape) >= STEPPED_SHARE] = 0.0
        step[:1] = 0.0
        return np.clip(self.start + step, self.lower, self.upper)


class CableChoices:
    """Search one choice a line of one feeder; the cheapest storage for it is part of its cost.

    A candidate is the position of each line's choice in its list by price: the greater, the dearer.
    The objective is the cost in USD. The constraint is 0 where storage keeps every limit, else the
    largest violation without storage, per unit of its own limit. A candidate that storage does not
    mend and whose power flow collapses, or whose cone program fails, cannot be evaluated. No cone
    program is solved where lines alone keep every limit, where they cost more than the start, which
    needs none, and where a line is too small for the mean of its load: storage gives no energy.

    Parameters
    ----------
    scenario : Scenario
    terms : StorageTerms
    choices : Choices
        Of lines inside the feeder.
    buses : (n_bus,) bool array
        Buses of the feeder.
    """

    n_obj = 1
    n_con = 1

    def __init__(
        self,
        scenario: Scenario,
        terms: StorageTerms,
        choices: Choices,
        buses: NDArray[np.bool_],
    ) -> None:
        self.choices, self.terms = choices, terms
        self.part, self.at = one_feeder(scenario, buses)
        self.lists = [choices.of(int(k)) for k in choices.candidates]
        self.start = _rule_based(scenario, choices, self.lists)
        self.space = SpaceAround(
            lower=np.zeros(len(self.lists)),
            upper=np.array([len(own) - 1.0 for own in self.lists]),
            is_integer=np.ones(len(self.lists), dtype=np.bool_),
            start=self.start,
        )
        self.sites = _sites(self.part, np.searchsorted(self.at, choices.candidates))
        start = self.chosen(self.start)
        is_safe = bool(self._flow(self.grid(start)).is_safe.all())
        self.most_usd = float(choices.cost_usd[start].sum()) if is_safe else np.inf
        self._known: dict[tuple[int, ...], tuple[float, float]] = {}

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Return cost and violation of each candidate; one met before is not priced again."""
        rows = [tuple(int(position) for position in row) for row in x]
        for row in rows:
            if row not in self._known:
                self._known[row] = self._price(row)
        found = np.array([self._known[row] for row in rows])
        return Evaluation(f=found[:, :1], g=found[:, 1:])

    def chosen(self, x: Sequence[float] | FloatArray) -> IntArray:
        """Return the choices that a candidate stands for."""
        pairs = zip(self.lists, x, strict=True)
        return np.array([own[int(position)] for own, position in pairs], dtype=np.int64)

    def grid(self, chosen: IntArray) -> Grid:
        """Return the lines of the feeder with these choices."""
        r_ohm, x_ohm, limit_a = self.choices.columns(chosen)
        return Grid(r_ohm, x_ohm, np.where(np.isfinite(limit_a), limit_a, np.nan)).only(self.at)

    def _price(self, row: tuple[int, ...]) -> tuple[float, float]:
        chosen = self.chosen(row)
        lines_usd = float(self.choices.cost_usd[chosen].sum())
        grid = self.grid(chosen)
        found = self._flow(grid)
        violation = _violation(found)
        if found.is_safe.all():
            return lines_usd, 0.0
        if lines_usd >= self.most_usd or is_too_small_on_average(self.part, grid):
            return lines_usd, violation
        stored = self._storage(grid)
        if np.isfinite(stored.cost_usd):
            return lines_usd + stored.cost_usd, 0.0
        return lines_usd, violation if stored.status == "infeasible" else np.nan

    def storage_everywhere(self, grid: Grid) -> FeederStorage:
        """Return the cheapest storage at any bus, or, if that fails, at the sites."""
        found = feeder_storage(self.part, self.terms, grid, has_bound=False)
        return found if np.isfinite(found.cost_usd) else self._storage(grid)

    def _storage(self, grid: Grid) -> FeederStorage:
        """Return the cheapest storage at the sites; no time limit, which would not repeat."""
        program = StorageProgram(self.part, self.terms, grid, end=np.inf)
        return program.solve(LOSS_PRICE, self.sites).storage()

    def _flow(self, grid: Grid) -> Diagnosis:
        part = self.part
        return diagnose(
            replace(part.feeder, ampacity_a=grid.ampacity_a), part.p_kw, part.q_kvar,
            v_source_pu=part.v_source_pu, r_ohm=grid.r_ohm, x_ohm=grid.x_ohm,
            v_min_pu=part.v_min_pu,
        )  # fmt: skip


def is_too_small_on_average(part: Scenario, grid: Grid) -> bool:
    """Return whether some line cannot carry the mean of the load below it, losses left out.

    Over a day storage draws at least what it delivers, and no line carries more than its ampacity
    at the highest voltage allowed.
    """
    below_kw = part.p_kw.mean(axis=0)
    for k in range(part.feeder.n_bus - 1, 0, -1):
        below_kw[part.feeder.parent[k]] += below_kw[k]
    most_kw = S_BASE_KVA * part.v_max_pu * grid.ampacity_a[1:] / i_base_a(part.feeder.base_kv)
    return bool((below_kw[1:] > most_kw).any())


def _violation(found: Diagnosis) -> float:
    """Return the largest violation, per unit of the limit; NaN after a collapse."""
    if found.collapsed.any():
        return np.nan
    over = np.nanmax(found.loading_pct, initial=0.0) / 100.0 - 1.0
    under = 1.0 - found.v_pu.min() / found.v_min_limit_pu
    return float(max(over, under, 0.0))


def _rule_based(scenario: Scenario, choices: Choices, lists: list[IntArray]) -> FloatArray:
    """Return the position of each line's cheapest choice that carries its relaxed current."""
    found = np.zeros(len(lists))
    for k, own in enumerate(lists):
        fits = choices.limit_a[own] >= scenario.relaxed_a[choices.branch[own]]
        found[k] = int(np.argmax(fits)) if fits.any() else len(own) - 1
    return found


def _sites(part: Scenario, ends: IntArray) -> IntArray:
    """Return where a candidate's storage may stand: few buses, for the sake of time.

    The ends of candidate lines, the farthest bus by resistance below each, and of the feeder.
    """
    feeder = part.feeder
    r_ohm = np.zeros(feeder.n_bus)
    farthest = np.arange(feeder.n_bus)
    for k in range(1, feeder.n_bus):
        r_ohm[k] = r_ohm[feeder.parent[k]] + feeder.r_ohm[k]
    for k in range(feeder.n_bus - 1, 0, -1):
        up = feeder.parent[k]
        if r_ohm[farthest[k]] > r_ohm[farthest[up]]:
            farthest[up] = farthest[k]
    return np.unique(np.concatenate([ends, farthest[ends], farthest[:1]]))
