"""Owns the figures of the plans: Figure 8's curve, Figure 9's voltages, Figure 10's dispatch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.papers.ddcp.readings import LIBRARY, paper_day
from problems.coplan.plan import LineUpgrade, StorageUnit, judge
from problems.report.style import COLORS, draw_level, save_figure

FloatArray = NDArray[np.float64]
HOUR = "hour of the day (start)"


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
    """Draw Figure 9: the voltages of all buses by hour, without and with the plans."""
    plans = {
        "without upgrades": None,
        "cables alone (VCU)": parts["cables"]["vcu"]["keep, 1.05 x relaxed"],
        "three stages (DDCP)": parts["stages-lambda"]["plan"],
    }
    hours = np.arange(24)
    figure = Figure(figsize=(11.0, 4.0), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for axes, (name, plan) in zip(panels, plans.items(), strict=True):
        v_pu = _voltages(plan)
        for low, high, alpha, words in ((0, 100, 0.2, "all buses"), (25, 75, 0.5, "middle half")):
            axes.fill_between(
                hours, np.percentile(v_pu, low, axis=1), np.percentile(v_pu, high, axis=1),
                step="mid", color=COLORS[0], alpha=alpha, linewidth=0.0, label=words,
            )  # fmt: skip
        axes.step(hours, np.median(v_pu, axis=1), where="mid", color=COLORS[0], label="median")
        draw_level(axes, 0.95, "floor 0.95", "black")
        axes.set_title(f"{name}, lowest {v_pu.min():.3f} p.u.")
        axes.set_xlabel(HOUR)
    panels[0].set_ylabel("voltage (p.u.)")
    panels[-1].legend(loc="lower right")
    save_figure(figure, path)


def _voltages(plan: Mapping[str, Any] | None) -> FloatArray:
    """Return the voltages of a day with a plan, (n_hour, n_bus), by power flow."""
    day = paper_day(6.9)
    if plan is None:
        return day.diagnose().v_pu
    cables = [LineUpgrade(**line) for line in plan["cables"]]
    storage = [StorageUnit(**unit) for unit in plan["storage"]]
    return judge(day, LIBRARY, cables, storage).v_pu


def draw_dispatch(path: Path, parts: Mapping[str, Any]) -> None:
    """Draw Figure 10: how the storage of the DDCP plan is run, all units together."""
    units = parts["stages-lambda"]["plan"]["storage"]
    p_kw = np.sum([unit["p_kw"] for unit in units], axis=0)
    q_kvar = np.sum([unit["q_kvar"] for unit in units], axis=0)
    terms = LIBRARY.storage
    gained = np.where(p_kw > 0.0, p_kw * terms.charge_efficiency, p_kw / terms.discharge_efficiency)
    stored_kwh = np.concatenate([[0.0], np.cumsum(gained)])
    hours = np.arange(len(p_kw))
    figure = Figure(figsize=(7.0, 5.6), layout="constrained")
    power, energy = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    power.bar(hours, p_kw, color=COLORS[0], label="active power (kW)")
    power.step(hours, q_kvar, where="mid", color=COLORS[1], label="reactive power (kvar)")
    power.axhline(0.0, color="black", linewidth=0.8)
    power.set_ylabel("drawn; negative is delivered")
    kwh = sum(unit["kwh"] for unit in units)
    name = "1 unit" if len(units) == 1 else f"{len(units)} units"
    power.set_title(f"Storage of the DDCP plan, {name}, {kwh:,.0f} kWh in all")
    power.legend(loc="best")
    energy.plot(np.arange(len(stored_kwh)) - 0.5, stored_kwh - stored_kwh.min(), color=COLORS[2])
    energy.set_ylabel("stored above\nits least (kWh)")
    energy.set_xlabel(HOUR)
    save_figure(figure, path)
