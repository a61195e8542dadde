"""Memetic search: descents on a problem's own local model, their ends evaluated exactly.

Local search with exact re-evaluation inside a global search, after Moscato, "On evolution, search,
optimization, genetic algorithms and martial arts: towards memetic algorithms", Caltech C3P report
826 (1989); the model's optimum in the real variables makes it Newton's method on them.
"""

from dataclasses import dataclass, field, fields, replace
from typing import ClassVar

import numpy as np

from heuristics.constraints import Deb, Rule, best_first
from heuristics.engine import Engine
from heuristics.jit import BoolArray, FloatArray, IntArray
from heuristics.problem import Evaluation, LocalModel, Space
from heuristics.selection import Population, empty_population, evaluated
from heuristics.settings import check_count

SAME = 1e-7
"""Two points are one if objective and violation differ by less than this, relative to the range of
objectives seen: permuted columns and rounded Newton steps are not worth an evaluation."""
MAX_STEPS = 100
"""Steps of one descent, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class MemeticState:
    """All that a memetic run depends on.

    Attributes
    ----------
    told : Population
        Every point evaluated.
    is_modeled : (n,) bool array
        Which of them had a local model.
    center : int
        Index of the point whose model is wanted, or known; -1 before there is one.
    model : LocalModel or None
    budget : int
    born : int
        Index of the first point since the last fresh start.
    """

    told: Population
    is_modeled: BoolArray
    center: int
    model: LocalModel | None
    budget: int
    born: int = 0


@dataclass(frozen=True, slots=True)
class Memetic(Engine):
    """Descents on the local model of the best point that has not had one yet.

    A few random points come first. Then, in turn: the best point without a model, the center, gets
    one; from it, from points a few random neighbors away and from its crossings with other good
    points, the model is descended by best improvement over refined neighbors; the best ends are
    evaluated exactly. Where all of them were before, random points are. Where nothing has improved
    for long, the search starts afresh from random points and forgets where it was.

    Attributes
    ----------
    start : int
        Random points before the first model.
    batch : int
        Points evaluated for each model, at most.
    kicks : int
        Descents that start up to `kick_length` random neighbors away from the center.
    crosses : int
        Descents that start at a crossing of the center with one of the `elite` best points: each
        column from either.
    kick_length : int
    reach : int
        How many neighbors, the most promising, a kick draws from.
    elite : int
    shortlist : int
        How many neighbors, the most promising, are refined before the best is taken.
    patience : int
        Evaluations without improvement after which the search starts afresh.
    constraints : Rule
        How points are compared, by the model and exactly.
    """

    start: int = 10
    batch: int = 4
    kicks: int = 4
    crosses: int = 2
    kick_length: int = 6
    reach: int = 100
    elite: int = 20
    shortlist: int = 48
    patience: int = 60
    constraints: Rule = field(default_factory=Deb)

    needs_model: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for setting in fields(self):
            if setting.name != "constraints":
                least = 0 if setting.name in ("kicks", "crosses") else 1
                check_count(setting.name, getattr(self, setting.name), least)

    def init(self, space: Space, rng: np.random.Generator, budget: int) -> MemeticState:
        """Return the empty state: see `Engine.init`."""
        return MemeticState(empty_population(space.n_var), np.zeros(0, bool), -1, None, budget)

    def model_point(self, state: MemeticState) -> FloatArray | None:
        """Return the center if its model is not known: see `Engine.model_point`."""
        if state.center < 0 or state.model is not None:
            return None
        point: FloatArray = state.told.x[state.center]
        return point

    def inform(
        self, space: Space, state: MemeticState, x: FloatArray, model: LocalModel
    ) -> MemeticState:
        """Return the state with the center's model: see `Engine.inform`."""
        is_modeled = state.is_modeled.copy()
        is_modeled[state.center] = True
        return replace(state, is_modeled=is_modeled, model=model)

    def ask(
        self, space: Space, state: MemeticState, rng: np.random.Generator
    ) -> tuple[FloatArray, MemeticState]:
        """Return random points, then the best ends of descents: see `Engine.ask`."""
        if state.model is None:
            return space.sample(self.start, rng), state
        if self._is_stale(state):
            return space.sample(self.start, rng), replace(state, born=state.told.size)
        starts = self._starts(space, state, state.model, rng)
        ends = self._new(state, state.model, [self._descend(state, state.model, x) for x in starts])
        return (ends if len(ends) else space.sample(self.start, rng)), state

    def tell(self, space: Space, state: MemeticState, x: FloatArray, e: Evaluation) -> MemeticState:
        """Return the state centered at the best point without a model: see `Engine.tell`."""
        told = state.told.join(evaluated(x.copy(), e))
        is_modeled = np.concatenate((state.is_modeled, np.zeros(len(x), bool)))
        state = replace(state, told=told, is_modeled=is_modeled, model=None)
        return replace(state, center=self._next_center(state))

    def _ranking(self, state: MemeticState) -> IntArray:
        """Return the points since the last fresh start, best first."""
        told, born = state.told, state.born
        keys = self._keys(state, told.f[born:], told.violation[born:])
        return born + best_first(keys)

    def _is_stale(self, state: MemeticState) -> bool:
        """Return whether nothing has improved for long since the last fresh start."""
        n_since = state.told.size - 1 - int(self._ranking(state)[0])
        return n_since >= self.patience

    def _next_center(self, state: MemeticState) -> int:
        told = state.told
        is_known = np.isfinite(told.violation)
        scale = spread(told.f)
        for i in self._ranking(state).tolist():
            if not is_known[i]:
                break
            if not is_same(told.f[i], told.violation[i], told.f[state.is_modeled],
                           told.violation[state.is_modeled], scale):  # fmt: skip
                return int(i)
        return -1

    def _keys(
        self, state: MemeticState, f: FloatArray, violation: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        return self.constraints.keys(f, violation, min(1.0, state.told.size / state.budget))

    def _starts(
        self, space: Space, state: MemeticState, model: LocalModel, rng: np.random.Generator
    ) -> list[FloatArray]:
        """Return where descents begin: the center, kicked centers, crossed centers."""
        told, center = state.told, state.told.x[state.center]
        starts = [center]
        for _ in range(self.kicks):
            x = center
            for _ in range(int(rng.integers(1, self.kick_length + 1))):
                around = model.neighbors(x, self.reach)
                if len(around):
                    x = around[rng.integers(len(around))]
            starts.append(x)
        elite = self._ranking(state)[: self.elite]
        for _ in range(self.crosses):
            other = told.x[elite[rng.integers(len(elite))]]
            crossed = np.where(rng.random(space.n_var) < 0.5, center, other)
            starts.append(space.snap(crossed[np.newaxis])[0])
        return starts

    def _new(self, state: MemeticState, model: LocalModel, ends: list[FloatArray]) -> FloatArray:
        """Return the best ends that were not evaluated yet, `batch` at most."""
        x = np.stack(ends)
        e, seen = model.predict(x), model.predict(state.told.x)
        f, violation = seen.f[:, 0], seen.violation
        scale = spread(f)
        kept: list[int] = []
        for i in best_first(self._keys(state, e.f[:, 0], e.violation)).tolist():
            if len(kept) < self.batch and not is_same(
                e.f[i, 0], e.violation[i], f, violation, scale
            ):
                kept.append(i)
                f, violation = np.append(f, e.f[i, 0]), np.append(violation, e.violation[i])
        new: FloatArray = x[kept]
        return new

    def _descend(self, state: MemeticState, model: LocalModel, x: FloatArray) -> FloatArray:
        """Return the point that best improvement on the model reaches from x."""
        best = model.refine(x[np.newaxis])
        e = model.predict(best)
        f, violation = e.f[:, 0], e.violation
        scale = spread(state.told.f)
        for _ in range(MAX_STEPS):
            near = model.refine(model.neighbors(best[0], self.shortlist))
            if len(near) == 0:
                break
            e = model.predict(near)
            all_f = np.concatenate((f, e.f[:, 0]))
            all_violation = np.concatenate((violation, e.violation))
            first = best_first(self._keys(state, all_f, all_violation))[0]
            if is_same(all_f[first], all_violation[first], f, violation, scale):
                break
            best = near[first - 1 : first]
            f, violation = all_f[first : first + 1], all_violation[first : first + 1]
        end: FloatArray = best[0]
        return end


def spread(f: FloatArray) -> float:
    """Return the range of the finite figures."""
    finite = f[np.isfinite(f)]
    return float(np.ptp(finite)) if len(finite) else 0.0


def is_same(
    f: float, violation: float, other_f: FloatArray, other_violation: FloatArray, scale: float
) -> bool:
    """Return whether any of the others has nearly the same objective and violation.

    Points that cannot be evaluated are like no other.
    """
    if not (np.isfinite(f) and np.isfinite(violation)):
        return False
    is_known = np.isfinite(other_f) & np.isfinite(other_violation)
    other_f, other_violation = other_f[is_known], other_violation[is_known]
    near = (np.abs(other_f - f) <= SAME * scale) & (np.abs(other_violation - violation) <= SAME)
    return bool(near.any())
