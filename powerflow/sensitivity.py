"""Owns how voltages and losses answer to a load: first and second derivatives by the tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from powerflow.inputs import check_inputs
from powerflow.jit import kernel
from powerflow.kernels import measure_currents
from powerflow.solve import power_flow
from powerflow.units import PER_KW, V_SOURCE

if TYPE_CHECKING:
    from powerflow.feeder import Feeder

FloatArray = NDArray[np.float64]
Array = Any


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivity:
    """Hold the derivatives of one power flow by the loads at some buses.

    All are NaN when the power flow has no solution.

    Attributes
    ----------
    bus : (n_at,) int array
        The buses whose loads move.
    converged : bool
    v_pu : (n_bus,) float array
    loss_kw : float
    dv_dp_pu_per_kw, dv_dq_pu_per_kvar : (n_bus, n_at) float array
        Voltage of each bus by each load.
    dloss_dp_kw_per_kw, dloss_dq_kw_per_kvar : (n_at,) float array
        Gradient of the active losses.
    d2loss_dp2, d2loss_dpdq, d2loss_dq2 : (n_at, n_at) float array
        Curvature of the active losses in kW per kW^2, kW per kW kvar, kW per kvar^2; rows and
        columns as `bus`, in the mixed one rows for P and columns for Q.
    """

    bus: NDArray[np.int64]
    converged: bool
    v_pu: FloatArray
    loss_kw: float
    dv_dp_pu_per_kw: FloatArray
    dv_dq_pu_per_kvar: FloatArray
    dloss_dp_kw_per_kw: FloatArray
    dloss_dq_kw_per_kvar: FloatArray
    d2loss_dp2: FloatArray
    d2loss_dpdq: FloatArray
    d2loss_dq2: FloatArray


def sensitivity(
    feeder: Feeder,
    p_kw: ArrayLike | None = None,
    q_kvar: ArrayLike | None = None,
    *,
    bus: ArrayLike | None = None,
    v_source_pu: float | None = None,
    base_kv: float | None = None,
) -> Sensitivity:
    """Differentiate a power flow by the loads, exactly and without a matrix.

    In the branch flow equations only ``v ell = P^2 + Q^2`` is not linear. First derivatives are
    Newton steps on the tree, O(n_bus) a load. A second derivative is that equation's own curvature
    along two first derivatives, weighted by what the losses would answer to an error in it.

    Parameters
    ----------
    feeder : Feeder
    p_kw, q_kvar : (n_bus,) float array, optional
        Constant-power loads; the feeder's own by default.
    bus : (n_at,) int array, optional
        Indices of the buses whose loads move; all by default.
    v_source_pu, base_kv : float, optional
        The feeder's own by default.

    Returns
    -------
    Sensitivity

    Raises
    ------
    ValueError
        As `power_flow`, or for an unknown bus index.

    References
    ----------
    M. E. Baran and F. F. Wu, IEEE Trans. Power Delivery 4(1), 1989, 725-734, for the equations.

    Examples
    --------
    >>> from powerflow import load_feeder
    >>> answer = sensitivity(load_feeder("ieee33"))
    >>> bool((answer.dv_dp_pu_per_kw <= 0.0).all())
    True
    """
    at = np.arange(feeder.n_bus) if bus is None else np.atleast_1d(np.asarray(bus))
    if at.ndim != 1 or not np.issubdtype(at.dtype, np.integer):
        raise ValueError(f"bus must be a list of integer bus indices, not {bus!r}")
    if ((at < 0) | (at >= feeder.n_bus)).any():
        raise ValueError(f"bus must lie in 0..{feeder.n_bus - 1}, not {bus!r}")
    inputs = check_inputs(feeder, p_kw, q_kvar, v_source_pu, base_kv, None, None, None, None, None)
    if inputs.n_case != 1:
        raise ValueError(f"sensitivity takes one case, not {inputs.n_case}")
    flow = power_flow(
        feeder, inputs.p, inputs.q, v_source_pu=v_source_pu, base_kv=base_kv,
        tol_pu=1e-12, outputs=("v_pu", "loss_kw"), n_threads=1,
    )  # fmt: skip
    assert flow.v_pu is not None
    assert flow.loss_kw is not None
    scale = inputs.scales[:, 0]
    r, x = inputs.branches[0, 0], inputs.branches[1, 0]
    nominal = np.array([inputs.p[0], inputs.q[0]]) * scale[PER_KW]
    work = np.zeros((8, feeder.n_bus))
    work[0] = np.square(flow.v_pu[0] / scale[V_SOURCE])
    measure_currents(feeder.parent, r, x, nominal, inputs.shares, scale, nominal.copy(), work)
    n_at = len(at)
    # Rows: a unit of P at each bus, of Q at each bus, of error in every branch's own equation.
    first = np.zeros((4, 2 * n_at + feeder.n_bus, feeder.n_bus))
    dloss = np.zeros(2 * n_at + feeder.n_bus)
    _differentiate(feeder.parent, r, x, work, at.astype(np.int64), first, dloss)
    dv, dp, dq, d_ell = first[:, : 2 * n_at]
    weight = dloss[2 * n_at :]
    mixed = (dv * weight) @ d_ell.T
    curvature = 2.0 * ((dp * weight) @ dp.T + (dq * weight) @ dq.T) - mixed - mixed.T
    curvature *= scale[PER_KW]
    dv_pu = dv.T * (0.5 * scale[V_SOURCE] * scale[PER_KW]) / np.sqrt(work[0])[:, np.newaxis]
    return Sensitivity(
        bus=at,
        converged=bool(flow.converged[0]),
        v_pu=flow.v_pu[0],
        loss_kw=float(flow.loss_kw[0]),
        dv_dp_pu_per_kw=dv_pu[:, :n_at],
        dv_dq_pu_per_kvar=dv_pu[:, n_at:],
        dloss_dp_kw_per_kw=dloss[:n_at],
        dloss_dq_kw_per_kvar=dloss[n_at : 2 * n_at],
        d2loss_dp2=curvature[:n_at, :n_at],
        d2loss_dpdq=curvature[:n_at, n_at:],
        d2loss_dq2=curvature[n_at:, n_at:],
    )


@kernel
def _differentiate(
    parent: Array, r: Array, x: Array, work: Array, at: Array, first: Array, dloss: Array
) -> None:
    """Write first derivatives of v, P, Q, ell (``first``) and of the losses, row by row.

    Rows ask for a unit of P at ``at``, then of Q at ``at``, then of ``v ell - P^2 - Q^2`` in each
    branch. `work` holds v, ell, P and Q of the solution in its first rows.
    """
    n_bus, n_at = len(parent), len(at)
    v, ell, p, q = work[0], work[1], work[2], work[3]
    # The tree's factors: slopes of the power below by the bus's own v, and of v_parent by v.
    slope = np.zeros((3, n_bus))
    growth = np.ones(n_bus)
    for k in range(n_bus - 1, 0, -1):
        slope[2, k] = (2.0 * (p[k] * slope[0, k] + q[k] * slope[1, k]) - ell[k]) / v[k]
        growth[k] += 2.0 * (r[k] * slope[0, k] + x[k] * slope[1, k])
        growth[k] += (r[k] * r[k] + x[k] * x[k]) * slope[2, k]
        slope[0, parent[k]] += (slope[0, k] + r[k] * slope[2, k]) / growth[k]
        slope[1, parent[k]] += (slope[1, k] + x[k] * slope[2, k]) / growth[k]
    needed = np.zeros(n_bus)
    for row in range(len(dloss)):
        dv, dp, dq, d_ell = first[0, row], first[1, row], first[2, row], first[3, row]
        error_at = -1
        if row < n_at:
            dp[at[row]] = 1.0
        elif row < 2 * n_at:
            dq[at[row - n_at]] = 1.0
        else:
            error_at = row - 2 * n_at
        # Up the tree with every v held, then lifted to the parent's held v.
        for k in range(n_bus - 1, 0, -1):
            d_ell[k] = (2.0 * (p[k] * dp[k] + q[k] * dq[k]) + (k == error_at)) / v[k]
            needed[k] = 2.0 * (r[k] * dp[k] + x[k] * dq[k])
            needed[k] += (r[k] * r[k] + x[k] * x[k]) * d_ell[k]
            lift = -needed[k] / growth[k]
            dp[parent[k]] += dp[k] + r[k] * d_ell[k] + (slope[0, k] + r[k] * slope[2, k]) * lift
            dq[parent[k]] += dq[k] + x[k] * d_ell[k] + (slope[1, k] + x[k] * slope[2, k]) * lift
        # Down the tree with the voltages that follow.
        for k in range(1, n_bus):
            dv[k] = (dv[parent[k]] - needed[k]) / growth[k]
            dp[k] += slope[0, k] * dv[k]
            dq[k] += slope[1, k] * dv[k]
            d_ell[k] += slope[2, k] * dv[k]
            dloss[row] += r[k] * d_ell[k]
