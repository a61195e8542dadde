"""Owns lower bounds of all flows of a feeder whose lines are not chosen yet.

Every line has the least impedance still allowed, and storage takes off what it can. The bounds hold
for every choice of lines, as long as loads consume.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powerflow.units import S_BASE_KVA, z_base_ohm
from problems.coplan.choices import Choices
from problems.coplan.relief import Relief
from problems.coplan.scenario import Scenario

FloatArray = NDArray[np.float64]
PASSES, PASS_TOL = 30, 1e-9
"""Of the fixed point of the least flow: every pass is a bound, and each tightens the last by about
the relative voltage drop."""

N_PRICE = 13


@dataclass(frozen=True, slots=True, eq=False)
class LeastFlow:
    """Hold lower bounds of the flow into each bus, per unit, (n_hour, n_bus) each.

    Attributes
    ----------
    p, q : float array
        Power at the receiving end of the branch into each bus, without storage.
    l : float array
        Squared current.
    v_high : float array
        Upper bound of the squared voltage; not positive where no power flow exists.
    relief : Relief
        What storage may take off each branch.
    """

    p: FloatArray
    q: FloatArray
    l: FloatArray  # noqa: E741 the paper's letter
    v_high: FloatArray
    relief: Relief


def least_flow(
    scenario: Scenario,
    r_ohm: FloatArray,
    x_ohm: FloatArray,
    relief_kw: Relief | None = None,
    budget: Budget | None = None,
    buses: NDArray[np.bool_] | None = None,
) -> LeastFlow:
    """Return lower bounds of all flows when impedances are at least these.

    Parameters
    ----------
    r_ohm, x_ohm : (n_bus,) float array
        Least impedance of every line.
    relief_kw : Relief, optional
        Of all storage; none by default.
    budget : Budget, optional
        What the choices may cost together, which keeps losses from being least everywhere.
    buses : (n_bus,) bool array, optional
        Mask of the one feeder behind the source that is asked for; the rest holds nothing then.
    """
    feeder, parent = scenario.feeder, scenario.feeder.parent
    z_base = z_base_ohm(feeder.base_kv)
    r, x = r_ohm / z_base, x_ohm / z_base
    relief = (relief_kw or Relief.none(scenario.n_hour)).times(1.0 / S_BASE_KVA)
    shape = scenario.p_kw.shape
    v_source = scenario.v_source_pu**2
    v_cap = np.maximum(v_source, scenario.v_max_pu**2) if relief.s > 0.0 else v_source
    v_high = np.broadcast_to(v_cap[:, None], shape).copy()
    order = np.arange(1, feeder.n_bus) if buses is None else np.flatnonzero(buses)
    for _ in range(PASSES):
        p, q = scenario.p_kw / S_BASE_KVA, scenario.q_kvar / S_BASE_KVA
        l = np.zeros(shape)  # noqa: E741
        p_loss, q_loss = (_Losses(scenario, z, budget) for z in (r, x))
        for k in order[::-1].tolist():
            at_p, at_q = p[:, k] + p_loss.below(k), q[:, k] + q_loss.below(k)
            l[:, k] = relief.least_size(at_p, at_q) ** 2 / v_high[:, k]
            p[:, parent[k]] += p[:, k]
            q[:, parent[k]] += q[:, k]
            p_loss.add(k, l[:, k], None if budget is None else budget.choices.r_ohm / z_base)
            q_loss.add(k, l[:, k], None if budget is None else budget.choices.x_ohm / z_base)
            p[:, k], q[:, k] = at_p, at_q
        before = v_high.copy()
        for k in order.tolist():
            drop = least_drop(r[k], x[k], p[:, k], q[:, k], l[:, k], relief)
            v_high[:, k] = np.minimum(v_high[:, parent[k]] - drop, v_cap)
        if (v_high <= 1e-3).any() or np.abs(v_high - before).max() < PASS_TOL:
            break
    return LeastFlow(p, q, l, v_high, relief)


@dataclass(frozen=True, slots=True, eq=False)
class Budget:
    """Hold the choices of a feeder and what they may cost together."""

    choices: Choices
    usd: float


class _Losses:
    """Sum up the least losses of the lines below each bus.

    With a budget B the least of sum(z l) over choices of cost at most B is bounded from below, for
    any price m >= 0, by sum of min over c of (z_c l + m cost_c), less m B (Lagrange). Each line is
    added once, after all lines below it.
    """

    def __init__(self, scenario: Scenario, least: FloatArray, budget: Budget | None) -> None:
        self.parent, self.least, self.budget = scenario.feeder.parent, least, budget
        self.price = np.zeros(1)
        if budget is not None and budget.usd > 0.0:
            # per unit of loss per USD: around the load over the budget
            scale = float(scenario.p_kw.sum(axis=1).max()) / S_BASE_KVA / budget.usd
            self.price = np.concatenate([[0.0], scale * np.geomspace(1e-4, 1e0, N_PRICE)])
        n_hour, n_bus = scenario.p_kw.shape
        self.total = np.zeros((n_bus, n_hour, len(self.price)))

    def below(self, k: int) -> FloatArray:
        """Return the least losses below bus k, (n_hour,)."""
        spent = self.price * (0.0 if self.budget is None else self.budget.usd)
        most: FloatArray = (self.total[k] - spent).max(axis=1)
        return most

    def add(self, k: int, l: FloatArray, choices_z: FloatArray | None) -> None:  # noqa: E741
        """Add the line into bus k, whose squared current is at least `l`."""
        own = np.zeros(0, dtype=np.int64)
        if self.budget is not None and choices_z is not None:
            own = self.budget.choices.of(k)
        line = (self.least[k] * l)[:, None] + np.zeros_like(self.price)
        if self.budget is not None and choices_z is not None and len(own):
            cost = self.budget.choices.cost_usd[own]
            each = choices_z[own, None, None] * l[:, None] + cost[:, None, None] * self.price
            line = each.min(axis=0)
        self.total[self.parent[k]] += self.total[k] + line


def least_drop(
    r: FloatArray,
    x: FloatArray,
    p: FloatArray,
    q: FloatArray,
    l: FloatArray,  # noqa: E741
    relief: Relief,
) -> FloatArray:
    """Return the least drop of squared voltage, flows at the receiving end  # (4)."""
    drop: FloatArray = 2.0 * (r * p + x * q) + (r * r + x * x) * l - 2.0 * relief.most_drop(r, x)
    return drop
