"""Owns the row of a race, its file race.csv, and the ratio to the best peer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from problems.core.content import from_content
from problems.report.tables import write_table

OURS = "feederlab"


@dataclass(frozen=True, slots=True)
class Row:
    """Hold one figure of one contender.

    Parameters
    ----------
    job, case, contender : str
        What was done, on what, by whom.
    figure : float or None
        None where the contender failed; `note` says why.
    unit : str
    ratio_to_best_peer : float or None
        The figure over that of the best peer in the same job and case; more is better.
    target : str
        What was to be reached, as ``ratio >= 24`` or ``figure <= 1.5``; empty for none.
    is_met : bool or None
        Whether it was; None without target.
    note : str
    """

    job: str
    case: str
    contender: str
    figure: float | None
    unit: str
    ratio_to_best_peer: float | None = None
    target: str = ""
    is_met: bool | None = None
    note: str = ""


def judged(row: Row) -> Row:
    """Return the row with `is_met` computed from its target; a missing figure misses it.

    Examples
    --------
    >>> judged(Row("memory", "a", OURS, 700.0, "MiB", target="figure <= 1024")).is_met
    True
    """
    if not row.target:
        return row
    what, sign, limit = row.target.split()
    value = row.figure if what == "figure" else row.ratio_to_best_peer
    if value is None:
        return replace(row, is_met=False)
    return replace(row, is_met=value >= float(limit) if sign == ">=" else value <= float(limit))


def with_ratios(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of one job and case with every figure over the best peer's.

    The figures are rates. Rows without figure, and ours where no peer has one, have no ratio.
    """
    peers = [row.figure for row in rows if row.contender != OURS and row.figure is not None]
    best = max(peers, default=None)
    return [
        judged(row)
        if best is None or row.figure is None
        else judged(replace(row, ratio_to_best_peer=row.figure / best))
        for row in rows
    ]


def write_race(path: Path, rows: Sequence[Row]) -> None:
    """Write race.csv: the columns are the fields of `Row`."""
    write_table(path, [asdict(row) for row in rows])


def to_content(row: Row) -> dict[str, Any]:
    """Return a row as JSON content."""
    return asdict(row)


def to_row(content: Mapping[str, Any]) -> Row:
    """Return the row that `to_content` wrote."""
    return from_content(Row, content, "row of a race")
