"""Owns the files and the report of a diagnosis: what is overloaded, where voltage is too low."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from problems.coplan.choices import line_name
from problems.coplan.diagnosis import Diagnosis
from problems.report.diagnosis_figures import draw_map, draw_scatter
from problems.report.named import figures_table
from problems.report.page import Page, Section, picture, table_of, write_page
from problems.report.style import STYLE
from problems.report.tables import write_table


def write_diagnosis(
    folder: Path,
    found: Diagnosis,
    answer: Mapping[str, Any],
    seconds: float,
    source: str,
    command: str,
) -> None:
    """Write tables, the violation map and the report; times stand in timing.csv alone.

    Parameters
    ----------
    found : Diagnosis
        Hours of a day, or draws.
    answer : dict
        The keys of the command.
    source : str
        Where the loads come from, in words.
    command : str
        What repeats it.
    """
    kept = {k: v for k, v in answer.items() if not isinstance(v, list | dict)}
    write_table(folder / "summary.csv", [kept])
    write_table(folder / "timing.csv", [{"seconds": seconds}])
    lines, buses = _line_rows(found), _bus_rows(found)
    if lines:
        write_table(folder / "lines.csv", lines)
    if buses:
        write_table(folder / "buses.csv", buses)
    with mpl.rc_context(STYLE):
        draw_map(folder / "violation_map.png", found)
        if lines:
            draw_scatter(folder / "scatter.png", found)
    write_page(folder, _page(found, kept, lines, buses, source, command))


def _line_rows(found: Diagnosis) -> list[dict[str, Any]]:
    """Return every line in its worst case, greatest loading first; what collapsed is left out."""
    known = np.flatnonzero(np.isfinite(found.loading_pct).any(axis=0))
    rows = [
        {
            "line": line_name(found.feeder, int(k)),
            "i_a": float(np.nanmax(found.i_a[:, k])),
            "loading_pct": float(np.nanmax(found.loading_pct[:, k])),
            "share_of_cases_overloaded": float(found.overloaded[:, k].mean()),
        }
        for k in known
    ]
    return sorted(rows, key=lambda row: -float(str(row["loading_pct"])))


def _bus_rows(found: Diagnosis) -> list[dict[str, Any]]:
    """Return every bus in its worst case, lowest voltage first; what collapsed is left out."""
    if found.collapsed.all():
        return []
    lowest = np.nanmin(found.v_pu[~found.collapsed], axis=0)
    share = found.undervoltage.mean(axis=0)
    return [
        {
            "bus": found.feeder.bus_id[k],
            "v_min_pu": float(lowest[k]),
            "share_of_cases_below": float(share[k]),
        }
        for k in np.argsort(lowest, kind="stable")
        if k > 0
    ]


def _page(
    found: Diagnosis,
    kept: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    buses: Sequence[Mapping[str, Any]],
    source: str,
    command: str,
) -> Page:
    feeder, n_case = found.feeder, len(found.collapsed)
    over = [row for row in lines if row["share_of_cases_overloaded"] > 0.0]
    low = [row for row in buses if row["share_of_cases_below"] > 0.0]
    tables = [figures_table("Figures", kept)]
    for title, rows in (("Overloaded lines", over), ("Buses with too low a voltage", low)):
        if rows:
            shown = [{k: v for k, v in row.items() if n_case > 1 or "share" not in k}
                     for row in rows]  # fmt: skip
            tables.append(table_of(title, shown, is_long=len(rows) > 40))
    cases = {1: "one hour", 24: "24 hours"}.get(n_case, f"{n_case} cases")
    drawn = [picture("violation_map.png", "Where limits are violated.", is_wide=True)]
    if lines:
        drawn.append(picture("scatter.png", "Loading of every line over the voltage at its end."))
    unknown = int((~np.isfinite(feeder.ampacity_a[1:])).sum())
    return Page(
        title=f"Diagnosis of {feeder.name}",
        question=(
            f"Which lines of {feeder.name} are overloaded and which buses have too low a voltage "
            f"on {feeder.base_kv:g} kV with {kept['adoption_pct']:g} % of customers charging at "
            f"{kept['charger_kw']:g} kW?"
        ),
        answer=_answer(found, kept, len(over), len(low)),
        certificate=(
            "Each figure is of an AC power flow; for loads that consume, the flow of least loss of "
            "the cone model is the same."
        ),
        command=command,
        assumptions=(
            f"Loads: {source}; {cases}, each limit in its worst one.",
            "Every EV at full power at once.",
            f"Voltages of at least {found.v_min_limit_pu:g} p.u., balanced and radial.",
            *((f"{unknown} lines have no ampacity and cannot be overloaded.",) if unknown else ()),
        ),
        sections=(
            Section("Figures", figures=tuple(drawn)),
            Section("Violations", tables=tuple(tables)),
        ),
    )


def _answer(found: Diagnosis, kept: Mapping[str, Any], n_over: int, n_low: int) -> str:
    if found.collapsed.all():
        return "The voltage collapses: the power flow has no solution."
    over = "1 line is overloaded" if n_over == 1 else f"{n_over} lines are overloaded"
    low = "1 bus has" if n_low == 1 else f"{n_low} buses have"
    words = f"{over} and {low} too low a voltage"
    if found.collapsed.any():
        words += f"; the voltage collapses in {int(found.collapsed.sum())} cases"
    elif kept["max_loading_pct"] is not None:
        words += (
            f": loading up to {kept['max_loading_pct']:.1f} %, "
            f"voltage down to {kept['v_min_pu']:.4f} p.u."
        )
    return words.rstrip(".") + "."
