"""Owns the pictures beside Figures 6 to 11."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from benchmarks.papers.acceptance.cases import Capacities
from problems.conic.solution import Solution
from problems.report.style import COLORS, STYLE, save_figure

MARKS = ("o", "s", "^", "x")
UNITS = {1: "base", 2: "more SVG", 3: "more ESS", 4: "more PV", 5: "base", 6: "more SVG",
         7: "more SVG and ESS", 8: "more PV"}  # fmt: skip


def draw_capacities(path: Path, found: Capacities, scenarios: Sequence[int], kind: int) -> None:
    """Draw the capacity of every bus in four scenarios."""
    limit = 4 if scenarios[0] == 1 else 6
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.0, 4.2), layout="constrained")
        axes = figure.subplots()
        place = np.arange(len(found.buses))
        for k, scenario in enumerate(scenarios):
            axes.plot(
                place, found.kw(scenario, kind) / 1e3, linestyle="", marker=MARKS[k], markersize=6,
                color=COLORS[k], label=f"{scenario}: {UNITS[scenario]}",
                markerfacecolor="none" if MARKS[k] != "x" else COLORS[k],
            )  # fmt: skip
        axes.set_xticks(place, found.buses, fontsize=8)
        axes.set_xlabel("bus of the station")
        axes.set_ylabel("acceptance capacity (MW)")
        axes.set_ylim(bottom=0.0)
        axes.set_title(f"Type {kind} charging (assumed curve), line limit {limit} MW")
        axes.legend(title="scenario", loc="upper left", bbox_to_anchor=(1.0, 1.0))
        save_figure(figure, path)


def draw_dispatch(path: Path, found: Solution) -> None:
    """Draw storage and reactive schedules of scenario 1 without charging."""
    hour = np.arange(found.case.n_hour)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.0, 6.2), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True)
        for k, unit in enumerate(found.case.storage):
            power = found.discharge_kw[:, k] - found.charge_kw[:, k]
            upper.step(hour, power, where="post", color=COLORS[k], label=f"ESS {k + 1}, {unit.bus}")
            lower.step(hour, found.storage_kvar[:, k], where="post", color=COLORS[k],
                       label=f"ESS {k + 1}, {unit.bus}")  # fmt: skip
        for k, device in enumerate(found.case.reactive):
            lower.step(hour, found.reactive_kvar[:, k], where="post", linestyle="--",
                       color=COLORS[4 + k], label=f"SVG {k + 1}, {device.bus}")  # fmt: skip
        upper.set_ylabel("power delivered (kW)")
        lower.set_ylabel("reactive power delivered (kvar)")
        lower.set_xlabel("hour of the day (start)")
        lower.set_xticks(hour[::2])
        upper.set_title("Scenario 1 without charging, least losses")
        for axes in (upper, lower):
            axes.legend(title="unit, bus", loc="upper left", bbox_to_anchor=(1.0, 1.0))
        save_figure(figure, path)
