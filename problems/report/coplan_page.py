"""Owns the report of a plan of cables, breakers and storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from problems.coplan.ddcp import CurvePoint
from problems.coplan.equipment import Library
from problems.coplan.plan import CoplanPlan, branch_of, judge
from problems.coplan.scenario import Scenario
from problems.core.assess import finite
from problems.report import svg
from problems.report.feeder_svg import BuiltLine, Mark, feeder_figure
from problems.report.money_svg import cost_figure, tornado_figure
from problems.report.named import figures_table
from problems.report.page import Figure, Outcome, Page, Section, Verdict, table_of
from problems.report.profile_svg import limit_levels, lowest_v_pu, profile_figure
from problems.report.style import COLORS
from problems.report.targets import SUCCESS_GAP
from problems.siting.sensitivity import Swing

DELTA_PCT = 10.0
"""Change of each price in the tornado, percent."""

ASKED = {
    "vcu": "cables and breakers",
    "vmbp": "storage",
    "ddcp": "cables and breakers on the worst lines, and storage for the rest,",
    "joint": "cables, breakers and storage together",
    "heuristic": "cables, breakers and storage together, searched for by an engine,",
    "uprate": "a higher voltage, cables and breakers",
}


def coplan_page(
    scenario: Scenario,
    library: Library,
    plan: CoplanPlan,
    figures: dict[str, Any],
    curve: Sequence[CurvePoint],
    command: str,
) -> Page:
    """Return the report; `figures` are the plan's keys that are no lists."""
    feeder = scenario.feeder
    tables = []
    if plan.cables:
        lines = [asdict(line) for line in plan.cables]
        tables.append(table_of("Lines replaced", lines, is_long=len(lines) > 40))
    if plan.storage:
        units = [
            {"bus": u.bus, "capacity_kwh": u.kwh, "power_kw": u.kw, "cost_usd": u.cost_usd}
            for u in plan.storage
        ]
        tables.append(table_of("Storage", units))
    if plan.conflicts:
        conflicts = [asdict(conflict) for conflict in plan.conflicts[:20]]
        tables.append(table_of("What stands in the way", conflicts))
    drawn: list[Figure] = []
    if curve:
        tables.append(table_of("Storage for every number of upgrades", [asdict(p) for p in curve]))
        drawn += _curve(curve)
    shown = {
        k: v
        for k, v in figures.items()
        if k not in ("feeder", "method") and (v or k == "total_usd")
    }
    table = figures_table("Figures", shown)
    return Page(
        title=f"Reinforcement of {feeder.name}",
        question=(
            f"At what least cost do {ASKED[plan.method]} keep every limit of {feeder.name} on "
            f"{feeder.base_kv:g} kV in every hour?"
        ),
        answer=_answer(plan),
        certificate=_certificate(plan),
        command=command,
        assumptions=(
            f"Loads: {scenario.source}; {scenario.n_hour} hour{'s' * (scenario.n_hour > 1)}.",
            f"Voltages {scenario.v_min_pu:g} to {scenario.v_max_pu:g} p.u., currents within "
            "ampacity, balanced and radial.",
            "Prices, cables and storage as in the tables shipped or given; money is today's.",
        ),
        sections=(
            Section("Plan", tables=(table, *tables), figures=tuple(drawn), verdicts=_checks(plan)),
            *_money(plan),
            _feeder(scenario, library, plan),
        ),
    )


def _money(plan: CoplanPlan) -> tuple[Section, ...]:
    """Return what each asset costs, and the total when one price alone is lower or higher."""
    items = [
        (f"{line.from_bus} to {line.to_bus}", "breaker" if line.is_breaker else "cable",
         line.cost_usd) for line in plan.cables
    ]  # fmt: skip
    items += [(f"storage at {unit.bus}", "storage", unit.cost_usd) for unit in plan.storage]
    if plan.conversion_usd:
        items.append(("new voltage", "conversion", plan.conversion_usd))
    if plan.total_usd is None or not items:
        return ()
    total, step = plan.total_usd, DELTA_PCT / 100.0
    parts = (
        ("cables", plan.cable_usd),
        ("breakers", plan.breaker_usd),
        ("storage", plan.storage_usd),
        ("conversion", plan.conversion_usd),
    )
    swings = [
        Swing(name, total - step * cost, total + step * cost)
        for name, cost in sorted(parts, key=lambda part: -part[1])
        if cost > 0.0
    ]
    return (
        Section(
            "Money",
            text=(
                "All is paid at once, in today's money: there is no cash flow over years, and the "
                "plan with the least cost has the greatest net present value.",
            ),
            figures=(
                cost_figure(items, "usd"),
                tornado_figure(swings, total, "usd", DELTA_PCT, "Total cost"),
            ),
        ),
    )


def _feeder(scenario: Scenario, library: Library, plan: CoplanPlan) -> Section:
    """Return the feeder with what is built, and its voltages before and with it."""
    feeder = scenario.feeder
    before = scenario.diagnose().v_pu
    after = before
    if plan.cables or plan.storage:
        after = judge(scenario, library, plan.cables, plan.storage).v_pu
    low = [lowest_v_pu(v_pu) for v_pu in (before, after)]
    has_flow = bool(np.isfinite(low[1]).all())
    lines = [
        BuiltLine(
            "breaker" if line.is_breaker else "cable",
            f"{line.size}, {line.cost_usd:,.0f} USD",
            branch_of(feeder, line.from_bus, line.to_bus),
        )
        for line in plan.cables
    ]
    marks = [
        Mark("storage", f"storage of {u.kwh:,.0f} kWh, {u.kw:,.0f} kW", feeder.bus_index(u.bus))
        for u in plan.storage
    ]
    hour = int(np.nanargmin(np.nanmin(after, axis=1))) if has_flow else 0
    words = "with the plan" if plan.total_usd is not None else "without a plan"
    figures = (
        [feeder_figure(feeder, low[0], low[1], marks, lines, after_words=words)] if has_flow else []
    )
    if has_flow:
        highest = float(np.nanmax(after))
        figures.append(
            profile_figure(
                feeder,
                before[hour],
                after[hour],
                limit_levels(scenario.v_min_pu, scenario.v_max_pu, highest),
                after_words=words,
                shown=f", hour {hour}" if scenario.n_hour > 1 else "",
            )
        )
    rows = [
        {"bus": label, "lowest_before_pu": finite(before), "lowest_after_pu": finite(after)}
        for label, before, after in zip(feeder.bus_id, *low, strict=True)
    ]
    text = () if has_flow else ("The power flow of some hour has no solution without a plan.",)
    table = table_of("Voltage of every bus", rows, is_long=True)
    return Section("Feeder", text=text, figures=tuple(figures), tables=(table,))


def _answer(plan: CoplanPlan) -> str:
    if plan.total_usd is None:
        return f"There is no plan: {plan.status}{', ' + plan.message if plan.message else ''}."
    words = []
    if plan.cables:
        cost = plan.cable_usd + plan.breaker_usd
        words.append(f"replace {len(plan.cables)} lines and breakers for {cost:,.0f} USD")
    if plan.storage:
        words.append(
            f"build {plan.storage_kwh:,.0f} kWh of storage for {plan.storage_usd:,.0f} USD"
        )
    if plan.conversion_usd:
        words.append(f"convert the voltage for {plan.conversion_usd:,.0f} USD")
    sentence = " and ".join(words) or "nothing needs to be built"
    return f"{sentence[0].upper()}{sentence[1:]}: {plan.total_usd:,.0f} USD in all."


def _certificate(plan: CoplanPlan) -> str:
    if plan.bound_usd is None or plan.gap is None:
        return "Nothing is proven about cheaper plans of this method."
    if plan.method == "ddcp":
        return (
            f"Proven for these lines: whatever storage joins them, {plan.bound_usd:,.0f} USD is "
            f"least; this plan is within {100.0 * plan.gap:.3f} %. Other lines may cost less."
        )
    return (
        f"Proven: no plan of this method costs less than {plan.bound_usd:,.0f} USD; this one is "
        f"within {100.0 * plan.gap:.3f} %."
    )


def _checks(plan: CoplanPlan) -> tuple[Verdict, ...]:
    low, high = plan.v_min_pu, plan.max_loading_pct
    seen = "no plan" if low is None or high is None else f"lowest {low:.4f} p.u., {high:.1f} %"
    words = "The AC power flow of every hour keeps every limit"
    found = [Verdict(words, "holds" if plan.is_ac_feasible else "fails", seen)]
    words = f"The cost is within {100.0 * SUCCESS_GAP:g} % of what is proven possible"
    if plan.gap is None:
        found.append(Verdict(words, "open", "no bound"))
    else:
        outcome: Outcome = "holds" if plan.gap <= SUCCESS_GAP else "fails"
        found.append(Verdict(words, outcome, f"gap {plan.gap:.1e}"))
    return tuple(found)


def _curve(curve: Sequence[CurvePoint]) -> list[Figure]:
    """Return the total cost over the number of upgrades, where there are two plans or more."""
    points = [(p.upgrades, p.total_usd) for p in curve if p.total_usd is not None]
    if len(points) < 2:
        return []
    costs = [cost for _, cost in points]
    counts = [float(n) for n, _ in points]
    plot = svg.Plot(
        520, 330, svg.padded(min(counts), max(counts)), svg.padded(min(costs), max(costs))
    )
    parts = [svg.axes(plot, "lines upgraded", "total cost (USD)")]
    at = [(plot.px(float(n)), plot.py(cost)) for n, cost in points]
    parts.append(svg.path(at, COLORS[0]))
    parts += [
        svg.dot(x, y, 4, COLORS[0], f"{n} upgrades\n{cost:,.0f} USD")
        for (x, y), (n, cost) in zip(at, points, strict=True)
    ]
    alt = "Total cost over the number of lines upgraded, storage for the rest"
    return [Figure(f"{alt}.", alt, svg=svg.document(plot.width, plot.height, alt, parts))]
