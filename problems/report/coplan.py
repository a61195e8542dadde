"""Owns the files and the report of a plan of cables, breakers and storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from powerflow.feeder import Feeder
from problems.coplan.ddcp import CurvePoint
from problems.coplan.plan import CoplanPlan, LineUpgrade
from problems.coplan.scenario import Scenario
from problems.core.content import json_text, write_text
from problems.report import svg
from problems.report.layout import bus_positions
from problems.report.page import Figure, Outcome, Page, Section, Verdict, table_of, write_page
from problems.report.style import COLORS, GREY
from problems.report.tables import write_table
from problems.report.targets import SUCCESS_GAP

ASKED = {
    "vcu": "cables and breakers",
    "vmbp": "storage",
    "ddcp": "cables and breakers on the worst lines, and storage for the rest,",
    "joint": "cables, breakers and storage together",
    "uprate": "a higher voltage, cables and breakers",
}


def write_coplan(
    folder: Path,
    scenario: Scenario,
    plan: CoplanPlan,
    answer: dict[str, Any],
    curve: Sequence[CurvePoint],
    command: str,
) -> None:
    """Write tables, the plan and the report; times stand in timing.csv alone.

    Parameters
    ----------
    folder : Path
    scenario : Scenario
        What was planned for.
    plan : CoplanPlan
    answer : dict
        The keys of the command, for plan.json; its seconds are left out.
    curve : sequence of CurvePoint
        Stage III of the DDCP, empty for other methods.
    command : str
        What repeats it.
    """
    kept = {key: value for key, value in answer.items() if key != "seconds"}
    write_text(folder / "plan.json", json_text(kept))
    write_table(folder / "timing.csv", [{"method": plan.method, "seconds": plan.seconds}])
    figures = {k: v for k, v in kept.items() if not isinstance(v, list) and k != "message"}
    write_table(folder / "summary.csv", [figures])
    if curve:
        write_table(folder / "runs.csv", [asdict(point) for point in curve])
    write_page(folder, _page(scenario, plan, figures, curve, command))


def _page(
    scenario: Scenario,
    plan: CoplanPlan,
    figures: dict[str, Any],
    curve: Sequence[CurvePoint],
    command: str,
) -> Page:
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
    drawn = [_network(feeder, plan)]
    if curve:
        tables.append(table_of("Storage for every number of upgrades", [asdict(p) for p in curve]))
        drawn += _curve(curve)
    shown = [(k, v) for k, v in figures.items() if k not in ("feeder", "method")]
    table = table_of("Figures", [{"figure": k.replace("_", " "), "value": v} for k, v in shown])
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
        ),
    )


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


def _network(feeder: Feeder, plan: CoplanPlan) -> Figure:
    """Return the feeder with replaced lines in color and storage marked."""
    x, y, has_coordinates = bus_positions(feeder)
    width, height, pad = 760.0, 420.0, 26.0
    px = pad + (x - x.min()) / max(float(np.ptp(x)), 1e-12) * (width - 2.0 * pad)
    py = 20.0 + (y.max() - y) / max(float(np.ptp(y)), 1e-12) * (height - 80.0)
    replaced = {frozenset((line.from_bus, line.to_bus)): line for line in plan.cables}
    parts = []
    for bus in range(1, feeder.n_bus):
        k = int(feeder.parent[bus])
        line = replaced.get(frozenset((feeder.bus_id[k], feeder.bus_id[bus])))
        elbow = "" if has_coordinates else f"V{py[bus]:.1f}"
        tip = f' data-tip="{_tip(line)}"' if line is not None else ""
        color, wide = (GREY, 1.0) if line is None else (COLORS[1], 4.0)
        if line is not None and line.is_breaker:
            color = COLORS[4]
        parts.append(
            f'<path d="M{px[k]:.1f} {py[k]:.1f}{elbow}L{px[bus]:.1f} {py[bus]:.1f}" fill="none" '
            f'stroke="{color}" stroke-width="{wide:g}"{tip}/>'
        )
    for unit in plan.storage:
        bus = feeder.bus_index(unit.bus)
        side = 6.0
        corners = [(px[bus] + a * side, py[bus] + b * side) for a, b in _SQUARE]
        words = f"storage at bus {unit.bus}\n{unit.kwh:,.0f} kWh, {unit.kw:,.0f} kW"
        parts.append(svg.polygon(corners, COLORS[0], words))
    parts.append(svg.rectangle(px[0] - 7, py[0] - 7, 14, 14, "#000", "source"))
    names = (("source", "#000"), ("cable replaced", COLORS[1]), ("breaker replaced", COLORS[4]))
    for k, (name, color) in enumerate((*names, ("storage", COLORS[0]))):
        parts.append(svg.rectangle(pad + 150 * k, height - 28, 14, 10, color))
        parts.append(svg.text(pad + 20 + 150 * k, height - 19, name))
    alt = f"{feeder.name} with replaced lines and storage"
    return Figure(f"{alt}.", alt, svg=svg.document(width, height, alt, parts), is_wide=True)


_SQUARE = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))


def _tip(line: LineUpgrade) -> str:
    words = f"{line.from_bus} to {line.to_bus}\n{line.size}, {line.cost_usd:,.0f} USD"
    return escape(words)


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
