"""Owns derivatives of one AC power flow: every branch flow, voltage and current by every load.

Branch k enters bus k from its parent; P_k and Q_k are its sending-end flows, v and l squared
voltages and currents, all per unit of 1 MVA and the feeder's base voltage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from powerflow import Feeder, power_flow
from powerflow.jit import kernel
from powerflow.units import S_BASE_KVA, i_base_a, z_base_ohm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Array: TypeAlias = Any
"""Arrays inside kernels: numba has no types for a checker to follow."""

_TOL_PU = 1e-11


@dataclass(frozen=True, slots=True, eq=False)
class Tangent:
    """Hold a solved power flow with its first and, in compact form, its second derivatives.

    For loads changed by d, branch flows change to first order by ``p_by @ d``, and the branch-flow
    equations hold exactly for ``l_k = l0_k + ... + rest_k`` with the linear terms shown here and
    ``rest_k = ((P_k - alpha_k v)^2 + (Q_k - beta_k v)^2) / v``, v at the sending bus, alpha and
    beta the reference flow over v. To second order the numerator is the square of `p_by` and
    `q_by` (which hold the derivatives of P - alpha v and Q - beta v) times d and v is the
    reference's, so that what a unit of `rest` does to losses, voltages and currents gives their
    exact Hessians.

    Attributes
    ----------
    v, current : (n_bus,) float array
        Squared voltages and currents of the reference.
    loss : float
    p_by, q_by, v_by, current_by : (2, n_bus, n_bus) float array
        Derivative by the active (0) or reactive (1) load at the second axis's bus, of the branch
        or bus of the third.
    loss_by : (2, n_bus) float array
    v_of_rest, current_of_rest : (n_bus, n_bus) float array
        What one unit of `rest` on the first axis's branch adds.
    loss_of_rest : (n_bus,) float array
    v_sending : (n_bus,) float array
        Squared voltage at the sending bus of each branch.
    """

    v: Floats
    current: Floats
    loss: float
    p_by: Floats
    q_by: Floats
    v_by: Floats
    current_by: Floats
    loss_by: Floats
    v_of_rest: Floats
    current_of_rest: Floats
    loss_of_rest: Floats
    v_sending: Floats


def tangent(feeder: Feeder, p_kw: Floats, q_kvar: Floats) -> Tangent | None:
    """Solve a power flow and differentiate it: one elimination, then O(n_bus) a column.

    Parameters
    ----------
    feeder : Feeder
    p_kw, q_kvar : (n_bus,) float array
        Loads.

    Returns
    -------
    Tangent or None
        None where the power flow has no solution.

    Examples
    --------
    >>> from powerflow import load_feeder
    >>> feeder = load_feeder("ieee33")
    >>> at = tangent(feeder, feeder.p_kw, feeder.q_kvar)
    >>> bool(at.loss_by[0, feeder.bus_index("18")] > at.loss_by[0, feeder.bus_index("2")])
    True
    """
    flow = power_flow(feeder, p_kw, q_kvar, tol_pu=_TOL_PU, outputs=("v_pu", "i_a"))
    assert flow.v_pu is not None
    assert flow.i_a is not None
    if not flow.converged[0]:
        return None
    n = feeder.n_bus
    z_base = z_base_ohm(feeder.base_kv)
    parent = np.asarray(feeder.parent)
    r, x = np.array(feeder.r_ohm) / z_base, np.array(feeder.x_ohm) / z_base
    v = flow.v_pu[0] ** 2
    current = (flow.i_a[0] / i_base_a(feeder.base_kv)) ** 2
    p, q = p_kw / S_BASE_KVA + r * current, q_kvar / S_BASE_KVA + x * current
    _add_up(parent, p, q)
    v_sending = v[np.maximum(parent, 0)]
    by_load = tuple(np.zeros((2, n, n)) for _ in range(4))
    by_rest = tuple(np.zeros((n, n)) for _ in range(4))
    _differentiate(parent, r, x, p / v_sending, q / v_sending, *by_load, *by_rest)
    p_by, q_by, v_by, current_by = by_load
    _, _, v_of_rest, current_of_rest = by_rest
    return Tangent(
        v=v,
        current=current,
        loss=float((r * current).sum()),
        p_by=p_by,
        q_by=q_by,
        v_by=v_by,
        current_by=current_by,
        loss_by=_weighted(current_by.reshape(2 * n, n), r).reshape(2, n),
        v_of_rest=v_of_rest,
        current_of_rest=current_of_rest,
        loss_of_rest=_weighted(current_of_rest, r),
        v_sending=v_sending,
    )


@kernel
def _add_up(parent: Array, p: Array, q: Array) -> None:
    for k in range(parent.shape[0] - 1, 0, -1):
        p[parent[k]] += p[k]
        q[parent[k]] += q[k]


@kernel
def _weighted(rows: Array, weight: Array) -> Array:
    """Return the weighted sum of each row, in a fixed order."""
    total = np.zeros(rows.shape[0])
    for i in range(rows.shape[0]):
        for k in range(weight.shape[0]):
            total[i] += weight[k] * rows[i, k]
    return total


@kernel
def _differentiate(
    parent: Array, r: Array, x: Array, alpha: Array, beta: Array,
    p_by: Array, q_by: Array, v_by: Array, current_by: Array,
    p_rest: Array, q_rest: Array, v_rest: Array, current_rest: Array,
) -> None:  # fmt: skip
    """Fill all columns.

    The linear equations of branch k, with d the change of a load or the rest put in at bus k, are
    dP = d_p + sum of children's dP + r dl, dQ likewise, dv = dv_p - 2 (r dP + x dQ) + z^2 dl and
    dl = 2 alpha dP + 2 beta dQ - (alpha^2 + beta^2) dv_p + d_l. Leaves first, each branch's answer
    is affine in dv_p: the part that answers dv_p does not depend on the column.
    """
    n = parent.shape[0]
    p_slope, q_slope = np.zeros(n), np.zeros(n)  # of the children's flows, by dv
    own_p, own_q = np.zeros(n), np.zeros(n)  # of the branch's own flow, by dv_p
    v_slope, l_slope = np.zeros(n), np.zeros(n)
    inverse = np.zeros((n, 4))
    for k in range(n - 1, 0, -1):
        z2 = r[k] ** 2 + x[k] ** 2
        a = 1.0 + 2.0 * (r[k] * p_slope[k] + x[k] * q_slope[k])
        c = -2.0 * (alpha[k] * p_slope[k] + beta[k] * q_slope[k])
        d = 1.0 - 2.0 * (alpha[k] * r[k] + beta[k] * x[k])
        det = a * d - z2 * c
        inverse[k, 0], inverse[k, 1] = d / det, -z2 / det
        inverse[k, 2], inverse[k, 3] = -c / det, a / det
        gamma = alpha[k] ** 2 + beta[k] ** 2
        v_slope[k] = inverse[k, 0] - gamma * inverse[k, 1]
        l_slope[k] = inverse[k, 2] - gamma * inverse[k, 3]
        own_p[k] = p_slope[k] * v_slope[k] + r[k] * l_slope[k]
        own_q[k] = q_slope[k] * v_slope[k] + x[k] * l_slope[k]
        p_slope[parent[k]] += own_p[k]
        q_slope[parent[k]] += own_q[k]
    flow_p, flow_q, fixed_v, fixed_l = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    for source in range(3):  # active load, reactive load, rest
        for column in range(1, n):
            flow_p[:], flow_q[:], fixed_v[:], fixed_l[:] = 0.0, 0.0, 0.0, 0.0
            p = 1.0 if source == 0 else 0.0
            q = 1.0 if source == 1 else 0.0
            rest = 1.0 if source == 2 else 0.0
            k = column
            while k > 0:
                right_v = -2.0 * (r[k] * p + x[k] * q)
                right_l = 2.0 * (alpha[k] * p + beta[k] * q) + rest
                fixed_v[k] = inverse[k, 0] * right_v + inverse[k, 1] * right_l
                fixed_l[k] = inverse[k, 2] * right_v + inverse[k, 3] * right_l
                p += p_slope[k] * fixed_v[k] + r[k] * fixed_l[k]
                q += q_slope[k] * fixed_v[k] + x[k] * fixed_l[k]
                flow_p[k], flow_q[k] = p, q
                rest = 0.0
                k = parent[k]
            if source == 2:
                to_p, to_q = p_rest[column], q_rest[column]
                to_v, to_l = v_rest[column], current_rest[column]
            else:
                to_p, to_q = p_by[source, column], q_by[source, column]
                to_v, to_l = v_by[source, column], current_by[source, column]
            for k in range(1, n):
                above = to_v[parent[k]]
                to_v[k] = fixed_v[k] + v_slope[k] * above
                to_l[k] = fixed_l[k] + l_slope[k] * above
                to_p[k] = flow_p[k] + (own_p[k] - alpha[k]) * above
                to_q[k] = flow_q[k] + (own_q[k] - beta[k]) * above
