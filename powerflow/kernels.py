"""Owns the portable sweeps: one case at a time, plain loops over buses in sweep order.

Buses come in sweep order (``parent[k] < k``), so the backward pass is a loop from the last bus to
the first and the forward pass a loop back. All quantities are per unit on the source's own voltage
and an impedance base of one ohm (`powerflow.units.one_ohm_kva`): the source sits at exactly 1.
`v` is the squared voltage of a bus and `ell` the squared current of the branch entering it.
Kernels never raise and allocate nothing inside their loops.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from powerflow.jit import kernel
from powerflow.result import CONVERGED, ITERATION_LIMIT, NO_SOLUTION, STOPPED

Array = Any
"""Arrays inside kernels: numba has no types for a checker to follow."""

FIGURES = ("loss_p", "loss_q", "v_min", "v_max", "loading", "source_p", "source_q")
"""Columns of a case's figures: losses, extreme squared voltages, greatest squared current over
squared ampacity (per unit over A), and power delivered by the source."""


@kernel
def distflow_case(
    parent: Array, r: Array, x: Array, load: Array, work: Array, tol: float, max_iterations: int
) -> tuple[int, int, float]:
    """Solve one case by the power-summation sweep on squared magnitudes (real arithmetic).

    With P + jQ the power arriving at bus k through branch k: ell = (P^2 + Q^2) / v, the parent
    receives P + r ell and Q + x ell more, and v = v_parent - 2 (r P + x Q) - (r^2 + x^2) ell.

    Parameters
    ----------
    load : (2, n_bus) array
        Active and reactive load.
    work : (5, n_bus) array
        Scratch; row 0 holds v and row 1 ell on return.

    Returns
    -------
    status code, sweeps spent, largest change of a voltage in the last sweep.

    References
    ----------
    M. E. Baran and F. F. Wu, IEEE Trans. Power Delivery 4(1), 1989, 725-734 (DistFlow).
    """
    n_bus = len(parent)
    v, ell, p, q, drop = work[0], work[1], work[2], work[3], work[4]
    for k in range(n_bus):
        v[k] = 1.0
        ell[k] = 0.0
    change = 0.0
    for sweep in range(1, max_iterations + 1):
        for k in range(n_bus):
            p[k] = load[0, k]
            q[k] = load[1, k]
        for k in range(n_bus - 1, 0, -1):
            squared = (p[k] * p[k] + q[k] * q[k]) / v[k]
            ell[k] = squared
            p[parent[k]] += p[k] + r[k] * squared
            q[parent[k]] += q[k] + x[k] * squared
            drop[k] = 2.0 * (r[k] * p[k] + x[k] * q[k]) + (r[k] * r[k] + x[k] * x[k]) * squared
        change = 0.0
        for k in range(1, n_bus):
            new = v[parent[k]] - drop[k]
            if not new > 0.0:
                return NO_SOLUTION, sweep, np.nan
            change = max(change, abs(new - v[k]))
            v[k] = new
        # dv = 2 V dV, and V is near 1.
        change *= 0.5
        if change <= tol:
            return CONVERGED, sweep, change
    return ITERATION_LIMIT, max_iterations, change


@kernel
def current_case(
    parent: Array, r: Array, x: Array, load: Array, work: Array, sweeps: int
) -> tuple[int, int, float]:
    """Run the current-summation (backward/forward) sweep exactly `sweeps` times from a flat start.

    `ell` is left from the last backward sweep and `v` from the last forward sweep; `work` has six
    rows, the first two as in `distflow_case`.

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
def solve_case(
    parent: Array,
    r: Array,
    x: Array,
    load: Array,
    work: Array,
    tol: float,
    max_iterations: int,
    sweeps: int,
) -> tuple[int, int, float]:
    """Solve one case by the method asked for: `sweeps` current sweeps, or DistFlow if 0."""
    if sweeps > 0:
        return current_case(parent, r, x, load, work, sweeps)
    return distflow_case(parent, r, x, load, work, tol, max_iterations)


@kernel
def fill_figures(
    r: Array, x: Array, inverse_ampacity: Array, work: Array, is_solved: bool, figures: Array
) -> int:
    """Write one case's figures (see `FIGURES`) and return the bus with the lowest voltage."""
    v, ell = work[0], work[1]
    loss_p, loss_q, loading, lowest, highest, at = 0.0, 0.0, 0.0, v[0], v[0], 0
    for k in range(len(v)):
        loss_p += r[k] * ell[k]
        loss_q += x[k] * ell[k]
        loading = max(loading, ell[k] * inverse_ampacity[k])
        highest = max(highest, v[k])
        if v[k] < lowest:
            lowest = v[k]
            at = k
    if not is_solved:
        figures[:] = np.nan
        return -1
    figures[0] = loss_p
    figures[1] = loss_q
    figures[2] = lowest
    figures[3] = highest
    figures[4] = loading
    return at


@kernel
def solve_batch(
    parent: Array,
    r: Array,
    x: Array,
    p: Array,
    q: Array,
    scale: Array,
    inverse_ampacity: Array,
    tol: float,
    max_iterations: int,
    sweeps: int,
    first: int,
    last: int,
    v_out: Array,
    ell_out: Array,
    figures: Array,
    mismatch: Array,
    iterations: Array,
    v_min_bus: Array,
    status: Array,
) -> None:
    """Solve cases `first` to `last` (excluded) and write what was asked for.

    Parameters
    ----------
    r, x, p, q : (1 or n_case, n_bus) arrays
        One row serves every case. Ohm, kW and kvar.
    scale : (1 or n_case,) array
        Turns kW into the kernel's per unit.
    inverse_ampacity : (n_bus,) array
        1 / ampacity_a^2, 0 where unknown.
    v_out, ell_out : (0 or n_case, n_bus) arrays
        Squared voltages and currents; no rows when nobody asked.
    figures : (n_case, n_figure) array
        As `FIGURES`.
    """
    n_bus = len(parent)
    load = np.empty((2, n_bus))
    work = np.empty((6, n_bus))
    for case in range(first, last):
        r_row = r[case if len(r) > 1 else 0]
        x_row = x[case if len(x) > 1 else 0]
        p_row = p[case if len(p) > 1 else 0]
        q_row = q[case if len(q) > 1 else 0]
        unit = scale[case if len(scale) > 1 else 0]
        total_p, total_q = 0.0, 0.0
        for k in range(n_bus):
            load[0, k] = p_row[k] * unit
            load[1, k] = q_row[k] * unit
            total_p += load[0, k]
            total_q += load[1, k]
        code, n_sweep, change = solve_case(
            parent, r_row, x_row, load, work, tol, max_iterations, sweeps
        )
        is_solved = code in (CONVERGED, STOPPED)
        status[case] = code
        iterations[case] = n_sweep
        mismatch[case] = change
        v_min_bus[case] = fill_figures(
            r_row, x_row, inverse_ampacity, work, is_solved, figures[case]
        )
        figures[case, 5] = figures[case, 0] + total_p
        figures[case, 6] = figures[case, 1] + total_q
        if len(v_out) > 0:
            for k in range(n_bus):
                v_out[case, k] = work[0, k] if is_solved else np.nan
        if len(ell_out) > 0:
            for k in range(n_bus):
                ell_out[case, k] = work[1, k] if is_solved else np.nan


@kernel
def score_batch(
    parent: Array,
    r: Array,
    x: Array,
    p: Array,
    q: Array,
    scale: Array,
    device_bus: Array,
    device_p: Array,
    device_q: Array,
    inverse_ampacity: Array,
    tol: float,
    max_iterations: int,
    sweeps: int,
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
    scale : (1 or n_state,) array
    device_bus : (n_candidate, n_device) array
    device_p, device_q : (1 or n_candidate, 1 or n_state, 1 or n_device) arrays
        What a device adds to the load at its bus, in kW and kvar.
    figures : (n_candidate, n_state, 5) array
        As the first of `FIGURES`.
    """
    n_bus = len(parent)
    n_state = figures.shape[1]
    load = np.empty((2, n_bus))
    work = np.empty((6, n_bus))
    for candidate in range(first, last):
        for state in range(n_state):
            p_row = p[state if len(p) > 1 else 0]
            q_row = q[state if len(q) > 1 else 0]
            unit = scale[state if len(scale) > 1 else 0]
            for k in range(n_bus):
                load[0, k] = p_row[k] * unit
                load[1, k] = q_row[k] * unit
            for device in range(device_bus.shape[1]):
                bus = device_bus[candidate, device]
                load[0, bus] += (
                    unit
                    * device_p[
                        candidate if device_p.shape[0] > 1 else 0,
                        state if device_p.shape[1] > 1 else 0,
                        device if device_p.shape[2] > 1 else 0,
                    ]
                )
                load[1, bus] += (
                    unit
                    * device_q[
                        candidate if device_q.shape[0] > 1 else 0,
                        state if device_q.shape[1] > 1 else 0,
                        device if device_q.shape[2] > 1 else 0,
                    ]
                )
            code, n_sweep, _ = solve_case(parent, r, x, load, work, tol, max_iterations, sweeps)
            is_solved = code in (CONVERGED, STOPPED)
            status[candidate, state] = code
            iterations[candidate, state] = n_sweep
            fill_figures(r, x, inverse_ampacity, work, is_solved, figures[candidate, state])
