"""Owns DDCP's Stages I and II: the lines that storage cannot relieve, and their replacements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from powerflow.units import S_BASE_KVA, i_base_a
from problems.coplan.choices import FloatArray, UpgradeRule, line_name, make_choices
from problems.coplan.equipment import Library, StorageTerms
from problems.coplan.plan import Conflict, LineUpgrade, upgrades_of
from problems.coplan.scenario import Scenario
from problems.coplan.storage_model import USD_SCALE, Grid, one_feeder, storage_model
from problems.coplan.storage_program import LOSS_PRICE
from problems.coplan.vcu import feeders_behind
from problems.coplan.vmbp import is_safe

StageOne = Literal["lexicographic", "lambda"]

PAPER_LAMBDA_USD = 1e6
"""The weight that gives the printed lines: USD per squared current in p.u. of 10 MVA."""

PAPER_BASE_KVA = 10_000.0
SLACK_TOL = 1e-4
"""Slack, as a share of the squared ampacity, that a solver's zero may have."""

PLAN_TOL = 1e-6
"""By how much the least sum of slack may be exceeded when storage is minimized under it."""


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """Hold a line that Stage I finds too small whatever storage does.

    Parameters
    ----------
    branch : int
        Bus it leads into.
    relaxed_a : float
        Its peak current in Stage I.
    excess_a : float
        Its greatest current above the ampacity.
    depth : int
        Lines from the source to its end.
    """

    branch: int
    relaxed_a: float
    excess_a: float
    depth: int


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """Hold the outcome of Stages I and II.

    Parameters
    ----------
    bottlenecks : tuple of Bottleneck
        By priority: nearest to the source first, of equals the greatest relative excess.
    upgrades : tuple of LineUpgrade
        The replacement of each, in the same order.
    low_buses : tuple of Conflict
        Buses below the floor whatever storage does, while ampacities are relaxed.
    status, message : str
    conflicts : tuple of Conflict
        Bottlenecks for which the library has nothing large enough.
    """

    bottlenecks: tuple[Bottleneck, ...]
    upgrades: tuple[LineUpgrade, ...]
    low_buses: tuple[Conflict, ...] = ()
    status: str = "optimal"
    message: str = ""
    conflicts: tuple[Conflict, ...] = ()


def diagnose_bottlenecks(
    scenario: Scenario,
    library: Library,
    rule: UpgradeRule | None = None,
    stage_one: StageOne = "lexicographic",
    lambda_usd: float = PAPER_LAMBDA_USD,
) -> Diagnosed:
    """Find the bottlenecks (Stage I) and size their replacements (Stage II).

    Parameters
    ----------
    rule : UpgradeRule, optional
        Its margin applies to the peak currents of Stage I.
    stage_one : {"lexicographic", "lambda"}
        Least slack of the floor, of ampacities, then least storage; or the paper's weighted sum
        (38)-(39), whose lines depend on the weight.
    lambda_usd : float
        The weight, USD per squared current in p.u. of 10 MVA and hour.
    """
    rule = rule or UpgradeRule()
    found: list[Bottleneck] = []
    low: list[Conflict] = []
    for buses in feeders_behind(scenario):
        part, at = one_feeder(scenario, buses)
        if is_safe(part, Grid.of(part.feeder)):
            continue
        status, peak_a, over_a, conflicts = _relaxed(part, library.storage, stage_one, lambda_usd)
        if status is not None:
            return Diagnosed((), (), status=status, message="Stage I has no solution")
        low += conflicts
        found += [
            Bottleneck(int(at[k]), float(peak_a[k]), float(over_a[k]), 0)
            for k in np.flatnonzero(over_a > 0.0)
        ]
    feeder = scenario.feeder
    depth = np.zeros(feeder.n_bus, dtype=np.int64)
    for k in range(1, feeder.n_bus):
        depth[k] = depth[feeder.parent[k]] + 1
    ranked = [replace(b, depth=int(depth[b.branch])) for b in found]
    ranked.sort(key=lambda b: (b.depth, -b.excess_a / feeder.ampacity_a[b.branch], b.branch))
    upgrades, missing = _stage_two(scenario, library, rule, ranked)
    message = f"the library has nothing large enough for {len(missing)} lines" if missing else ""
    status = "infeasible" if missing else "optimal"
    return Diagnosed(tuple(ranked), upgrades, tuple(low), status, message, missing)


def _relaxed(
    part: Scenario, terms: StorageTerms, stage_one: StageOne, lambda_usd: float
) -> tuple[str | None, FloatArray, FloatArray, list[Conflict]]:
    """Solve Stage I on one feeder: status of a failure, peak and excess currents, low buses."""
    import cvxpy as cp

    from problems.conic import distflow
    from problems.conic.solve import solve

    nothing = np.zeros(part.feeder.n_bus)
    grid = Grid.of(part.feeder)
    model = storage_model(part, terms, grid, soft=("ampacity",))
    slack = model.dispatch.slack
    over = sum(cp.sum(s) for s in slack.values())
    if stage_one == "lambda":
        per_pu = lambda_usd / USD_SCALE / (PAPER_BASE_KVA / S_BASE_KVA) ** 2
        outcome = solve(cp.Problem(cp.Minimize(model.cost + per_pu * over), model.rows))  # (39)
    else:
        outcome = solve(cp.Problem(cp.Minimize(over), model.rows))
        rows = model.rows
        if outcome.status == "infeasible":  # the floor alone is too much: least undervoltage first
            model = storage_model(part, terms, grid, soft=("ampacity", "voltage_floor"))
            slack = model.dispatch.slack
            over = sum((cp.sum(s) for name, s in slack.items() if name == "ampacity"), start=0.0)
            under = cp.sum(slack["voltage_floor"])
            outcome = solve(cp.Problem(cp.Minimize(under), model.rows))
            rows = [*model.rows, under <= _a_little_more(outcome.value)]
            outcome = solve(cp.Problem(cp.Minimize(over), rows))
        if outcome.has_solution:
            tie = LOSS_PRICE * cp.sum(distflow.active_loss(model.dispatch.flow))
            rows = [*rows, over <= _a_little_more(outcome.value)]
            outcome = solve(cp.Problem(cp.Minimize(model.cost + tie), rows))
    if not outcome.has_solution:
        return outcome.status, nothing, nothing, []
    base_a = i_base_a(part.feeder.base_kv)
    limit_a = part.feeder.ampacity_a
    peak_a = nothing.copy()
    peak_a[1:] = np.sqrt(np.maximum(model.dispatch.flow.l.value, 0.0)).max(axis=0) * base_a
    over_a = nothing.copy()
    known = 1 + np.flatnonzero(np.isfinite(limit_a[1:]))
    if "ampacity" in slack:
        room = np.maximum(slack["ampacity"].value, 0.0).max(axis=0) * base_a**2
        has_slack = room > SLACK_TOL * limit_a[known] ** 2
        over_a[known] = np.where(has_slack, np.sqrt(limit_a[known] ** 2 + room) - limit_a[known], 0)
    low: list[Conflict] = []
    if "voltage_floor" in slack:
        under = part.v_min_pu - np.sqrt(
            np.maximum(part.v_min_pu**2 - np.maximum(slack["voltage_floor"].value, 0.0), 0.0)
        )
        for k in range(1, part.feeder.n_bus):
            hour = int(np.argmax(under[:, k - 1]))
            if under[hour, k - 1] > SLACK_TOL:
                label = part.feeder.bus_id[k]
                low.append(Conflict("voltage", label, hour, float(under[hour, k - 1])))
    return None, peak_a, over_a, low


def _a_little_more(least: float | None) -> float:
    """Return what a sum of slack may be when the next aim is minimized under it."""
    return (least or 0.0) * (1.0 + PLAN_TOL) + 1e-7


def _stage_two(
    scenario: Scenario, library: Library, rule: UpgradeRule, ranked: Sequence[Bottleneck]
) -> tuple[tuple[LineUpgrade, ...], tuple[Conflict, ...]]:
    """Return the cheapest replacement of each bottleneck that carries its peak current (40)."""
    relaxed_a = scenario.relaxed_a.copy()
    for bottleneck in ranked:
        relaxed_a[bottleneck.branch] = bottleneck.relaxed_a
    lines = np.array([b.branch for b in ranked], dtype=np.int64)
    sizing = replace(scenario, relaxed_a=relaxed_a)
    margin = UpgradeRule("forced", rule.margin if rule.margin is not None else 1.0, "relaxed")
    choices = make_choices(sizing, library, margin, lines)
    upgrades: list[LineUpgrade] = []
    missing: list[Conflict] = []
    for bottleneck in ranked:
        own = choices.of(bottleneck.branch)
        new = [k for k in own if choices.size[k]]
        if not new:
            where = line_name(scenario.feeder, bottleneck.branch)
            missing.append(Conflict("ampacity", where, 0, bottleneck.excess_a))
            continue
        cheapest = min(new, key=lambda k: choices.cost_usd[k])
        upgrades += upgrades_of(choices, np.array([cheapest], dtype=np.int64))
    return tuple(upgrades), tuple(missing)
