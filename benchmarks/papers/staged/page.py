"""Owns the page of the reproduction: tables, figures, and sentences that were computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.papers.rows import Row, figure, markdown_table
from benchmarks.papers.staged.claims import (
    Curtailment,
    curtailment_words,
    satisfaction_words,
)
from benchmarks.papers.staged.points import Point
from problems.report.staged import HARDEST
from problems.staged.indicators import scheme_answer
from problems.staged.scheme_plan import Effort, SchemePlan

KEYS = (
    "lcc_all_rmb", "lcc_rmb", "bound_rmb", "gap", "genetic_lcc_rmb", "investment_rmb",
    "first_stage_investment_rmb", "curtailment_pct", "charging_satisfaction_pct", "status",
)  # fmt: skip
LEAST_GAP = 1e-6
"""Gap below which only the solver's accuracy shows."""
COUNTS = (
    ("undervoltage_buses", "undervoltage buses"),
    ("heavy_load_h", "hours above 80 % of the rating"),
)


def page(
    printed: Mapping[str, Any],
    plans: Mapping[str, SchemePlan],
    rows: Sequence[Row],
    points: Sequence[Point],
    curtailment: Sequence[Curtailment],
    satisfaction: Mapping[str, Sequence[Point]],
    effort: Effort,
) -> str:
    """Return the page in Markdown.

    Parameters
    ----------
    printed : mapping
        The paper's figures.
    plans : dict of str to SchemePlan
    rows : sequence of Row
    points : sequence of Point
        Of the sensitivities.
    curtailment, satisfaction
        The cases of `claims`.
    effort : Effort
        Of the plans.
    """
    answers = {name: scheme_answer(plan) for name, plan in plans.items()}
    worst = max((answer["ac"]["violation"] or 0.0) for answer in answers.values())
    table = printed["table_1"]
    return f"""# Staged investment: the paper beside ours

System 1 (33 buses). The search saw {effort.n_scenarios} of 24 scenarios (`lcc_rmb`, `bound_rmb`,
`gap`), population {effort.population}, {effort.generations} generations; every plan was then
operated and rechecked by AC power flow in all 24 (`lcc_all_rmb`; largest excess over a limit
{worst:.1e} of it). The paper prints no unit costs, profiles or fleet: these are assumed, each with
its basis in `problems/staged/data/ieee33.toml`. So ratios and orders are compared, never levels.

{_schemes(answers)}
Before each stage's investment (what the stage before left, charging unmanaged) and after it (as
the plan is operated):

{_counts(plans, answers)}
![Investments by stage](timeline.png)

![Cost by cause](costs.png)

![{HARDEST}, stage III](summer_day.png)

## Verdicts

{_verdicts(rows)}
## Curtailment and charging satisfaction

Both are near their best here and not in the paper. What would have to be assumed was computed.

PV curtailed in stage III, the plans' assets kept, every one of the 24 days dispatched anew; before
it, highest voltage and export if nothing were built or controlled (limits: 1.07 p.u., 0.8 of the
transformer's rating):

{_curtailment(curtailment)}
{curtailment_words(curtailment, table["curtailment_pct"])}

Charging satisfaction in stage III by the price of charging not served, each plan searched anew
(printed: {_printed(table["satisfaction_pct"])}):

{_satisfaction(satisfaction)}
{satisfaction_words(satisfaction, table["satisfaction_pct"])}

## Sensitivities

Every point is a quick search of its own ({effort_words(points)}); the band under a curve ends at
the proven bound. The order of the schemes rests on assumed prices:

![Order of the schemes](order.png)

{order_words(rows)}

![V2G participation](participation.png)

{participation_words(points)}

![Sensitivities](sweeps.png)

Elasticity is defined here as the share of unmanaged vehicles that follow the tariff, per unit of
its spread (peak minus valley over mean), in stages II and III. With residual value, what is left of
a straight-line life in 2035 is returned. All points are in `sweeps.csv`.
"""


def effort_words(points: Sequence[Point]) -> str:
    """Return how far the points may be from the best possible."""
    gaps = [abs(p.lcc_rmb - p.bound_rmb) / p.lcc_rmb for p in points]
    return f"largest gap {100.0 * max(gaps, default=0.0):.2f} %"


def order_words(rows: Sequence[Row]) -> str:
    """Return over what range the order of the schemes holds, from the computed rows."""
    held = [row for row in rows if row.quantity.startswith("strict over the")]
    return " ".join(
        f"A > B > C > D is {row.reason} ({row.quantity.removeprefix('strict ')}, {row.reading})."
        for row in held
    )


def participation_words(points: Sequence[Point]) -> str:
    """Return what the participation of vehicles that discharge does, and what is built of it."""
    own = {p.value: p for p in points if p.sweep == "V2G participation" and p.scheme == "D"}
    if not own:
        return "No participation was searched."
    first, last = own[min(own)], own[max(own)]
    parts = [
        f"From none to all, cost falls from {first.lcc_rmb / 1e6:.3f} to "
        f"{last.lcc_rmb / 1e6:.3f} million RMB."
    ]
    if 0.6 in own:
        at = own[0.6]
        parts.append(
            f"At 0.6 {at.two_way_piles:.0f} two-way piles are built beside {at.smart_piles:.0f} "
            f"one-way managed ones; {100.0 * (first.lcc_rmb - at.lcc_rmb) / first.lcc_rmb:.1f} % "
            "is saved."
        )
    parts.append(
        "The data allow at most 0.6 of the vehicles to be managed (`smart_share_max`); a higher "
        "participation lifts that share with it, and what falls above 0.6 is the saving of managed "
        "charging. The second curve separates the two: there every vehicle may be managed at any "
        "participation."
    )
    free = {p.value: p for p in points if p.sweep == "V2G participation, all managed"
            and p.scheme == "D"}  # fmt: skip
    if len(free) > 1:
        none, all_ = free[min(free)], free[max(free)]
        parts.append(
            f"So managed, V2G alone moves the cost from {none.lcc_rmb / 1e6:.3f} to "
            f"{all_.lcc_rmb / 1e6:.3f} million RMB, with {all_.two_way_piles:.0f} two-way piles "
            f"built of {all_.smart_piles + all_.two_way_piles:.0f} managed ones."
        )
    return " ".join(parts)


def _schemes(answers: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [
        [key, *(figure_words(key, answer[key]) for answer in answers.values())] for key in KEYS
    ]
    return markdown_table(["figure", *answers], lines)


def _counts(plans: Mapping[str, SchemePlan], answers: Mapping[str, Mapping[str, Any]]) -> str:
    stages = [stage.name for stage in next(iter(plans.values())).model.study.data.stages]
    lines = []
    for name, answer in answers.items():
        for key, words in COUNTS:
            pairs = zip(answer[key]["before"], answer[key]["after"], strict=True)
            shown = [f"{_count(before)} → {_count(after)}" for before, after in pairs]
            lines.append([name, words, *shown])
    return markdown_table(["scheme", "figure", *(f"stage {name}" for name in stages)], lines)


def _count(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _verdicts(rows: Sequence[Row]) -> str:
    return markdown_table(
        ["table", "row", "quantity", "paper", "ours", "verdict", "reason"],
        [
            [r.table, r.row, r.quantity, figure(r.paper), figure(r.ours), r.verdict,
             f"{r.reason} ({r.reading})"]
            for r in rows
        ],
    )  # fmt: skip


def _curtailment(cases: Sequence[Curtailment]) -> str:
    names = list(cases[0].pct)
    lines = [
        [case.case, f"{case.v_max_pu:.4f}", f"{case.export_mw:.2f}",
         *("-" if case.pct[name] is None else f"{case.pct[name]:.2f}" for name in names)]
        for case in cases
    ]  # fmt: skip
    heads = ["case", "p.u.", "export, MW", *(f"{name}, %" for name in names)]
    return markdown_table(heads, lines)


def _satisfaction(cases: Mapping[str, Sequence[Point]]) -> str:
    lines = []
    for case, points in cases.items():
        found = {point.scheme: point.charging_satisfaction_pct for point in points}
        shown = [found.get(name) for name in "ABCD"]
        lines.append([case, *("-" if pct is None else f"{pct:.1f}" for pct in shown)])
    return markdown_table(["charging not served costs", *(f"{name}, %" for name in "ABCD")], lines)


def _printed(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g} %" for name, value in values.items())


def figure_words(key: str, value: Any) -> str:
    """Return a figure without the digits that are the solver's noise."""
    if isinstance(value, str) or value is None:
        return value or figure(None)
    if key == "gap":
        return "< 1e-6" if value < LEAST_GAP else f"{value:.1e}"
    return f"{value:.2f}" if key.endswith("_pct") else figure(value)
