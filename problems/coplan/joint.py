"""Owns the joint plan of cables and storage: the feeders behind the source, one after the other."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from problems.coplan.choices import UpgradeRule, make_choices
from problems.coplan.equipment import Library
from problems.coplan.joint_search import FeederPlan, JointSearch
from problems.coplan.plan import WORST_FIRST, CoplanPlan, judged
from problems.coplan.scenario import Scenario
from problems.coplan.upgrade import (
    NOTHING_LARGE_ENOUGH,
    candidate_lines,
    check_loads,
    lines_without_choice,
)
from problems.coplan.vcu import feeders_behind, names_of


def plan_jointly(
    scenario: Scenario,
    library: Library,
    rule: UpgradeRule | None = None,
    *,
    gap: float = 1e-4,
    limit_s: float = 300.0,
) -> CoplanPlan:
    """Choose cables, breakers and storage together, with a proven bound.

    Assumed: only the lines of `candidate_lines` may be replaced; loads consume; better lines do
    not need more storage as long as storage turns no replaced line's flow around.

    Parameters
    ----------
    gap : float
        Gap to prove, a fraction.

    Returns
    -------
    CoplanPlan
        Status `infeasible` with the lines, buses and hours that need slack when every candidate
        line gets the best of the library and storage may be of any size.
    """
    start = time.perf_counter()
    rule = rule or UpgradeRule()
    check_loads(scenario)
    choices = make_choices(scenario, library, rule, candidate_lines(scenario, library, rule))
    missing = lines_without_choice(scenario, choices, rule)
    if missing:
        return CoplanPlan("joint", "infeasible", conflicts=missing, message=NOTHING_LARGE_ENOUGH)
    feeders = feeders_behind(scenario)
    parts: list[FeederPlan] = []
    owns = [choices.only(buses[choices.branch]) for buses in feeders]
    for position, (own, buses) in enumerate(zip(owns, feeders, strict=True)):
        to_come = sum(1 + len(other.branch) for other in owns[position:])
        left = (limit_s - (time.perf_counter() - start)) * (1 + len(own.branch)) / to_come
        search = JointSearch(scenario, library, own, buses, gap, time.perf_counter() + left)
        parts.append(search.run())
    statuses = [part.status for part in parts]
    status = next((word for word in WORST_FIRST if word in statuses), "optimal")
    plan = CoplanPlan("joint", status)
    if all(np.isfinite(part.cost_usd) for part in parts):
        total = sum(part.cost_usd for part in parts)
        plan = replace(
            plan,
            cables=tuple(line for part in parts for line in part.cables),
            storage=tuple(unit for part in parts for unit in part.units),
            total_usd=total,
            bound_usd=min(sum(part.bound_usd for part in parts), total),
        )
        plan = judged(plan, scenario, library)
    else:
        stuck = [
            buses for buses, part in zip(feeders, parts, strict=True) if np.isinf(part.cost_usd)
        ]
        words = "not even the best lines with any storage keep every limit of"
        words = words if status == "infeasible" else "no plan was found for"
        why = [f"; {part.message}" for part in parts if part.message]
        plan = replace(
            plan,
            conflicts=tuple(conflict for part in parts for conflict in part.conflicts),
            message=f"{words} {names_of(scenario, stuck)}{''.join(dict.fromkeys(why))}",
        )
    return replace(plan, seconds=time.perf_counter() - start)
