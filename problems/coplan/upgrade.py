"""Owns the plan of cables and breakers alone (VCU), on one voltage or after raising it."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from problems.coplan.choices import (
    Choices,
    IntArray,
    UpgradeRule,
    line_name,
    make_choices,
    overloaded_lines,
)
from problems.coplan.equipment import Library
from problems.coplan.plan import (
    Conflict,
    CoplanPlan,
    conflicts_in,
    judge,
    judged,
    upgrades_of,
)
from problems.coplan.scenario import Scenario
from problems.coplan.vcu import Upgrade, feeders_behind, names_of, upgrade_feeder
from problems.core.errors import ContentError

NOTHING_LARGE_ENOUGH = "lines must be replaced and the library has nothing large enough for them"


def plan_upgrades(
    scenario: Scenario,
    library: Library,
    rule: UpgradeRule | None = None,
    *,
    gap: float = 1e-6,
    limit_s: float = 60.0,
) -> CoplanPlan:
    """Plan cables and breakers so that every hour keeps every limit, at least cost.

    Candidates are the overloaded lines; where even their largest cables leave a bus below the
    floor, every line on the way to such buses as well.

    Returns
    -------
    CoplanPlan
        Status `infeasible` with the conflicts that remain when every candidate gets the best the
        library has.
    """
    start = time.perf_counter()
    rule = rule or UpgradeRule()
    check_loads(scenario)
    choices, message = _choices(scenario, library, rule)
    missing = lines_without_choice(scenario, choices, rule)
    parts: list[tuple[Choices, Upgrade]] = []
    feeders = feeders_behind(scenario)
    if not missing:
        for position, buses in enumerate(feeders):
            left = limit_s - (time.perf_counter() - start)
            own = choices.only(buses[choices.branch])
            share = left / (len(feeders) - position)
            parts.append((own, upgrade_feeder(scenario, own, buses, gap=gap, limit_s=share)))
    statuses = [upgrade.status for _, upgrade in parts]
    if missing or "infeasible" in statuses:
        conflicts = missing or _remaining(scenario, library, choices)
        stuck = [
            buses for buses, word in zip(feeders, statuses, strict=False) if word == "infeasible"
        ]
        words = (
            "not even the largest cables keep every limit of " + names_of(scenario, stuck)
            if stuck
            else NOTHING_LARGE_ENOUGH
        )
        message = "; ".join(filter(None, (words, message)))
        return CoplanPlan(
            "vcu", "infeasible", conflicts=conflicts, message=message,
            seconds=time.perf_counter() - start,
        )  # fmt: skip
    bound = float(sum(upgrade.bound_usd for _, upgrade in parts))
    status = next((s for s in ("solver_failed", "time_limit") if s in statuses), "optimal")
    plan = CoplanPlan("vcu", status, bound_usd=bound, message=message)
    if all(upgrade.chosen is not None for _, upgrade in parts):
        cables = tuple(
            line
            for own, upgrade in parts
            if upgrade.chosen is not None
            for line in upgrades_of(own, upgrade.chosen)
        )
        total = float(sum(line.cost_usd for line in cables))
        plan = replace(plan, cables=cables, total_usd=total, bound_usd=min(bound, total))
        plan = judged(plan, scenario, library)
    return replace(plan, seconds=time.perf_counter() - start)


def plan_uprate(
    scenario: Scenario,
    library: Library,
    rule: UpgradeRule | None = None,
    *,
    conversion_usd: float = 0.0,
    gap: float = 1e-6,
    limit_s: float = 60.0,
) -> CoplanPlan:
    """Plan the cables that are still needed at a raised voltage; the conversion has its price.

    Parameters
    ----------
    scenario : Scenario
        At the raised voltage.
    conversion_usd : float
        Cost of transformers, switchgear and insulation for it; an input, the paper has none.
    """
    plan = plan_upgrades(scenario, library, rule, gap=gap, limit_s=limit_s)
    plan = replace(plan, method="uprate", conversion_usd=conversion_usd)
    if plan.total_usd is not None:
        plan = replace(plan, total_usd=plan.total_usd + conversion_usd)
    if plan.bound_usd is not None:
        plan = replace(plan, bound_usd=plan.bound_usd + conversion_usd)
    return plan


def check_loads(scenario: Scenario) -> None:
    """Raise ContentError where the loads below a line feed in: no bound would hold then."""
    feeder = scenario.feeder
    for name, loads in (("kW", scenario.p_kw), ("kvar", scenario.q_kvar)):
        below = loads.copy()
        for k in range(feeder.n_bus - 1, 0, -1):
            below[:, feeder.parent[k]] += below[:, k]
        if below[:, 1:].min(initial=0.0) < -1e-9:
            hour, k = np.argwhere(below[:, 1:] < -1e-9)[0]
            raise ContentError(
                f"feeder {feeder.name}: the loads below line {line_name(feeder, int(k) + 1)} feed "
                f"in {-below[hour, k + 1]:.4g} {name} in hour {hour}; cables are planned for loads "
                "that consume"
            )


def candidate_lines(scenario: Scenario, library: Library, rule: UpgradeRule) -> IntArray:
    """Return the lines that a plan may replace, in sweep order.

    The overloaded ones; and, where their best cables leave a bus below the floor or without
    voltage, every line with a known length on the way to such a bus.
    """
    overloaded = overloaded_lines(scenario)
    choices = make_choices(scenario, library, rule, overloaded)
    found = scenario.diagnose(*choices.least())
    low = np.flatnonzero((found.undervoltage | found.collapsed[:, None]).any(axis=0))
    feeder = scenario.feeder
    more = set(overloaded.tolist())
    for bus in low:
        k = int(bus)
        while k > 0:
            if np.isfinite(feeder.length_m[k]) and feeder.kind[k] != "breaker":
                more.add(k)
            k = int(feeder.parent[k])
    return np.array(sorted(more), dtype=np.int64)


def _choices(scenario: Scenario, library: Library, rule: UpgradeRule) -> tuple[Choices, str]:
    lines = candidate_lines(scenario, library, rule)
    added = len(lines) - len(overloaded_lines(scenario))
    message = f"{added} lines that are not overloaded may be replaced for voltage" if added else ""
    n_unknown = int((~np.isfinite(scenario.feeder.length_m[1:])).sum())
    if n_unknown and scenario.diagnose().undervoltage.any():
        message += f"{'; ' if added else ''}{n_unknown} lines without length_m cannot be replaced"
    return make_choices(scenario, library, rule, lines), message


def lines_without_choice(
    scenario: Scenario, choices: Choices, rule: UpgradeRule
) -> tuple[Conflict, ...]:
    """Return the overloaded lines for which the library has nothing large enough."""
    feeder = scenario.feeder
    lines = np.setdiff1d(overloaded_lines(scenario), choices.candidates)
    return tuple(
        Conflict(
            "ampacity",
            line_name(feeder, int(k)),
            int(np.argmax(scenario.diagnose().i_a[:, k])),
            float((rule.margin or 1.0) * scenario.relaxed_a[k] - feeder.ampacity_a[k]),
        )
        for k in lines
    )


def _remaining(scenario: Scenario, library: Library, choices: Choices) -> tuple[Conflict, ...]:
    """Return what is still missed when every candidate gets its choice with the least impedance.

    Where two choices have the same, the one with the higher limit.
    """
    best = [
        min(choices.of(int(k)), key=lambda c: (choices.r_ohm[c], -choices.limit_a[c]))
        for k in choices.candidates
    ]
    cables = upgrades_of(choices, np.array(best, dtype=np.int64))
    return conflicts_in(judge(scenario, library, cables), scenario)
