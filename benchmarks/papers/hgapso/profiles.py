"""Owns our counterpart of Figure 3: voltages in the base case, with stations, with capacitors."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from benchmarks.papers.hgapso.printed import printed
from benchmarks.papers.hgapso.readings import PAPER
from problems.core.assess import required
from problems.report.layout import source_distance
from problems.report.plan_figures import branch_lines
from problems.report.style import COLORS, GREY, STYLE, save_figure


def draw_profiles(path: Path, feeder: str) -> None:
    """Draw the voltage along the feeder in the paper's reading, three cases or two."""
    stations = printed().feeder_of(feeder).station_buses
    banks = printed().capacitors_of(feeder, "HGAPSO").banks
    cases = [
        ("base case", PAPER.judge(feeder, ()), GREY, 3.5),
        ("stations", PAPER.judge(feeder, stations), COLORS[1], 1.4),
    ]
    if banks:
        found = PAPER.judge(feeder, stations, banks)
        cases.append(("stations and the printed HGAPSO capacitors", found, COLORS[0], 1.4))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 4.2), layout="constrained")
        axes = figure.subplots()
        for label, found, color, width in cases:
            grid, v_pu = found.flow.feeder, required(found.flow.v_pu)[0]
            distance, unit = source_distance(grid)
            lines = branch_lines(grid, distance, v_pu)
            axes.add_collection(LineCollection(lines, colors=color, linewidths=width, label=label))
        axes.autoscale_view()
        axes.set_xlabel(f"distance from the source ({unit})")
        axes.set_ylabel("voltage (p.u.)")
        axes.set_title(f"{feeder}: voltages as the paper computes them, two sweeps")
        axes.legend(loc="lower left")
        save_figure(figure, path)
