"""Owns the neighbors of a plan: one bank moved, added or dropped, judged in batches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from problems.siting.certificate.ac import Trial, money_usd, places_usd, run_flow
from problems.siting.certificate.case import Model, SitePlan

Floats = NDArray[np.float64]


def ranked_swaps(model: Model, trial: Trial, price: Floats | None, n_best: int) -> list[SitePlan]:
    """Return the most promising neighbors of a plan, best first, sizes not yet adapted.

    Parameters
    ----------
    trial : Trial
        The plan to start from.
    price : (n_bus,) float array or None
        Prices of squared voltages: neighbors are ranked by cost plus priced violation. None ranks
        by the sum of squared violations of the voltage limits alone.
    n_best : int
        How many to return at most.
    """
    found: list[tuple[float, SitePlan]] = []
    buses, sizes = trial.plan.bank_buses, trial.plan.kvar
    top = model.q_min + model.q_span
    free = [b for b in np.flatnonzero(model.may_bank).tolist() if b not in buses]
    groups: list[list[dict[int, float]]] = []
    for at in range(len(buses)):
        kept = {b: s for i, (b, s) in enumerate(zip(buses, sizes, strict=True)) if i != at}
        groups.append([{**kept, bus: sizes[at]} for bus in free])
        if not model.exactly:
            groups.append([kept])
    if len(buses) < model.n_bank:
        now = dict(zip(buses, sizes, strict=True))
        groups.append([{**now, bus: top} for bus in free])
    for group in groups:
        plans = [_plan(trial, banks) for banks in group]
        if not plans:
            continue
        merit = _merit(model, plans, price)
        order = np.argsort(merit, kind="stable")[:n_best]
        found += [(float(merit[i]), plans[i]) for i in order.tolist() if np.isfinite(merit[i])]
    found.sort(key=lambda pair: pair[0])
    return [plan for _, plan in found[:n_best]]


def _plan(trial: Trial, banks: dict[int, float]) -> SitePlan:
    buses = tuple(sorted(banks))
    return SitePlan(trial.plan.station_buses, buses, tuple(banks[b] for b in buses))


def _merit(model: Model, plans: list[SitePlan], price: Floats | None) -> Floats:
    """Return what to rank plans by, smaller is better; plans have equally many banks."""
    sizes = np.zeros((len(plans), model.n_bus))
    for row, plan in zip(sizes, plans, strict=True):
        row[list(plan.bank_buses)] = plan.kvar
    everywhere = SitePlan(plans[0].station_buses, tuple(range(model.n_bus)), ())
    v, _, loss = run_flow(model, everywhere, sizes)
    if price is None:
        low = np.maximum(0.0, model.v_min - v)
        high = np.maximum(0.0, v - model.v_max)
        merit = (low**2).sum(axis=1) + (high**2).sum(axis=1)
    else:
        priced = np.where(price > 0.0, model.v_min - v, 0.0) @ np.maximum(price, 0.0)
        merit = model.usd_loss * (loss + priced) + model.usd_q * sizes.sum(axis=1)
        merit = merit + money_usd(model, len(plans[0].kvar), 0.0)
        merit = merit + np.array([places_usd(model, plan) for plan in plans])
    return np.asarray(np.where(np.isfinite(loss), merit, np.inf))
