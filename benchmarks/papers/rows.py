"""Owns the row of a reproduction: one printed figure, ours in one reading, the verdict and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from problems.core.content import write_text
from problems.report.tables import write_table


@dataclass(frozen=True, slots=True)
class Row:
    """Hold one printed figure beside ours.

    Parameters
    ----------
    table, row, quantity : str
        Where the figure stands in the paper, and what it is, with its unit.
    paper, ours : float or None
        Both figures; None where there is none.
    reading : str
        How ours was computed.
    tolerance : float or None
        Absolute difference that counts as the same figure.
    verdict, reason : str
        Computed; see the paper's own `verdicts`.
    """

    table: str
    row: str
    quantity: str
    paper: float | None
    ours: float | None
    reading: str
    tolerance: float | None
    verdict: str
    reason: str


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as CSV: `table row quantity paper ours reading tolerance verdict reason`."""
    write_table(path, [asdict(row) for row in rows])


def markdown_table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    rows = [header, ["---"] * len(header), *lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in rows) + "\n"


def write_page(path: Path, text: str) -> None:
    """Write a Markdown page, atomically."""
    write_text(path, text.rstrip("\n") + "\n")


def figure(value: float | None) -> str:
    """Return a figure as a page shows it: seven significant digits, a dash for none."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1e5 else f"{value:.7g}"
