"""Owns the certificate over several load states: each is proven alone with a share of the costs."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from problems.core.assess import Assessment, assess, required
from problems.core.years import study_states
from problems.siting.certificate import Certificate, SitePlan
from problems.siting.certificate.ac import note_flows
from problems.siting.certificate.result import Status
from problems.siting.certified_cases import (
    places_of,
    plan_at,
    prove_case,
    row_of,
    siting_cases,
    with_plan,
)
from problems.siting.problem import SitingProblem

N_SHARING = 3
"""How often the costs are shared anew between load states."""
N_CLIMB, N_NEAR = 20, 40
"""Steps of the climb from the states' plans, and neighbors looked at in each."""


def certify_states(
    problem: SitingProblem, *, gap: float, limit_s: float, incumbent: SitePlan | None = None
) -> Certificate:
    """Prove how great the NPV over several load states can be, state by state.

    The NPV of a plan is the sum of what it is worth in each state alone, with any shares of the
    costs that add up to 1; so the sum of bounds that hold for each state alone holds for all. The
    first shares go by losses without the plan, the second by what the best plan found saves. That
    one is looked for with the local model, from the states' plans.

    Parameters
    ----------
    problem : SitingProblem
    gap, limit_s, incumbent
        As of `certify`.
    """
    began = time.perf_counter()
    weight = np.array([case.constant_usd for case in siting_cases(problem)])
    bound, best, judged = np.inf, incumbent, None
    if incumbent is not None:
        judged = assess(plan_at(problem, incumbent), problem.instance)
    n_box, is_late = 0, False
    if not weight.any():
        weight = np.ones(len(weight))  # no losses to go by
    for turn in range(N_SHARING):
        cases = siting_cases(problem, weight / weight.sum())
        total = 0.0
        plans = []
        for k, case in enumerate(cases):
            left_s = limit_s - (time.perf_counter() - began)
            left_s /= (len(cases) - k) * (N_SHARING - turn)
            found = prove_case(problem, case, gap, max(left_s, 0.0), best)
            n_box += found.n_box
            is_late = is_late or found.status == "time_limit"
            if found.status == "infeasible":
                if "budget" in found.message:  # the same in every state
                    return found
                return replace(
                    found, message=f"in one of {len(cases)} load states: {found.message}"
                )
            total += np.inf if found.bound_usd is None else found.bound_usd
            if found.plan is not None:
                plans.append(found.plan)
        bound = min(bound, total)
        for plan in dict.fromkeys(plans):
            trial = assess(plan_at(problem, plan), problem.instance)
            if _is_better(trial, judged):
                best, judged = plan, trial
        if best is None or judged is None:
            break
        best = _climb(problem, best)
        judged = assess(plan_at(problem, best), problem.instance)
        if judged.npv is not None and bound - judged.npv <= gap * abs(judged.npv):
            break
        saved = required(judged.base_flow.loss_kw) - required(judged.flow.loss_kw)
        counting = study_states(problem.instance.conditions).worth_hours
        weight = np.maximum(saved * counting, 0.0)[counting > 0.0]
        if not weight.any():
            break
    status: Status = "time_limit" if is_late else "gap_limit"
    words = f"{len(cases)} load states, each proven alone with a share of the costs, {n_box} boxes"
    certificate = Certificate(
        status, words, float(bound) if np.isfinite(bound) else None, None, None, None,
        None, None, time.perf_counter() - began, n_box, (),
    )  # fmt: skip
    if best is None or judged is None:
        return replace(certificate, message=f"{words}; no plan within the limits was found")
    certificate = with_plan(certificate, best, judged, "")
    if certificate.gap is not None and certificate.gap <= gap:
        return replace(certificate, status="optimal")
    return certificate


def _is_better(one: Assessment, other: Assessment | None) -> bool:
    """Return whether a judged plan is better than another: feasible first, then by NPV."""
    if other is None:
        return one.npv is not None
    rank = [(a.is_feasible, -(a.violation or 0.0), a.npv or -np.inf) for a in (one, other)]
    if one.is_feasible and other.is_feasible:
        return (one.npv or -np.inf) > (other.npv or -np.inf)
    return rank[0] > rank[1]


def _climb(problem: SitingProblem, plan: SitePlan) -> SitePlan:
    """Return the plan that the local model leads to from a plan, power flows deciding."""
    x = row_of(problem, plan)
    for _ in range(N_CLIMB):
        model = problem.local_model(x)
        if model is None:
            break
        near = np.concatenate([x[np.newaxis], model.neighbors(x, N_NEAR)])
        rows = np.concatenate([x[np.newaxis], model.refine(near)])
        e = problem.evaluate(rows)
        note_flows(1 + len(rows))
        order = np.lexsort((e.f[:, 0], np.maximum(e.violation, 0.0)))
        if (rows[order[0]] == x).all() or e.f[order[0], 0] == e.f[0, 0]:
            break
        x = rows[order[0]]
    return places_of(problem.plan(x), problem)
