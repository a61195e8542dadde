"""Owns plans as the AC power flow sees them: cost, violation, reference flow, slopes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powerflow import power_flow
from powerflow.units import S_BASE_KVA, i_base_a
from problems.siting.certificate.case import Model, SitePlan

Floats = NDArray[np.float64]
_TOL_PU = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Hold a plan judged by the AC power flow.

    `cost_usd` is infinite where the flow did not converge; `excess` is the greatest violation of a
    voltage or current limit, per unit of the limit, 0 when feasible. `alpha` and `beta` are the
    branch flows over the squared voltage of the sending bus; `v` and `current` are squared.
    """

    plan: SitePlan
    cost_usd: float
    loss_pu: float
    excess: float
    v: Floats
    current: Floats
    alpha: Floats
    beta: Floats

    @property
    def is_feasible(self) -> bool:
        """Whether the flow converged within every limit."""
        return self.excess <= 0.0 and np.isfinite(self.cost_usd)


_COUNTS: ContextVar[tuple[list[int], ...]] = ContextVar("_COUNTS", default=())


@contextmanager
def counted_flows() -> Iterator[list[int]]:
    """Count the power flows of plans that run within; the list's sum is their number."""
    count: list[int] = []
    token = _COUNTS.set((*_COUNTS.get(), count))
    try:
        yield count
    finally:
        _COUNTS.reset(token)


def net_load(model: Model, plan: SitePlan, q: Floats) -> tuple[Floats, Floats]:
    """Return p and q of shape (n_case, n_bus) with the plan's devices, sizes q (n_case, n_bank)."""
    p_net = model.p.copy()
    if model.n_free:
        p_net[list(plan.station_buses)] += model.station
    q_net = np.tile(model.q, (q.shape[0], 1))
    q_net[:, list(plan.bank_buses)] -= q
    return p_net, q_net


def note_flows(n: int) -> None:
    """Count power flows that are run elsewhere for a proof: see `counted_flows`."""
    for count in _COUNTS.get():
        count.append(n)


def run_flow(model: Model, plan: SitePlan, q: Floats) -> tuple[Floats, Floats, Floats]:
    """Return squared voltages and currents (n_case, n_bus) and losses (n_case,), NaN if none."""
    note_flows(len(q))
    p_net, q_net = net_load(model, plan, q)
    feeder = model.case.feeder
    flow = power_flow(
        feeder,
        p_net * S_BASE_KVA,
        q_net * S_BASE_KVA,
        tol_pu=_TOL_PU,
        outputs=("v_pu", "i_a"),
    )
    assert flow.v_pu is not None
    assert flow.i_a is not None
    current = (flow.i_a / i_base_a(feeder.base_kv)) ** 2
    return flow.v_pu**2, current, current @ model.r


def _excess(model: Model, v: Floats, current: Floats) -> float:
    """Return the greatest violation per unit of its limit."""
    worst = max(float(np.sqrt(v.max() / model.v_max)) - 1.0, 0.0)
    if model.v_min > 0.0:
        worst = max(worst, 1.0 - float(np.sqrt(v.min() / model.v_min)))
    worst = max(worst, float(np.sqrt((current[1:] / model.l_max[1:]).max())) - 1.0)
    # a limit met to the power flow's own accuracy is met
    return worst if worst > 1e-9 else 0.0


def judge(model: Model, plan: SitePlan) -> Trial:
    """Run the AC power flow of one plan and return its cost, violation and reference flow."""
    sizes = np.array([plan.kvar], dtype=np.float64)
    v_all, l_all, loss = run_flow(model, plan, sizes)
    v, current = v_all[0], l_all[0]
    if not np.isfinite(loss[0]):
        nothing = np.zeros(model.n_bus)
        return Trial(plan, np.inf, np.inf, np.inf, nothing, nothing, nothing, nothing)
    p, q = net_load(model, plan, sizes)
    q = q[0]
    for j in range(model.n_bus - 1, 0, -1):
        p[j] += model.r[j] * current[j]
        q[j] += model.x[j] * current[j]
        p[model.parent[j]] += p[j]
        q[model.parent[j]] += q[j]
    sending = v[np.maximum(model.parent, 0)]
    p[0] = q[0] = 0.0
    loss_pu = float(loss[0])
    cost = model.usd_loss * loss_pu + money_usd(model, len(plan.kvar), float(sizes.sum()))
    cost += places_usd(model, plan)
    excess = _excess(model, v, current)
    return Trial(plan, cost, loss_pu, excess, v, current, p / sending, q / sending)


def money_usd(model: Model, n_bank: int, q: float) -> float:
    """Return what banks of together `q` per unit cost."""
    return model.usd_bank * n_bank + model.usd_q * q


def places_usd(model: Model, plan: SitePlan) -> float:
    """Return what a plan's stations and banks cost for the buses they stand at."""
    stations = float(model.usd_station_at[list(plan.station_buses)].sum())
    return stations + float(model.usd_bank_at[list(plan.bank_buses)].sum())


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """Hold derivatives by bank size: `loss` (n_bank,); `v` and `current` (n_bank, n_bus)."""

    loss: Floats
    v: Floats
    current: Floats


def slopes(model: Model, plan: SitePlan, sizes: Floats) -> Slopes:
    """Differentiate losses, squared voltages and squared currents by central differences."""
    n_bank = sizes.shape[0]
    h = 1e-3
    shifted = np.concatenate([sizes + h * np.eye(n_bank), sizes - h * np.eye(n_bank)])
    v, current, loss = run_flow(model, plan, shifted)
    up, down = slice(0, n_bank), slice(n_bank, 2 * n_bank)
    return Slopes(
        (loss[up] - loss[down]) / (2 * h),
        (v[up] - v[down]) / (2 * h),
        (current[up] - current[down]) / (2 * h),
    )
