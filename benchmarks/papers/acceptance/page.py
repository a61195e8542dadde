"""Owns the page that a reader checks in ten minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.papers.acceptance.cases import SOME_BUSES, TYPES, Capacities
from benchmarks.papers.acceptance.growth import READINGS, growth_by_unit
from benchmarks.papers.acceptance.patterns import FAILS, HOLDS, claims
from benchmarks.papers.rows import Row, figure, markdown_table

INTRODUCTION = """# The acceptance paper, checked

"Integration acceptance capacity of EV charging loads with storage, SVG and PV on the enhanced IEEE
33-bus network" (docs/acceptance.md has the model). Regenerate with
`python -m benchmarks papers acceptance --out results/papers/acceptance`; every row stands in
[rows.csv](rows.csv), every capacity in [capacities.csv](capacities.csv).

The load, charging and PV courses are **assumed**: the paper shows them in figures only. So printed
numbers are compared for the record, and verdicts are on the patterns that the text claims. The
substation's limit follows the scenario's line limit; the day is cyclic; capacity comes first and
losses second. Scenario 7 has more SVG as well as more ESS than scenario 5 (Table 1), so that the
"ESS" of Table 3 is both.
"""


def summary(
    rows: Sequence[Row], found: Capacities, others: Sequence[tuple[str, Capacities]]
) -> str:
    """Return the page in Markdown."""
    parts = [
        INTRODUCTION,
        "## Growth of the mean capacity, Tables 2 and 3\n",
        _growth(rows),
        "## What the text says of Figures 6 to 11\n",
        _claims(rows),
        "## Largest capacities, and the substation\n",
        _numbers([row for row in rows if row.table == "text" or "substation" in row.quantity]),
        "## How exact the relaxation is\n",
        _numbers([row for row in rows if row.table == "ours"]),
    ]
    if others:
        parts += [
            "## Over which courses the patterns hold\n",
            f"On buses {', '.join(SOME_BUSES)}; one thing changed at a time. Numbers count the "
            "claims of a kind that hold. [families.csv](families.csv) has them one by one.\n",
            _families(found, others),
        ]
    parts.append(
        "## Pictures\n\n[Figures 6, 7](figure_6_7.png), [8](figure_8.png), [9](figure_9.png), "
        "[10](figure_10.png), [11](figure_11.png).\n"
    )
    return "\n".join(parts)


def _growth(rows: Sequence[Row]) -> str:
    lines = []
    growth = [row for row in rows if row.table in ("2", "3")]
    for row in growth:
        if row.reading == READINGS[0]:
            twin = next(r for r in growth if (r.table, r.row, r.reading) == (
                row.table, row.row, READINGS[1]))  # fmt: skip
            lines.append([row.table, row.row, figure(row.paper), f"{row.ours or 0.0:.2f}",
                          f"{twin.ours or 0.0:.2f}", row.verdict])  # fmt: skip
    header = ["table", "row", "paper, %", *(f"ours, {r}, %" for r in READINGS), "verdict"]
    return markdown_table(header, lines)


def _claims(rows: Sequence[Row]) -> str:
    lines = [
        [row.table, row.row, row.quantity, row.verdict, row.reason]
        for row in rows
        if row.verdict in (HOLDS, FAILS) and row.table != "ours"
    ]
    return markdown_table(["where", "charging", "claim", "verdict", "found"], lines)


def _numbers(rows: Sequence[Row]) -> str:
    lines = [
        [row.row, row.quantity, figure(row.paper), "-" if row.ours is None else f"{row.ours:.3g}",
         row.verdict, row.reason]
        for row in rows
    ]  # fmt: skip
    return markdown_table(["row", "quantity", "paper", "ours", "verdict", "reason"], lines)


KINDS = ("largest at", "least at buses", "least of its lateral", "helps most", "PV helps least",
         "PV does not help", "6 MW limit lifts", "6 MW limit leaves", "overall",
         "decreases more")  # fmt: skip


def family_rows(
    found: Capacities, others: Sequence[tuple[str, Capacities]]
) -> list[dict[str, Any]]:
    """Return every claim for every family of courses."""
    return [
        {"courses": name, "where": c.where, "charging": c.kind, "claim": c.claim,
         "holds": c.holds, "found": c.found}
        for name, capacities in (("as assumed", found), *others)
        for c in claims(capacities)
    ]  # fmt: skip


def _families(found: Capacities, others: Sequence[tuple[str, Capacities]]) -> str:
    lines = []
    for name, capacities in (("as assumed, all buses", found), *others):
        said = list(claims(capacities))
        cells = []
        for kind in KINDS:
            these = [claim.holds for claim in said if kind in claim.claim]
            cells.append(f"{sum(these)}/{len(these)}")
        growth = [
            "/".join(
                f"{pct:.0f}" for pct in growth_by_unit(capacities, 0, kind, READINGS[0]).values()
            )
            for kind in TYPES
        ]
        lines.append([name, *cells, *growth])
    header = ["courses", *KINDS, "growth ESS/SVG/PV type 1, %", "type 2, %"]
    return markdown_table(header, lines)
