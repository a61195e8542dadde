"""Owns the table of a study's figures, each by its name in words and its unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from problems.report.html import in_words
from problems.report.page import Table, table_of


def figures_table(title: str, figures: Mapping[str, Any]) -> Table:
    """Return a table of one figure a row; names carry their unit as a suffix, as in JSON."""
    rows = []
    for key, value in figures.items():
        words, unit = in_words(key)
        rows.append({"figure": f"{words} ({unit})" if unit else words, "value": value})
    return table_of(title, rows)
