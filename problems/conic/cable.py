"""Owns the choice of a cable type for some lines: binaries, disjunctions by bounds, chosen network.

Every branch keeps the rows of its present impedance; a line with a choice gets a correction of its
voltage drop and of its losses, which the chosen type fixes. The type in place is a type like any
other: list it to let the line stay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from problems.conic.distflow import Flow
from problems.conic.network import FloatArray, Network
from problems.core.errors import ContentError

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class CableChoice:
    """Hold the lines that may be rebuilt and what each may become.

    Parameters
    ----------
    branch : (n_line,) int array
        Branches; branch k enters bus k + 1.
    r_pu, x_pu, i_max_pu : (n_line, n_type) float array
        Impedance and ampacity of each line as each type; ampacities must be finite.
    cost : (n_line, n_type) float array
        Price of each, in any currency.

    Raises
    ------
    ContentError
        If shapes differ or a value is not finite.
    """

    branch: IntArray
    r_pu: FloatArray
    x_pu: FloatArray
    i_max_pu: FloatArray
    cost: FloatArray

    def __post_init__(self) -> None:
        shape = self.cost.shape
        for name in ("r_pu", "x_pu", "i_max_pu", "cost"):
            values = getattr(self, name)
            if values.shape != shape or shape[0] != len(self.branch) or len(shape) != 2:
                raise ContentError(f"cables: {name} must have shape (n_line, n_type)")
            if not np.isfinite(values).all():
                raise ContentError(f"cables: {name} must be finite")


@dataclass(frozen=True, slots=True, eq=False)
class CableVariables:
    """Hold the variables of a choice.

    Attributes
    ----------
    choice : CableChoice
        What may be chosen.
    is_type : (n_line, n_type) cvxpy variable
        1 where a line becomes a type.
    drop, p_loss, q_loss : (n_hour, n_branch) cvxpy expression
        Corrections of voltage drop and losses; 0 on lines without a choice.
    """

    choice: CableChoice
    is_type: Any
    drop: Any
    p_loss: Any
    q_loss: Any

    @property
    def cost(self) -> Any:
        """Price of what is chosen."""
        return cp.sum(cp.multiply(self.choice.cost, self.is_type))


def cable_variables(network: Network, n_hour: int, choice: CableChoice) -> CableVariables:
    """Return fresh variables of a choice."""
    n_line = len(choice.branch)
    place = sp.csr_array(
        (np.ones(n_line), (np.arange(n_line), choice.branch)), shape=(n_line, network.n_branch)
    )
    drop, p_loss, q_loss = (cp.Variable((n_hour, n_line)) @ place for _ in range(3))
    is_type = cp.Variable(choice.cost.shape, boolean=True)
    return CableVariables(choice, is_type, drop, p_loss, q_loss)


def one_type(cables: CableVariables) -> Any:
    """Hold one type a line."""
    return cp.sum(cables.is_type, axis=1) == 1


def chosen_ampacity(flow: Flow, cables: CableVariables) -> Any:
    """Hold l <= sum of I_max^2 over the types chosen."""
    most = cp.sum(cp.multiply(cables.choice.i_max_pu**2, cables.is_type), axis=1)
    by_hour = np.ones((flow.l.shape[0], 1)) @ cp.reshape(most, (1, len(cables.choice.branch)), "F")
    return flow.l[:, cables.choice.branch] <= by_hour


def cable_rows(flow: Flow, cables: CableVariables, v_max_pu: float) -> list[Any]:
    """Fix the corrections of voltage drop and losses by the type chosen; one type, its ampacity.

    drop = -2 ((r_c - r) P + (x_c - x) Q) + (r_c^2 + x_c^2 - r^2 - x^2) l, p_loss = (r_c - r) l,
    q_loss = (x_c - x) l if a line becomes type c: each equation within bounds that its greatest
    ampacity implies, |P|, |Q| <= I_max v_max.
    """
    choice, net = cables.choice, flow.network
    branch = choice.branch
    p, q, square = flow.p[:, branch], flow.q[:, branch], flow.l[:, branch]
    base_r, base_x = net.r_pu[branch][:, None], net.x_pu[branch][:, None]
    more_r, more_x = choice.r_pu - base_r, choice.x_pu - base_x
    more_z2 = choice.r_pu**2 + choice.x_pu**2 - base_r**2 - base_x**2
    most_i = choice.i_max_pu.max(axis=1, keepdims=True)
    most_s = most_i * v_max_pu
    drop_scale = 2 * (np.abs(more_r) + np.abs(more_x)) * most_s + np.abs(more_z2) * most_i**2
    rows = [one_type(cables), chosen_ampacity(flow, cables)]
    for kind in range(choice.cost.shape[1]):

        def by_line(values: FloatArray, kind: int = kind) -> Any:
            return sp.diags_array(values[:, kind], format="csr")

        drop = -2 * (p @ by_line(more_r) + q @ by_line(more_x)) + square @ by_line(more_z2)
        for correction, value, scale in (
            (cables.drop, drop, drop_scale),
            (cables.p_loss, square @ by_line(more_r), np.abs(more_r) * most_i**2),
            (cables.q_loss, square @ by_line(more_x), np.abs(more_x) * most_i**2),
        ):
            # both sides lie within their own greatest size; twice the greatest of all types holds
            bound = scale.max(axis=1) + scale[:, kind]
            off = cp.multiply(bound, 1 - cables.is_type[:, kind])
            off = np.ones((p.shape[0], 1)) @ cp.reshape(off, (1, len(branch)), "F")
            rows += [correction[:, branch] - value <= off, value - correction[:, branch] <= off]
    return rows


def chosen_network(network: Network, cables: CableVariables) -> Network:
    """Return the network with the types that a solved model chose."""
    choice = cables.choice
    kind = np.argmax(cables.is_type.value, axis=1)
    line = np.arange(len(choice.branch))
    r_pu, x_pu, i_max_pu = network.r_pu.copy(), network.x_pu.copy(), network.i_max_pu.copy()
    r_pu[choice.branch] = choice.r_pu[line, kind]
    x_pu[choice.branch] = choice.x_pu[line, kind]
    i_max_pu[choice.branch] = choice.i_max_pu[line, kind]
    return replace(network, r_pu=r_pu, x_pu=x_pu, i_max_pu=i_max_pu)
