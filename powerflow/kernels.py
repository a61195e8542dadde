"""Owns the portable methods: one case at a time, plain loops over buses in sweep order.

The DistFlow sweep and Newton's method here are the readable twins of `powerflow.block` and
`powerflow.newton`, which must agree with them.

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
from powerflow.plan import SHARE_I, SHARE_P, SHARE_Z, SHUNT_P, SHUNT_Q
from powerflow.result import CONVERGED, ITERATION_LIMIT, NO_SOLUTION
from powerflow.units import PER_KW, V_SOURCE

Array = Any
"""Arrays inside kernels: numba has no types for a checker to follow."""

FIGURES = (
    "loss_kw",
    "loss_kvar",
    "v_min_pu",
    "v_max_pu",
    "max_loading_pct",
    "substation_kw",
    "substation_kvar",
)
"""Rows of a batch's figures; score() asks for the first five."""


LEAST_GROWTH, GREATEST_FALL, PATIENCE = 0.2, 0.1, 25
"""How steps are held back where loads depend on voltage: the least slope dv_parent / dv that is
followed, the least share of v that a step leaves, and the steps after which a case is lost."""


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
def newton_case(
    parent: Array,
    r: Array,
    x: Array,
    nominal: Array,
    shares: Array,
    scale: Array,
    load: Array,
    work: Array,
    tol: float,
    limit: int,
) -> tuple[int, int, float]:
    """Solve one case by Newton's method on the tree; see `powerflow.newton`.

    Parameters
    ----------
    nominal : (2, n_bus) array
        Loads at nominal voltage.
    shares : (n_bus or 0, N_SHARE) array
        Empty when all loads are constant power.
    scale : (N_SCALE,) array
        As `powerflow.units.kernel_scales`.
    load : (2, n_bus) array
        Holds on return what the loads take at the voltages found.
    work : (8, n_bus) array
        Row 0 holds v and row 1 ell on return.
    """
    n_bus = len(parent)
    v, ell, p, q, dp, dq, offset, slope = (
        work[0], work[1], work[2], work[3], work[4], work[5], work[6], work[7],
    )  # fmt: skip
    v[:] = 1.0
    before, error = 1.0, 1.0
    for step in range(1, limit + 1):
        load_at_voltage(nominal, shares, scale, v, load, work[4:6])
        for k in range(n_bus):
            p[k], q[k] = load[0, k], load[1, k]
        is_sane = True
        for k in range(n_bus - 1, 0, -1):
            up = parent[k]
            z_squared = r[k] * r[k] + x[k] * x[k]
            ell[k] = (p[k] * p[k] + q[k] * q[k]) / v[k]
            d_ell = (2.0 * (p[k] * dp[k] + q[k] * dq[k]) - ell[k]) / v[k]
            needed = v[k] + 2.0 * (r[k] * p[k] + x[k] * q[k]) + z_squared * ell[k]
            growth = 1.0 + 2.0 * (r[k] * dp[k] + x[k] * dq[k]) + z_squared * d_ell
            is_sane &= growth > 0.0
            if len(shares) > 0:
                growth = max(growth, LEAST_GROWTH)
            moved = (v[up] - needed) / growth
            p[up] += p[k] + r[k] * ell[k] + (dp[k] + r[k] * d_ell) * moved
            q[up] += q[k] + x[k] * ell[k] + (dq[k] + x[k] * d_ell) * moved
            dp[up] += (dp[k] + r[k] * d_ell) / growth
            dq[up] += (dq[k] + x[k] * d_ell) / growth
            offset[k] = v[k] - needed / growth
            slope[k] = 1.0 / growth
        change = 0.0
        for k in range(1, n_bus):
            new = offset[k] + slope[k] * v[parent[k]]
            if len(shares) > 0:
                new = max(new, GREATEST_FALL * v[k])
            is_sane &= new > 0.0
            change = max(change, abs(new - v[k]))
            v[k] = new
        is_held = len(shares) > 0 and step < PATIENCE
        if not (np.isfinite(p[0] + q[0]) and (is_sane or is_held)):
            return NO_SOLUTION, step, np.nan
        error = 0.5 * change * min(1.0, 4.0 * change / before)
        before = change
        if is_sane and error < tol:
            measure_currents(parent, r, x, nominal, shares, scale, load, work)
            return CONVERGED, step, error
    return ITERATION_LIMIT, limit, error


@kernel
def load_at_voltage(
    nominal: Array, shares: Array, scale: Array, v: Array, load: Array, slope: Array
) -> None:
    """Write what the loads take at squared voltages `v`, and the slopes of that."""
    for k in range(len(v)):
        load[0, k], load[1, k], slope[0, k], slope[1, k] = nominal[0, k], nominal[1, k], 0.0, 0.0
    source = scale[V_SOURCE]
    for k in range(len(shares)):
        v_pu = np.sqrt(v[k]) * source
        z, i, p = shares[k, SHARE_Z], shares[k, SHARE_I], shares[k, SHARE_P]
        for row, shunt in ((0, SHUNT_P), (1, SHUNT_Q)):
            fixed = shares[k, shunt] * scale[PER_KW]
            load[row, k] = nominal[row, k] * (z * v_pu**2 + i * v_pu + p) + fixed * v_pu**2
            slope[row, k] = nominal[row, k] * (z + 0.5 * i / v_pu) * source**2 + fixed * source**2


@kernel
def measure_currents(
    parent: Array,
    r: Array,
    x: Array,
    nominal: Array,
    shares: Array,
    scale: Array,
    load: Array,
    work: Array,
) -> None:
    """Write the squared currents, and the power arriving at each bus, at the voltages found."""
    v, ell, p, q = work[0], work[1], work[2], work[3]
    load_at_voltage(nominal, shares, scale, v, load, work[4:6])
    for k in range(len(parent)):
        p[k], q[k] = load[0, k], load[1, k]
    ell[0] = 0.0
    for k in range(len(parent) - 1, 0, -1):
        ell[k] = (p[k] * p[k] + q[k] * q[k]) / v[k]
        p[parent[k]] += p[k] + r[k] * ell[k]
        q[parent[k]] += q[k] + x[k] * ell[k]
