"""Owns what a sweep needs to know of a tree before it starts: its steps and branch coefficients."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from powerflow import units
from powerflow.jit import kernel

if TYPE_CHECKING:
    from powerflow.feeder import Feeder

LEAF, JOINS, SENDS_FIRST, SENDS_MORE = 1, 2, 4, 8
"""Bits of a bus's step: no child; side branches arrive; itself the top of a side branch, whose
power is the first, or one more, to reach its parent."""

R, X, DROP_P, DROP_Q, DROP_ELL, DAMP, START, N_COEFFICIENT = 0, 1, 2, 3, 4, 5, 6, 8
"""Columns of the coefficient table (one cache line a bus): resistance and reactance, the factors
of P, Q and ell in a voltage drop, the damping toward the guide, and the guide's own 1 / v."""

SHARE_Z, SHARE_I, SHARE_P, SHUNT_P, SHUNT_Q, N_SHARE = 0, 1, 2, 3, 4, 5
"""Columns of the (n_bus, N_SHARE) table of voltage-dependent loads: shares of constant impedance,
current and power, and fixed shunts in kW and kvar at nominal voltage."""

GUIDE_SWEEPS = 4
"""Sweeps spent on the guide: it steers the first guess and the rate, never the answer."""


def tree_steps(parent: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each bus's step bits.

    Where a bus and its successor are parent and child, power stays in registers on its way up;
    every other branch is a side branch that goes through memory.
    """
    steps = np.zeros(len(parent), dtype=np.int64)
    steps[np.setdiff1d(np.arange(len(parent)), parent)] |= LEAF
    is_reached = np.zeros(len(parent), dtype=bool)
    for bus in range(len(parent) - 1, 0, -1):
        above = parent[bus]
        if above != bus - 1:
            steps[above] |= JOINS
            steps[bus] |= SENDS_MORE if is_reached[above] else SENDS_FIRST
            is_reached[above] = True
    return steps


class Plan(NamedTuple):
    """Hold what depends on the feeder alone."""

    steps: NDArray[np.int64]
    table: NDArray[np.float64]
    inverse_ampacity: NDArray[np.float64]


@lru_cache(maxsize=32)
def plan_of(feeder: Feeder) -> Plan:
    """Return a feeder's plan, guided by its own loads; made once and kept.

    ``inverse_ampacity`` is 1 / ampacity_a^2, 0 where unknown, and empty when none is known.
    """
    unit = 1.0 / units.one_ohm_kva(feeder.base_kv * feeder.v_source_pu)
    table = np.zeros((feeder.n_bus, N_COEFFICIENT))
    fill_branches(feeder.r_ohm, feeder.x_ohm, table)
    fill_guide(
        feeder.parent, feeder.r_ohm, feeder.x_ohm, feeder.p_kw, feeder.q_kvar, unit,
        np.empty((7, feeder.n_bus)), table,
    )  # fmt: skip
    inverse = np.nan_to_num(1.0 / np.square(feeder.ampacity_a), nan=0.0)
    known = inverse if feeder.has_ampacity else np.zeros(0)
    return Plan(tree_steps(feeder.parent), table, known)


@kernel
def fill_branches(r: Any, x: Any, table: Any) -> None:
    """Write the columns R to DROP_ELL of a case's (n_bus, N_COEFFICIENT) table."""
    for k in range(len(r)):
        table[k, R] = r[k]
        table[k, X] = x[k]
        table[k, DROP_P] = 2.0 * r[k]
        table[k, DROP_Q] = 2.0 * x[k]
        table[k, DROP_ELL] = r[k] * r[k] + x[k] * x[k]


@kernel
def fill_guide(
    parent: Any, r: Any, x: Any, p: Any, q: Any, unit: float, work: Any, table: Any
) -> None:
    """Write DAMP and START from a guide: loads that the cases to come are probably near to.

    The plain sweep sets v = v_parent - drop(v_old) and errs by the drop's own dependence on v.
    Along the tree, dv_parent = g dv to first order, with g from the guide's power flow. So
    v = v_parent - drop + (1 - 1/g) (v_old - v_parent + drop) has the same fixed point and errs
    only by how far a case is from the guide. DAMP is (1 - 1/g) v. A guide without solution leaves
    the plain sweep and a flat start.

    Parameters
    ----------
    p, q : (n_bus,) array
        The guide's loads; times `unit` they are per unit.
    work : (7, n_bus) array
        Scratch.
    """
    n_bus = len(parent)
    v, ell, pf, qf, drop, dp, dq = work[0], work[1], work[2], work[3], work[4], work[5], work[6]
    v[:] = 1.0
    is_solved = True
    for _ in range(GUIDE_SWEEPS):
        for k in range(n_bus):
            pf[k] = p[k] * unit
            qf[k] = q[k] * unit
        for k in range(n_bus - 1, 0, -1):
            ell[k] = (pf[k] * pf[k] + qf[k] * qf[k]) / v[k]
            drop[k] = 2.0 * (r[k] * pf[k] + x[k] * qf[k]) + (r[k] * r[k] + x[k] * x[k]) * ell[k]
            pf[parent[k]] += pf[k] + r[k] * ell[k]
            qf[parent[k]] += qf[k] + x[k] * ell[k]
        for k in range(1, n_bus):
            v[k] = v[parent[k]] - drop[k]
            is_solved &= 0.2 < v[k] < 5.0
    dp[:] = 0.0
    dq[:] = 0.0
    for k in range(n_bus - 1, 0, -1):
        table[k, DAMP] = 0.0
        table[k, START] = 1.0
        if not is_solved:
            continue
        slope = (2.0 * (pf[k] * dp[k] + qf[k] * dq[k]) - ell[k]) / v[k]
        g = 1.0 + 2.0 * (r[k] * dp[k] + x[k] * dq[k])
        g += (r[k] * r[k] + x[k] * x[k]) * slope
        is_solved = g > 0.2
        dp[parent[k]] += (dp[k] + r[k] * slope) / g
        dq[parent[k]] += (dq[k] + x[k] * slope) / g
        table[k, DAMP] = (1.0 - 1.0 / g) * v[k]
        table[k, START] = 1.0 / v[k]
    table[0, DAMP] = 0.0
    table[0, START] = 1.0
    if not is_solved:
        table[:, DAMP] = 0.0
        table[:, START] = 1.0
