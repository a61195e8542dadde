"""Owns the choice of references: the next flow and prices of a box, and a tame way out."""

from __future__ import annotations

import math

import numpy as np

from problems.siting.certificate.ac import Trial, judge
from problems.siting.certificate.case import Model
from problems.siting.certificate.polish import prices_at
from problems.siting.certificate.remainder import Reference, Remainder, make_remainder
from problems.siting.certificate.rounds import Outcome

_RAISE = 1.03  # where no plan is known yet, prices climb towards a bound this much higher


def next_reference(
    model: Model, old: Reference, outcome: Outcome, trial: Trial, best_usd: float
) -> Reference:
    """Return the flow of the relaxed plan with prices: its own, or raised ones.

    Parameters
    ----------
    old : Reference
        What the round's bound was made with; kept where the relaxed plan has no flow.
    outcome : Outcome
        Of the round; it has a plan.
    trial : Trial
        That plan with its best sizes.
    best_usd : float
        Cost of the best plan known; infinite without one.
    """
    if trial.is_feasible:
        return Reference(trial.alpha, trial.beta, *prices_at(model, trial))
    assert outcome.plan is not None
    raw = judge(model, outcome.plan)
    if not np.isfinite(raw.cost_usd):
        return old
    low = np.where((raw.v < model.v_min) | (old.price > 0.0), model.v_min - raw.v, 0.0)
    high = np.where((raw.v > model.v_max) | (old.price < 0.0), model.v_max - raw.v, 0.0)
    over = raw.current - model.l_max
    over = np.where((over > 0.0) | (old.rent > 0.0), over, 0.0)
    size = float(low @ low + high @ high + over @ over) * model.usd_loss
    goal = best_usd if math.isfinite(best_usd) else outcome.cost_usd * _RAISE
    step = max(0.0, goal - outcome.cost_usd) / size if size > 0.0 else 0.0
    price = np.maximum(0.0, np.maximum(0.0, old.price) + step * low)
    price += np.minimum(0.0, np.minimum(0.0, old.price) + step * high)
    rent = np.maximum(0.0, old.rent + step * over)
    return Reference(raw.alpha, raw.beta, price, rent)


def safe_remainder(model: Model, reference: Reference) -> Remainder:
    """Return the identity at the reference, or at a tamer point where its weights fail."""
    nothing = np.zeros(model.n_bus)
    points = (
        reference,
        Reference(reference.alpha, reference.beta, nothing, nothing),
        Reference(nothing, nothing, nothing, nothing),
    )
    for point in points:
        remainder = make_remainder(model, point)
        if remainder is not None:
            return remainder
    raise AssertionError("without a reference every weight is a resistance")
