"""Owns the look of every figure: colors safe for color blindness, lines, legends, files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Okabe and Ito, "Color Universal Design", 2008.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", ":")
GREY = "#8c8c8c"
STYLE = {
    "text.parse_math": False,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "svg.hashsalt": "feederlab",
}
FEW = 6
"""Lines that a legend inside the axes still tells apart."""

LEGEND_ROWS = 26


def line_styles(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return color and dash of each name; 28 differ, for 7 and 4 have no common factor."""
    return {
        name: (COLORS[k % len(COLORS)], DASHES[k % len(DASHES)]) for k, name in enumerate(names)
    }


def figure_width(n_lines: int) -> float:
    """Return the width in inches of a figure with so many named lines."""
    return 7.0 if n_lines <= FEW else 7.0 + 2.1 * (1 + (n_lines - 1) // LEGEND_ROWS)


def place_legend(axes: Any, lines: list[Any], title: str, loc: str) -> None:
    """Name few lines inside the axes, many in columns to the right of the figure."""
    if len(lines) <= FEW:
        # a little below the top, where a level may be drawn
        axes.legend(handles=lines, title=title, loc=loc, bbox_to_anchor=(0.0, 0.0, 1.0, 0.94))
        return
    axes.figure.legend(
        handles=lines,
        title=title,
        loc="outside right upper",
        ncols=1 + (len(lines) - 1) // LEGEND_ROWS,
        fontsize=8,
        handlelength=3.2,
    )


def draw_level(axes: Any, level: float, name: str, color: str) -> None:
    """Draw a horizontal line with its name at the right end."""
    axes.axhline(level, color=color, linewidth=1.0, linestyle=(0, (4, 3)))
    axes.annotate(
        name,
        (1.0, level),
        xytext=(0, 2),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=8,
        color=color,
    )


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG, atomically and without the date or versions that would change its bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}")
    FigureCanvasAgg(figure)
    figure.savefig(beside, format="png", dpi=130, metadata={"Software": None})
    beside.replace(path)
