"""Owns the figures of a study of several objectives: the front in pairs, and what runs attain."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from problems.core.station_limits import access_unit
from problems.report.layout import UNIT_WORDS
from problems.report.pareto import ParetoStudy, figures_of, minimized
from problems.report.style import COLORS, DASHES, STYLE, save_figure

FloatArray = NDArray[np.float64]

MARKS = {
    "npv": ("s", COLORS[1], "best NPV"),
    "voltage": ("D", COLORS[2], "best voltage"),
    "access": ("^", COLORS[3], "best access"),
}


def draw_front(path: Path, title: str, study: ParetoStudy) -> None:
    """Draw every pair of objectives of the front; extremes and the knee are named.

    Parameters
    ----------
    path : Path
        PNG to write.
    title : str
        Says which feeder, under which conditions.
    study : ParetoStudy
        With a front.
    """
    labels, shown = axis_labels(study), _shown(study)
    pairs = list(combinations(range(study.problem.n_obj), 2))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(1.6 + 4.7 * len(pairs), 4.9), layout="constrained")
        panels = np.atleast_1d(figure.subplots(1, len(pairs)))
        for axes, (across, up) in zip(panels, pairs, strict=True):
            other = [k for k in range(study.problem.n_obj) if k not in (across, up)]
            colors: Mapping[str, Any] = {"color": COLORS[5]}
            if other:
                colors = {"c": shown[:, other[0]], "cmap": "cividis"}
            dots = axes.scatter(shown[:, across], shown[:, up], s=26, zorder=2, **colors)
            if other:
                ticks = MaxNLocator(5)
                figure.colorbar(
                    dots, ax=axes, label=labels[other[0]], location="top", shrink=0.9, ticks=ticks
                )
            for place, marker, color, name in named_plans(study):
                axes.plot(
                    shown[place, across],
                    shown[place, up],
                    marker=marker,
                    markersize=13,
                    color=color,
                    markerfacecolor="none",
                    markeredgewidth=2.0,
                    linestyle="none",
                    zorder=3,
                    label=f"{name}: plan {place + 1:03d}",
                )
            axes.set_xlabel(labels[across])
            axes.set_ylabel(labels[up])
            axes.xaxis.set_major_locator(MaxNLocator(6))
            axes.margins(0.09)
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=len(names))
        figure.suptitle(title)
        save_figure(figure, path)


def draw_attainment(path: Path, title: str, study: ParetoStudy) -> None:
    """Draw what one, half and all of the runs attain in the first two objectives."""
    labels, scale = axis_labels(study), _scale(study)[:2]
    edges = [(found.n_runs, found.points * scale) for found in study.attainment]
    every = np.concatenate([edge for _, edge in edges])
    sign = minimized(study.problem, np.ones((1, study.problem.n_obj)))[0, :2]
    worst = (every * sign).max(axis=0)
    worst = (worst + 0.04 * np.ptp(every, axis=0)) * sign
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 4.8), layout="constrained")
        axes = figure.subplots()
        for k, (n_runs, edge) in enumerate(edges):
            x = np.concatenate([edge[:1, 0], edge[:, 0], worst[:1]])
            y = np.concatenate([worst[1:], edge[:, 1], edge[-1:, 1]])
            axes.step(
                x,
                y,
                DASHES[k % len(DASHES)],
                where="post",
                color=COLORS[k],
                label=f"{n_runs} of {len(study.runs)} runs",
            )
        axes.set_xlabel(labels[0])
        axes.set_ylabel(labels[1])
        axes.legend(title="attained by at least")
        axes.set_title(title)
        save_figure(figure, path)


def axis_labels(study: ParetoStudy) -> tuple[str, ...]:
    """Return what each objective is, with its unit."""
    instance = study.problem.siting.instance
    unit = UNIT_WORDS[access_unit(instance.feeder)]
    label = {
        "npv": f"NPV (million {instance.conditions.prices.currency.upper()})",
        "voltage": "voltage deviation, mean |1 − V| (p.u.)",
        "access": f"access, mean distance to a station\n({unit})",
    }
    return tuple(label[name] for name in study.problem.objectives)


def named_plans(study: ParetoStudy) -> list[tuple[int, str, str, str]]:
    """Return place, marker, color and name of the best plan in each objective and of the knee."""
    best = minimized(study.problem, figures_of(study.problem, study.front)).argmin(axis=0)
    named = [
        (int(place), *MARKS[objective])
        for place, objective in zip(best, study.problem.objectives, strict=True)
    ]
    if study.knee is not None:
        named.append((study.knee, "o", COLORS[6], "knee"))
    return named


def _shown(study: ParetoStudy) -> FloatArray:
    return figures_of(study.problem, study.front) * _scale(study)


def _scale(study: ParetoStudy) -> FloatArray:
    """Return what makes a figure fit its axis: millions for money."""
    return np.array([1e-6 if name == "npv" else 1.0 for name in study.problem.objectives])
