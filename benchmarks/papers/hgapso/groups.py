"""Owns the page's tables of rows: verdicts counted, and what is not reproduced, by its cause."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.papers.hgapso.verdicts import REPRODUCED
from benchmarks.papers.rows import Row, markdown_table

SHOWN = 5
"""Figures of one cause that the page shows; rows.csv has all."""
FORMATS = {
    "loss_kw": "{:,.2f} kW",
    "loss_kvar": "{:,.2f} kvar",
    "loss_kw of the best pair": "{:,.2f} kW",
    "station_kw": "{:,.0f} kW",
    "total_kvar": "{:,.0f} kvar",
    "v_min_pu": "{:.4f} p.u.",
    "saving_pct": "{:.2f} %",
    "saving_pct as defined": "{:+.2f} %",
    "npv_usd": "{:,.0f} USD",
    "v_min_bus": "bus {:.0f}",
    "T": "{:,.0f}",
    "rank of discount_rate": "rank {:.0f}",
    "rank of energy_per_kwh": "rank {:.0f}",
    "rank of station_install_per_site": "rank {:.0f}",
    "HGAPSO ends above GA": "{:.0%}",
    "HGAPSO ends above PSO": "{:.0%}",
}
"""How the page shows each quantity; others have three digits."""


def shown(quantity: str, value: float | None) -> str:
    """Return a figure as the page shows its quantity, a dash for none."""
    return "-" if value is None else FORMATS.get(quantity, "{:.3g}").format(value)


def first_readings(rows: Sequence[Row]) -> list[Row]:
    """Return one row a printed figure: the reading that comes first."""
    found: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        found.setdefault((row.table, row.row, row.quantity), row)
    return list(found.values())


def verdict_counts(rows: Sequence[Row]) -> str:
    """Return how many printed figures of each table have each verdict."""
    figures = first_readings(rows)
    verdicts = sorted({row.verdict for row in figures})
    tables = sorted({row.table for row in figures}, key=_place)
    lines = []
    for table in tables:
        counts = [sum((r.table, r.verdict) == (table, v) for r in figures) for v in verdicts]
        lines.append([table, *(str(count) if count else "" for count in counts)])
    return markdown_table(["where", *verdicts], lines)


def exceptions(rows: Sequence[Row]) -> str:
    """Return what is not simply reproduced, one line a verdict and cause."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in first_readings(rows):
        if row.verdict != REPRODUCED:
            cause = row.reason.split(": ")[0]
            groups.setdefault((row.verdict, cause), []).append(row)
    lines = []
    for (verdict, cause), group in sorted(groups.items()):
        where = ", ".join(sorted({row.table for row in group}, key=_place))
        few = group[:: -(-len(group) // SHOWN)]  # spread over the feeders
        words = "; ".join(_in_words(row) for row in few)
        more = len(group) - len(few)
        lines.append(
            [verdict, cause, where, str(len(group)), words + (f"; {more} more" if more else "")]
        )
    return markdown_table(["verdict", "cause", "where", "count", "printed → ours"], lines)


def _in_words(row: Row) -> str:
    words = f"{row.row.replace(',', '')}: {shown(row.quantity, row.paper)}"
    return words + ("" if row.ours is None else f" → {shown(row.quantity, row.ours)}")


def _place(table: str) -> tuple[int, str]:
    """Return the order of the paper: its tables, its figures, its text."""
    numerals = ("II", "III", "IV", "V", "VI", "VII")
    return (numerals.index(table) if table in numerals else len(numerals), table)
