"""Owns what a staged plan pays year by year: its life-cycle cost is the discounted sum."""

from __future__ import annotations

from dataclasses import dataclass

from problems.staged.indicators import investment_rows
from problems.staged.investment import Factors
from problems.staged.program import DAYS
from problems.staged.scheme_plan import SchemePlan


@dataclass(frozen=True, slots=True)
class Payment:
    """Hold the payments of one year, RMB.

    Parameters
    ----------
    year : int
        Of the calendar.
    investment_rmb : float
        Paid at the end of the first year of a stage; what is left of lives at the end of the last
        year is taken off, where residual value counts.
    upkeep_rmb, operation_rmb : float
        Of all that stands; losses and penalties, expected over all scenarios.
    discounted_rmb, cumulative_rmb : float
        Sum of the three worth today, and its running sum, which ends at the life-cycle cost.
    """

    year: int
    investment_rmb: float
    upkeep_rmb: float
    operation_rmb: float
    discounted_rmb: float
    cumulative_rmb: float


def yearly_payments(plan: SchemePlan) -> list[Payment]:
    """Return the payments of every year; none if a dispatch failed."""
    data = plan.model.study.data
    if any(day.status != "optimal" for day in plan.days):
        return []
    prices, factors = data.prices, Factors.of(data)
    terms = {
        "lines": (prices.grid_om, prices.line_life_years),
        "transformers": (prices.grid_om, prices.transformer_life_years),
        "storage": (prices.storage_om, prices.storage_life_years),
        "managed charging": (prices.charger_om, prices.charger_life_years),
        "basic piles": (prices.charger_om, prices.charger_life_years),
    }
    stage_of = {stage.name: k for k, stage in enumerate(data.stages)}
    built = [
        (int(factors.first[stage_of[row["stage"]]]), row["cost_rmb"], *terms[row["category"]])
        for row in investment_rows(plan)
    ]
    operation = [0.0] * data.n_stage
    for day in plan.days:
        operation[day.k_stage] += DAYS * day.probability * sum(day.cost_rmb.values())
    found: list[Payment] = []
    total, begin = 0.0, data.stages[0].first_year
    for year in range(data.n_years):
        k = next(k for k, s in enumerate(data.stages) if begin + year <= s.last_year)
        invested = sum(cost for first, cost, _, _ in built if first == year)
        if prices.has_residual_value and year == data.n_years - 1:
            invested -= sum(
                cost * max(0.0, 1.0 - (data.n_years - first) / life)
                for first, cost, _, life in built
            )
        upkeep = sum(share * cost for first, cost, share, _ in built if first <= year)
        discounted = float(factors.year[year]) * (invested + upkeep + operation[k])
        total += discounted
        found.append(Payment(begin + year, invested, upkeep, operation[k], discounted, total))
    return found
