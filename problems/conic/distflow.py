"""Owns the branch-flow rows (Farivar and Low 2013), each a function that is one equation.

Expressions are per unit and have the axes (hour, branch) or (hour, bus). `v` and `l` are squared
voltages and squared currents; `p` and `q` flow into each branch at its sending end. Equation
numbers are those of the acceptance paper (docs/acceptance.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from problems.conic.network import FloatArray, Network


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """Hold the variables of a branch flow.

    Attributes
    ----------
    network : Network
        Whose flow it is.
    p, q, l : (n_hour, n_branch) cvxpy variable
        Active and reactive power into each branch, and its squared current.
    v : (n_hour, n_bus) cvxpy variable
        Squared voltage of each bus.
    """

    network: Network
    p: Any
    q: Any
    l: Any  # noqa: E741 the paper's letter
    v: Any

    @classmethod
    def of(cls, network: Network, n_hour: int) -> Flow:
        """Return fresh variables for a number of hours."""
        n = network.n_branch
        return cls(
            network,
            p=cp.Variable((n_hour, n), name="p"),
            q=cp.Variable((n_hour, n), name="q"),
            l=cp.Variable((n_hour, n), name="l"),
            v=cp.Variable((n_hour, n + 1), name="v"),
        )


def source_voltage(flow: Flow, v_source_pu: FloatArray) -> Any:
    """Hold the source at its voltage."""
    return flow.v[:, 0] == v_source_pu**2


def voltage_drop(flow: Flow, correction: Any = 0.0) -> Any:
    """v_j = v_i - 2 (r P + x Q) + (r^2 + x^2) l + correction by a cable chosen  # (9)."""
    net = flow.network
    drop = 2 * (flow.p @ _diagonal(net.r_pu) + flow.q @ _diagonal(net.x_pu))
    return flow.v @ net.receiving == (
        flow.v @ net.sending - drop + flow.l @ _diagonal(net.r_pu**2 + net.x_pu**2) + correction
    )


def active_balance(flow: Flow, p_load: Any, correction: Any = 0.0) -> Any:
    """P_j - r l - correction = load of bus j + what leaves it  # (10), load positive."""
    net = flow.network
    into = flow.p - flow.l @ _diagonal(net.r_pu) - correction
    return into - flow.p @ net.outgoing == p_load[:, 1:]


def reactive_balance(flow: Flow, q_load: Any, correction: Any = 0.0) -> Any:
    """Q_j - x l - correction = load of bus j + what leaves it  # (11), load positive."""
    net = flow.network
    into = flow.q - flow.l @ _diagonal(net.x_pu) - correction
    return into - flow.q @ net.outgoing == q_load[:, 1:]


def cone(flow: Flow) -> Any:
    """P^2 + Q^2 <= l v, relaxed from an equality  # (12).

    Each branch stands in the power base of its own likely flow, for l of a lateral is 1e-6 of that
    of the trunk and would drown in v otherwise.
    """
    net = flow.network
    size = flow.p.shape[0] * net.n_branch
    p, q = (flow.p @ _diagonal(2 / net.scale), flow.q @ _diagonal(2 / net.scale))
    current = flow.l @ _diagonal(net.scale**-2)
    sending = flow.v @ net.sending
    rows = [cp.reshape(e, (1, size), order="F") for e in (p, q, current - sending)]
    return cp.SOC(cp.vec(current + sending, order="F"), cp.vstack(rows), axis=0)


def voltage_floor(flow: Flow, v_min_pu: float, slack: Any = 0.0) -> Any:
    """Hold v_min^2 <= v at every bus but the source; `slack` widens it  # (16)."""
    return flow.v[:, 1:] + slack >= v_min_pu**2


def voltage_ceiling(flow: Flow, v_max_pu: float, slack: Any = 0.0) -> Any:
    """Hold v <= v_max^2 at every bus but the source; `slack` widens it  # (16)."""
    return flow.v[:, 1:] - slack <= v_max_pu**2


def lossless_ceiling(flow: Flow, p_load: Any, q_load: Any, v_max_pu: float) -> list[Any]:
    """Hold the voltages that the same loads would have without losses below the ceiling.

    They lie above the true ones, so that the rows cost a little of the feasible set; with them the
    relaxation is exact under reverse flow as well, where the ceiling alone would be met by losses
    that do not exist. Gan, Li, Topcu, Low, "Exact Convex Relaxation of Optimal Power Flow in Radial
    Networks", IEEE Trans. Automatic Control 60(1), 2015.
    """
    net, shape = flow.network, flow.p.shape
    p, q, v = cp.Variable(shape), cp.Variable(shape), cp.Variable(flow.v.shape)
    drop = 2 * (p @ _diagonal(net.r_pu) + q @ _diagonal(net.x_pu))
    return [
        p - p @ net.outgoing == p_load[:, 1:],
        q - q @ net.outgoing == q_load[:, 1:],
        v[:, 0] == flow.v[:, 0],
        v @ net.receiving == v @ net.sending - drop,
        v[:, 1:] <= v_max_pu**2,
    ]


def ampacity(flow: Flow, branch: Any, slack: Any = 0.0) -> Any:
    """Hold l <= I_max^2 on the branches whose ampacity is known; `slack` widens it."""
    return flow.l[:, branch] - slack <= flow.network.i_max_pu[branch][None, :] ** 2


def line_power(flow: Flow, p_max: float, slack: Any = 0.0) -> list[Any]:
    """Hold |P| <= P_max at the sending end of every branch; `slack` widens it."""
    return [flow.p - slack <= p_max, flow.p + slack >= -p_max]


def substation_p(flow: Flow, p_load: Any) -> Any:
    """Return the active power from the source by hour: its branches and its own load."""
    return cp.sum(flow.p[:, _first_branches(flow)], axis=1) + p_load[:, 0]


def substation_q(flow: Flow, q_load: Any) -> Any:
    """Return the reactive power from the source by hour."""
    return cp.sum(flow.q[:, _first_branches(flow)], axis=1) + q_load[:, 0]


def substation_power(power: Any, most: float, slack: Any = 0.0) -> list[Any]:
    """Hold the source's power of every hour between -most and most; `slack` widens it."""
    return [power - slack <= most, power + slack >= -most]


def active_loss(flow: Flow) -> Any:
    """Return r l of each hour and branch."""
    return flow.l @ _diagonal(flow.network.r_pu)


def reactive_loss(flow: Flow) -> Any:
    """Return x l of each hour and branch."""
    return flow.l @ _diagonal(flow.network.x_pu)


def _first_branches(flow: Flow) -> Any:
    return np.flatnonzero(flow.network.parent == 0)


def _diagonal(values: FloatArray) -> Any:
    return sp.diags_array(values, format="csr")
