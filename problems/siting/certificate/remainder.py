"""Owns the remainder identity: loss and floor prices as a linear form plus weighted squares.

Derivation and symbols: docs/certificate.md, section 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from powerflow.jit import kernel
from problems.siting.certificate.case import Model

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Hold the point at which the identity is taken; each (n_bus,), per unit.

    Any point gives a true identity; that of an AC flow makes the bound tight there.

    Parameters
    ----------
    alpha, beta : float array
        Active and reactive branch flow over the squared voltage of the sending bus.
    price : float array
        Price of a bus's squared voltage: positive against the floor, negative against the ceiling.
    rent : float array
        Price of a branch's squared current against its limit, not negative.
    """

    alpha: Floats
    beta: Floats
    price: Floats
    rent: Floats

    def mix(self, other: Reference, share: float) -> Reference:
        """Return the point at `share` of the way to `other`."""
        return Reference(
            self.alpha + share * (other.alpha - self.alpha),
            self.beta + share * (other.beta - self.beta),
            self.price + share * (other.price - self.price),
            self.rent + share * (other.rent - self.rent),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Remainder:
    """Hold one identity that every AC solution of the model satisfies.

    ``loss + sum rent_j l_j - sum price_i v_i = constant + sum p_cost_j P0_j + q_cost_j Q0_j + sum
    weight_j ((P_j - alpha_j v)^2 + (Q_j - beta_j v)^2) / v`` with l the squared currents, v the
    squared voltage at the branch's parent, P_j, Q_j its sending-end flow and P0_j, Q0_j the net
    load behind it without losses. All per unit, shape (n_bus,), entry 0 of branches unused.
    """

    reference: Reference
    weight: Floats
    p_cost: Floats
    q_cost: Floats
    constant: float


Array: TypeAlias = Any
"""Arrays inside kernels: numba has no types for a checker to follow."""


@kernel
def _solve(
    parent: Array,
    r: Array,
    x: Array,
    alpha: Array,
    beta: Array,
    price: Array,
    rent: Array,
    weight: Array,
    p_cost: Array,
    q_cost: Array,
    y_sum: Array,
    max_round: int,
) -> float:
    """Fill weights and costs by fixed point; return the last change of a weight."""
    n_bus = parent.shape[0]
    p_path = np.zeros(n_bus)
    q_path = np.zeros(n_bus)
    change = np.inf
    for k in range(n_bus):
        weight[k] = r[k] + rent[k]
    for _ in range(max_round):
        for k in range(n_bus):
            y_sum[k] = -price[k]
        for k in range(n_bus - 1, 0, -1):
            # the children's weights stand at their sending bus, so they enter the parent's own y
            y_sum[parent[k]] += y_sum[k] - weight[k] * (alpha[k] ** 2 + beta[k] ** 2)
        change = 0.0
        for k in range(1, n_bus):
            p_cost[k] = 2.0 * (weight[k] * alpha[k] - y_sum[k] * r[k])
            q_cost[k] = 2.0 * (weight[k] * beta[k] - y_sum[k] * x[k])
            p_path[k] = p_path[parent[k]] + p_cost[k]
            q_path[k] = q_path[parent[k]] + q_cost[k]
            new = (
                r[k]
                + rent[k]
                + y_sum[k] * (r[k] ** 2 + x[k] ** 2)
                + r[k] * p_path[k]
                + x[k] * q_path[k]
            )
            change = max(change, abs(new - weight[k]))
            weight[k] = new
        if change < 1e-17 or not change < 1e6:
            break
    return change


def make_remainder(model: Model, reference: Reference) -> Remainder | None:
    """Solve for the weights that cancel every squared current.

    Returns
    -------
    Remainder or None
        None if the fixed point does not settle or a weight is negative, where the squares bound
        nothing.
    """
    weight, p_cost, q_cost, y_sum = (np.zeros(model.n_bus) for _ in range(4))
    change = _solve(
        model.parent, model.r, model.x,
        reference.alpha, reference.beta, reference.price, reference.rent,
        weight, p_cost, q_cost, y_sum, 200,
    )  # fmt: skip
    if not change < 1e-13 or bool((weight < 0.0).any()):
        return None
    return Remainder(reference, weight, p_cost, q_cost, model.v_source * float(y_sum[0]))
