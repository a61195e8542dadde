"""Owns the AC re-check of a relaxed dispatch: the same net loads through the power flow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powerflow.solve import power_flow
from powerflow.units import S_BASE_KVA, i_base_a, z_base_ohm
from problems.conic.case import DispatchCase
from problems.conic.network import Network
from problems.core.assess import required

FloatArray = NDArray[np.float64]

AC_TOL = 1e-5
"""Largest excess over a limit, per unit of that limit, that the tolerance of a solver explains."""


@dataclass(frozen=True, slots=True, eq=False)
class AcCheck:
    """Hold how a relaxed dispatch stands to the AC power flow of its net loads.

    Attributes
    ----------
    converged : bool
        Whether every hour has a power flow solution; the other figures are None if not.
    voltage_error_pu : float or None
        Largest difference of a voltage.
    loss_error_kw : float or None
        Largest difference of an hour's losses.
    violation : float or None
        Largest excess over a limit of the case, per unit of that limit; 0 if all are met.
    v_pu : (n_hour, n_bus) float array or None
        AC voltages.
    loss_kw : (n_hour,) float array or None
        AC losses.
    """

    converged: bool
    voltage_error_pu: float | None = None
    loss_error_kw: float | None = None
    violation: float | None = None
    v_pu: FloatArray | None = None
    loss_kw: FloatArray | None = None

    @property
    def is_feasible(self) -> bool:
        """Whether the dispatch keeps every limit under AC power flow."""
        return self.violation is not None and self.violation <= AC_TOL


def recheck(
    case: DispatchCase,
    network: Network,
    net_p_kw: FloatArray,
    net_q_kvar: FloatArray,
    v_pu: FloatArray,
    loss_kw: FloatArray,
) -> AcCheck:
    """Compute the AC power flow of net loads and compare.

    Parameters
    ----------
    case : DispatchCase
        Limits and source voltages.
    network : Network
        Impedances and ampacities.
    net_p_kw, net_q_kvar : (n_hour, n_bus) float array
        Loads with all devices.
    v_pu : (n_hour, n_bus) float array
        Voltages of the relaxed model.
    loss_kw : (n_hour,) float array
        Losses of the relaxed model.
    """
    z_base = z_base_ohm(network.feeder.base_kv)
    flow = power_flow(
        network.feeder,
        net_p_kw,
        net_q_kvar,
        v_source_pu=case.source_pu,
        r_ohm=np.concatenate([[0.0], network.r_pu * z_base]),
        x_ohm=np.concatenate([[0.0], network.x_pu * z_base]),
        outputs=("v_pu", "i_a", "loss_kw", "substation_kw", "substation_kvar"),
        n_threads=1,
    )
    if not flow.converged.all():
        return AcCheck(converged=False)
    ac_v_pu, ac_loss_kw = required(flow.v_pu), required(flow.loss_kw)
    limits = case.limits
    excess = [0.0, float((ac_v_pu[:, 1:] / limits.v_max_pu).max() - 1.0)]
    if limits.v_min_pu > 0.0:
        excess.append(float(1.0 - (ac_v_pu[:, 1:] / limits.v_min_pu).min()))
    i_a = required(flow.i_a)[:, 1:]
    if limits.has_ampacity:
        loading = i_a / (network.i_max_pu * i_base_a(network.feeder.base_kv))
        excess.append(float(loading.max()) - 1.0)
    if limits.line_kw is not None:
        branch_kw = _branch_kw(network, net_p_kw, i_a)
        excess.append(_over(np.abs(branch_kw), limits.line_kw))
    if limits.substation_kw is not None:
        excess.append(_over(np.abs(required(flow.substation_kw)), limits.substation_kw))
    if limits.substation_kvar is not None:
        excess.append(_over(np.abs(required(flow.substation_kvar)), limits.substation_kvar))
    return AcCheck(
        converged=True,
        voltage_error_pu=float(np.abs(ac_v_pu - v_pu).max()),
        loss_error_kw=float(np.abs(ac_loss_kw - loss_kw).max()),
        violation=max(excess),
        v_pu=ac_v_pu,
        loss_kw=ac_loss_kw,
    )


def _over(values: FloatArray, most: float) -> float:
    return float(values.max()) / max(most, 1e-9) - 1.0


def _branch_kw(network: Network, net_p_kw: FloatArray, i_a: FloatArray) -> FloatArray:
    """Return the active power into each branch: all load and loss below and in it."""
    base_a = i_base_a(network.feeder.base_kv)
    into = net_p_kw[:, 1:] + S_BASE_KVA * network.r_pu * (i_a / base_a) ** 2
    for branch in range(network.n_branch - 1, -1, -1):
        above = network.parent[branch] - 1
        if above >= 0:
            into[:, above] += into[:, branch]
    return into
