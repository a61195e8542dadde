"""Owns the capacities of a planning stage found by dual cuts: the other way to solve a state.

With its capacities decided every scenario of a stage stands alone, and its least cost is convex in
them. The dual of its dispatch gives a cut: cost(c') >= bound - dual . (c' - c). The cuts of all
scenarios make a small linear program whose least value is a bound on the stage; the next
capacities are the nearest to the best ones at which the cuts allow enough less (level method).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import clarabel
import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from problems.conic.network import Network
from problems.conic.solve import solve
from problems.staged.dispatch import build_stage
from problems.staged.program import StageProgram, yearly_cost
from problems.staged.scenarios import ScenarioSet
from problems.staged.solving import capacity_cost, stage_scheme
from problems.staged.state import StageModel, StateKey

FloatArray = NDArray[np.float64]

ACCURACY = 1e-5
"""Gap, relative to the cost, at which the cuts are done."""
LEAST = 1e-6
"""Least capacity at which a dispatch is solved, MWh, MW and thousands: none leaves no interior."""
LEVEL = 0.3
"""How far from the bound towards the best cost the next capacities are looked for."""
MOST_ROUNDS = 150


@dataclass(frozen=True, slots=True)
class Found:
    """Hold the end of a search by dual cuts; million RMB.

    Attributes
    ----------
    cost_mrmb, bound_mrmb : float
        Of the best capacities, and of all.
    rounds, n_cut : int
    cpu_s, dispatch_cpu_s : float
        In all, and in the dispatches alone.
    """

    cost_mrmb: float
    bound_mrmb: float
    rounds: int
    n_cut: int
    cpu_s: float
    dispatch_cpu_s: float


class PinnedDispatch:
    """Hold one scenario whose capacities are right-hand sides, set up in Clarabel once."""

    def __init__(self, model: StageModel, key: StateKey, k_scenario: int) -> None:
        seen = model.seen
        one = ScenarioSet((seen.scenarios[k_scenario],), np.array([float(seen.weight[k_scenario])]))
        program = _program(model, key, one)
        # the ranges of the capacities are the master's
        program.rows.pop("storage_size", None)
        program.rows.pop("pile_range", None)
        pinned = [size == np.zeros(size.size) for size in program.capacity.values()]
        cost = yearly_cost(program, model.study.data, key.k_stage)
        problem = cp.Problem(cp.Minimize(cost), [*pinned, *program.all_rows()])
        data, _, inverse = problem.get_problem_data("CLARABEL")
        self.n = sum(size.size for size in program.capacity.values())
        dims = data["dims"]
        self._right = np.array(data["b"], dtype=np.float64)
        matrix = sp.csc_array(data["A"])
        first = sp.csr_array(matrix)[: self.n]
        if not (np.diff(first.indptr) == 1).all():
            raise AssertionError("the pinned capacities must be the first rows")
        self._sign = first.data
        self._offset = float(inverse[-1][cp.settings.OFFSET])
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        settings.max_threads = 1
        # rows that a presolve drops cannot be updated
        settings.presolve_enable = False
        settings.input_sparse_dropzeros = False
        cones = [clarabel.ZeroConeT(dims.zero), clarabel.NonnegativeConeT(dims.nonneg)]
        cones += [clarabel.SecondOrderConeT(n) for n in dims.soc]
        none = sp.csc_array((matrix.shape[1], matrix.shape[1]))
        self._solver = clarabel.DefaultSolver(
            none, np.array(data["c"]), matrix, self._right, cones, settings
        )

    def solve(self, capacity: FloatArray) -> tuple[float, float, FloatArray]:
        """Return cost, bound and slope of the bound at some capacities."""
        self._right[: self.n] = self._sign * np.maximum(capacity, LEAST)
        self._solver.update(b=self._right)
        answer = self._solver.solve()
        if str(answer.status) not in ("Solved", "AlmostSolved"):
            raise RuntimeError(f"a dispatch failed: {answer.status}")
        slope = -self._sign * np.array(answer.z)[: self.n]
        return answer.obj_val + self._offset, answer.obj_val_dual + self._offset, slope


class Cuts:
    """Hold what the cuts say: the least cost they allow, and the next capacities."""

    def __init__(self, model: StageModel, key: StateKey) -> None:
        one = ScenarioSet(model.seen.scenarios[:1], np.ones(1))
        program = _program(model, key, one)
        self.size = list(program.capacity.values())
        self.fixed = capacity_cost(program, model.study, key.k_stage)
        self.ranges = [
            *program.rows.get("storage_size", []),
            *program.rows.get("pile_range", []),
        ]
        self.theta = cp.Variable(len(model.seen.scenarios), nonneg=True)
        self.all_sizes = cp.hstack(self.size)
        self.cuts: list[Any] = []

    def add(self, k_scenario: int, at: FloatArray, bound: float, slope: FloatArray) -> None:
        """Add a cut on the cost of a scenario."""
        self.cuts.append(self.theta[k_scenario] >= bound - slope @ at + slope @ self.all_sizes)

    def least(self) -> tuple[float, FloatArray]:
        """Return the least cost that the cuts allow, and where."""
        cost = cp.Minimize(self.fixed + cp.sum(self.theta))
        outcome = solve(cp.Problem(cost, [*self.ranges, *self.cuts]), solver="HIGHS")
        if outcome.value is None:
            raise RuntimeError(f"the cuts' program failed: {outcome.message}")
        return outcome.value, self._sizes()

    def nearest(self, to: FloatArray, level: float) -> FloatArray | None:
        """Return the capacities nearest to some at which the cuts allow a level."""
        rows = [*self.ranges, *self.cuts, self.fixed + cp.sum(self.theta) <= level]
        outcome = solve(cp.Problem(cp.Minimize(cp.sum_squares(self.all_sizes - to)), rows))
        return self._sizes() if outcome.has_solution else None

    def price(self, at: FloatArray) -> float:
        """Return the cost of capacities by themselves."""
        place = 0
        for size in self.size:
            size.value = at[place : place + size.size]
            place += size.size
        return float(self.fixed.value)

    def _sizes(self) -> FloatArray:
        sizes = np.concatenate([size.value for size in self.size])
        return np.asarray(np.maximum(sizes, LEAST))


def by_dual_cuts(model: StageModel, key: StateKey, accuracy: float = ACCURACY) -> Found:
    """Return the least cost of a decided state, its capacities chosen by dual cuts."""
    begun = time.process_time()
    dispatches = [PinnedDispatch(model, key, k) for k in range(len(model.seen.scenarios))]
    cuts = Cuts(model, key)
    at = np.full(dispatches[0].n, LEAST)
    best, best_at, bound, spent, n_round = np.inf, at, -np.inf, 0.0, 0
    while n_round < MOST_ROUNDS:
        n_round += 1
        started = time.process_time()
        answers = [dispatch.solve(at) for dispatch in dispatches]
        spent += time.process_time() - started
        cost = cuts.price(at) + sum(answer[0] for answer in answers)
        if cost < best:
            best, best_at = cost, at
        for k, (_, floor, slope) in enumerate(answers):
            cuts.add(k, at, floor, slope)
        bound, lowest = cuts.least()
        if best - bound <= accuracy * best:
            break
        near = cuts.nearest(best_at, bound + LEVEL * (best - bound))
        at = lowest if near is None else near
    return Found(best, bound, n_round, len(cuts.cuts), time.process_time() - begun, spent)


def _program(model: StageModel, key: StateKey, seen: ScenarioSet) -> StageProgram:
    study, bits = model.study, np.array(key.low, dtype=np.float64)
    return build_stage(
        study,
        key.k_stage,
        seen,
        stage_scheme(key.flexibility),
        Network.of(study.with_segments(bits[: model.n_segment] > 0.5)),
        float(model.rating_mva(bits)),
        bits[model.steps.stop :],
    )
