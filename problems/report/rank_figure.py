"""Owns the critical-difference diagram: mean ranks, and which of them differ by chance alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from heuristics.experiment import FriedmanTest
from problems.report.style import COLORS, STYLE, save_figure

ROW = 0.24
"""Height of a line of text in inches, the unit of the vertical axis."""


def draw_ranks(
    path: Path,
    title: str,
    test: FriedmanTest,
    difference: float,
    groups: Sequence[tuple[str, ...]],
) -> None:
    """Draw mean ranks on a line, best at the left, groups that do not differ joined by bars.

    Parameters
    ----------
    path : Path
        PNG to write.
    title : str
        Says what was ranked.
    test : FriedmanTest
    difference : float
        Critical difference of mean ranks.
    groups : sequence of tuple of str
        As of `rank_groups`.

    References
    ----------
    Demsar, "Statistical comparisons of classifiers over multiple data sets", Journal of Machine
    Learning Research 7 (2006) 1-30 (the diagram).
    """
    ordered = sorted(test.mean_rank, key=lambda engine: test.mean_rank[engine])
    n = len(ordered)
    half = (n + 1) // 2
    bars = 0.5 * len(groups) + 0.8
    depth = bars + half + 0.5
    with mpl.rc_context({**STYLE, "axes.grid": False}):
        figure = Figure(figsize=(8.0, ROW * (depth + 3.2) + 0.5), layout="constrained")
        axes = figure.subplots()
        axes.set_xlim(1.0 - 0.42 * (n - 1), n + 0.42 * (n - 1))
        axes.set_ylim(-depth, 3.2)
        axes.axis("off")
        axes.plot((1, n), (0, 0), color="black", linewidth=1.2)
        for tick in range(1, n + 1):
            axes.plot((tick, tick), (0, 0.25), color="black", linewidth=1.0)
            if n <= 15 or tick % 2 == 1:
                axes.text(tick, 0.35, str(tick), ha="center", va="bottom", fontsize=8)
        shown = min(difference, n - 1.0)
        axes.plot((1, 1 + shown), (1.9, 1.9), "|-", color=COLORS[1], linewidth=1.6)
        words = f"critical difference {difference:.2f} (Nemenyi, 5 %)"
        axes.text(1, 2.15, words, ha="left", va="bottom", fontsize=8, color=COLORS[1])
        for k, engine in enumerate(ordered):
            rank = test.mean_rank[engine]
            is_left = k < half
            level = -bars - (k if is_left else n - 1 - k)
            edge = 1.0 - 0.06 * (n - 1) if is_left else n + 0.06 * (n - 1)
            axes.plot((rank, rank, edge), (0, level, level), color="black", linewidth=0.7)
            label = f"{engine}  {rank:.2f}" if is_left else f"{rank:.2f}  {engine}"
            axes.text(
                edge,
                level,
                f"{label} " if is_left else f" {label}",
                ha="right" if is_left else "left",
                va="center",
                fontsize=9,
            )
        for k, group in enumerate(groups):
            ends = (test.mean_rank[group[0]] - 0.03, test.mean_rank[group[-1]] + 0.03)
            level = -0.45 - 0.5 * k
            axes.plot(ends, (level, level), color=COLORS[0], linewidth=4, solid_capstyle="butt")
        axes.set_title(title)
        save_figure(figure, path)
