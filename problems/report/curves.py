"""Owns the figures of runs over evaluations: convergence, and targets reached."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, StrMethodFormatter
from numpy.typing import NDArray

from heuristics.experiment import Band
from problems.report.style import (
    FEW,
    STYLE,
    draw_level,
    figure_width,
    line_styles,
    place_legend,
    save_figure,
)
from problems.report.targets import Target

EVALUATIONS = "evaluations (AC power flows of one candidate)"


def draw_convergence(
    path: Path, title: str, bands: Mapping[str, Band], currency: str, target: Target | None
) -> None:
    """Draw the best NPV so far over evaluations, a median line and quartile band an engine.

    Parameters
    ----------
    path : Path
        PNG to write.
    title : str
        Says which feeder, under which conditions.
    bands : mapping of str to Band
        Of the objective, the negated NPV, by engine.
    currency : str
        Of the NPV.
    target : Target, optional
        Drawn as a line.
    """
    styles = line_styles(bands)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(figure_width(len(bands)), 5.2), layout="constrained")
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        drawn = {engine: band for engine, band in bands.items() if _has_median(band)}
        alpha = 0.2 if len(bands) <= FEW else 0.08
        for engine, band in bands.items():
            color, dash = styles[engine]
            share = band.n_feasible / band.n_run
            below.plot(band.evaluation, share, dash, color=color, label=engine)
            if engine in drawn:
                axes.plot(band.evaluation, -band.median, dash, color=color)
                axes.fill_between(
                    band.evaluation, -band.q3, -band.q1, color=color, alpha=alpha, linewidth=0
                )
        if drawn:
            if target is not None:
                draw_level(axes, target.npv, _level_name(target), "black")
            _zoom(axes, drawn, None if target is None else target.npv)
            axes.set_ylabel(f"best feasible NPV so far ({currency.upper()})")
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        else:
            words = "no engine had a feasible plan in half of its runs"
            axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center")
            axes.set_yticks([])
        lines = below.get_lines()
        ends = {engine: _end(band) for engine, band in bands.items()}
        title_of_lines = "median, band: quartiles"
        if len(lines) > FEW:  # a long legend reads from best to worst, as the lines end
            lines = sorted(lines, key=lambda line: ends[str(line.get_label())])
            title_of_lines += "\nbest median first"
        place_legend(axes, lines, title_of_lines, "upper left")
        below.set_xscale("log")
        below.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        below.set_ylim(-0.05, 1.05)
        below.set_ylabel("share of runs\nfeasible")
        below.set_xlabel(EVALUATIONS)
        axes.set_title(title)
        save_figure(figure, path)


def draw_reached(
    path: Path,
    title: str,
    evaluation: NDArray[np.int64],
    shares: Mapping[str, NDArray[np.float64]],
    runs: str,
) -> None:
    """Draw the share of all pairs of run and target that were reached over evaluations.

    Parameters
    ----------
    path : Path
        PNG to write.
    title : str
        Says which feeder, and what the gaps are measured to.
    evaluation : (n,) int array
    shares : mapping of str to (n,) float array
        By engine.
    runs : str
        What the targets are, for the axis.
    """
    styles = line_styles(shares)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(figure_width(len(shares)), 4.6), layout="constrained")
        axes = figure.subplots()
        for engine, share in shares.items():
            color, dash = styles[engine]
            axes.step(evaluation, share, dash, color=color, where="post", label=engine)
        lines = axes.get_lines()
        if len(lines) > FEW:
            lines = sorted(lines, key=lambda line: -float(shares[str(line.get_label())].mean()))
        place_legend(axes, lines, "engine", "upper left")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.set_ylim(-0.02, 1.02)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_xlabel(EVALUATIONS)
        axes.set_ylabel(f"share of pairs of run and target reached\n({runs})")
        axes.set_title(title)
        save_figure(figure, path)


def _level_name(target: Target) -> str:
    if target.kind == "certified" or target.bound is None:
        return target.name
    share = target.bound / target.npv - 1.0 if target.npv > 0.0 else None
    above = "" if share is None else f" (certified bound {share:.1%} above)"
    return target.name + above


def _has_median(band: Band) -> bool:
    """Return whether half of the runs were feasible in the end."""
    return bool(np.isfinite(band.median).any())


def _end(band: Band) -> tuple[float, float]:
    """Return what puts bands in order, best first: last median, then runs without a plan."""
    last = float(band.median[-1])
    return (last if np.isfinite(last) else np.inf), -float(band.n_feasible[-1])


def _zoom(axes: Any, bands: Mapping[str, Band], level: float | None) -> None:
    """Leave the first random candidates below the picture, so that engines can be told apart."""
    ends = [float(-band.q1[-1]) for band in bands.values()]
    ends.append(-np.inf if level is None else level)
    best = max(end for end in ends if np.isfinite(end))
    medians = [-band.median[np.isfinite(band.median)] for band in bands.values()]
    low = min(float(np.quantile(median, 0.25)) for median in medians if len(median))
    axes.set_ylim(low, best + 0.06 * max(best - low, 1e-9 * abs(best)))
