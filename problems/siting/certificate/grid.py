"""Owns the states of every node on one grid of sizes, and where their tables lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from powerflow.jit import kernel
from problems.siting.certificate.case import Model, SitePlan
from problems.siting.certificate.program import Program
from problems.siting.certificate.ranges import Ranges

Ints = NDArray[np.int64]

Array: TypeAlias = Any
"""Arrays inside kernels: numba has no types for a checker to follow."""


@kernel
def _node_ranges(
    left: Array,
    right: Array,
    bus: Array,
    bus_low: Array,
    bus_high: Array,
    low: Array,
    high: Array,
    offset: Array,
) -> int:
    """Fill the range of m and the table offset of each node and (e, k); return the total size."""
    n_node, n_e, n_k = low.shape
    total = 0
    for n in range(n_node):
        for e in range(n_e):
            for k in range(n_k):
                if bus[n] >= 0:
                    low[n, e, k] = bus_low[bus[n], e, k]
                    high[n, e, k] = bus_high[bus[n], e, k]
                    continue
                a, b = left[n], right[n]
                lo = 1 << 60
                hi = -1
                for ea in range(e + 1):
                    for ka in range(k + 1):
                        if low[a, ea, ka] > high[a, ea, ka]:
                            continue
                        if low[b, e - ea, k - ka] > high[b, e - ea, k - ka]:
                            continue
                        lo = min(lo, low[a, ea, ka] + low[b, e - ea, k - ka])
                        hi = max(hi, high[a, ea, ka] + high[b, e - ea, k - ka])
                low[n, e, k] = lo
                high[n, e, k] = hi
        for e in range(n_e):
            for k in range(n_k):
                offset[n, e, k] = total
                if low[n, e, k] <= high[n, e, k]:
                    total += high[n, e, k] - low[n, e, k] + 1
    return total


@kernel
def _join_work(
    left: Array,
    bus: Array,
    right: Array,
    low: Array,
    high: Array,
) -> float:
    """Count the additions of all joins: what a pass costs."""
    n_node, n_e, n_k = low.shape
    work = 0.0
    for n in range(n_node):
        if bus[n] >= 0:
            continue
        for ea in range(n_e):
            for ka in range(n_k):
                wa = high[left[n], ea, ka] - low[left[n], ea, ka] + 1
                if wa <= 0:
                    continue
                for eb in range(n_e - ea):
                    for kb in range(n_k - ka):
                        wb = high[right[n], eb, kb] - low[right[n], eb, kb] + 1
                        if wb > 0:
                            work += float(wa) * float(wb)
    return work


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Hold the states (stations, banks, steps) that the ranges leave, on a grid of sizes.

    `step` is the grid's step per unit, `width` the number of steps a bank can have above the
    least, `cells` the steps that are allowed, none if all are; `low`, `high`, (n_node, stations +
    1, banks + 1), bound the steps of each node, and `offset` says where its states start in a table
    of `n_state` numbers. On an exact grid every size the case allows is a grid point.
    """

    model: Model
    program: Program
    ranges: Ranges
    step: float
    width: int
    cells: Ints
    is_exact: bool
    low: Ints
    high: Ints
    offset: Ints
    n_state: int

    def row(self, n: int, e: int, k: int) -> tuple[int, int, int]:
        """Return offset, number of states and least step of a node's (e, k)."""
        low, high = int(self.low[n, e, k]), int(self.high[n, e, k])
        return int(self.offset[n, e, k]), max(0, high - low + 1), low

    def work(self) -> float:
        """Return the number of additions of one pass."""
        p = self.program
        return float(_join_work(p.left, p.bus, p.right, self.low, self.high))

    def slack_usd(self, plan: SitePlan) -> float:
        """Return what the grid's coarseness costs the bound at a plan, about."""
        if self.is_exact:
            return 0.0
        is_behind = np.zeros(self.model.n_bus, dtype=np.bool_)
        is_behind[list(plan.bank_buses)] = True
        for j in range(self.model.n_bus - 1, 0, -1):
            is_behind[self.model.parent[j]] |= is_behind[j]
        return float(self.model.usd_loss * self.step**2 / 4.0 * self.model.r @ is_behind)


def make_grid(model: Model, program: Program, ranges: Ranges, n_cell: int) -> Grid:
    """Lay a grid of `n_cell` steps between the least and the greatest bank over the ranges.

    Ranges are rounded outward to the grid.
    """
    step = model.q_span / n_cell
    cell = step if step > 0.0 else 1.0
    is_open = ranges.u_low <= ranges.u_high
    # a range that ends on a grid point up to rounding ends there
    fuzz = 1e-9
    low = np.where(is_open, np.floor(ranges.u_low / cell + fuzz), 0.0).astype(np.int64)
    high = np.where(is_open, np.ceil(ranges.u_high / cell - fuzz), -1.0).astype(np.int64)
    shape = (program.bus.shape[0], *low.shape[1:])
    node_low, node_high, offset = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    n_state = _node_ranges(
        program.left, program.right, program.bus, low, high, node_low, node_high, offset
    )
    return Grid(
        model=model,
        program=program,
        ranges=ranges,
        step=step,
        width=n_cell if step > 0.0 else 0,
        # a coarser grid allows more, which only lowers the bound
        cells=model.cells if model.n_cell == n_cell else model.cells[:0],
        is_exact=model.n_cell == n_cell or model.q_span == 0.0,
        low=node_low,
        high=node_high,
        offset=offset,
        n_state=int(n_state),
    )
