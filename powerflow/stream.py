"""Owns the batch loop of power_flow(): a table of loads in, tables of voltages and currents out.

What a lane computes depends on its own case alone, so neither the split of a batch over blocks and
threads nor a neighbour without solution changes a bit of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from powerflow.block import (
    AT,
    DROP,
    ERROR,
    FIRST_FIGURE,
    N_TALLY,
    P_LOAD,
    Q_LOAD,
    STATE,
    SWEEPS,
    W,
    measure_block,
    sweep_block,
)
from powerflow.jit import vector_kernel
from powerflow.lanes import load_rows, status_of, store_currents, store_voltages
from powerflow.newton import P_NOMINAL, Q_NOMINAL, newton_block
from powerflow.plan import fill_branches
from powerflow.units import N_SCALE
from powerflow.vector import LANES

Array = Any


@vector_kernel
def stream_batch(
    step: Array,
    parent: Array,
    table: Array,
    branches: Array,
    shares: Array,
    p: Array,
    q: Array,
    scales: Array,
    inverse_ampacity: Array,
    memory: Array,
    tol: float,
    limit: int,
    is_newton: bool,
    order: Array,
    first: int,
    last: int,
    v_out: Array,
    i_out: Array,
    figures: Array,
    errors: Array,
    iterations: Array,
    v_min_bus: Array,
    status: Array,
) -> None:
    """Solve cases ``order[first:last]``; a case the sweep gives up gets the status UNDECIDED.

    Parameters
    ----------
    table : (n_bus, N_COEFFICIENT) or (n_bus, N_COEFFICIENT, LANES) array
        Branches and guide (`powerflow.plan`); with a third axis each lane's own branches are
        filled in from `branches`.
    branches : (2, 1 or n_case, n_bus) array
        Resistances and reactances.
    shares : (0 or n_bus, N_SHARE) array
        Voltage-dependent loads, for Newton only.
    p, q : (1 or n_case, n_bus) arrays
        In kW and kvar; one row serves every case.
    scales : (N_SCALE, 1 or n_case) array
        As `powerflow.units.kernel_scales`.
    memory : (N_ROWS, n_bus, LANES) array
        From `block_memory`.
    is_newton : bool
        Newton's method instead of the sweep.
    v_out, i_out : (0 or n_case, n_bus) arrays
        Voltages in p.u. and currents in A.
    figures : (n_figure or 0, n_case) array
        As `powerflow.kernels.FIGURES`; without rows, neither figures nor currents are computed.
    """
    n_bus = len(parent)
    n_figure = len(figures)
    tally = np.zeros((N_TALLY, LANES))
    cases = np.zeros(LANES, dtype=np.int64)
    rows = np.zeros(LANES, dtype=np.int64)
    scale = np.zeros((N_SCALE, LANES))
    p_row, q_row = (P_NOMINAL, Q_NOMINAL) if len(shares) > 0 else (P_LOAD, Q_LOAD)
    for start in range(first, last, LANES):
        # Spare lanes of the last block repeat its last case.
        for lane in range(LANES):
            case = order[min(start + lane, last - 1)]
            cases[lane] = case
            for i in range(N_SCALE):
                scale[i, lane] = scales[i, case if scales.shape[1] > 1 else 0]
        for lane in range(LANES):
            rows[lane] = cases[lane] if len(p) > 1 else 0
        load_rows(p, rows, scale, memory[p_row])
        for lane in range(LANES):
            rows[lane] = cases[lane] if len(q) > 1 else 0
        load_rows(q, rows, scale, memory[q_row])
        if table.ndim == 3:
            _fill_lanes(branches, cases, table)
        if is_newton:
            newton_block(step, parent, table, shares, scale, memory, tally, 2.0 * tol, limit)
        else:
            sweep_block(
                step, parent, table, memory, tally, 2.0 * tol, limit,
                (p, q, v_out), (start + LANES) * n_bus,
            )  # fmt: skip
        if n_figure > 0:
            measure_block(step, parent, table, inverse_ampacity, scale, memory, tally, True)
            if len(i_out) > 0:
                store_currents(memory[DROP], cases, scale, i_out)
        if len(v_out) > 0:
            store_voltages(memory[W], cases, scale, v_out)
        n_case = min(LANES, last - start)
        for lane in range(n_case):
            case = cases[lane]
            status[case] = status_of(tally[STATE, lane], is_newton)
            iterations[case] += int(tally[SWEEPS, lane])
            errors[case] = 0.5 * tally[ERROR, lane]
            v_min_bus[case] = int(tally[AT, lane])
        for i in range(n_figure):
            for lane in range(n_case):
                figures[i, cases[lane]] = tally[FIRST_FIGURE + i, lane]


@vector_kernel
def _fill_lanes(branches: Array, cases: Array, table: Array) -> None:
    """Fill each lane's own branch columns."""
    for lane in range(LANES):
        case = cases[lane] if branches.shape[1] > 1 else 0
        fill_branches(branches[0, case], branches[1, case], table[:, :, lane])
