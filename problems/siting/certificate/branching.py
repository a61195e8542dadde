"""Owns where a stalled box is split: station places first, then bank counts, then sizes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from problems.siting.certificate.case import Model, SitePlan
from problems.siting.certificate.ranges import Ranges

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_LEAST_WIDTH = 1e-5
_ROUNDING = 1e-9


def split(
    model: Model, ranges: Ranges, plan: SitePlan | None, best: SitePlan | None
) -> tuple[Ranges, Ranges] | None:
    """Return two boxes that cover all plans of `ranges`, or None where nothing can be split.

    Where the relaxed plan of the box differs from the best plan, it is split there: then no half
    allows both, and the half with the relaxed plan gets tighter intervals.
    """
    is_open = np.asarray(ranges.u_low <= ranges.u_high)
    has_stations: Bools = np.asarray(is_open.any(axis=2))
    has_banks: Bools = np.asarray(is_open.any(axis=1))
    axes: list[tuple[Bools, int]] = [(has_stations, 1), (has_banks, 2)]
    for allowed, axis in axes:
        low = allowed.argmax(axis=1)
        high = allowed.shape[1] - 1 - allowed[:, ::-1].argmax(axis=1)
        low[0] = high[0] = 0
        wide = np.flatnonzero(high > low)
        if wide.size == 0:
            continue
        now = _behind(model, plan, axis)
        then = _behind(model, best, axis)
        other = _weight(model, ranges) * (high > low)
        differs = wide[now[wide] != then[wide]] if plan is not None and best is not None else wide
        pool = differs if differs.size else wide
        j = int(pool[np.argmax(other[pool])])
        at = min(now[j], then[j]) if differs.size else (low[j] + high[j]) // 2
        at = int(np.clip(at, low[j], high[j] - 1))
        counts = np.arange(allowed.shape[1])
        return _cut_count(ranges, j, axis, counts <= at), _cut_count(ranges, j, axis, counts > at)
    return _split_size(model, ranges)


def _split_size(model: Model, ranges: Ranges) -> tuple[Ranges, Ranges] | None:
    """Split the capacitor power behind the branch where its range matters most.

    Every branch has one station count and one bank count left here. Sizes in steps are split
    between two steps, others at the middle, which then belongs to both halves.
    """
    is_open = ranges.u_low <= ranges.u_high
    u_low = np.where(is_open, ranges.u_low, 0.0).max(axis=(1, 2))
    u_high = np.where(is_open, ranges.u_high, 0.0).max(axis=(1, 2))
    width = u_high - u_low
    width[0] = 0.0
    j = int(np.argmax(width * width * (model.r + 1e-9)))
    middle = 0.5 * (u_low[j] + u_high[j])
    if model.n_cell:
        step = model.q_span / model.n_cell
        if width[j] < 0.5 * step:
            return None
        cell = np.floor(middle / step + 1e-6)
        # products, not sums: the step above the cut is the very number that other cuts have
        below, above = cell * step, (cell + 1.0) * step
        return _cut_size(ranges, j, below, True), _cut_size(ranges, j, above, False)
    if width[j] < _LEAST_WIDTH:
        return None
    return _cut_size(ranges, j, middle, True), _cut_size(ranges, j, middle, False)


def _weight(model: Model, ranges: Ranges) -> Floats:
    s_low, s_high, e_low, e_high = ranges.envelope(model.q_min)
    width = (s_high - s_low) ** 2 + (model.station * (e_high - e_low)) ** 2
    weight = np.where(np.isfinite(width), width, 0.0) * model.r + 1e-12
    return np.asarray(weight)


def _behind(model: Model, plan: SitePlan | None, axis: int) -> NDArray[np.int64]:
    """Count a plan's stations (axis 1) or banks (axis 2) behind each branch."""
    count = np.zeros(model.n_bus, dtype=np.int64)
    if plan is not None:
        buses = (plan.station_buses if model.n_free else ()) if axis == 1 else plan.bank_buses
        count[list(buses)] += 1
        for j in range(model.n_bus - 1, 0, -1):
            count[model.parent[j]] += count[j]
    return count


def _cut_count(ranges: Ranges, j: int, axis: int, keep: Bools) -> Ranges:
    u_low, u_high = ranges.u_low.copy(), ranges.u_high.copy()
    row = keep[:, None] if axis == 1 else keep[None, :]
    u_low[j] = np.where(row, u_low[j], 0.0)
    u_high[j] = np.where(row, u_high[j], -1.0)
    return Ranges(u_low, u_high)


def _cut_size(ranges: Ranges, j: int, edge: float, is_lower: bool) -> Ranges:
    u_low, u_high = ranges.u_low.copy(), ranges.u_high.copy()
    if is_lower:
        u_high[j] = np.minimum(u_high[j], edge)
    else:
        u_low[j] = np.maximum(u_low[j], edge)
    excess = u_low[j] - u_high[j]
    is_empty = excess > _ROUNDING
    # what rounding alone puts above its end is one size, not none
    is_point = (excess > 0.0) & ~is_empty
    u_low[j][is_point] = u_high[j][is_point]
    u_low[j][is_empty] = 0.0
    u_high[j][is_empty] = -1.0
    return Ranges(u_low, u_high)
