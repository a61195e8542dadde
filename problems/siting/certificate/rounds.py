"""Owns one round of the proof: from ranges and a reference flow to a bound and tighter ranges.

Derivation: docs/certificate.md, sections 2 and 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from powerflow.jit import kernel
from problems.siting.certificate.case import Model, SitePlan
from problems.siting.certificate.grid import Grid
from problems.siting.certificate.intervals import Intervals
from problems.siting.certificate.ranges import Ranges
from problems.siting.certificate.remainder import Reference, Remainder
from problems.siting.certificate.trace import trace
from problems.siting.certificate.tree_dp import inside, outside

Floats = NDArray[np.float64]

Array: TypeAlias = Any
"""Arrays inside kernels: numba has no types for a checker to follow."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Hold the least cost found by a pass, its plan, and the ranges that survive the cutoff."""

    cost_usd: float
    plan: SitePlan | None
    ranges: Ranges


@kernel
def _stage_cost(
    node_of: Array,
    low: Array,
    high: Array,
    offset: Array,
    p_net: Array,
    q_net: Array,
    p_low: Array,
    p_high: Array,
    q_low: Array,
    q_high: Array,
    p_linear: Array,
    q_linear: Array,
    square: Array,
    grid_slack: Array,
    q_min: float,
    step: float,
    station: float,
    stage: Array,
) -> None:
    """Add each branch's cost of state (e, k, m) to the table `stage` (one load state a call)."""
    n_bus = node_of.shape[0]
    _, n_e, n_k = low.shape
    for j in range(1, n_bus):
        n = node_of[j]
        for e in range(n_e):
            p = p_net[j] + station * e
            gap = max(0.0, p + p_low[j], -(p + p_high[j]))
            p_part = p_linear[j] * p + square[j] * gap * gap
            for k in range(n_k):
                base = p_part - (grid_slack[j] if k > 0 else 0.0)
                for m in range(low[n, e, k], high[n, e, k] + 1):
                    q = q_net[j] - k * q_min - m * step
                    gap = max(0.0, q + q_low[j], -(q + q_high[j]))
                    stage[offset[n, e, k] + m - low[n, e, k]] += (
                        base + q_linear[j] * q + square[j] * gap * gap
                    )


def run_round(grid: Grid, remainder: Remainder, intervals: Intervals, cutoff_usd: float) -> Outcome:
    """Return the least cost over all states of the grid, and what survives `cutoff_usd`.

    Every plan within the grid's ranges whose losses and voltages are within `intervals` costs at
    least ``min(cost_usd, cutoff_usd)``, or lies within the ranges returned and costs at least
    `cost_usd`.
    """
    model, program = grid.model, grid.program
    stage = _stage(grid, remainder, intervals)
    queue = np.empty(int((grid.high - grid.low).max()) + 2, dtype=np.int64)
    table = np.empty(grid.n_state)
    shape = (program.left, program.right, program.bus, grid.low, grid.high, grid.offset)
    costs = (model.usd_station_at, model.usd_bank_at)
    places = (model.may_station, model.may_bank, *costs, grid.width, grid.cells)
    inside(*shape, *places, stage, table, queue)

    # the money, and the identity's constant, belong to the source
    rest = np.full(grid.n_state, np.inf)
    constant = model.usd_loss * (remainder.constant + _at_limits(model, remainder.reference))
    for k in range(grid.low.shape[2]):
        at, size, first = grid.row(len(program.bus) - 1, model.n_free, k)
        s = k * model.q_min + (first + np.arange(size)) * grid.step
        rest[at : at + size] = constant + model.usd_bank * k + model.usd_q * s
    root = int(grid.offset[-1, 0, 0])
    total = table[root:] + rest[root:]
    if not np.isfinite(total).any():
        return Outcome(np.inf, None, grid.ranges)
    outside(*shape, *places, stage, table, rest, queue)
    least = int(np.argmin(total))
    plan = trace(grid, table, root + least)
    return Outcome(float(total[least]), plan, _tighten(grid, table + rest, cutoff_usd))


def _stage(grid: Grid, remainder: Remainder, intervals: Intervals) -> Floats:
    """Return each branch's cost per state: linear part, least squares, less the grid's slack."""
    model, at = grid.model, remainder.reference
    parent = np.maximum(model.parent, 0)
    v = np.stack([intervals.v_low[parent], intervals.v_high[parent]])
    square = model.usd_loss * remainder.weight / v[1]
    # 0 times an unknown voltage is 0
    with np.errstate(invalid="ignore"):
        p_drift = np.where(at.alpha == 0.0, 0.0, at.alpha * v)
        q_drift = np.where(at.beta == 0.0, 0.0, at.beta * v)
    p_net, q_net = model.p.copy(), model.q.copy()
    for j in range(model.n_bus - 1, 0, -1):
        p_net[model.parent[j]] += p_net[j]
        q_net[model.parent[j]] += q_net[j]
    grid_slack = np.zeros(model.n_bus) if grid.is_exact else square * grid.step**2 / 4.0
    stage = np.zeros(grid.n_state)
    _stage_cost(
        grid.program.node_of, grid.low, grid.high, grid.offset, p_net, q_net,
        intervals.a_low - p_drift.max(axis=0), intervals.a_high - p_drift.min(axis=0),
        intervals.b_low - q_drift.max(axis=0), intervals.b_high - q_drift.min(axis=0),
        model.usd_loss * remainder.p_cost, model.usd_loss * remainder.q_cost,
        square, grid_slack, model.q_min, grid.step, model.station, stage,
    )  # fmt: skip
    return stage


def _tighten(grid: Grid, through: Floats, cutoff_usd: float) -> Ranges:
    """Drop states whose least cost exceeds the cutoff.

    A continuous size between two grid points needs only one of them below the cutoff, so a range
    keeps one more cell at each end unless the grid is exact.
    """
    u_low, u_high = grid.ranges.u_low.copy(), grid.ranges.u_high.copy()
    extra = 0 if grid.is_exact else 1
    for j in range(1, grid.model.n_bus):
        n = int(grid.program.node_of[j])
        for e in range(u_low.shape[1]):
            for k in range(u_low.shape[2]):
                at, size, first = grid.row(n, e, k)
                if size == 0:
                    continue
                kept = np.flatnonzero(through[at : at + size] <= cutoff_usd)
                if kept.size == 0:
                    u_low[j, e, k], u_high[j, e, k] = 0.0, -1.0
                    continue
                low = (first + int(kept[0]) - extra) * grid.step
                high = (first + int(kept[-1]) + extra) * grid.step
                u_low[j, e, k] = max(u_low[j, e, k], low)
                u_high[j, e, k] = min(u_high[j, e, k], high)
    return Ranges(u_low, u_high)


def _at_limits(model: Model, reference: Reference) -> float:
    """Return what the prices are worth where every priced limit is met exactly."""
    price, rent = reference.price, reference.rent
    floor, ceiling, limited = price > 0.0, price < 0.0, rent > 0.0
    return float(
        price[floor].sum() * model.v_min
        + (price[ceiling] * model.v_max).sum()
        - rent[limited] @ model.l_max[limited]
    )
