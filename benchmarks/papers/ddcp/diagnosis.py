"""Owns Tables II to IV and Figures 3 to 6: all voltages, chargers and adoptions in one batch."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from benchmarks.papers.ddcp.readings import compare, printed
from benchmarks.papers.rows import Row
from powerflow.library import load_feeder
from problems.coplan.diagnosis import Diagnosis, diagnose
from problems.coplan.scenario import peak_loads
from problems.coplan.vehicles import PAPER_ADOPTIONS_PCT

BASE_KV = (4.16, 6.9, 13.8, 23.9, 34.5)
CHARGER_KW = (5, 10, 15)
READING = "power flow of the peak hour"
MEAN_TOLERANCE_PCT = 0.05
WHY = {"mean_pct": "the mean over all 239 lines, which gives every other mean of the table"}


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Hold the diagnosis of every case and where each case stands in it."""

    found: Diagnosis
    at: dict[tuple[float, float, int], int]


def diagnose_all() -> Grid:
    """Diagnose 5 base voltages x 3 chargers x 6 adoptions in one batch of power flows."""
    feeder = load_feeder("iowa240")
    cases = list(product(BASE_KV, CHARGER_KW, PAPER_ADOPTIONS_PCT))
    loads = [peak_loads(feeder, kw, adoption, "paper") for _, kw, adoption in cases]
    p_kw, q_kvar = np.array(loads).swapaxes(0, 1)
    found = diagnose(feeder, p_kw, q_kvar, base_kv=np.array([case[0] for case in cases]))
    return Grid(found, {case: k for k, case in enumerate(cases)})


def figures_of(grid: Grid, case: tuple[float, float, int]) -> dict[str, float]:
    """Return the figures of one case by the names of printed_tables.toml."""
    k, found = grid.at[case], grid.found
    violation = found.violation_pct[k]
    over = violation[np.isfinite(violation)]
    return {
        "max_pct": float(found.over_branches("max")[k]),
        "mean_pct": float(found.over_branches("mean")[k]),
        "line_violations": float(found.line_violations[k]),
        "least_violation_pct": float(over.min()) if len(over) else 0.0,
        "greatest_violation_pct": float(over.max(initial=0.0)),
        "mean_violation_pct": float(over.mean()) if len(over) else 0.0,
        "undervoltage_buses": float(found.undervoltage_buses[k]),
        "v_min_pu": float(found.v_pu[k].min()),
        "v_mean_pu": float(found.v_pu[k].mean()),
    }


TABLE_OF = {
    "max_pct": "II",
    "mean_pct": "II",
    "line_violations": "III",
    "least_violation_pct": "III",
    "greatest_violation_pct": "III",
    "mean_violation_pct": "III",
    "undervoltage_buses": "IV",
    "v_min_pu": "IV",
    "v_mean_pu": "IV",
}


def table_rows(grid: Grid) -> list[Row]:
    """Return every printed figure of Tables II to IV and Figures 4 and 5 beside ours."""
    rows = []
    for table in printed("tables")["loading"]:
        for column, adoption in enumerate(table["adoption_pct"]):
            kv, kw = table["base_kv"], table["charger_kw"]
            ours = figures_of(grid, (kv, kw, adoption))
            for quantity, where in TABLE_OF.items():
                if quantity not in table:
                    continue
                tolerance = MEAN_TOLERANCE_PCT if quantity == "mean_pct" else None
                if kw != CHARGER_KW[1]:
                    where = "Figure 4" if quantity == "line_violations" else "Figure 5"
                row = f"{kv:g} kV, {kw:g} kW, {adoption} %"
                rows.append(
                    compare(
                        where, row, quantity, table[quantity][column], ours[quantity], READING,
                        tolerance=tolerance, why=WHY.get(quantity, ""),
                    )
                )  # fmt: skip
    for adoption in (40, 60, 80, 100):
        k = grid.at[(4.16, 10, adoption)]
        state = float(grid.found.collapsed[k])
        rows.append(compare("II", f"4.16 kV, 10 kW, {adoption} %", "collapsed", 1, state, READING))
    return rows


def summary_rows(grid: Grid) -> list[dict[str, Any]]:
    """Return one line a case for summary.csv; figures of a collapsed case are missing."""
    lines: list[dict[str, Any]] = []
    for (kv, kw, adoption), k in grid.at.items():
        collapsed = bool(grid.found.collapsed[k])
        figures = figures_of(grid, (kv, kw, adoption))
        lines.append(
            {"base_kv": kv, "charger_kw": kw, "adoption_pct": adoption, "collapsed": collapsed}
            | {name: None if collapsed else value for name, value in figures.items()}
        )
    return lines
