"""Owns the voltage profile on the page, and what it shows of two voltages, with hover."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from problems.report import svg
from problems.report.layout import source_distance
from problems.report.page import Figure
from problems.report.style import COLORS, GREY

FloatArray = NDArray[np.float64]


def profile_figure(
    feeder: Feeder,
    before_pu: FloatArray,
    after_pu: FloatArray,
    levels: Mapping[str, float],
    *,
    after_words: str = "with the plan",
    shown: str = "",
) -> Figure:
    """Return the voltage along every path of a feeder, before and after.

    Parameters
    ----------
    before_pu, after_pu : (n_bus,) float array
    levels : dict of str to float
        Limits to be drawn, by name.
    shown : str
        Which state or hour it is of, for the caption.
    """
    distance, unit = source_distance(feeder)
    both = (before_pu, after_pu)
    low = min(*(float(np.nanmin(v, initial=1.0)) for v in both), *levels.values())
    high = max(*(float(np.nanmax(v, initial=1.0)) for v in both), *levels.values())
    plot = svg.Plot(520, 330, (0.0, float(distance.max())), svg.padded(low, high))
    parts = [svg.axes(plot, f"distance from the source ({unit})", "voltage (p.u.)")]
    for v_pu, color, wide in zip(both, (GREY, COLORS[0]), (1.2, 1.8), strict=True):
        for bus in range(1, feeder.n_bus):
            ends = (int(feeder.parent[bus]), bus)
            if np.isfinite(v_pu[list(ends)]).all():
                points = [(plot.px(distance[k]), plot.py(v_pu[k])) for k in ends]
                parts.append(svg.path(points, color, wide))
    for name, value in levels.items():
        parts += svg.level(plot, value, f"{name} {value:g}", COLORS[1])
    for bus in np.flatnonzero(np.isfinite(after_pu)).tolist():
        tip = f"bus {feeder.bus_id[bus]}\n{change_words(before_pu[bus], after_pu[bus])}"
        parts.append(svg.dot(plot.px(distance[bus]), plot.py(after_pu[bus]), 2.6, COLORS[0], tip))
    for k, (name, color) in enumerate((("before", GREY), (after_words, COLORS[0]))):
        parts.append(svg.rectangle(190 + 90 * k, 6, 14, 8, color))
        parts.append(svg.text(208 + 90 * k, 15, name))
    alt = f"Voltage of each bus over its distance from the source, before and {after_words}{shown}"
    return Figure(alt + ".", alt, svg=svg.document(plot.width, plot.height, alt, parts))


def limit_levels(v_min_pu: float, v_max_pu: float, highest_pu: float) -> dict[str, float]:
    """Return the limits that a profile shows: a floor, and a ceiling where voltages come near."""
    levels = {"floor": v_min_pu} if v_min_pu > 0.0 else {}
    if v_max_pu < 1.02 * highest_pu:
        levels["ceiling"] = v_max_pu
    return levels


def lowest_v_pu(v_pu: FloatArray) -> FloatArray:
    """Return each bus's lowest voltage over states or hours, (n_bus,); NaN without a solution."""
    return np.asarray(np.fmin.reduce(v_pu, axis=0))


def change_words(before_pu: float, after_pu: float) -> str:
    """Return two voltages in words; a power flow without solution has none."""
    before, after = (f"{v:.4f}" if np.isfinite(v) else "no solution" for v in (before_pu, after_pu))
    return f"{before} → {after} p.u."
