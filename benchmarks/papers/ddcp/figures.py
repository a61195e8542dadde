"""Owns the figures of the reproduction: maps, scatter, curve, voltages, dispatch, probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from benchmarks.papers.ddcp.diagnosis import CHARGER_KW, Grid
from benchmarks.papers.ddcp.parts import HOSTING_KV, PROFILES
from problems.coplan.vehicles import PAPER_ADOPTIONS_PCT
from problems.report.layout import bus_positions
from problems.report.style import COLORS, GREY, STYLE, draw_level, save_figure

HOUR = "hour of the day (start)"


def draw_all(out: Path, grid: Grid, parts: Mapping[str, Any]) -> None:
    """Draw every figure whose parts exist."""
    with mpl.rc_context(STYLE):
        draw_violation_map(out / "violation_map.png", grid)
        draw_scatter(out / "loading_and_voltage.png", grid)
        draw_curve(out / "curve.png", parts)
        draw_voltages(out / "voltages.png", parts)
        draw_dispatch(out / "dispatch.png", parts)
        draw_probability(out / "probability.png", parts)


def draw_violation_map(path: Path, grid: Grid) -> None:
    """Draw Figure 3: each line by the least adoption that overloads it, 6.9 kV and 10 kW."""
    feeder = grid.found.feeder
    x, y, _ = bus_positions(feeder)
    first = np.full(feeder.n_bus, np.inf)
    for adoption in reversed(PAPER_ADOPTIONS_PCT):
        first[grid.found.overloaded[grid.at[(6.9, 10, adoption)]]] = adoption
    figure = Figure(figsize=(10.0, 5.4), layout="constrained")
    axes = figure.subplots()
    levels = [np.inf, *sorted({*first[np.isfinite(first)].tolist()}, reverse=True)]
    for level in levels:
        at = [k for k in range(1, feeder.n_bus) if first[k] == level]
        wires = [[(x[feeder.parent[k]], y[feeder.parent[k]]), (x[k], y[k])] for k in at]
        color = GREY if np.isinf(level) else COLORS[PAPER_ADOPTIONS_PCT.index(int(level))]
        label = "no overload" if np.isinf(level) else f"from {level:.0f} % ({len(at)} lines)"
        width = 1.0 if np.isinf(level) else 3.0
        axes.add_collection(LineCollection(wires, colors=color, linewidths=width, label=label))
    axes.plot(x[0], y[0], "s", color="black", markersize=8, label="substation (bus 1)")
    axes.autoscale_view()
    axes.set_axis_off()
    axes.set_title("Lines overloaded by EV adoption, 6.9 kV, 10 kW chargers, peak hour")
    figure.legend(loc="outside right upper", title="overloaded")
    save_figure(figure, path)


def draw_scatter(path: Path, grid: Grid) -> None:
    """Draw Figure 6: loading of every line over the voltage it feeds, all EV cases."""
    figure = Figure(figsize=(11.0, 4.0), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for axes, kv in zip(panels, (4.16, 6.9, 13.8), strict=True):
        n_collapsed = 0
        for k, kw in enumerate(CHARGER_KW):
            cases = [grid.at[(kv, kw, a)] for a in PAPER_ADOPTIONS_PCT]
            n_collapsed += int(grid.found.collapsed[cases].sum())
            axes.plot(
                grid.found.v_pu[cases, 1:].ravel(), grid.found.loading_pct[cases, 1:].ravel(),
                ".", color=COLORS[k], markersize=2.5, alpha=0.5, label=f"{kw} kW chargers",
                rasterized=True,
            )  # fmt: skip
        axes.axvline(0.95, color="black", linewidth=0.9, linestyle="--")
        axes.axhline(100.0, color="black", linewidth=0.9, linestyle="--")
        words = f", {n_collapsed} of 18 cases collapse" if n_collapsed else ""
        axes.set_title(f"{kv:g} kV{words}")
        axes.set_xlabel("voltage at the end of the line (p.u.)")
    panels[0].set_ylabel("line loading (% of ampacity)")
    panels[2].legend(markerscale=5)
    save_figure(figure, path)


def draw_curve(path: Path, parts: Mapping[str, Any]) -> None:
    """Draw Figure 8: cost of lines and storage over the number of upgraded lines."""
    curve = parts["stages-lambda"]["curve"]
    points = [p for p in curve if p["total_usd"] is not None]
    n = [p["upgrades"] for p in points]
    lines = np.array([p["cable_usd"] for p in points]) / 1e6
    total = np.array([p["total_usd"] for p in points]) / 1e6
    figure = Figure(figsize=(7.0, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.bar(n, lines, color=COLORS[0], width=0.6, label="cables and breakers")
    axes.bar(n, total - lines, bottom=lines, color=COLORS[1], width=0.6, label="storage")
    if "stages-lexicographic" in parts:
        others = [p for p in parts["stages-lexicographic"]["curve"] if p["total_usd"] is not None]
        axes.plot(
            [p["upgrades"] for p in others], [p["total_usd"] / 1e6 for p in others], "D",
            color="black", markersize=4, label="total, Stage I without a weight",
        )  # fmt: skip
    for x, height, point in zip(n, total, points, strict=True):
        words = f"{height:.3f}\n{point['storage_kwh']:,.0f} kWh"
        axes.annotate(
            words, (x, height), xytext=(0, 6), textcoords="offset points", ha="center",
            va="bottom", fontsize=8,
        )  # fmt: skip
    notes: list[str] = []
    for status, what in (
        ("infeasible", "no storage keeps the limits"),
        ("solver_failed", "the solver failed"),
    ):
        without = [p["upgrades"] for p in curve if p["status"] == status]
        if without:
            notes.append(f"N = {_ranges(without)}: {what}")
    axes.set_xticks(n)
    axes.set_ylim(0.0, 1.3 * total.max())
    axes.set_xlabel("\n".join(["upgraded lines N", *notes]))
    axes.set_ylabel("cost (million USD)")
    axes.set_title("Stage III for every N, 6.9 kV, 100 % EVs")
    axes.legend(loc="upper right")
    save_figure(figure, path)


def _ranges(numbers: Sequence[int]) -> str:
    """Return whole numbers in rising order as words.

    Examples
    --------
    >>> _ranges([0, 1, 2, 5])
    '0 to 2, 5'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = (f"{r[0]} to {r[-1]}" if len(r) > 1 else str(r[0]) for r in runs)
    return ", ".join(words)


def draw_voltages(path: Path, parts: Mapping[str, Any]) -> None:
    """Draw Figure 9: the lowest voltage of each hour without and with the plans."""
    hours = np.arange(24)
    curves = {
        "without upgrades": parts["cables"]["v_pu"]["without"],
        "cables alone (VCU)": parts["cables"]["v_pu"]["vcu"],
        "three stages (DDCP)": parts["stages-lambda"]["v_min_pu"],
    }
    figure = Figure(figsize=(7.0, 4.0), layout="constrained")
    axes = figure.subplots()
    for k, (name, values) in enumerate(curves.items()):
        axes.step(hours, values, where="mid", color=(GREY, *COLORS)[k], label=name)
    draw_level(axes, 0.95, "floor 0.95", "black")
    axes.set_xlabel(HOUR)
    axes.set_ylabel("lowest voltage of all buses (p.u.)")
    axes.set_title("Voltage by hour, AC power flow, 6.9 kV, 100 % EVs")
    axes.legend(loc="center left", bbox_to_anchor=(0.0, 0.6))
    save_figure(figure, path)


def draw_dispatch(path: Path, parts: Mapping[str, Any]) -> None:
    """Draw Figure 10: how the storage of the DDCP plan is run, all units together."""
    units = parts["stages-lambda"]["plan"]["storage"]
    p_kw = np.sum([unit["p_kw"] for unit in units], axis=0)
    q_kvar = np.sum([unit["q_kvar"] for unit in units], axis=0)
    hours = np.arange(len(p_kw))
    figure = Figure(figsize=(7.0, 4.0), layout="constrained")
    axes = figure.subplots()
    axes.bar(hours, p_kw, color=COLORS[0], label="active power")
    axes.step(hours, q_kvar, where="mid", color=COLORS[1], label="reactive power")
    axes.axhline(0.0, color="black", linewidth=0.8)
    axes.set_xlabel(HOUR)
    axes.set_ylabel("drawn (kW, kvar); negative is delivered")
    kwh = sum(unit["kwh"] for unit in units)
    axes.set_title(f"Storage of the DDCP plan, {len(units)} units, {kwh:,.0f} kWh in all")
    axes.legend(loc="best")
    save_figure(figure, path)


def draw_probability(path: Path, parts: Mapping[str, Any]) -> None:
    """Draw the probability of a violation over adoption by charging profile, with intervals."""
    figure = Figure(figsize=(11.0, 4.0), layout="constrained")
    panels = figure.subplots(1, len(HOSTING_KV), sharey=True)
    for axes, kv in zip(panels, HOSTING_KV, strict=True):
        for k, profile in enumerate(PROFILES):
            rows = parts[f"hosting-{kv:g}"][profile]["probability"]
            x = [row["adoption_pct"] for row in rows]
            axes.plot(x, [row["p"] for row in rows], color=COLORS[k], label=profile)
            low, high = ([row[key] for row in rows] for key in ("low", "high"))
            axes.fill_between(x, low, high, color=COLORS[k], alpha=0.25, linewidth=0.0)
        axes.set_title(f"{kv:g} kV")
        axes.set_xlabel("customers with an EV (%)")
    panels[0].set_ylabel("probability of a violation")
    panels[-1].legend(title="charging", loc="center left")
    save_figure(figure, path)
