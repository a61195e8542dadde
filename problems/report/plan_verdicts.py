"""Owns what was checked of a siting plan: each limit, all together, and how near the bound is."""

from __future__ import annotations

from problems.core.assess import Assessment
from problems.core.plan import Plan
from problems.core.years import study_states
from problems.report.bounds import Bound, relative_gap
from problems.report.page import Verdict, outcome_of
from problems.report.targets import SUCCESS_GAP


def plan_verdicts(plan: Plan, assessment: Assessment, bound: Bound | None) -> tuple[Verdict, ...]:
    """Return what was checked of a plan, each outcome from the judge's figures."""
    limits = plan.conditions.limits
    states = len(study_states(plan.conditions).states)
    flows = f"{states} load state{'s' * (states > 1)}, with and without the plan"
    has_solution = assessment.npv is not None
    found = [Verdict("The AC power flow has a solution", outcome_of(has_solution), flows)]
    low, high, loading = assessment.v_min_pu, assessment.v_max_pu, assessment.max_loading_pct
    if low is not None and high is not None:
        if limits.v_min_pu > 0.0:
            reason = f"lowest {low:.4f} p.u."
            words = f"Every voltage is at least {limits.v_min_pu:g} p.u."
            found.append(Verdict(words, outcome_of(low >= limits.v_min_pu - 1e-7), reason))
        reason = f"highest {high:.4f} p.u."
        words = f"Every voltage is at most {limits.v_max_pu:g} p.u."
        found.append(Verdict(words, outcome_of(high <= limits.v_max_pu + 1e-7), reason))
    words = f"Every branch carries at most {limits.loading_max_pct:g} % of its ampacity"
    if loading is None:
        found.append(Verdict(words, "open", "the feeder names no ampacities"))
    else:
        is_met = loading <= limits.loading_max_pct * (1.0 + 1e-7)
        found.append(Verdict(words, outcome_of(is_met), f"greatest {loading:.1f} %"))
    found += _place_and_budget(plan, assessment)
    violation = assessment.violation
    reason = "no solution" if violation is None else f"violation {violation:.4g} of its limit"
    found.append(Verdict("All limits together", outcome_of(assessment.is_feasible), reason))
    words = f"The NPV is within {100.0 * SUCCESS_GAP:g} % of what is proven possible"
    npv = assessment.npv if assessment.is_feasible else None
    gap = None if bound is None else relative_gap(bound.npv, npv)
    if bound is not None and bound.status == "infeasible":
        found.append(Verdict("Some plan meets the limits", "fails", "proven that none does"))
    elif gap is None:
        found.append(Verdict(words, "open", "no bound was proven"))
    else:
        found.append(Verdict(words, outcome_of(gap <= SUCCESS_GAP), f"gap {gap:.2e}"))
    return tuple(found)


def _place_and_budget(plan: Plan, assessment: Assessment) -> list[Verdict]:
    """Return what was checked of the stations' places and of the investment, if limited."""
    found = []
    conditions, unit = plan.conditions, assessment.access_unit
    limits = conditions.station_limits
    if limits is not None and limits.min_spacing is not None:
        words = f"Stations are at least {limits.min_spacing:g} {unit} apart"
        least = assessment.min_spacing
        is_met = least is None or least >= limits.min_spacing * (1.0 - 1e-7)
        reason = "fewer than two" if least is None else f"least {least:.4g} {unit}"
        found.append(Verdict(words, outcome_of(is_met), reason))
    if limits is not None and limits.coverage is not None:
        words = f"Every bus with demand has a station within {limits.coverage:g} {unit}"
        most = assessment.coverage
        is_met = most is not None and most <= limits.coverage * (1.0 + 1e-7)
        reason = "no station" if most is None else f"greatest {most:.4g} {unit}"
        found.append(Verdict(words, outcome_of(is_met), reason))
    if conditions.budget is not None:
        currency = conditions.prices.currency.upper()
        words = f"The investment is at most {conditions.budget:,.0f} {currency}"
        is_met = assessment.invested <= conditions.budget * (1.0 + 1e-7)
        found.append(Verdict(words, outcome_of(is_met), f"{assessment.invested:,.0f} {currency}"))
    return found
