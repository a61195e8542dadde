"""Owns the figures of the sweeps: where the order of schemes holds, what moves scheme D."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from benchmarks.papers.staged.points import Point
from problems.report.style import COLORS, DASHES, GREY, STYLE, save_figure

MARKS = {"A": "o", "B": "s", "C": "^", "D": "D"}
BROKEN = "#f3dcd2"
LEAST_STEP = 1e-4
"""Share of the cost by which a scheme must be cheaper than the one before it to count as such."""

ORDER_PANELS = (
    ("line price", "second circuit\n(million RMB/km)", 1e6),
    ("storage price", "storage energy\n(RMB/kWh)", 1.0),
    ("managed price", "managed and two-way piles\n(times the assumed premium)", 1.0),
)


def order_holds(points: Sequence[Point], sweep: str, value: float) -> bool:
    """Return whether D < C < B < A strictly at one value of a sweep."""
    costs = {p.scheme: p.lcc_rmb for p in points if p.sweep == sweep and p.value == value}
    found = [costs.get(name) for name in "ABCD"]
    return all(
        a is not None and b is not None and b < a * (1.0 - LEAST_STEP) for a, b in pairwise(found)
    )


def draw_order(path: Path, points: Sequence[Point], assumed: Mapping[str, float]) -> None:
    """Draw the cost of every scheme over the assumed prices, shaded where the order breaks."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 4.6), layout="constrained")
        panels = figure.subplots(1, len(ORDER_PANELS), sharey=True)
        for axes, (sweep, label, unit) in zip(panels, ORDER_PANELS, strict=True):
            some = [point for point in points if point.sweep == sweep]
            values = sorted({point.value / unit for point in some})
            _shade(axes, [v for v in values if not order_holds(points, sweep, v * unit)], values)
            for k, name in enumerate("ABCD"):
                own = [p for p in some if p.scheme == name]
                _band(axes, own, unit, COLORS[k], DASHES[k], MARKS[name], f"scheme {name}")
            axes.axvline(assumed[sweep] / unit, color=GREY, linewidth=1.0, linestyle=(0, (4, 3)))
            axes.annotate(
                "assumed", (assumed[sweep] / unit, 0.02), xycoords=("data", "axes fraction"),
                xytext=(3, 0), textcoords="offset points", fontsize=8, color="#5a5a5a",
            )  # fmt: skip
            axes.set_xscale("log")
            axes.set_xticks(values, [f"{v:g}" for v in values], minor=False)
            axes.minorticks_off()
            axes.set_xlabel(label)
        panels[0].set_ylabel("life-cycle cost (million RMB)")
        handles, labels = panels[0].get_legend_handles_labels()
        handles.append(Patch(facecolor=BROKEN, label="A > B > C > D does not hold"))
        labels.append("A > B > C > D does not hold")
        figure.legend(handles, labels, loc="outside lower center", ncols=5)
        figure.suptitle("Where the order of the schemes holds, each point searched anew")
        save_figure(figure, path)


def _shade(axes: Any, broken: Sequence[float], values: Sequence[float]) -> None:
    """Shade the values at which the order breaks, half way to their neighbors."""
    for value in broken:
        k = values.index(value)
        low = values[0] if k == 0 else (values[k - 1] * value) ** 0.5
        high = values[-1] if k == len(values) - 1 else (values[k + 1] * value) ** 0.5
        axes.axvspan(low, high, color=BROKEN, linewidth=0.0, zorder=0)


def _band(
    axes: Any, points: Sequence[Point], unit: float, color: str, dash: str, mark: str, name: str
) -> None:
    """Draw costs over a sweep, and below them what is proven: no plan costs less than the band."""
    at = [p.value / unit for p in points]
    cost = [p.lcc_rmb / 1e6 for p in points]
    axes.plot(at, cost, color=color, linestyle=dash, marker=mark, markersize=5, label=name)
    axes.fill_between(
        at, [p.bound_rmb / 1e6 for p in points], cost, color=color, alpha=0.2, linewidth=0
    )


def draw_sweeps(path: Path, points: Sequence[Point]) -> None:
    """Draw scheme D over the habits and prices that the paper varies, and residual value."""
    panels = (
        ("two-way pile", "discharge per two-way pile (kW)", "D"),
        ("price elasticity", "elasticity of charging to the tariff", "CD"),
        ("storage price", "price of storage energy (RMB/kWh)", "CD"),
    )
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 7.2), layout="constrained")
        grid = figure.subplots(2, 2)
        for axes, (sweep, label, names) in zip(grid.flat, panels, strict=False):
            twin = axes.twinx()
            for name in names:
                k = "ABCD".index(name)
                own = [p for p in points if p.sweep == sweep and p.scheme == name]
                _band(axes, own, 1.0, COLORS[k], "-", MARKS[name], f"cost of {name}")
                twin.plot(
                    [p.value for p in own], [p.storage_kwh / 1e3 for p in own], color=COLORS[k],
                    linestyle=":", marker=MARKS[name], markerfacecolor="white",
                    label=f"storage of {name}",
                )  # fmt: skip
            axes.set_xlabel(label)
            axes.set_ylabel("life-cycle cost (million RMB), solid")
            twin.set_ylabel("storage in stage III (MWh), dotted")
            twin.set_ylim(bottom=0.0)
            twin.grid(False)
            twin.spines["right"].set_visible(True)
        handles = [
            Line2D([], [], color=COLORS["ABCD".index(n)], marker=MARKS[n], label=f"scheme {n}")
            for n in "CD"
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=2)
        _residual(grid[1, 1], [p for p in points if p.sweep == "residual value"])
        figure.suptitle("Sensitivities, each point searched anew (shaded: down to the bound)")
        save_figure(figure, path)


def _residual(axes: Any, points: Sequence[Point]) -> None:
    names = sorted({point.scheme for point in points})
    for k, (value, label, hatch) in enumerate(
        ((0.0, "without residual value", ""), (1.0, "with", "//"))
    ):
        own = {p.scheme: p.lcc_rmb / 1e6 for p in points if p.value == value}
        at = [place + 0.38 * (k - 0.5) for place in range(len(names))]
        bars = axes.bar(
            at, [own.get(name, 0.0) for name in names], width=0.36, label=label,
            color=(GREY, COLORS[0])[k], hatch=hatch, edgecolor="white",
        )  # fmt: skip
        axes.bar_label(bars, fmt="%.2f", fontsize=8)
    axes.set_xticks(range(len(names)), names)
    axes.set_xlabel("scheme")
    axes.set_ylabel("life-cycle cost (million RMB)")
    axes.margins(y=0.25)
    axes.grid(axis="x", visible=False)
    axes.legend(loc="upper right", ncols=2)


def draw_participation(path: Path, points: Sequence[Point], printed: float, n_ev: float) -> None:
    """Draw why cost does or does not saturate: participation against what is built of it."""
    curves = (
        ("V2G participation", "managed share at most 0.6, above it the participation", 0),
        ("V2G participation, all managed", "every vehicle may be managed", 1),
    )
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 4.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        for sweep, label, k in curves:
            own = [p for p in points if p.sweep == sweep and p.scheme == "D"]
            _band(left, own, 1.0, COLORS[k], DASHES[k], "os"[k], label)
            right.plot(
                [p.value for p in own], [p.two_way_piles for p in own], color=COLORS[k],
                linestyle=DASHES[k], marker="os"[k], label=label,
            )  # fmt: skip
        shares = sorted({p.value for p in points if p.sweep == curves[0][0]})
        right.plot(
            shares, [share * n_ev for share in shares], color=GREY, linestyle=":", label="allowed"
        )
        for axes in (left, right):
            axes.axvline(printed, color=GREY, linewidth=1.0, linestyle=(0, (4, 3)))
            axes.annotate(
                "saturates in the paper", (printed, 0.98), xycoords=("data", "axes fraction"),
                xytext=(-3, 0), textcoords="offset points", fontsize=8, color="#5a5a5a",
                ha="right", va="top",
            )  # fmt: skip
            axes.set_xlabel("V2G participation in stage III (share of vehicles)")
        left.set_ylabel("life-cycle cost of scheme D (million RMB)")
        left.ticklabel_format(axis="y", useOffset=False)
        right.set_ylabel("two-way piles built in stage III")
        handles, labels = right.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
        figure.suptitle("V2G participation (shaded: down to the bound)")
        save_figure(figure, path)
