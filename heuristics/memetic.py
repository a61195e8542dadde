"""Memetic search: descents on a problem's own local model, their ends evaluated exactly.

Local search with exact re-evaluation inside a global search, after Moscato, "On evolution, search,
optimization, genetic algorithms and martial arts: towards memetic algorithms", Caltech C3P report
826 (1989); the model's optimum in the real variables makes it Newton's method on them.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from heuristics.constraints import Deb, Rule, best_first
from heuristics.engine import Engine
from heuristics.jit import BoolArray, FloatArray
from heuristics.problem import Evaluation, LocalModel, Space
from heuristics.selection import Population, empty_population, evaluated

SAME = 1e-7
"""Two points are one if objective and violation differ by less than this, relative to the range of
objectives seen: permuted columns and rounded Newton steps are not worth an evaluation."""
MAX_STEPS = 100


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
    """

    told: Population
    is_modeled: BoolArray
    center: int
    model: LocalModel | None
    budget: int


@dataclass(frozen=True, slots=True)
class Memetic(Engine):
    """Descents on the local model of the best point that has not had one yet.

    A few random points come first. Then, in turn: the best point without a model gets one; from
    it, and from points a few random neighbors away, the model is descended by best improvement
    over all neighbors, sizes refined; the best ends are evaluated exactly.

    Attributes
    ----------
    start : int
        Random points before the first model.
    batch : int
        Points evaluated for each model, at most.
    kicks : int
        Descents that start away from the center.
    kick_length : int
        Random neighbors between the center and such a start.
    shortlist : int
        Neighbors whose real variables are refined before the best is taken.
    rule : Rule
        How points are compared, by the model and exactly.
    """

    start: int = 10
    batch: int = 4
    kicks: int = 6
    kick_length: int = 3
    shortlist: int = 10
    rule: Rule = Deb()

    needs_model: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name, least in (
            ("start", 1), ("batch", 1), ("kicks", 0), ("kick_length", 1), ("shortlist", 1),
        ):  # fmt: skip
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"{name}: expected a whole number >= {least}, got {value!r}")

    def init(self, space: Space, rng: np.random.Generator, budget: int) -> MemeticState:
        """Return the empty state: see `Engine.init`."""
        return MemeticState(empty_population(space.n_var), np.zeros(0, bool), -1, None, budget)

    def model_point(self, state: MemeticState) -> FloatArray | None:
        """Return the center if its model is not known: see `Engine.model_point`."""
        if state.center < 0 or state.model is not None:
            return None
        return state.told.x[state.center]

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
        ends = self._ends(state, state.model, rng)
        return (ends if len(ends) else space.sample(1, rng)), state

    def tell(
        self, space: Space, state: MemeticState, x: FloatArray, e: Evaluation
    ) -> MemeticState:
        """Return the state centered at the best point without a model: see `Engine.tell`."""
        told = state.told.join(evaluated(x.copy(), e))
        is_modeled = np.concatenate((state.is_modeled, np.zeros(len(x), bool)))
        state = replace(state, told=told, is_modeled=is_modeled, model=None)
        return replace(state, center=self._next_center(state))

    def _next_center(self, state: MemeticState) -> int:
        told = state.told
        is_known = np.isfinite(told.violation)
        if not is_known.any():
            return -1
        scale = float(np.ptp(told.f[is_known]))
        for i in best_first(self._keys(told.f, told.violation, state)).tolist():
            if not is_known[i]:
                break
            if not is_same(told.f[i], told.violation[i], told.f[state.is_modeled],
                           told.violation[state.is_modeled], scale):  # fmt: skip
                return int(i)
        return -1

    def _keys(
        self, f: FloatArray, violation: FloatArray, state: MemeticState
    ) -> tuple[FloatArray, FloatArray]:
        return self.rule.keys(f, violation, min(1.0, state.told.size / state.budget))

    def _ends(
        self, state: MemeticState, model: LocalModel, rng: np.random.Generator
    ) -> FloatArray:
        """Return the best points that descents end at and that were not evaluated yet."""
        center = state.told.x[state.center]
        found = [self._descend(model, center, state)]
        for _ in range(self.kicks):
            x = center
            for _ in range(self.kick_length):
                around = model.neighbors(x)
                if len(around):
                    x = around[rng.integers(len(around))]
            found.append(self._descend(model, x, state))
        x = np.stack(found)
        e, seen = model.predict(x), model.predict(state.told.x)
        f, violation = list(seen.f[:, 0]), list(seen.violation)
        scale = float(np.ptp(seen.f[np.isfinite(seen.f)])) if len(f) else 0.0
        kept = []
        for i in best_first(self._keys(e.f[:, 0], e.violation, state)).tolist():
            if not is_same(e.f[i, 0], e.violation[i], np.array(f), np.array(violation), scale):
                kept.append(i)
                f.append(e.f[i, 0])
                violation.append(e.violation[i])
        return x[kept[: self.batch]]

    def _descend(self, model: LocalModel, x: FloatArray, state: MemeticState) -> FloatArray:
        """Return the point that best improvement on the model reaches from x."""
        best = model.refine(x[np.newaxis])
        e = model.predict(best)
        f, violation = e.f[:, 0], e.violation
        for _ in range(MAX_STEPS):
            around = model.neighbors(best[0])
            if len(around) == 0:
                break
            e = model.predict(around)
            order = best_first(self._keys(e.f[:, 0], e.violation, state))
            near = model.refine(around[order[: self.shortlist]])
            e = model.predict(near)
            all_f = np.concatenate((f, e.f[:, 0]))
            all_violation = np.concatenate((violation, e.violation))
            first = best_first(self._keys(all_f, all_violation, state))[0]
            if first == 0 or all_f[first] == f[0]:
                break
            best = near[first - 1 : first]
            f, violation = all_f[first : first + 1], all_violation[first : first + 1]
        return best[0]


def is_same(
    f: float, violation: float, other_f: FloatArray, other_violation: FloatArray, scale: float
) -> bool:
    """Return whether any of the others has nearly the same objective and violation."""
    near = (np.abs(other_f - f) <= SAME * scale) & (np.abs(other_violation - violation) <= SAME)
    return bool(near.any())
