"""Owns the figures of a diagnosis: the violation map, the scatter of loading and voltage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from problems.coplan.diagnosis import Diagnosis
from problems.report.layout import bus_positions
from problems.report.style import COLORS, GREY, save_figure

CLASSES_PCT = (100.0, 120.0, 150.0, 200.0, np.inf)
"""Loadings between which lines of the map have a color of their own."""

CLASS_COLORS = (COLORS[4], COLORS[1], COLORS[3], COLORS[6])


def draw_map(path: Path, found: Diagnosis) -> None:
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
    words = "worst case of each"
    if found.collapsed.any():
        words = "no power flow in any case" if found.collapsed.all() else "what collapses left out"
    axes.set_title(f"Violations on {feeder.name}, {feeder.base_kv:g} kV, {words}")
    figure.legend(loc="outside right upper", title="loading")
    save_figure(figure, path)


def draw_scatter(path: Path, found: Diagnosis) -> None:
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
