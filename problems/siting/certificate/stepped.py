"""Owns sizes in steps: the best feasible sizes around continuous ones."""

from __future__ import annotations

import itertools

import numpy as np

from problems.siting.certificate.ac import Trial, judge, run_flow
from problems.siting.certificate.case import Model, SitePlan

_MOST_BANKS = 10


def round_sizes(model: Model, relaxed: Trial) -> Trial | None:
    """Return the best feasible plan whose sizes are the steps next to those of `relaxed`.

    Every choice of the step below or above for each bank is one power flow of a batch; with more
    than ten banks only the nearest steps and the steps above are tried. None if none is feasible.
    """
    plan = relaxed.plan
    step = model.q_span / model.n_cell
    exact = (np.array(plan.kvar) - model.q_min) / step
    below, above = np.floor(exact + 1e-6), np.ceil(exact - 1e-6)
    if model.cells.size:
        last = model.cells.size - 1
        below = model.cells[np.clip(np.searchsorted(model.cells, exact + 1e-6) - 1, 0, last)]
        above = model.cells[np.clip(np.searchsorted(model.cells, exact - 1e-6), 0, last)]
    n_bank = len(plan.kvar)
    if n_bank <= _MOST_BANKS:
        choice = np.array(list(itertools.product((False, True), repeat=n_bank)), dtype=np.bool_)
    else:
        choice = np.stack([exact - below > 0.5 * (above - below), np.ones(n_bank, dtype=np.bool_)])
    cells = np.unique(np.clip(np.where(choice, above, below), 0, model.n_cell), axis=0)
    sizes = model.q_min + cells * step
    v, current, loss = run_flow(model, plan, sizes)
    cost = model.usd_loss * loss + model.usd_q * sizes.sum(axis=1)
    is_feasible = (v.min(axis=1) >= model.v_min) & (v.max(axis=1) <= model.v_max)
    is_feasible &= (current[:, 1:] <= model.l_max[1:]).all(axis=1)
    cost = np.where(is_feasible & np.isfinite(loss), cost, np.inf)
    best = int(np.argmin(cost))
    if not np.isfinite(cost[best]):
        return None
    chosen = tuple(sizes[best].tolist())
    return judge(model, SitePlan(plan.station_buses, plan.bank_buses, chosen))
