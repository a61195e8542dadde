"""Owns the convex hull of one or two circuits along a branch: the relaxation that bounds rest on.

A branch that may be doubled carries its flow in two parts, one for each choice, of which the share
`z` of the second is 0 or 1 in a plan and between them in the relaxation. With z at 0 or 1 the rows
say exactly what the branch flow of one or two circuits says; so every plan is a point of the
relaxation, and its least cost is a bound on theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from problems.conic import distflow
from problems.conic.distflow import Flow

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Hold the branches whose second circuit is open, and the share of each that is built.

    Attributes
    ----------
    branch : (n_free,) int array
        Branches of the network, which holds them with one circuit.
    share : (n_free,) cvxpy expression
        Share of the second circuit, 0 to 1.
    """

    branch: IntArray
    share: Any


def cones(flow: Flow, choice: Choice | None) -> list[Any]:
    """P^2 + Q^2 <= l v of every branch without a choice  # (1)."""
    if choice is None:
        return [distflow.cone(flow)]
    kept = np.setdiff1d(np.arange(flow.network.n_branch), choice.branch)
    return [distflow.cone(_part(flow, kept, flow.p[:, kept], flow.q[:, kept], flow.l[:, kept]))]


def choice_rows(
    flow: Flow, choice: Choice, v_min_pu: float, v_max_pu: float
) -> tuple[list[Any], Any]:
    """Return the rows of the branches with a choice, and what the choice adds to their voltage.

    `flow.l` of such a branch is l1 + l2 / 2, so that r l is its loss with either choice.
    """
    net, free = flow.network, choice.branch
    shape = (flow.p.shape[0], len(free))
    each = sp.diags_array(net.scale[free], format="csr")
    square_unit = sp.diags_array(net.scale[free] ** 2, format="csr")
    p1, q1, p2, q2 = (cp.Variable(shape, name=name) @ each for name in ("p1", "q1", "p2", "q2"))
    l1, l2 = (cp.Variable(shape, name=name) @ square_unit for name in ("l1", "l2"))
    v1, v2 = (cp.Variable(shape, name=name) for name in ("v1", "v2"))
    share = np.ones((shape[0], 1)) @ cp.reshape(choice.share, (1, len(free)), order="F")
    square = net.i_max_pu[free][None, :] ** 2
    rows = [
        p1 + p2 == flow.p[:, free],
        q1 + q2 == flow.q[:, free],
        l1 + l2 / 2 == flow.l[:, free],
        v1 + v2 == (flow.v @ net.sending)[:, free],
        v1 >= v_min_pu**2 * (1 - share),
        v1 <= v_max_pu**2 * (1 - share),
        v2 >= v_min_pu**2 * share,
        v2 <= v_max_pu**2 * share,
        l1 <= cp.multiply(np.broadcast_to(square, shape), 1 - share),
        l2 <= cp.multiply(np.broadcast_to(4 * square, shape), share),
        distflow.cone(_own(flow, free, p1, q1, l1, v1)),
        distflow.cone(_own(flow, free, p2, q2, l2, v2)),
    ]
    r, x = net.r_pu[free], net.x_pu[free]
    gain = p2 @ sp.diags_array(r) + q2 @ sp.diags_array(x) - l2 @ sp.diags_array((r**2 + x**2) / 4)
    place = sp.csr_array(
        (np.ones(len(free)), (np.arange(len(free)), free)), shape=(len(free), net.n_branch)
    )
    return rows, gain @ place


def voltage_drop(flow: Flow, gain: Any) -> Any:
    """Branch-flow voltage drop with what second circuits add to the receiving voltage  # (1)."""
    net = flow.network
    drop = 2 * (flow.p @ sp.diags_array(net.r_pu) + flow.q @ sp.diags_array(net.x_pu))
    rise = flow.l @ sp.diags_array(net.r_pu**2 + net.x_pu**2)
    return flow.v @ net.receiving == flow.v @ net.sending - drop + rise + gain


def _part(flow: Flow, branch: IntArray, p: Any, q: Any, current: Any) -> Flow:
    """Return some branches of a flow, with their sending voltages as they are."""
    net = flow.network
    some = replace(
        net,
        parent=net.parent[branch],
        r_pu=net.r_pu[branch],
        x_pu=net.x_pu[branch],
        i_max_pu=net.i_max_pu[branch],
        scale=net.scale[branch],
        sending=net.sending[:, branch],
    )
    return Flow(some, p, q, current, flow.v)


def _own(flow: Flow, branch: IntArray, p: Any, q: Any, current: Any, v: Any) -> Flow:
    """Return some branches of a flow with sending voltages of their own."""
    some = _part(flow, branch, p, q, current)
    network = replace(some.network, sending=sp.eye_array(len(branch), format="csr"))
    return Flow(network, p, q, current, v)
