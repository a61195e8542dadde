"""Owns how benchmarks write Markdown: tables and figures with few digits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown_table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    rows = [header, ["---"] * len(header), *lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in rows) + "\n"


def short(value: float | None) -> str:
    """Return a figure with three significant digits, thousands apart; a dash for none.

    Examples
    --------
    >>> short(1234567.0), short(0.012345), short(None)
    ('1,230,000', '0.0123', '-')
    """
    if value is None:
        return "-"
    if value == 0.0:
        return "0"
    return f"{float(f'{value:.3g}'):,.10g}"


def yes_no(is_met: bool | None) -> str:
    """Return whether a target was met, in words."""
    return "" if is_met is None else "yes" if is_met else "**no**"
