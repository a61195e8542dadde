"""Owns how cases get into the lanes of a block and out again."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from powerflow.block import DONE, LOST
from powerflow.jit import vector_kernel
from powerflow.newton import N_ROWS
from powerflow.result import CONVERGED, ITERATION_LIMIT, NO_SOLUTION, UNDECIDED
from powerflow.tiles import TILE, load_tile, store_tile_inverse_sqrt, store_tile_sqrt
from powerflow.units import AMP, PER_KW, V_SOURCE
from powerflow.vector import LANES, load

Array = Any

_CACHE_LINE = 64


class _Kept(threading.local):
    """A thread's own memory: fresh pages cost as much as the sweeps over a small batch."""

    block: NDArray[np.float64] | None = None


_kept = _Kept()


def block_memory(n_bus: int) -> NDArray[np.float64]:
    """Return this thread's memory for one block, not cleared, valid until the next call.

    (N_ROWS, n_bus, LANES), aligned, with an odd stride in lines.
    """
    padded = n_bus | 1
    if _kept.block is not None and _kept.block.shape[1] == padded:
        return _kept.block
    raw = np.empty(N_ROWS * padded * LANES + _CACHE_LINE // 8)
    first = (-raw.ctypes.data % _CACHE_LINE) // 8
    block = raw[first : first + N_ROWS * padded * LANES]
    _kept.block = block.reshape(N_ROWS, padded, LANES)
    return _kept.block


@vector_kernel
def load_rows(table: Array, rows: Array, scale: Array, block: Array) -> None:
    """Fill (n_bus, LANES) with the table's rows in per unit, one row a lane."""
    n_bus = table.shape[1]
    if n_bus >= TILE:
        factor = load(scale, PER_KW)
        for k in range(0, n_bus - TILE, TILE):
            load_tile(block, table, rows, k, factor)
        # The last tile may overlap the one before it.
        load_tile(block, table, rows, n_bus - TILE, factor)
    else:
        for k in range(n_bus):
            for lane in range(LANES):
                block[k, lane] = table[rows[lane], k] * scale[PER_KW, lane]


@vector_kernel
def store_voltages(w: Array, cases: Array, scale: Array, v_out: Array) -> None:
    """Write each lane's voltages in p.u., from 1 / v, to its row of the table."""
    n_bus = v_out.shape[1]
    if n_bus >= TILE:
        factor = load(scale, V_SOURCE)
        for k in range(0, n_bus - TILE, TILE):
            store_tile_inverse_sqrt(w, v_out, cases, k, factor)
        store_tile_inverse_sqrt(w, v_out, cases, n_bus - TILE, factor)
    else:
        for k in range(n_bus):
            for lane in range(LANES):
                v_out[cases[lane], k] = scale[V_SOURCE, lane] / np.sqrt(w[k, lane])


@vector_kernel
def store_currents(ell: Array, cases: Array, scale: Array, i_out: Array) -> None:
    """Write each lane's currents in A, from their squares, to its row of the table."""
    n_bus = i_out.shape[1]
    if n_bus >= TILE:
        factor = load(scale, AMP)
        for k in range(0, n_bus - TILE, TILE):
            store_tile_sqrt(ell, i_out, cases, k, factor)
        store_tile_sqrt(ell, i_out, cases, n_bus - TILE, factor)
    else:
        for k in range(n_bus):
            for lane in range(LANES):
                i_out[cases[lane], k] = scale[AMP, lane] * np.sqrt(ell[k, lane])


@vector_kernel
def status_of(state: float, is_newton: bool) -> int:
    """Return the status code of a case whose STATE is given."""
    if state == DONE:
        return CONVERGED
    if not is_newton:
        return UNDECIDED
    return NO_SOLUTION if state == LOST else ITERATION_LIMIT
