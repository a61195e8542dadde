"""Owns the sizes: the best ones for given buses, and the prices that make them stationary."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, nnls

from problems.siting.certificate.ac import Trial, judge, run_flow, slopes
from problems.siting.certificate.case import Model, SitePlan

Floats = NDArray[np.float64]

_N_ROW = 24
_INSIDE = 2e-6
"""How far inside the limits sizes are placed (100 times squared per unit), so that a power flow
of ordinary tolerance agrees that the plan is feasible."""


def polish(model: Model, start: Trial) -> Trial:
    """Return the plan with its sizes moved to the best ones of the same buses (a local optimum).

    Steps are ignored: the sizes are continuous here. Limits are held at the buses nearest to them
    at the start, and at every branch with a known ampacity.
    """
    plan = start.plan
    n_bank = len(plan.kvar)
    if n_bank == 0 or model.q_span == 0.0 or not np.isfinite(start.cost_usd):
        return start
    top = model.q_min + model.q_span
    # Where next to nothing is lost, the price of the sizes sets the scale of the cost.
    scale = max(model.usd_loss * start.loss_pu, model.usd_q * top, 1.0)
    lowest = np.argsort(start.v)[: _N_ROW if model.v_min > 0.0 else 0]
    highest = np.argsort(-start.v)[: _N_ROW if np.isfinite(model.v_max) else 0]
    highest = highest[start.v[highest] > model.v_max - 0.02]
    limited = np.flatnonzero(np.isfinite(model.l_max))

    def cost(q: Floats) -> float:
        _, _, loss = run_flow(model, plan, q[None, :])
        if not np.isfinite(loss[0]):
            return 1e6
        return float(model.usd_loss * loss[0] + model.usd_q * q.sum()) / scale

    def cost_slope(q: Floats) -> Floats:
        return (model.usd_loss * slopes(model, plan, q).loss + model.usd_q) / scale

    def room(q: Floats) -> Floats:
        v, current, _ = run_flow(model, plan, q[None, :])
        parts = [
            v[0, lowest] - model.v_min,
            model.v_max - v[0, highest],
            1.0 - current[0, limited] / model.l_max[limited],
        ]
        return 100.0 * np.concatenate(parts) - _INSIDE

    def room_slope(q: Floats) -> Floats:
        by = slopes(model, plan, q)
        parts = [
            by.v[:, lowest],
            -by.v[:, highest],
            -by.current[:, limited] / model.l_max[limited],
        ]
        return 100.0 * np.concatenate(parts, axis=1).T

    rows: Any = [{"type": "ineq", "fun": room, "jac": room_slope}]
    n_row = lowest.size + highest.size + limited.size
    objective: Any = cost
    answer = minimize(
        objective,
        np.array(plan.kvar),
        jac=cost_slope,
        method="SLSQP",
        bounds=[(model.q_min, top)] * n_bank,
        constraints=rows if n_row else [],
        options={"maxiter": 60, "ftol": 1e-13},
    )
    if not np.isfinite(answer.x).all():
        return start
    sizes = np.clip(answer.x, model.q_min, top)
    end = judge(model, SitePlan(plan.station_buses, plan.bank_buses, tuple(sizes.tolist())))
    return min(start, end, key=lambda t: (t.excess, t.cost_usd))


def prices_at(model: Model, trial: Trial) -> tuple[Floats, Floats]:
    """Return prices of voltages and rents of currents that make the trial's sizes stationary.

    Nonnegative least squares over the limits that bind, sizes included; exact where the trial is a
    local optimum, only less useful elsewhere. Signs as in `Reference`.
    """
    price, rent = np.zeros(model.n_bus), np.zeros(model.n_bus)
    n_bank = len(trial.plan.kvar)
    near = 2e-5
    low = np.flatnonzero(trial.v < model.v_min + near)
    high = np.flatnonzero(trial.v > model.v_max - near)
    full = np.flatnonzero(trial.current > model.l_max * (1.0 - near))
    if n_bank == 0 or low.size + high.size + full.size == 0:
        return price, rent
    sizes = np.array(trial.plan.kvar)
    by = slopes(model, trial.plan, sizes)
    at_least = np.eye(n_bank)[sizes < model.q_min + 1e-6]
    at_most = -np.eye(n_bank)[sizes > model.q_min + model.q_span - 1e-6]
    columns = np.concatenate(
        [by.v[:, low].T, -by.v[:, high].T, -by.current[:, full].T, at_least, at_most]
    ).T
    found = nnls(columns, by.loss + model.usd_q / model.usd_loss)[0]
    price[low] = found[: low.size]
    price[high] -= found[low.size : low.size + high.size]
    rent[full] = found[low.size + high.size : low.size + high.size + full.size]
    return price, rent
