"""Owns the solving of one state of a stage: its least cost, or a bound on all it holds."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import cvxpy as cp
import numpy as np

from problems.conic.network import Network
from problems.staged.choice import Choice
from problems.staged.dispatch import build_stage
from problems.staged.investment import Scheme, capacity_factors
from problems.staged.program import MILLION, StageProgram, yearly_cost
from problems.staged.retry import solve_steadily
from problems.staged.screening import needed_mva, plain_state_cost
from problems.staged.state import Flexibility, StageModel, StateKey, StateResult
from problems.staged.studied import Studied


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
    outcome = solve_steadily(cp.Problem(cp.Minimize(cost), program.all_rows()))
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
    outcome = solve_steadily(
        cp.Problem(cp.Minimize(cost), [*program.all_rows(), least, most, *order])
    )
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
