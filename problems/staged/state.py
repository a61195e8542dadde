"""Owns what a stage depends on, and the solving of one such state: its least cost, or a bound."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from problems.conic.network import Network
from problems.staged.choice import Choice
from problems.staged.dispatch import build_stage
from problems.staged.investment import (
    Item,
    Scheme,
    capacity_factors,
    item_factors,
    items_of,
)
from problems.staged.program import MILLION, StageProgram, yearly_cost
from problems.staged.retry import solve_twice
from problems.staged.scenarios import ScenarioSet
from problems.staged.screening import needed_mva, plain_state_cost
from problems.staged.studied import Studied

FloatArray = NDArray[np.float64]

Flexibility = Literal["none", "storage", "managed"]
Bits = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StateKey:
    """Hold all that the operation of a stage depends on: schemes that share it share its cost.

    Parameters
    ----------
    k_stage : int
    flexibility : {"none", "storage", "managed"}
        What besides lines and the transformer the stage may use.
    low, high : tuple of int
        Range of each discrete investment; equal in a plan, 0 and 1 where it is open.
    """

    k_stage: int
    flexibility: Flexibility
    low: Bits
    high: Bits

    @property
    def is_leaf(self) -> bool:
        """Whether every discrete investment is decided."""
        return self.low == self.high

    def text(self) -> str:
        """Return the key as one word, for files."""
        digits = "".join(
            str(a) if a == b else "x" for a, b in zip(self.low, self.high, strict=True)
        )
        return f"{self.k_stage}-{self.flexibility}-{digits}"


@dataclass(frozen=True, slots=True)
class StateResult:
    """Hold the least cost of a state, or a bound on that of all states in an open one.

    Parameters
    ----------
    status, message : str
        As of the solver; a failed state loses, and says why.
    cost_mrmb, bound_mrmb : float or None
        Operation of the stage's years and presence of its capacities, and, in an open state, of its
        discrete investments; the solver's own proven bound on it. Million RMB.
    capacity : dict of str to list of float
        kWh and kW of storage by site, piles by station.
    max_mva : float
        Least rating that would do, by apparent and by reverse power.
    share, slope : tuple of float
        In an open state, the share built of each investment, and by how much the bound rises with
        it: bound(x) >= bound + slope . (x - nearest bound of the range); empty in a leaf.
    """

    status: str
    message: str = ""
    cost_mrmb: float | None = None
    bound_mrmb: float | None = None
    capacity: dict[str, list[float]] | None = None
    max_mva: float = 0.0
    share: tuple[float, ...] = ()
    slope: tuple[float, ...] = ()

    @property
    def is_solved(self) -> bool:
        """Whether there is a cost."""
        return self.cost_mrmb is not None


@dataclass(frozen=True, slots=True, eq=False)
class StageModel:
    """Hold what states of a scheme are solved with."""

    study: Studied
    scheme: Scheme
    seen: ScenarioSet
    items: tuple[Item, ...]
    item_mrmb: FloatArray
    """Cost of each item's presence in each stage, (n_stage, n_item), million RMB."""

    @classmethod
    def of(cls, study: Studied, scheme: Scheme, seen: ScenarioSet) -> StageModel:
        """Return the model of a scheme on some scenarios."""
        items = items_of(study, scheme)
        return cls(study, scheme, seen, items, item_factors(study, items) / MILLION)

    @property
    def n_item(self) -> int:
        """Number of discrete investments."""
        return len(self.items)

    @property
    def n_segment(self) -> int:
        """Number of segments; they come first."""
        return len(self.study.segments)

    @property
    def steps(self) -> slice:
        """Places of the transformer's steps among the items."""
        return slice(self.n_segment, self.n_segment + len(self.study.data.transformer_mva) - 1)

    def flexibility(self, k_stage: int) -> Flexibility:
        """Return what the scheme may use in a stage."""
        stage = self.study.data.stages[k_stage]
        has_pool = stage.smart_share_max + stage.v2g_share_max > 0.0 and stage.ev_count > 0
        if self.scheme.has_managed and has_pool:
            return "managed"
        has_storage = self.scheme.has_storage and bool(self.study.data.storage.sites)
        return "storage" if has_storage else "none"

    def key(self, k_stage: int, low: Bits, high: Bits | None = None) -> StateKey:
        """Return the key of a state; investments that a stage cannot use are not part of it."""
        high = low if high is None else high
        flexibility = self.flexibility(k_stage)
        n = self.n_item if flexibility == "managed" else self.steps.stop
        return StateKey(k_stage, flexibility, low[:n], high[:n])

    def rating_mva(self, bits: Any) -> Any:
        """Return the rating of the transformer with some of its steps built."""
        ratings = np.array(self.study.data.transformer_mva)
        return ratings[0] + np.diff(ratings) @ bits[self.steps]


def solve_state(model: StageModel, key: StateKey) -> StateResult:
    """Solve one state; a failure of the solver is a status."""
    if key.is_leaf:
        if key.flexibility == "none":
            return plain_result(model, key)
        return _leaf(model, key)
    return _node(model, key)


def plain_result(model: StageModel, key: StateKey) -> StateResult:
    """Solve a state without storage or managed charging, whose hours are independent."""
    bits = np.array(key.low, dtype=np.float64)
    is_doubled = bits[: model.n_segment] > 0.5
    found = plain_state_cost(
        model.study, key.k_stage, model.seen, is_doubled, float(model.rating_mva(bits))
    )
    return StateResult(
        status=found.status,
        message=found.message,
        cost_mrmb=found.cost_mrmb,
        bound_mrmb=found.bound_mrmb,
        capacity={} if found.cost_mrmb is not None else None,
        max_mva=found.max_mva,
    )


def stage_scheme(flexibility: Flexibility) -> Scheme:
    """Return the scheme that has just this flexibility."""
    names: dict[Flexibility, Any] = {"none": "B", "storage": "C", "managed": "D"}
    return Scheme(names[flexibility])


def capacity_cost(program: StageProgram, study: Studied, k_stage: int) -> Any:
    """Return the cost of the capacities' presence in a stage, million RMB."""
    factors = capacity_factors(study)
    return sum(
        float(factors[name][k_stage]) * 1000.0 / MILLION * cp.sum(size)
        for name, size in program.capacity.items()
    )


def leaf_program(model: StageModel, key: StateKey) -> tuple[StageProgram, Any]:
    """Return the cone program of a decided state, and its cost in million RMB."""
    study, bits = model.study, np.array(key.low, dtype=np.float64)
    network = Network.of(study.with_segments(bits[: model.n_segment] > 0.5))
    program = build_stage(
        study,
        key.k_stage,
        model.seen,
        stage_scheme(key.flexibility),
        network,
        float(model.rating_mva(bits)),
        bits[model.steps.stop :],
    )
    cost = yearly_cost(program, study.data, key.k_stage) + capacity_cost(
        program, study, key.k_stage
    )
    return program, cost


def _leaf(model: StageModel, key: StateKey) -> StateResult:
    study = model.study
    program, cost = leaf_program(model, key)
    outcome = solve_twice(cp.Problem(cp.Minimize(cost), program.all_rows()))
    if outcome.value is None or outcome.bound is None or outcome.status != "optimal":
        return StateResult(outcome.status, outcome.message)
    return StateResult(
        status="optimal",
        message=outcome.message,
        cost_mrmb=outcome.value,
        bound_mrmb=min(outcome.bound, outcome.value),
        capacity=built_sizes(program),
        max_mva=needed_mva(program, study),
    )


def _node(model: StageModel, key: StateKey) -> StateResult:
    """Solve the relaxation of an open state: the convex hull of its choices."""
    study, n_segment = model.study, model.n_segment
    low, high = np.array(key.low, dtype=np.float64), np.array(key.high, dtype=np.float64)
    is_open = low < high
    place = np.flatnonzero(is_open)
    share = cp.Variable(len(place))
    spread = np.zeros((len(low), len(place)))
    spread[place, np.arange(len(place))] = 1.0
    x = low * ~is_open + spread @ share
    network = Network.of(study.with_segments((low[:n_segment] > 0.5) & ~is_open[:n_segment]))
    open_segments = [k for k in range(n_segment) if is_open[k]]
    choice = None
    if open_segments:
        branch = np.concatenate([study.segments[k].bus - 1 for k in open_segments])
        owner = np.repeat(open_segments, [len(study.segments[k].bus) for k in open_segments])
        choice = Choice(branch, x[owner])
    program = build_stage(
        study,
        key.k_stage,
        model.seen,
        stage_scheme(key.flexibility),
        network,
        model.rating_mva(x),
        x[model.steps.stop :],
        choice,
    )
    cost = yearly_cost(program, study.data, key.k_stage)
    cost += capacity_cost(program, study, key.k_stage)
    cost += model.item_mrmb[key.k_stage, : len(low)] @ x
    least, most = share >= 0.0, share <= 1.0
    steps = range(model.steps.start, model.steps.stop)
    order = [x[b] <= x[a] for a, b in pairwise(steps)]
    outcome = solve_twice(cp.Problem(cp.Minimize(cost), [*program.all_rows(), least, most, *order]))
    if outcome.value is None or outcome.bound is None:
        return StateResult(outcome.status, outcome.message)
    value = np.clip(share.value, 0.0, 1.0)
    slope = np.zeros(len(low))
    slope[place] = least.dual_value - most.dual_value
    full = low.copy()
    full[place] = value
    return StateResult(
        status=outcome.status,
        message=outcome.message,
        cost_mrmb=outcome.value,
        bound_mrmb=min(outcome.bound, outcome.value),
        capacity=built_sizes(program),
        share=tuple(full.tolist()),
        slope=tuple(slope.tolist()),
    )


def built_sizes(program: StageProgram) -> dict[str, list[float]]:
    """Return the capacities of a solved program in kWh, kW and piles."""
    return {
        name: np.maximum(1000.0 * size.value, 0.0).tolist()
        for name, size in program.capacity.items()
    }
