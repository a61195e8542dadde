"""Owns the batch loops of score(): a few devices in, a few figures out, nothing per bus stored."""

from __future__ import annotations

from typing import Any

import numpy as np

from powerflow.block import (
    FIRST_FIGURE,
    N_TALLY,
    P_LOAD,
    Q_LOAD,
    STATE,
    SWEEPS,
    measure_block,
    sweep_block,
)
from powerflow.jit import vector_kernel
from powerflow.lanes import status_of
from powerflow.newton import newton_block
from powerflow.plan import N_COEFFICIENT, N_SHARE, fill_branches, fill_guide
from powerflow.units import N_SCALE, PER_KW
from powerflow.vector import LANES, spread, store

Array = Any


@vector_kernel
def _add_devices(
    unit: float,
    lane: int,
    candidate: int,
    state: int,
    device_bus: Array,
    device_p: Array,
    device_q: Array,
    p_load: Array,
    q_load: Array,
) -> None:
    """Add a candidate's devices to its lane's loads; arguments as in `stopped_score`."""
    i = candidate if device_p.shape[0] > 1 else 0
    j = candidate if device_q.shape[0] > 1 else 0
    s = state if device_p.shape[1] > 1 else 0
    t = state if device_q.shape[1] > 1 else 0
    for device in range(device_bus.shape[1]):
        bus = device_bus[candidate, device]
        p_load[bus, lane] += unit * device_p[i, s, device if device_p.shape[2] > 1 else 0]
        q_load[bus, lane] += unit * device_q[j, t, device if device_q.shape[2] > 1 else 0]


@vector_kernel
def fused_batch(
    step: Array,
    parent: Array,
    r: Array,
    x: Array,
    p: Array,
    q: Array,
    scales: Array,
    device_bus: Array,
    device_p: Array,
    device_q: Array,
    inverse_ampacity: Array,
    memory: Array,
    tol: float,
    limit: int,
    first: int,
    last: int,
    figures: Array,
    iterations: Array,
    status: Array,
) -> None:
    """Score candidates `first` to `last` (excluded) in every state, as `stopped_score`.

    Lanes are candidates of one state. Base loads stay in the block; only the buses of a block's
    devices are touched and put back.
    """
    n_bus = len(parent)
    tally = np.zeros((N_TALLY, LANES))
    scale = np.zeros((N_SCALE, LANES))
    table = np.zeros((n_bus, N_COEFFICIENT))
    work = np.zeros((7, n_bus))
    p_load, q_load = memory[P_LOAD], memory[Q_LOAD]
    fill_branches(r, x, table)
    for state in range(figures.shape[2]):
        p_row = p[state if len(p) > 1 else 0]
        q_row = q[state if len(q) > 1 else 0]
        for i in range(N_SCALE):
            store(scale, i, spread(scales[i, state if scales.shape[1] > 1 else 0]))
        unit = scale[PER_KW, 0]
        fill_guide(parent, r, x, p_row, q_row, unit, work, table)
        for k in range(n_bus):
            store(p_load, k, spread(p_row[k] * unit))
            store(q_load, k, spread(q_row[k] * unit))
        for start in range(first, last, LANES):
            # Spare lanes of the last block repeat its last candidate.
            for lane in range(LANES):
                candidate = min(start + lane, last - 1)
                _add_devices(
                    unit, lane, candidate, state, device_bus, device_p, device_q, p_load, q_load
                )
            sweep_block(step, parent, table, memory, tally, 2.0 * tol, limit, (p, q, p), -1)
            measure_block(step, parent, table, inverse_ampacity, scale, memory, tally, False)
            for lane in range(min(LANES, last - start)):
                status[start + lane, state] = status_of(tally[STATE, lane], False)
                iterations[start + lane, state] = int(tally[SWEEPS, lane])
            for i in range(len(figures)):
                for lane in range(min(LANES, last - start)):
                    figures[i, start + lane, state] = tally[FIRST_FIGURE + i, lane]
            for lane in range(LANES):
                candidate = min(start + lane, last - 1)
                for device in range(device_bus.shape[1]):
                    bus = device_bus[candidate, device]
                    p_load[bus, lane] = p_row[bus] * unit
                    q_load[bus, lane] = q_row[bus] * unit


@vector_kernel
def fused_newton(
    step: Array,
    parent: Array,
    r: Array,
    x: Array,
    p: Array,
    q: Array,
    scales: Array,
    device_bus: Array,
    device_p: Array,
    device_q: Array,
    inverse_ampacity: Array,
    memory: Array,
    tol: float,
    limit: int,
    order: Array,
    first: int,
    last: int,
    figures: Array,
    iterations: Array,
    status: Array,
) -> None:
    """Solve what `fused_batch` left UNDECIDED by Newton's method.

    Parameters
    ----------
    order : (n_undecided, 2) array
        Candidate and state; cases ``order[first:last]`` are solved, each lane in its own state.
    """
    n_bus = len(parent)
    tally = np.zeros((N_TALLY, LANES))
    scale = np.zeros((N_SCALE, LANES))
    table = np.zeros((n_bus, N_COEFFICIENT))
    p_load, q_load = memory[P_LOAD], memory[Q_LOAD]
    no_shares = np.zeros((0, N_SHARE))
    fill_branches(r, x, table)
    for start in range(first, last, LANES):
        for lane in range(LANES):
            candidate, state = order[min(start + lane, last - 1)]
            p_row = p[state if len(p) > 1 else 0]
            q_row = q[state if len(q) > 1 else 0]
            for i in range(N_SCALE):
                scale[i, lane] = scales[i, state if scales.shape[1] > 1 else 0]
            unit = scale[PER_KW, lane]
            for k in range(n_bus):
                p_load[k, lane] = p_row[k] * unit
                q_load[k, lane] = q_row[k] * unit
            _add_devices(
                unit, lane, candidate, state, device_bus, device_p, device_q, p_load, q_load
            )
        newton_block(step, parent, table, no_shares, scale, memory, tally, 2.0 * tol, limit)
        measure_block(step, parent, table, inverse_ampacity, scale, memory, tally, False)
        for lane in range(min(LANES, last - start)):
            candidate, state = order[start + lane]
            iterations[candidate, state] += int(tally[SWEEPS, lane])
            status[candidate, state] = status_of(tally[STATE, lane], True)
            for i in range(len(figures)):
                figures[i, candidate, state] = tally[FIRST_FIGURE + i, lane]
