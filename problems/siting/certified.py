"""Owns the way from a siting problem to its certificate, and from the certificate's plan back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from heuristics.problem import Solved
from problems.core.access import station_access
from problems.core.assess import assess
from problems.core.plan import Plan
from problems.core.years import study_states
from problems.siting.certificate import Certificate
from problems.siting.certificate.ac import counted_flows
from problems.siting.certified_cases import (
    places_of,
    plan_at,
    prove_case,
    row_of,
    siting_cases,
    with_plan,
)
from problems.siting.certified_states import certify_states
from problems.siting.problem import SitingProblem

GIVEN = "; the plan is the one given"


def certify_problem(
    problem: SitingProblem,
    *,
    gap: float = 1e-5,
    limit_s: float = 60.0,
    incumbent: Plan | None = None,
) -> Certificate:
    """Prove how great the NPV of a siting problem can be: see `certify`.

    Limits on spacing and coverage are left out of the proof. That only adds plans, so the bound
    stays true, though it may be far from every plan that meets them. A plan that does not is not
    returned: the incumbent stands in its place if it is feasible, else there is no plan and no gap.
    A budget is priced: see `certify_within`. Several load states are proven one by one, each with a
    share of the costs: see `certify_states`.

    Parameters
    ----------
    problem : SitingProblem
        With a converged power flow.
    gap, limit_s : float
        As of `certify`.
    incumbent : Plan, optional
        A plan to start from.

    Raises
    ------
    SettingError
        If the problem has no certificate.
    """
    start = None if incumbent is None else places_of(incumbent, problem)
    if len(study_states(problem.instance.conditions).states) == 1:
        (case,) = siting_cases(problem)
        found = prove_case(problem, case, gap, limit_s, start)
    else:
        found = certify_states(problem, gap=gap, limit_s=limit_s, incumbent=start)
    held = _held_to_station_limits(found, problem)
    if found.plan is not None and held.plan is None and incumbent is not None:
        return with_plan(held, start, assess(incumbent, problem.instance), GIVEN)
    return held


def _without_plan(found: Certificate, message: str) -> Certificate:
    return replace(
        found,
        status="gap_limit" if found.status == "optimal" else found.status,
        message=f"{found.message}; {message}",
        npv_usd=None,
        gap=None,
        plan=None,
        loss_kw=None,
        v_min_pu=None,
    )


def _held_to_station_limits(found: Certificate, problem: SitingProblem) -> Certificate:
    """Return the certificate, without its plan if that misses spacing or coverage."""
    conditions, feeder = problem.instance.conditions, problem.instance.feeder
    limits = conditions.station_limits
    if limits is None or found.bound_usd is None:
        return found
    words = "spacing and coverage are left out of the bound, which holds all the same"
    if found.plan is None:
        return replace(found, message=f"{found.message}; {words}")
    there = [feeder.bus_index(a.bus) for a in conditions.existing or () if a.kind == "station"]
    stations = np.array([(*there, *found.plan.station_buses)], dtype=np.int64)
    reached = station_access(feeder, stations)
    if (limits.excess(reached.spacing, reached.coverage) <= 0.0).all():
        return replace(found, message=f"{found.message}; {words}, and the plan meets them")
    return _without_plan(found, f"{words}; the best plan without them does not meet them")


def certified_plan(problem: SitingProblem, certificate: Certificate) -> Plan | None:
    """Return the plan that a certificate found, None if it found none."""
    if certificate.plan is None:
        return None
    return plan_at(problem, certificate.plan)


def solve_problem(problem: SitingProblem, *, gap: float, limit_s: float) -> Solved:
    """Return the certificate's plan as a point of the problem, and the power flows it took.

    Parameters
    ----------
    problem : SitingProblem
        As of `certify_problem`.
    gap, limit_s : float
        As of `certify`.
    """
    with counted_flows() as count:
        found = certify_problem(problem, gap=gap, limit_s=limit_s)
    message = f"certificate: {found.status}, {found.message}"
    if found.plan is None:
        return Solved(None, sum(count), message)
    return Solved(row_of(problem, found.plan), sum(count), message)
