"""Owns the way back: from the tables of a pass to the plan they stand for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from problems.siting.certificate.case import SitePlan
from problems.siting.certificate.grid import Grid

Floats = NDArray[np.float64]


def trace(grid: Grid, table: Floats, index: int) -> SitePlan:
    """Return the plan of least cost behind one state of the last node."""
    model, program = grid.model, grid.program
    e = model.n_free
    k = int(np.searchsorted(grid.offset[-1, e], index, side="right")) - 1
    m = index - int(grid.offset[-1, e, k]) + int(grid.low[-1, e, k])
    stack = [(len(program.bus) - 1, e, k, m)]
    stations: list[int] = []
    banks: list[tuple[int, float]] = []
    while stack:
        n, e, k, m = stack.pop()
        a, b, j = int(program.left[n]), int(program.right[n]), int(program.bus[n])
        if j < 0:
            _, ea, ka, ma = min(_splits(grid, table, n, e, k, m))
            stack += [(a, ea, ka, ma), (b, e - ea, k - ka, m - ma)]
            continue
        best = (np.inf, 0, 0, 0)
        for z in range(min(e, int(model.may_station[j])) + 1):
            for bank in range(min(k, int(model.may_bank[j])) + 1):
                usd = z * float(model.usd_station_at[j]) + bank * float(model.usd_bank_at[j])
                if a < 0:
                    if e == z and k == bank and (bank == 1 or m == 0):
                        best = (usd, z, bank, m)
                    continue
                at, size, first = grid.row(a, e - z, k - bank)
                lo = max(first, m - (grid.width if bank else 0))
                part = table[at + lo - first : at + min(size, m - first + 1)]
                if bank and grid.cells.size:
                    is_cell = np.isin(m - lo - np.arange(part.size), grid.cells)
                    part = np.where(is_cell, part, np.inf)
                if part.size and part.min() + usd < best[0]:
                    best = (float(part.min()) + usd, z, bank, m - lo - int(part.argmin()))
        _, z, bank, t = best
        if z:
            stations.append(j)
        if bank:
            banks.append((j, model.q_min + t * grid.step))
        if a >= 0:
            stack.append((a, e - z, k - bank, m - t))
    banks.sort()
    return SitePlan(tuple(sorted(stations)), tuple(b for b, _ in banks), tuple(s for _, s in banks))


def _splits(
    grid: Grid, table: Floats, n: int, e: int, k: int, m: int
) -> list[tuple[float, int, int, int]]:
    """Return, per split of (e, k) over a join, the least cost and the left share."""
    a, b = int(grid.program.left[n]), int(grid.program.right[n])
    found = []
    for ea in range(e + 1):
        for ka in range(k + 1):
            at_a, size_a, low_a = grid.row(a, ea, ka)
            at_b, size_b, low_b = grid.row(b, e - ea, k - ka)
            first = max(low_a, m - (low_b + size_b - 1))
            last = min(low_a + size_a - 1, m - low_b)
            if size_a == 0 or size_b == 0 or first > last:
                continue
            left = table[at_a + first - low_a : at_a + last - low_a + 1]
            right = table[at_b + m - last - low_b : at_b + m - first - low_b + 1][::-1]
            total = left + right
            found.append((float(total.min()), ea, ka, first + int(total.argmin())))
    return found
