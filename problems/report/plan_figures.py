"""Owns the figures of one plan: voltages along the feeder, and a map of what is sited."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from problems.core.assess import Assessment, required
from problems.core.plan import Plan
from problems.core.years import study_states
from problems.report.layout import bus_positions, frame_map, source_distance
from problems.report.style import COLORS, GREY, STYLE, draw_level, save_figure

FloatArray = NDArray[np.float64]


def draw_voltage_profile(path: Path, title: str, assessment: Assessment, plan: Plan) -> None:
    """Draw the voltage along every path of the feeder, before and with the plan.

    The load state shown is the one with the lowest voltage with the plan.
    """
    feeder = assessment.flow.feeder
    before, after = required(assessment.base_flow.v_pu), required(assessment.flow.v_pu)
    lowest = np.where(np.isfinite(after), after, np.inf).min(axis=1)
    state = int(np.argmin(lowest))
    states = study_states(plan.conditions).states
    limits = plan.conditions.limits
    distance, unit = source_distance(feeder)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 4.2), layout="constrained")
        axes = figure.subplots()
        for v_pu, color, width, label in (
            (before[state], GREY, 1.2, _before(plan)),
            (after[state], COLORS[0], 1.6, "with the plan"),
        ):
            axes.add_collection(
                LineCollection(
                    branch_lines(feeder, distance, v_pu),
                    colors=color,
                    linewidths=width,
                    label=label,
                )
            )
        highest = float(np.nanmax(after[state], initial=1.0))
        if limits.v_min_pu > 0.0:
            draw_level(axes, limits.v_min_pu, f"floor {limits.v_min_pu:g}", COLORS[1])
        if limits.v_max_pu < 1.02 * highest:
            draw_level(axes, limits.v_max_pu, f"ceiling {limits.v_max_pu:g}", COLORS[1])
        axes.autoscale_view()
        axes.set_xlabel(f"distance from the source ({unit})")
        axes.set_ylabel("voltage (p.u.)")
        shown = f", load state {states[state].name}" if len(states) > 1 else ""
        axes.set_title(title + shown)
        axes.legend(loc="lower left")
        save_figure(figure, path)


def _before(plan: Plan) -> str:
    """Return what the feeder is without the plan."""
    return "before: what stands" if plan.conditions.existing else "before: no stations, no banks"


def draw_map(path: Path, title: str, assessment: Assessment, plan: Plan) -> None:
    """Draw the feeder with the sited equipment, buses colored by voltage with the plan."""
    feeder = assessment.flow.feeder
    x, y, has_coordinates = bus_positions(feeder)
    after = required(assessment.flow.v_pu)
    lowest = np.where(np.isfinite(after), after, np.inf).min(axis=0)
    with mpl.rc_context({**STYLE, "axes.grid": False}):
        figure = Figure(figsize=(8.5, 5.2), layout="constrained")
        axes = figure.subplots()
        axes.add_collection(
            LineCollection(
                wires(feeder, x, y, has_coordinates), colors=GREY, linewidths=1.0, zorder=1
            )
        )
        size = float(np.clip(1600.0 / feeder.n_bus, 8.0, 40.0))
        dots = axes.scatter(x, y, c=lowest, cmap="cividis", s=size, zorder=2)
        figure.colorbar(dots, ax=axes, label="lowest voltage with the plan (p.u.)", shrink=0.8)
        axes.plot(x[0], y[0], marker="s", markersize=11, color="black", zorder=3)
        handles = [_legend_mark("s", "black", "source")]
        handles += _draw_existing(axes, plan, feeder, x, y)
        handles += _draw_assets(axes, plan, feeder, x, y)
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, 0.0))
        frame_map(axes, title, has_coordinates)
        save_figure(figure, path)


def _draw_existing(
    axes: Any, plan: Plan, feeder: Feeder, x: FloatArray, y: FloatArray
) -> list[Line2D]:
    """Mark what stands already, hollow, and return its legend entries."""
    handles = []
    for kind, marker, unit in (("station", "^", "kW"), ("capacitor", "D", "kvar")):
        assets = [a for a in plan.conditions.existing or () if a.kind == kind]
        bus = [feeder.bus_index(asset.bus) for asset in assets]
        marks = {"marker": marker, "color": "white", "markeredgecolor": "black"}
        axes.plot(x[bus], y[bus], linestyle="none", markersize=10, zorder=3, **marks)
        if assets:
            words = ", ".join(
                f"{a.bus}:\N{NO-BREAK SPACE}{a.kw if a.kw is not None else a.kvar:,.0f}"
                for a in assets
            )
            name = textwrap.fill(f"stands already, bus: {unit}   {words}", 95)
            handles.append(Line2D([], [], linestyle="none", markersize=9, label=name, **marks))
    return handles


def _draw_assets(
    axes: Any, plan: Plan, feeder: Feeder, x: FloatArray, y: FloatArray
) -> list[Line2D]:
    """Mark each asset with its bus, and return legend entries that list the ratings."""
    marks = {"station": ("^", COLORS[1], "stations"), "capacitor": ("D", COLORS[2], "banks")}
    handles = []
    for kind, (marker, color, name) in marks.items():
        assets = [asset for asset in plan.assets if asset.kind == kind]
        for asset in assets:
            bus = feeder.bus_index(asset.bus)
            size, order = (13, 4) if kind == "station" else (9, 5)
            axes.plot(
                x[bus],
                y[bus],
                marker=marker,
                markersize=size,
                color=color,
                markeredgecolor="white",
                zorder=order,
            )
            axes.annotate(
                asset.bus,
                (x[bus], y[bus]),
                xytext=(0, 9),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                zorder=6,
            )
        if assets:
            unit = "kW" if kind == "station" else "kvar"
            ratings = [asset.kw if asset.kw is not None else asset.kvar for asset in assets]
            words = [
                f"{a.bus}:\N{NO-BREAK SPACE}{r:,.0f}" for a, r in zip(assets, ratings, strict=True)
            ]
            text = textwrap.fill(f"{name}, bus: {unit}   " + ", ".join(words), 95)
            handles.append(_legend_mark(marker, color, text))
    return handles


def _legend_mark(marker: str, color: str, name: str) -> Line2D:
    return Line2D([], [], marker=marker, color=color, linestyle="none", markersize=9, label=name)


def branch_lines(feeder: Feeder, across: FloatArray, up: FloatArray) -> FloatArray:
    """Return each branch as a straight piece from its parent, (n_bus - 1, 2, 2)."""
    parent = feeder.parent[1:]
    start = np.column_stack([across[parent], up[parent]])
    return np.stack([start, np.column_stack([across[1:], up[1:]])], axis=1)


def wires(feeder: Feeder, x: FloatArray, y: FloatArray, has_coordinates: bool) -> FloatArray:
    """Return each branch as a line: straight on a map, with an elbow in a schematic."""
    straight = branch_lines(feeder, x, y)
    if has_coordinates:
        return straight
    elbow = np.column_stack([straight[:, 0, 0], straight[:, 1, 1]])
    return np.stack([straight[:, 0], elbow, straight[:, 1]], axis=1)
