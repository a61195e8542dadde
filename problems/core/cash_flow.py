"""Owns the cash flow of a siting plan year by year: what its net present value is the sum of."""

from __future__ import annotations

from dataclasses import dataclass

from problems.core.money import MoneyRule, Prices


@dataclass(frozen=True, slots=True)
class CashYear:
    """Hold the payments of one year, in the currency of the prices; income is positive.

    Parameters
    ----------
    year : int
        0 is today, when everything is built.
    savings : float
        Energy losses saved.
    upkeep, investment : float
        0 or negative.
    discounted : float
        Sum of the three, worth today.
    cumulative : float
        Sum of `discounted` up to this year; the last one is the net present value.
    """

    year: int
    savings: float
    upkeep: float
    investment: float
    discounted: float
    cumulative: float


def cash_flow(
    prices: Prices,
    years: int,
    rule: MoneyRule,
    saved_kwh_per_year: float,
    upkeep_per_year: float,
    invested: float,
) -> tuple[CashYear, ...]:
    """Return the payments of year 0 to the last one, whose sum is `net_present_value`.

    Parameters
    ----------
    prices, years, rule, saved_kwh_per_year, upkeep_per_year, invested
        As of `net_present_value`. By the rule "final-year" the profit of one year is paid once, in
        the last year.
    """
    found: list[CashYear] = []
    total = 0.0
    for year in range(years + 1):
        is_paid = year > 0 and (rule == "annuity" or year == years)
        savings = saved_kwh_per_year * prices.energy_per_kwh if is_paid else 0.0
        upkeep = 0.0 - upkeep_per_year if is_paid else 0.0
        investment = 0.0 - invested if year == 0 else 0.0
        discounted = (savings + upkeep + investment) * (1.0 + prices.discount_rate) ** -year
        total += discounted
        found.append(CashYear(year, savings, upkeep, investment, discounted, total))
    return tuple(found)
