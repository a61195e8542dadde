"""Owns the local model of a siting problem: what candidates near a plan are worth, by derivatives.

Losses, squared voltages and squared currents are taken to second order around the plan's AC power
flow, exactly (`problems.siting.tangent`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heuristics.problem import Evaluation, Space
from powerflow import Feeder, Limits
from powerflow.units import S_BASE_KVA, i_base_a
from problems.siting import local_kernels
from problems.siting.tangent import Tangent, tangent

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MARGIN = 5e-7
"""How far inside a limit sizes are aimed, per unit of the limit: a few tolerances of the flow."""


@dataclass(frozen=True, slots=True, eq=False)
class SitingTask:
    """Hold what the local model needs of a siting problem beside the plan.

    Attributes
    ----------
    feeder : Feeder
    base_p_kw, base_q_kvar : (n_state, n_bus) float array
        Loads that stay, settled stations among them.
    station_kw : (n_state,) float array
        Demand of one free station.
    usd_per_loss_kw : (n_state,) float array
        Present value of one kW of losses saved in each state.
    base_loss_kw : (n_state,) float array
        Losses that savings are counted from.
    usd_fixed, usd_per_bank, usd_per_kvar : float
        Present cost of the stations, of each bank, of each kvar.
    candidates : (n_candidate,) int array
    space : Space
    n_station, n_bank : int
    kvar_min, kvar_max, kvar_step : float
        Step 0 for continuous sizes.
    is_at_most : bool
    limits : Limits
    """

    feeder: Feeder
    base_p_kw: Floats
    base_q_kvar: Floats
    station_kw: Floats
    usd_per_loss_kw: Floats
    base_loss_kw: Floats
    usd_fixed: float
    usd_per_bank: float
    usd_per_kvar: float
    candidates: Ints
    space: Space
    n_station: int
    n_bank: int
    kvar_min: float
    kvar_max: float
    kvar_step: float
    is_at_most: bool
    limits: Limits


@dataclass(frozen=True, slots=True, eq=False)
class SitingModel:
    """The objective and the limits of a siting problem to second order around one plan.

    Implements `heuristics.problem.LocalModel`. Arrays as `problems.siting.local_kernels` says.
    """

    task: SitingTask
    constant: float
    slope: Floats
    bend: Floats
    flow: Floats
    seen: Floats
    of_rest: Floats
    v_sending: Floats
    flow_0: Floats
    seen_0: Floats
    limit: Floats
    kind: Ints
    n_con: int

    def predict(self, x: Floats) -> Evaluation:
        """Return predicted objective and constraints of rows (n, n_var)."""
        task = self.task
        f, g = local_kernels.predict(
            np.ascontiguousarray(x), task.n_station, task.n_bank, self.constant, self.slope,
            self.bend, task.usd_per_bank, self.flow, self.seen, self.of_rest, self.v_sending,
            self.flow_0, self.seen_0, self.limit, self.kind, self.n_con,
        )  # fmt: skip
        return Evaluation(f, g)

    def refine(self, x: Floats) -> Floats:
        """Return the rows with their banks resized to the model's optimum within the limits."""
        task = self.task
        if task.n_bank == 0 or task.kvar_min == task.kvar_max:
            return x.copy()
        return task.space.snap(
            local_kernels.refine(
                np.ascontiguousarray(x), task.n_station, task.n_bank, self.slope, self.bend,
                self.flow, self.seen, self.of_rest, self.v_sending, self.flow_0, self.seen_0,
                self.limit, self.kind, MARGIN, 1e-3 * task.kvar_min, 1e-3 * task.kvar_max,
            )
        )  # fmt: skip

    def neighbors(self, x: Floats) -> Floats:
        """Return the rows that differ from x (n_var,) in one asset.

        A station or bank stands at another free bus; a bank is not built; one more is, of the size
        that the model holds best there; a bank in steps is one step larger or smaller.
        """
        task = self.task
        n_free, n_bank, every = task.n_station, task.n_bank, np.arange(len(task.candidates))
        sizes = x[n_free + n_bank :]
        is_built = sizes > 0.0
        taken = x[n_free : n_free + n_bank][is_built]
        rows = []
        for column in range(n_free):
            rows.append(_with(x, column, np.setdiff1d(every, x[:n_free])))
        free = np.setdiff1d(every, taken)
        for bank in range(n_bank):
            column, size = n_free + bank, n_free + n_bank + bank
            if is_built[bank]:
                rows.append(_with(x, column, free))
                if task.is_at_most:
                    rows.append(_with(x, size, np.zeros(1)))
                if task.kvar_step > 0.0:
                    steps = sizes[bank] + task.kvar_step * np.array([-1.0, 1.0])
                    is_inside = (steps > task.kvar_min - 1e-6) & (steps < task.kvar_max + 1e-6)
                    rows.append(_with(x, size, steps[is_inside]))
        unbuilt = np.flatnonzero(~is_built)
        if len(unbuilt):
            column = n_free + int(unbuilt[0])
            added = _with(x, column, free)
            added[:, column + n_bank] = self._best_new_sizes(x, free)
            rows.append(added)
        if not rows:
            return np.empty((0, len(x)))
        return task.space.snap(np.concatenate(rows))

    def _best_new_sizes(self, x: Floats, free: Ints) -> Floats:
        """Return the size in kvar of one more bank, alone, at each free candidate."""
        task = self.task
        column, amount = local_kernels.devices(
            x, task.n_station, task.n_bank, len(task.candidates)
        )
        new = len(task.candidates) + free
        slope = self.slope[new].copy()
        for c, a in zip(column, amount, strict=True):
            slope += a * self.bend[new, c]
        best = -1e3 * slope / self.bend[new, new]
        return np.clip(np.nan_to_num(best, posinf=0.0, neginf=0.0), task.kvar_min, task.kvar_max)


def _with(x: Floats, column: int, values: NDArray[np.generic]) -> Floats:
    """Return copies of x with the values in one column."""
    rows = np.tile(x, (len(values), 1))
    rows[:, column] = values
    return rows


def make_siting_model(task: SitingTask, x: Floats) -> SitingModel | None:
    """Return the model around the row x (n_var,); None where a load state has no power flow."""
    n_candidate = len(task.candidates)
    n_state = len(task.station_kw)
    column, amount = local_kernels.devices(x, task.n_station, task.n_bank, n_candidate)
    bus = task.candidates[column % n_candidate]
    is_station = column < n_candidate
    limit, kind, branches, n_con = _limits(task)
    constant, slope = task.usd_fixed, np.zeros(2 * n_candidate)
    bend = np.zeros((2 * n_candidate, 2 * n_candidate))
    kept = []
    for s in range(n_state):
        p_kw, q_kvar = task.base_p_kw[s].copy(), task.base_q_kvar[s].copy()
        np.add.at(p_kw, bus[is_station], task.station_kw[s])
        np.add.at(q_kvar, bus[~is_station], -S_BASE_KVA * amount[~is_station])
        at = tangent(task.feeder, p_kw, q_kvar)
        if at is None:
            return None
        station = task.station_kw[s] / S_BASE_KVA
        flow = np.stack([_columns(by, task.candidates, station) for by in (at.p_by, at.q_by)])
        seen = np.concatenate(
            [
                _columns(at.v_by, task.candidates, station),
                _columns(at.current_by, task.candidates, station)[:, branches],
            ],
            axis=1,
        )
        loss_by = _columns(at.loss_by[:, :, np.newaxis], task.candidates, station)[:, 0]
        usd = task.usd_per_loss_kw[s] * S_BASE_KVA
        bend_s = local_kernels.hessian(flow, at.loss_of_rest / at.v_sending)
        back = np.zeros(2 * n_candidate)
        flow_0, seen_0 = np.zeros_like(flow[:, 0]), _seen_at(at, branches)
        for c, a in zip(column, amount, strict=True):
            back += a * bend_s[c]
            flow_0 -= a * flow[:, c]
            seen_0 -= a * seen[c]
        constant += usd * (at.loss - task.base_loss_kw[s] / S_BASE_KVA)
        for c, a in zip(column, amount, strict=True):
            constant += usd * a * (0.5 * back[c] - loss_by[c])
        slope += usd * (loss_by - back)
        bend += usd * bend_s
        of_rest = np.concatenate([at.v_of_rest, at.current_of_rest[:, branches]], axis=1)
        kept.append((flow, seen, of_rest, at.v_sending, flow_0, seen_0))
    slope[n_candidate:] += S_BASE_KVA * task.usd_per_kvar
    return SitingModel(
        task, float(constant), slope, bend, *(np.stack(parts) for parts in zip(*kept, strict=True)),
        limit, kind, n_con,
    )  # fmt: skip


def _columns(by: Floats, candidates: Ints, station: float) -> Floats:
    """Return derivatives by device columns: stations, then banks of one unit."""
    return np.concatenate([station * by[0, candidates], -by[1, candidates]])


def _seen_at(at: Tangent, branches: Ints) -> Floats:
    return np.concatenate([at.v, at.current[branches]])


def _limits(task: SitingTask) -> tuple[Floats, Ints, Ints, int]:
    """Return limits and kinds of `local_kernels.predict`, limited branches, constraint count."""
    feeder, limits = task.feeder, task.limits
    branches = np.flatnonzero(np.isfinite(feeder.ampacity_a))
    limit, kind = [], []
    n_con = 0
    if limits.v_min_pu > 0.0:
        limit += [(bus, limits.v_min_pu**2) for bus in range(feeder.n_bus)]
        kind += [(n_con, 1)] * feeder.n_bus
        n_con += 1
    limit += [(bus, limits.v_max_pu**2) for bus in range(feeder.n_bus)]
    kind += [(n_con, 0)] * feeder.n_bus
    n_con += 1
    if len(branches):
        share = limits.loading_max_pct / 100.0 / i_base_a(feeder.base_kv)
        limit += [
            (feeder.n_bus + i, (share * feeder.ampacity_a[branch]) ** 2)
            for i, branch in enumerate(branches)
        ]
        kind += [(n_con, 0)] * len(branches)
        n_con += 1
    return np.array(limit, dtype=np.float64), np.array(kind, dtype=np.int64), branches, n_con
