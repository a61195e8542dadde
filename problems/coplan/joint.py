"""Owns the joint plan of cables and storage: the feeders behind the source, one after the other."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from problems.coplan.choices import UpgradeRule, make_choices
from problems.coplan.equipment import Library
from problems.coplan.joint_search import FeederPlan, JointSearch
from problems.coplan.plan import CoplanPlan, judged
from problems.coplan.scenario import Scenario
from problems.coplan.upgrade import candidate_lines, plan_upgrades
from problems.coplan.vcu import feeders_behind


def plan_jointly(
    scenario: Scenario,
    library: Library,
    rule: UpgradeRule | None = None,
    *,
    gap: float = 1e-4,
    limit_s: float = 300.0,
) -> CoplanPlan:
    """Choose cables, breakers and storage together, with a proven bound.

    Assumed: only the candidate lines of `candidate_lines` may be replaced; storage delivers and
    draws at most its inverters' rating; loads consume, so that flows point away from the source.

    Parameters
    ----------
    gap : float
        Gap to prove over all feeders together, a fraction.
    """
    start = time.perf_counter()
    rule = rule or UpgradeRule()
    choices = make_choices(scenario, library, rule, candidate_lines(scenario, library, rule))
    feeders = feeders_behind(scenario)
    parts: list[FeederPlan] = []
    owns = [choices.only(buses[choices.branch]) for buses in feeders]
    for position, (own, buses) in enumerate(zip(owns, feeders, strict=True)):
        to_come = sum(1 + len(other.branch) for other in owns[position:])
        left = (limit_s - (time.perf_counter() - start)) * (1 + len(own.branch)) / to_come
        search = JointSearch(scenario, library, own, buses, gap, time.perf_counter() + left)
        parts.append(search.run())
    if not all(np.isfinite(part.cost_usd) for part in parts):
        alone = plan_upgrades(scenario, library, rule)
        status = next(p.status for p in parts if not np.isfinite(p.cost_usd))
        return replace(
            alone, method="joint", status=status, total_usd=None, bound_usd=None, cables=(),
            message="no plan was found; the conflicts are those of cables alone",
            seconds=time.perf_counter() - start,
        )  # fmt: skip
    total = sum(part.cost_usd for part in parts)
    bound = sum(part.bound_usd for part in parts)
    statuses = [part.status for part in parts]
    status = next((w for w in ("time_limit", "gap_limit") if w in statuses), "optimal")
    plan = CoplanPlan(
        "joint", status,
        tuple(line for part in parts for line in part.cables),
        tuple(unit for part in parts for unit in part.units),
        total, min(bound, total),
    )  # fmt: skip
    return replace(judged(plan, scenario, library), seconds=time.perf_counter() - start)
