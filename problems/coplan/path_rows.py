"""Owns the linear rows that no choice of cables can escape: voltage and ampacity along paths.

Flows are frozen at the least they can be: with the smallest impedances still allowed. The rows then
are valid for every choice, as long as loads consume; they are exact where the choice has those
impedances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powerflow.units import S_BASE_KVA, i_base_a, z_base_ohm
from problems.coplan.choices import Choices
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
    relief : float array
        Apparent power that storage below may take off each branch.
    """

    p: FloatArray
    q: FloatArray
    l: FloatArray  # noqa: E741 the paper's letter
    v_high: FloatArray
    relief: FloatArray


def least_flow(
    scenario: Scenario,
    r_ohm: FloatArray,
    x_ohm: FloatArray,
    relief_kva: FloatArray | None = None,
    budget: Budget | None = None,
    buses: NDArray[np.bool_] | None = None,
) -> LeastFlow:
    """Return lower bounds of all flows when impedances are at least these.

    Parameters
    ----------
    r_ohm, x_ohm : (n_bus,) float array
        Least impedance of every line.
    relief_kva : (n_bus,) float array, optional
        Greatest apparent power of all storage below each branch; none by default.
    budget : Budget, optional
        What the choices may cost together, which keeps losses from being least everywhere.
    buses : (n_bus,) bool array, optional
        Mask of the one feeder behind the source that is asked for; the rest holds nothing then.
    """
    feeder, parent = scenario.feeder, scenario.feeder.parent
    z_base = z_base_ohm(feeder.base_kv)
    r, x = r_ohm / z_base, x_ohm / z_base
    relief = np.zeros(feeder.n_bus) if relief_kva is None else relief_kva / S_BASE_KVA
    shape = scenario.p_kw.shape
    v_source = scenario.v_source_pu**2
    v_cap = np.maximum(v_source, scenario.v_max_pu**2) if relief.any() else v_source
    v_high = np.broadcast_to(v_cap[:, None], shape).copy()
    order = np.arange(1, feeder.n_bus) if buses is None else np.flatnonzero(buses)
    for _ in range(PASSES):
        p, q = scenario.p_kw / S_BASE_KVA, scenario.q_kvar / S_BASE_KVA
        l = np.zeros(shape)  # noqa: E741
        p_loss, q_loss = (_Losses(scenario, z, budget) for z in (r, x))
        for k in order[::-1].tolist():
            at_p, at_q = p[:, k] + p_loss.below(k), q[:, k] + q_loss.below(k)
            s = np.maximum(np.hypot(at_p, at_q) - relief[k], 0.0)
            l[:, k] = s**2 / v_high[:, k]
            p[:, parent[k]] += p[:, k]
            q[:, parent[k]] += q[:, k]
            p_loss.add(k, l[:, k], None if budget is None else budget.choices.r_ohm / z_base)
            q_loss.add(k, l[:, k], None if budget is None else budget.choices.x_ohm / z_base)
            p[:, k], q[:, k] = at_p, at_q
        before = v_high.copy()
        for k in order.tolist():
            drop = _drop(r[k], x[k], p[:, k], q[:, k], l[:, k], relief[k])
            v_high[:, k] = np.minimum(v_high[:, parent[k]] - drop, v_cap)
        if (v_high <= 1e-3).any() or np.abs(v_high - before).max() < PASS_TOL:
            break
    return LeastFlow(p, q, l, v_high, np.broadcast_to(relief, shape))


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


def _drop(
    r: FloatArray,
    x: FloatArray,
    p: FloatArray,
    q: FloatArray,
    l: FloatArray,  # noqa: E741
    relief: FloatArray,
) -> FloatArray:
    """Return the least drop of squared voltage, flows at the receiving end  # (4)."""
    drop: FloatArray = 2.0 * (r * p + x * q) + (r * r + x * x) * l - 2.0 * relief * np.hypot(r, x)
    return drop


@dataclass(frozen=True, slots=True, eq=False)
class PathRows:
    """Hold rows `coefficient @ z <= room`, (n_row, n_choice) and (n_row,).

    Attributes
    ----------
    is_ampacity : (n_row,) bool array
        Whether the row is of a current, else of a voltage.
    hour, branch : (n_row,) int array
        Hour, and bus or line the row is about.
    """

    coefficient: FloatArray
    room: FloatArray
    is_ampacity: NDArray[np.bool_]
    hour: NDArray[np.int64]
    branch: NDArray[np.int64]

    def violated(self, z: FloatArray, tol: float = 1e-9) -> NDArray[np.int64]:
        """Return the rows that a choice violates."""
        found: NDArray[np.int64] = np.flatnonzero(self.coefficient @ z > self.room + tol)
        return found


def path_rows(
    scenario: Scenario, choices: Choices, flow: LeastFlow, buses: NDArray[np.bool_]
) -> PathRows:
    """Return all rows of the buses in a mask that some choice can violate.

    For bus j: the drops on its path sum to at most v0^2 - v_min^2  # (13), (17). For line k from
    bus i with limit I_c: |S_k|^2 <= I_c^2 v_i  # (6), (12), (18), v_i by the drops on its path.
    """
    feeder, n_choice = scenario.feeder, len(choices.branch)
    z_base, i_base = z_base_ohm(feeder.base_kv), i_base_a(feeder.base_kv)
    r_new, x_new = choices.r_ohm / z_base, choices.x_ohm / z_base
    r, x, limit = feeder.r_ohm / z_base, feeder.x_ohm / z_base, feeder.ampacity_a / i_base
    is_candidate = np.zeros(feeder.n_bus, dtype=bool)
    is_candidate[choices.branch] = True
    at = choices.branch
    new_drop = _drop(r_new, x_new, flow.p[:, at], flow.q[:, at], flow.l[:, at], flow.relief[:, at])
    old_drop = _drop(r, x, flow.p, flow.q, flow.l, flow.relief)
    old_drop[:, is_candidate] = 0.0
    v_source = scenario.v_source_pu**2
    # coefficients and constant part of the drop from the source to each bus
    path = np.zeros((feeder.n_bus, n_choice), dtype=bool)
    fixed = np.zeros(scenario.p_kw.shape)
    for k in range(1, feeder.n_bus):
        path[k] = path[feeder.parent[k]]
        path[k, choices.of(k)] = True
        fixed[:, k] = fixed[:, feeder.parent[k]] + old_drop[:, k]
    parts: list[tuple[FloatArray, float, bool, int, int]] = []
    for k in np.flatnonzero(buses).tolist():
        i = int(feeder.parent[k])
        own = choices.of(k)
        room = v_source - scenario.v_min_pu**2 - fixed[:, k]
        parts += _useful(path[k] * new_drop, room, choices, False, k)
        if len(own) == 0 and not np.isfinite(limit[k]):
            continue
        coefficient = path[i] * new_drop
        room = v_source - fixed[:, i]
        s_p, s_q = flow.p[:, k], flow.q[:, k]
        if len(own):
            l_k = flow.l[:, k, None]
            size = np.hypot(s_p[:, None] + r_new[own] * l_k, s_q[:, None] + x_new[own] * l_k)
            size = np.maximum(size - flow.relief[:, k, None], 0.0)
            coefficient = coefficient.copy()
            coefficient[:, own] = (size * i_base / choices.limit_a[own]) ** 2
        else:
            size = np.hypot(s_p + r[k] * flow.l[:, k], s_q + x[k] * flow.l[:, k])
            room = room - (np.maximum(size - flow.relief[:, k], 0.0) / limit[k]) ** 2
        parts += _useful(coefficient, room, choices, True, k)
    if not parts:
        return PathRows(
            np.zeros((0, n_choice)), np.zeros(0), np.zeros(0, bool), np.zeros(0, np.int64),
            np.zeros(0, np.int64),
        )  # fmt: skip
    coefficients, rooms, kinds, hours, branches = zip(*parts, strict=True)
    return PathRows(
        np.array(coefficients), np.array(rooms), np.array(kinds, dtype=bool),
        np.array(hours, dtype=np.int64), np.array(branches, dtype=np.int64),
    )  # fmt: skip


def _useful(
    coefficient: FloatArray, room: FloatArray, choices: Choices, is_ampacity: bool, branch: int
) -> list[tuple[FloatArray, float, bool, int, int]]:
    """Return the hours whose row the worst choice of every line violates."""
    worst = np.zeros(len(room))
    for k in choices.candidates:
        worst += coefficient[:, choices.of(k)].max(axis=1)
    return [
        (coefficient[hour], float(room[hour]), is_ampacity, int(hour), int(branch))
        for hour in np.flatnonzero(worst > room + 1e-12)
    ]
