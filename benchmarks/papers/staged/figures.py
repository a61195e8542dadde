"""Owns the figures of the sweeps: over what range of assumed prices the order of schemes holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.papers.staged.sweeps import Point
from problems.report.style import COLORS, GREY, STYLE, save_figure

DASHES = {"A": "-", "B": "--", "C": "-.", "D": ":"}
MARKS = {"A": "o", "B": "s", "C": "^", "D": "D"}


def draw_order(path: Path, points: Sequence[Point], assumed: dict[str, float]) -> None:
    """Draw the cost of every scheme over the assumed prices of lines and of storage."""
    panels = (
        ("line price", "price of a second circuit (million RMB/km)", 1e6),
        ("storage price", "price of storage energy (RMB/kWh)", 1.0),
    )
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.6, 4.2), layout="constrained")
        for axes, (sweep, label, unit) in zip(figure.subplots(1, 2), panels, strict=True):
            _lines(axes, [point for point in points if point.sweep == sweep], unit)
            axes.axvline(assumed[sweep] / unit, color=GREY, linewidth=1.0, linestyle=(0, (4, 3)))
            axes.annotate(
                "assumed", (assumed[sweep] / unit, 0.02), xycoords=("data", "axes fraction"),
                xytext=(3, 0), textcoords="offset points", fontsize=8, color="#5a5a5a",
            )  # fmt: skip
            axes.set_xlabel(label)
            axes.set_ylabel("life-cycle cost (million RMB)")
            axes.legend(title="scheme")
        figure.suptitle("Where the order of the schemes holds")
        save_figure(figure, path)


def draw_sweeps(path: Path, points: Sequence[Point]) -> None:
    """Draw the cost of scheme D over the habits and prices the paper varies."""
    panels = (
        ("V2G participation", "V2G participation in stage III (share)"),
        ("two-way pile", "discharge per two-way pile (kW)"),
        ("price elasticity", "elasticity of charging to the tariff"),
        ("storage price", "price of storage energy (RMB/kWh)"),
    )
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.6, 6.4), layout="constrained")
        for axes, (sweep, label) in zip(figure.subplots(2, 2).flat, panels, strict=True):
            some = [p for p in points if p.sweep == sweep and p.scheme == "D"]
            shown = [p for p in some if p.lcc_rmb is not None]
            axes.plot(
                [p.value for p in shown], [(p.lcc_rmb or 0.0) / 1e6 for p in shown],
                color=COLORS[0], marker="o",
            )  # fmt: skip
            axes.set_xlabel(label)
            axes.set_ylabel("cost of scheme D (million RMB)", color=COLORS[0])
            axes.ticklabel_format(axis="y", useOffset=False)
            twin = axes.twinx()
            twin.plot(
                [p.value for p in shown], [(p.storage_kwh or 0.0) / 1e3 for p in shown],
                color=COLORS[1], marker="s", linestyle="--",
            )  # fmt: skip
            twin.set_ylabel("storage in stage III (MWh)", color=COLORS[1])
            twin.set_ylim(bottom=0.0)
            twin.grid(False)
            twin.spines["right"].set_visible(True)
        figure.suptitle("Scheme D: cost (solid) and storage (dashed)")
        save_figure(figure, path)


def _lines(axes: Any, points: Sequence[Point], unit: float) -> None:
    for k, name in enumerate(sorted({point.scheme for point in points})):
        some = [p for p in points if p.scheme == name and p.lcc_rmb is not None]
        axes.plot(
            [p.value / unit for p in some], [(p.lcc_rmb or 0.0) / 1e6 for p in some],
            color=COLORS[k], linestyle=DASHES[name], marker=MARKS[name], label=name,
        )  # fmt: skip
