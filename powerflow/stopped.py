"""Owns the current sweep stopped after a given number of sweeps, and its batch loops.

It serves the comparison with published figures that were stopped early; nothing here is tuned.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from powerflow.jit import kernel
from powerflow.result import NO_SOLUTION, STOPPED
from powerflow.units import AMP, KVA, N_SCALE, PER_KW, V_SOURCE

Array = Any


@kernel
def sweep_case(
    parent: Array, r: Array, x: Array, load: Array, work: Array, sweeps: int
) -> tuple[int, int, float]:
    """Run the current-summation (backward/forward) sweep exactly `sweeps` times from a flat start.

    `work` has six rows: v as the last forward sweep leaves it, ell as the last backward sweep does,
    and both parts of the currents and voltages.

    References
    ----------
    D. Shirmohammadi et al., IEEE Trans. Power Systems 3(2), 1988, 753-762.
    """
    n_bus = len(parent)
    v, ell, i_re, i_im, v_re, v_im = work[0], work[1], work[2], work[3], work[4], work[5]
    for k in range(n_bus):
        v[k] = 1.0
        v_re[k] = 1.0
        v_im[k] = 0.0
    change = 0.0
    for _ in range(sweeps):
        for k in range(n_bus):
            i_re[k] = (load[0, k] * v_re[k] + load[1, k] * v_im[k]) / v[k]
            i_im[k] = (load[0, k] * v_im[k] - load[1, k] * v_re[k]) / v[k]
        for k in range(n_bus - 1, 0, -1):
            ell[k] = i_re[k] * i_re[k] + i_im[k] * i_im[k]
            i_re[parent[k]] += i_re[k]
            i_im[parent[k]] += i_im[k]
        ell[0] = 0.0
        change = 0.0
        total = 0.0
        for k in range(1, n_bus):
            v_re[k] = v_re[parent[k]] - r[k] * i_re[k] + x[k] * i_im[k]
            v_im[k] = v_im[parent[k]] - r[k] * i_im[k] - x[k] * i_re[k]
            new = v_re[k] * v_re[k] + v_im[k] * v_im[k]
            change = max(change, abs(new - v[k]))
            total += new
            v[k] = new
        if not np.isfinite(total):
            return NO_SOLUTION, sweeps, np.nan
    return STOPPED, sweeps, 0.5 * change


@kernel
def _fill_figures(
    r: Array, x: Array, load: Array, scale: Array, inverse_ampacity: Array, work: Array
) -> tuple[Any, int]:
    """Return one case's figures (`powerflow.kernels.FIGURES`) and the bus with the lowest v."""
    v, ell = work[0], work[1]
    loading, at, highest = 0.0, 0, v[0]
    loss_p, loss_q, source_p, source_q = 0.0, 0.0, 0.0, 0.0
    for k in range(len(v)):
        if len(inverse_ampacity) > 0:
            loading = max(loading, ell[k] * inverse_ampacity[k])
        if v[k] < v[at]:
            at = k
        loss_p, loss_q = loss_p + r[k] * ell[k], loss_q + x[k] * ell[k]
        highest = max(highest, v[k])
        source_p, source_q = source_p + load[0, k], source_q + load[1, k]
    return (
        loss_p * scale[KVA],
        loss_q * scale[KVA],
        np.sqrt(v[at]) * scale[V_SOURCE],
        np.sqrt(highest) * scale[V_SOURCE],
        np.sqrt(loading) * scale[AMP] * 100.0,
        (source_p + loss_p) * scale[KVA],
        (source_q + loss_q) * scale[KVA],
    ), at


@kernel
def stopped_batch(
    sweeps: int,
    parent: Array,
    branches: Array,
    p: Array,
    q: Array,
    scales: Array,
    inverse_ampacity: Array,
    first: int,
    last: int,
    v_out: Array,
    i_out: Array,
    angle_out: Array,
    figures: Array,
    errors: Array,
    iterations: Array,
    v_min_bus: Array,
    status: Array,
) -> None:
    """Solve cases `first` to `last` (excluded); arguments as in `powerflow.stream.stream_batch`."""
    n_bus = len(parent)
    load, work = np.empty((2, n_bus)), np.empty((6, n_bus))
    scale = np.empty(N_SCALE)
    for case in range(first, last):
        for i in range(N_SCALE):
            scale[i] = scales[i, case if scales.shape[1] > 1 else 0]
        branch_row = case if branches.shape[1] > 1 else 0
        r, x = branches[0, branch_row], branches[1, branch_row]
        p_row, q_row = p[case if len(p) > 1 else 0], q[case if len(q) > 1 else 0]
        for k in range(n_bus):
            load[0, k] = p_row[k] * scale[PER_KW]
            load[1, k] = q_row[k] * scale[PER_KW]
        status[case], iterations[case], errors[case] = sweep_case(parent, r, x, load, work, sweeps)
        if status[case] != STOPPED:
            continue
        made, at = _fill_figures(r, x, load, scale, inverse_ampacity, work)
        v_min_bus[case] = at
        for i in range(len(figures)):
            figures[i, case] = made[i]
        for k in range(n_bus if len(v_out) > 0 else 0):
            v_out[case, k] = np.sqrt(work[0, k]) * scale[V_SOURCE]
        for k in range(n_bus if len(i_out) > 0 else 0):
            i_out[case, k] = np.sqrt(work[1, k]) * scale[AMP]
        for k in range(n_bus if len(angle_out) > 0 else 0):
            angle_out[case, k] = np.arctan2(work[5, k], work[4, k])


@kernel
def stopped_score(
    sweeps: int,
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
    first: int,
    last: int,
    figures: Array,
    iterations: Array,
    status: Array,
) -> None:
    """Score candidates `first` to `last` (excluded) over every load state.

    Parameters
    ----------
    r, x : (n_bus,) arrays
    p, q : (1 or n_state, n_bus) arrays
        Base loads of a state in kW and kvar.
    scales : (N_SCALE, 1 or n_state) array
    device_bus : (n_candidate, n_device) array
    device_p, device_q : (1 or n_candidate, 1 or n_state, 1 or n_device) arrays
        What a device adds to the load at its bus, in kW and kvar.
    figures : (5, n_candidate, n_state) array
        As the first of `powerflow.kernels.FIGURES`.
    """
    n_bus = len(parent)
    load, work = np.empty((2, n_bus)), np.empty((6, n_bus))
    scale = np.empty(N_SCALE)
    for candidate in range(first, last):
        for state in range(figures.shape[2]):
            for i in range(N_SCALE):
                scale[i] = scales[i, state if scales.shape[1] > 1 else 0]
            p_row, q_row = p[state if len(p) > 1 else 0], q[state if len(q) > 1 else 0]
            for k in range(n_bus):
                load[0, k] = p_row[k] * scale[PER_KW]
                load[1, k] = q_row[k] * scale[PER_KW]
            i = candidate if device_p.shape[0] > 1 else 0
            j = candidate if device_q.shape[0] > 1 else 0
            s = state if device_p.shape[1] > 1 else 0
            t = state if device_q.shape[1] > 1 else 0
            for device in range(device_bus.shape[1]):
                bus = device_bus[candidate, device]
                kw = device_p[i, s, device if device_p.shape[2] > 1 else 0]
                kvar = device_q[j, t, device if device_q.shape[2] > 1 else 0]
                load[0, bus] += kw * scale[PER_KW]
                load[1, bus] += kvar * scale[PER_KW]
            code, count, _ = sweep_case(parent, r, x, load, work, sweeps)
            status[candidate, state] = code
            iterations[candidate, state] = count
            if code != STOPPED:
                continue
            made, _ = _fill_figures(r, x, load, scale, inverse_ampacity, work)
            for k in range(len(figures)):
                figures[k, candidate, state] = made[k]
