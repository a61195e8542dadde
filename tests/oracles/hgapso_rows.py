"""Owns the rows of the HGAPSO reproduction that tests share."""

from dataclasses import replace
from typing import Any

from benchmarks.papers.hgapso.printed import Printed
from benchmarks.papers.rows import Row

Rows = dict[tuple[str, str, str], Row]


def by_figure(rows: Any) -> Rows:
    """Return the first reading of each printed figure."""
    found: Rows = {}
    for row in rows:
        found.setdefault((row.table, row.row, row.quantity), row)
    return found


def changed(tables: Printed, feeder: str, engine: str, **fields: Any) -> Printed:
    """Return the tables with one row of Tables V and VI changed."""
    rows = tuple(
        replace(row, **fields) if (row.feeder, row.engine) == (feeder, engine) else row
        for row in tables.capacitors
    )
    return replace(tables, capacitors=rows)
