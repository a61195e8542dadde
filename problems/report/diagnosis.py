"""Owns the files and the report of a diagnosis: what is overloaded, where voltage is too low."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from problems.coplan.choices import line_name
from problems.coplan.diagnosis import Diagnosis
from problems.report.layout import bus_positions
from problems.report.named import figures_table
from problems.report.page import Page, Section, picture, table_of, write_page
from problems.report.style import COLORS, GREY, STYLE, save_figure
from problems.report.tables import write_table

CLASSES_PCT = (100.0, 120.0, 150.0, 200.0, np.inf)
"""Loadings between which lines of the map have a color of their own."""

CLASS_COLORS = (COLORS[4], COLORS[1], COLORS[3], COLORS[6])


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
        _draw(folder / "violation_map.png", found)
        if lines:
            _scatter(folder / "scatter.png", found)
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


def _draw(path: Path, found: Diagnosis) -> None:
    """Draw each line by its worst loading and each bus whose voltage is too low in some case."""
    feeder = found.feeder
    x, y, has_coordinates = bus_positions(feeder)
    loading = np.nan_to_num(found.loading_pct, nan=0.0).max(axis=0)
    over = found.overloaded.any(axis=0)
    kind = np.where(over, np.searchsorted(CLASSES_PCT, loading, side="right"), 0)
    figure = Figure(figsize=(10.0, 5.4), layout="constrained")
    axes = figure.subplots()
    for level in range(len(CLASSES_PCT)):
        at = [k for k in range(1, feeder.n_bus) if kind[k] == level]
        if not at:
            continue
        wires = [_wire(x, y, int(feeder.parent[k]), k, has_coordinates) for k in at]
        color = GREY if level == 0 else CLASS_COLORS[level - 1]
        axes.add_collection(
            LineCollection(
                wires, colors=color, linewidths=1.0 if level == 0 else 3.0,
                label=_class_words(level, len(at)),
            )
        )  # fmt: skip
    low = np.flatnonzero(found.undervoltage.any(axis=0))
    if len(low):
        words = f"below {found.v_min_limit_pu:g} p.u. ({len(low)} buses)"
        axes.plot(x[low], y[low], ".", color=COLORS[0], markersize=5, label=words)
    axes.plot(x[0], y[0], "s", color="black", markersize=8, label="source")
    axes.autoscale_view()
    axes.set_axis_off()
    axes.set_title(f"Violations on {feeder.name}, {feeder.base_kv:g} kV, worst case of each")
    figure.legend(loc="outside right upper", title="loading")
    save_figure(figure, path)


def _scatter(path: Path, found: Diagnosis) -> None:
    """Draw the loading of every line over the voltage at its end, all cases."""
    v_pu, loading = found.v_pu[:, 1:].ravel(), found.loading_pct[:, 1:].ravel()
    figure = Figure(figsize=(6.0, 4.0), layout="constrained")
    axes = figure.subplots()
    is_bad = (v_pu < found.v_min_limit_pu) | (loading > 100.0)
    for mask, color, words in ((~is_bad, COLORS[0], "kept"), (is_bad, COLORS[1], "violated")):
        axes.plot(v_pu[mask], loading[mask], ".", color=color, markersize=3, label=words)
    axes.axvline(found.v_min_limit_pu, color="black", linewidth=0.9, linestyle="--")
    axes.axhline(100.0, color="black", linewidth=0.9, linestyle="--")
    axes.set_xlabel("voltage at the end of the line (p.u.)")
    axes.set_ylabel("line loading (% of ampacity)")
    axes.legend(title="limits", markerscale=3)
    save_figure(figure, path)


def _wire(
    x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], up: int, bus: int, has_coordinates: bool
) -> list[tuple[float, float]]:
    """Return the corners of a line: straight on a map, with an elbow in a schematic."""
    ends = [(float(x[up]), float(y[up])), (float(x[bus]), float(y[bus]))]
    return ends if has_coordinates else [ends[0], (ends[0][0], ends[1][1]), ends[1]]


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"


def _class_words(level: int, n_line: int) -> str:
    if level == 0:
        return f"not overloaded, or ampacity unknown ({_lines(n_line)})"
    low, high = CLASSES_PCT[level - 1 : level + 1]
    words = f"above {low:g} %" if np.isinf(high) else f"{low:g} to {high:g} %"
    return f"{words} ({_lines(n_line)})"


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
        certificate="AC power flow; for loads that consume it is the optimum of (1)-(8).",
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
