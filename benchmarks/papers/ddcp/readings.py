"""Owns what the paper prints, the cases it is compared in, and how a figure is judged."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.papers.rows import Row
from powerflow.library import load_feeder
from problems.coplan.equipment import Library, read_library
from problems.coplan.plan import LineUpgrade
from problems.coplan.scenario import Scenario, make_scenario

REPRODUCED, DIFFERS, BETTER = "reproduced", "differs", "cheaper than printed"
LIBRARY: Library = read_library()
CHARGER_KW = 10.0


@cache
def printed(name: str) -> dict[str, Any]:
    """Return the printed figures of printed_tables.toml or printed_plans.toml."""
    return tomllib.loads((Path(__file__).parent / f"printed_{name}.toml").read_text("utf-8"))


@cache
def paper_day(base_kv: float, adoption_pct: float = 100.0) -> Scenario:
    """Return a day of the planning sections: every EV at 10 kW in every hour."""
    feeder = replace(load_feeder("iowa240"), base_kv=base_kv)
    return make_scenario(
        feeder, charger_kw=CHARGER_KW, adoption_pct=adoption_pct, cases="paper", is_day=True
    )


def printed_lines(table: str) -> list[LineUpgrade]:
    """Return the replaced lines of Table VI, VII or IX."""
    return [
        LineUpgrade(row["from"], row["to"], row["size"], row["usd"], row["size"].startswith("CB"))
        for row in printed("plans")[table]["line"]
    ]


def half_a_digit(value: float) -> float:
    """Return half a unit of the last digit printed.

    Examples
    --------
    >>> half_a_digit(102.1), half_a_digit(30)
    (0.05, 0.5)
    """
    text = repr(value)
    n_digit = len(text.split(".")[1]) if "." in text else 0
    return round(0.5 * 10.0**-n_digit, 10)


def compare(
    table: str,
    row: str,
    quantity: str,
    paper: float,
    ours: float,
    reading: str,
    *,
    tolerance: float | None = None,
    why: str = "",
) -> Row:
    """Return a row; its verdict is computed, `why` says what a difference comes from."""
    within = half_a_digit(paper) if tolerance is None else tolerance
    is_same = abs(paper - ours) <= within * 1.01
    reason = "within the tolerance" if is_same else why or f"off by {ours - paper:+.4g}"
    return Row(
        table,
        row,
        quantity,
        paper,
        ours,
        reading,
        within,
        REPRODUCED if is_same else DIFFERS,
        reason,
    )


def cheaper(table: str, row: str, paper_usd: float, ours_usd: float, reading: str) -> Row:
    """Return a row of two costs, of which the lower is the better."""
    verdict = BETTER if ours_usd < paper_usd - 1.0 else DIFFERS
    if abs(ours_usd - paper_usd) <= 1.0:
        verdict = REPRODUCED
    reason = f"{(ours_usd - paper_usd) / paper_usd:+.2%}"
    return Row(table, row, "total_usd", paper_usd, ours_usd, reading, 1.0, verdict, reason)
