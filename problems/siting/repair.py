"""Owns the repair of siting candidates: sizes a bank can have, and one asset of a kind a bus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powerflow.jit import kernel

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SitingRepair:
    """Repair rows [station positions | bank positions | bank kvar]; idempotent, row by row.

    A bank smaller than half of `kvar_min` is not built (0 kvar) where fewer banks are allowed, and
    its position then binds nobody. A position taken already moves on to the next free candidate.
    """

    n_stations: int
    n_banks: int
    n_candidates: int
    kvar_min: float
    kvar_largest: float
    kvar_step: float
    is_at_most: bool

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return the repaired copy of `x`, (n, n_stations + 2 n_banks)."""
        repaired = np.array(x, dtype=np.float64, order="C")
        _repair(
            repaired,
            self.n_stations,
            self.n_banks,
            self.n_candidates,
            self.kvar_min,
            self.kvar_largest,
            self.kvar_step,
            self.is_at_most,
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
    kvar_step: float,
    is_at_most: bool,
) -> None:
    first_size = n_stations + n_banks
    for row in range(x.shape[0]):
        for column in range(n_stations):
            _move_to_free(x[row], column, 0, 0, n_candidates)
        for column in range(n_stations, first_size):
            size = x[row, column + n_banks]
            if is_at_most and size < 0.5 * kvar_min:
                size = 0.0
            else:
                size = min(max(size, kvar_min), kvar_largest)
                if kvar_step > 0.0:
                    size = kvar_min + kvar_step * np.floor((size - kvar_min) / kvar_step + 0.5)
                    size = min(size, kvar_largest)
            x[row, column + n_banks] = size
            if size > 0.0:
                _move_to_free(x[row], column, n_stations, n_banks, n_candidates)


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
