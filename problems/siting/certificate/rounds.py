"""Owns one round of the proof: from ranges and a reference flow to a bound and tighter ranges.

Derivation: docs/certificate.md, sections 2 and 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from problems.siting.certificate.case import Model, SitePlan
from problems.siting.certificate.intervals import Intervals
from problems.siting.certificate.program import Program
from problems.siting.certificate.remainder import Reference, Remainder
from problems.siting.certificate.tree_dp import (
    inside,
    join_work,
    node_ranges,
    outside,
    stage_cost,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """Hold what may stand behind each branch: for e stations and k banks, kvar above the least.

    `u_low` and `u_high`, (n_bus, stations + 1, banks + 1), bound ``s - k q_min`` per unit; empty
    where ``u_low > u_high``.
    """

    u_low: Floats
    u_high: Floats

    def envelope(self, q_min: float) -> tuple[Floats, Floats, Floats, Floats]:
        """Return least and greatest capacitor power and station count, each (n_bus,).

        A branch without any state left gives an empty interval (low > high).
        """
        is_open = self.u_low <= self.u_high
        banks = np.arange(self.u_low.shape[2]) * q_min
        stations = np.arange(self.u_low.shape[1], dtype=np.float64)[:, None]
        axes = (1, 2)
        return (
            np.where(is_open, self.u_low + banks, np.inf).min(axis=axes),
            np.where(is_open, self.u_high + banks, -np.inf).max(axis=axes),
            np.where(is_open, stations, np.inf).min(axis=axes),
            np.where(is_open, stations, -np.inf).max(axis=axes),
        )


def make_ranges(model: Model) -> Ranges:
    """Return the widest ranges: every count and size the masks and limits allow."""
    banks = model.may_bank.astype(np.int64)
    stations = model.may_station.astype(np.int64)
    for j in range(model.n_bus - 1, 0, -1):
        banks[model.parent[j]] += banks[j]
        stations[model.parent[j]] += stations[j]
    k = np.arange(model.n_bank + 1)
    e = np.arange(model.n_free + 1)
    is_open = (e[:, None] <= stations[:, None, None]) & (k <= banks[:, None, None])
    u_high = np.where(is_open, k * model.q_span, -1.0)
    is_root_open = (e[:, None] == model.n_free) & (~model.exactly | (k == model.n_bank))
    u_high[0] = np.where(is_root_open, u_high[0], -1.0)
    return Ranges(np.zeros_like(u_high), u_high)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Hold the least cost found by a pass, its plan, and the ranges that survive the cutoff."""

    cost_usd: float
    plan: SitePlan | None
    ranges: Ranges
    n_state: int


class Round:
    """Build the tables of one grid once; then ask for the bound, the plan, the tighter ranges.

    Parameters
    ----------
    model, program : Model, Program
        The case and its tree program.
    ranges : Ranges
        States to keep.
    n_cell : int
        Steps between the least and the greatest bank.
    """

    def __init__(self, model: Model, program: Program, ranges: Ranges, n_cell: int) -> None:
        self.model, self.program, self.ranges = model, program, ranges
        self.step = model.q_span / n_cell
        self.is_exact = model.n_cell == n_cell or model.q_span == 0.0
        self.width = n_cell if self.step > 0.0 else 0
        cell = self.step if self.step > 0.0 else 1.0
        is_open = ranges.u_low <= ranges.u_high
        outward = 1e-9
        low = np.where(is_open, np.floor(ranges.u_low / cell + outward), 0.0).astype(np.int64)
        high = np.where(is_open, np.ceil(ranges.u_high / cell - outward), -1.0).astype(np.int64)
        n_node = program.bus.shape[0]
        self.low = np.zeros((n_node, *low.shape[1:]), dtype=np.int64)
        self.high = np.zeros_like(self.low)
        self.offset = np.zeros_like(self.low)
        self.n_state = int(
            node_ranges(
                program.left,
                program.right,
                program.bus,
                low,
                high,
                self.low,
                self.high,
                self.offset,
            )
        )

    def work(self) -> float:
        """Return the number of additions of one pass."""
        p = self.program
        return float(join_work(p.left, p.bus, p.right, self.low, self.high))

    def run(self, remainder: Remainder, intervals: Intervals, cutoff_usd: float) -> Outcome:
        """Return the least cost over all kept states, and what survives `cutoff_usd`."""
        model, program = self.model, self.program
        n_k = self.low.shape[2]
        stage = np.zeros(self.n_state)
        self._add_stage(stage, remainder, intervals)
        queue = np.empty(int((self.high - self.low).max()) + 2, dtype=np.int64)
        table = np.empty(self.n_state)
        places = (model.may_station, model.may_bank, self.width)
        shape = (program.left, program.right, program.bus, self.low, self.high, self.offset)
        inside(*shape, *places, stage, table, queue)
        rest = np.full(self.n_state, np.inf)
        constant = model.usd_loss * (remainder.constant + _at_limits(model, remainder.reference))
        for k in range(n_k):
            at, size, first = self._row(len(program.bus) - 1, model.n_free, k)
            s = k * model.q_min + (first + np.arange(size)) * self.step
            rest[at : at + size] = constant + model.usd_bank * k + model.usd_q * s
        root = int(self.offset[-1, 0, 0])
        total = table[root:] + rest[root:]
        if total.size == 0 or not np.isfinite(total).any():
            return Outcome(np.inf, None, self.ranges, self.n_state)
        outside(*shape, *places, stage, table, rest, queue)
        least = int(np.argmin(total))
        plan = self._trace(table, stage, root + least)
        through = table + rest
        return Outcome(float(total[least]), plan, self._tighten(through, cutoff_usd), self.n_state)

    def slack_usd(self, plan: SitePlan) -> float:
        """Return what the grid's coarseness costs the bound at a plan, about."""
        if self.is_exact:
            return 0.0
        is_behind = np.zeros(self.model.n_bus, dtype=np.bool_)
        is_behind[list(plan.bank_buses)] = True
        for j in range(self.model.n_bus - 1, 0, -1):
            is_behind[self.model.parent[j]] |= is_behind[j]
        return float(self.model.usd_loss * self.step**2 / 4.0 * self.model.r @ is_behind)

    def _row(self, n: int, e: int, k: int) -> tuple[int, int, int]:
        low, high = int(self.low[n, e, k]), int(self.high[n, e, k])
        return int(self.offset[n, e, k]), max(0, high - low + 1), low

    def _add_stage(self, stage: Floats, remainder: Remainder, intervals: Intervals) -> None:
        """Add one load state's branch costs: linear part, least squares, less the grid's slack."""
        model = self.model
        parent = np.maximum(model.parent, 0)
        v_low, v_high = intervals.v_low[parent], intervals.v_high[parent]
        square = model.usd_loss * remainder.weight / v_high
        ends = np.stack([remainder.reference.alpha * v_low, remainder.reference.alpha * v_high])
        q_ends = np.stack([remainder.reference.beta * v_low, remainder.reference.beta * v_high])
        p_net, q_net = model.p.copy(), model.q.copy()
        for j in range(model.n_bus - 1, 0, -1):
            p_net[model.parent[j]] += p_net[j]
            q_net[model.parent[j]] += q_net[j]
        grid_slack = np.zeros(model.n_bus) if self.is_exact else square * self.step**2 / 4.0
        stage_cost(
            self.program.node_of, self.low, self.high, self.offset, p_net, q_net,
            intervals.a_low - ends.max(axis=0), intervals.a_high - ends.min(axis=0),
            intervals.b_low - q_ends.max(axis=0), intervals.b_high - q_ends.min(axis=0),
            model.usd_loss * remainder.p_cost, model.usd_loss * remainder.q_cost,
            square, grid_slack, model.q_min, self.step, model.station, stage,
        )  # fmt: skip

    def _tighten(self, through: Floats, cutoff_usd: float) -> Ranges:
        """Drop states whose least cost exceeds the cutoff.

        A continuous size between two grid points needs only one of them below the cutoff, so a
        range keeps one more cell at each end unless the grid is the problem's own.
        """
        old = self.ranges
        u_low, u_high = old.u_low.copy(), old.u_high.copy()
        extra = 0 if self.is_exact else 1
        for j in range(1, self.model.n_bus):
            n = int(self.program.node_of[j])
            for e in range(u_low.shape[1]):
                for k in range(u_low.shape[2]):
                    at, size, first = self._row(n, e, k)
                    if size == 0:
                        continue
                    kept = np.flatnonzero(through[at : at + size] <= cutoff_usd)
                    if kept.size == 0:
                        u_low[j, e, k], u_high[j, e, k] = 0.0, -1.0
                        continue
                    low = (first + int(kept[0]) - extra) * self.step
                    high = (first + int(kept[-1]) + extra) * self.step
                    u_low[j, e, k] = max(u_low[j, e, k], low)
                    u_high[j, e, k] = min(u_high[j, e, k], high)
        return Ranges(u_low, u_high)

    def _trace(self, table: Floats, stage: Floats, index: int) -> SitePlan:
        """Return the plan of least cost behind one state of the last node."""
        model, program = self.model, self.program
        e = model.n_free
        k = int(np.searchsorted(self.offset[-1, e], index, side="right")) - 1
        m = index - int(self.offset[-1, e, k]) + int(self.low[-1, e, k])
        stack = [(len(program.bus) - 1, e, k, m)]
        stations: list[int] = []
        banks: list[tuple[int, float]] = []
        while stack:
            n, e, k, m = stack.pop()
            a, b, j = int(program.left[n]), int(program.right[n]), int(program.bus[n])
            if j < 0:
                _, ea, ka, ma = min(self._splits(table, n, e, k, m))
                stack += [(a, ea, ka, ma), (b, e - ea, k - ka, m - ma)]
                continue
            best = (np.inf, 0, 0, 0)
            for z in range(min(e, int(model.may_station[j])) + 1):
                for bank in range(min(k, int(model.may_bank[j])) + 1):
                    if a < 0:
                        if e == z and k == bank and (bank == 1 or m == 0):
                            best = (0.0, z, bank, m)
                        continue
                    at, size, first = self._row(a, e - z, k - bank)
                    lo = max(first, m - (self.width if bank else 0))
                    part = table[at + lo - first : at + min(size, m - first + 1)]
                    if part.size and part.min() < best[0]:
                        best = (float(part.min()), z, bank, m - lo - int(part.argmin()))
            _, z, bank, t = best
            if z:
                stations.append(j)
            if bank:
                banks.append((j, model.q_min + t * self.step))
            if a >= 0:
                stack.append((a, e - z, k - bank, m - t))
        banks.sort()
        return SitePlan(
            tuple(sorted(stations)), tuple(b for b, _ in banks), tuple(s for _, s in banks)
        )

    def _splits(
        self, table: Floats, n: int, e: int, k: int, m: int
    ) -> list[tuple[float, int, int, int]]:
        """Return, per split of (e, k) over a join, the least cost and the left share."""
        a, b = int(self.program.left[n]), int(self.program.right[n])
        found = []
        for ea in range(e + 1):
            for ka in range(k + 1):
                at_a, size_a, low_a = self._row(a, ea, ka)
                at_b, size_b, low_b = self._row(b, e - ea, k - ka)
                first = max(low_a, m - (low_b + size_b - 1))
                last = min(low_a + size_a - 1, m - low_b)
                if size_a == 0 or size_b == 0 or first > last:
                    continue
                left = table[at_a + first - low_a : at_a + last - low_a + 1]
                right = table[at_b + m - last - low_b : at_b + m - first - low_b + 1][::-1]
                total = left + right
                found.append((float(total.min()), ea, ka, first + int(total.argmin())))
        return found


def _at_limits(model: Model, reference: Reference) -> float:
    """Return what the prices are worth where every priced limit is met exactly."""
    price, rent = reference.price, reference.rent
    floor, ceiling, limited = price > 0.0, price < 0.0, rent > 0.0
    return float(
        price[floor].sum() * model.v_min
        + (price[ceiling] * model.v_max).sum()
        - rent[limited] @ model.l_max[limited]
    )
