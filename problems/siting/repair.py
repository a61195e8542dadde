"""Owns the repair of siting candidates: ratings that exist, and one asset of a kind a bus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powerflow.jit import kernel

FloatArray = NDArray[np.float64]

SUM_TOL = 1e-9
"""Share of the total by which ratings may miss it."""
N_HALVING = 60


@dataclass(frozen=True, slots=True, eq=False)
class SitingRepair:
    """Repair rows [station positions | bank positions | bank kvar | station kW]; idempotent.

    Rows may end before the station kW, where ratings are given. A bank smaller than half of
    `kvar_min` is not built (0 kvar) where fewer banks are allowed, and its position then binds
    nobody. A position taken already moves on to the next free candidate. Station ratings are
    shifted together until they add up to `kw_total` within their range: the nearest ones that do.
    """

    n_stations: int
    n_banks: int
    n_candidates: int
    kvar_min: float
    kvar_largest: float
    bank_sizes: FloatArray
    is_at_most: bool
    kw_total: float = 0.0
    kw_min: float = 0.0
    kw_max: float = 0.0

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return the repaired copy of `x`, (n, n_stations + 2 n_banks [+ ratings])."""
        repaired = np.array(x, dtype=np.float64, order="C")
        _repair(
            repaired,
            self.n_stations,
            self.n_banks,
            self.n_candidates,
            self.kvar_min,
            self.kvar_largest,
            self.bank_sizes,
            self.is_at_most,
            self.kw_total,
            self.kw_min,
            self.kw_max,
        )
        return repaired


@kernel
def _repair(
    x: FloatArray,
    n_stations: int,
    n_banks: int,
    n_candidates: int,
    kvar_min: float,
    kvar_largest: float,
    bank_sizes: FloatArray,
    is_at_most: bool,
    kw_total: float,
    kw_min: float,
    kw_max: float,
) -> None:
    first_size = n_stations + n_banks
    first_kw = first_size + n_banks
    for row in range(x.shape[0]):
        for column in range(n_stations):
            _move_to_free(x[row], column, 0, 0, n_candidates)
        for column in range(n_stations, first_size):
            size = x[row, column + n_banks]
            if is_at_most and size < 0.5 * kvar_min:
                size = 0.0
            else:
                size = min(max(size, kvar_min), kvar_largest)
                if len(bank_sizes) > 0:
                    size = _nearest(bank_sizes, size)
            x[row, column + n_banks] = size
            if size > 0.0:
                _move_to_free(x[row], column, n_stations, n_banks, n_candidates)

        if x.shape[1] > first_kw:
            _share_out(x[row, first_kw:], kw_total, kw_min, kw_max)


@kernel
def _nearest(sizes: FloatArray, size: float) -> float:
    """Return the entry of ascending `sizes` nearest to `size`, the greater of two."""
    best = sizes[0]
    for other in sizes:
        if abs(other - size) <= abs(best - size):
            best = other
    return float(best)


@kernel
def _share_out(kw: FloatArray, total: float, low: float, high: float) -> None:
    """Clip ratings, then shift all together, clipped, until they add up to the total."""
    for k in range(len(kw)):
        kw[k] = min(max(kw[k], low), high)
    if abs(kw.sum() - total) <= SUM_TOL * total:
        return
    least, most = low - high, high - low
    for _ in range(N_HALVING):
        shift = 0.5 * (least + most)
        found = 0.0
        for k in range(len(kw)):
            found += min(max(kw[k] + shift, low), high)
        if found < total:
            least = shift
        else:
            most = shift
    for k in range(len(kw)):
        kw[k] = min(max(kw[k] + most, low), high)


@kernel
def _move_to_free(
    x: FloatArray, column: int, first: int, size_offset: int, n_candidates: int
) -> None:
    """Move a position on, cyclically, until no built asset in the columns before has it.

    Assets whose size stands `size_offset` columns further on are built if it is positive; with no
    offset all are.
    """
    is_free = False
    while not is_free:
        is_free = True
        for other in range(first, column):
            is_built = size_offset == 0 or x[other + size_offset] > 0.0
            if is_built and x[other] == x[column]:
                is_free = False
        if not is_free:
            x[column] = (x[column] + 1.0) % n_candidates
