"""Owns drawing in SVG: axes, lines and marks as text, the same bytes for the same numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from problems.report.style import GREY

FONT_PX = 13


@dataclass(frozen=True, slots=True)
class Plot:
    """Hold a rectangle of pixels and the ranges of numbers that its sides stand for."""

    width: float
    height: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    left: float = 62.0
    right: float = 14.0
    top: float = 30.0
    bottom: float = 44.0

    def px(self, x: float) -> float:
        """Return the pixel of a number along the horizontal axis."""
        low, high = self.x_range
        return self.left + (x - low) / (high - low) * (self.width - self.left - self.right)

    def py(self, y: float) -> float:
        """Return the pixel of a number along the vertical axis."""
        low, high = self.y_range
        return (
            self.height
            - self.bottom
            - (y - low) / (high - low) * (self.height - self.top - self.bottom)
        )


def document(width: float, height: float, alt: str, parts: Iterable[str]) -> str:
    """Return an SVG element that scales with the page; `alt` says what it shows."""
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(alt)}" '
        f'font-size="{FONT_PX}" fill="#1c2733">\n' + "\n".join(parts) + "\n</svg>"
    )


def line(x0: float, y0: float, x1: float, y1: float, color: str, width: float = 1.0) -> str:
    """Return a straight line."""
    return (
        f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{color}" '
        f'stroke-width="{width:g}"/>'
    )


def path(points: Sequence[tuple[float, float]], color: str, width: float = 1.5) -> str:
    """Return a line through points."""
    words = " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path d="M{words}" fill="none" stroke="{color}" stroke-width="{width:g}"/>'


def text(x: float, y: float, words: str, anchor: str = "start", extra: str = "") -> str:
    """Return a line of text."""
    more = f" {extra}" if extra else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(words)}</text>'


def dot(x: float, y: float, radius: float, color: str, tip: str) -> str:
    """Return a disc that says `tip` under the pointer."""
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{color}" '
        f'data-tip="{escape(tip)}"/>'
    )


def rectangle(x: float, y: float, width: float, height: float, color: str, tip: str = "") -> str:
    """Return a filled rectangle that says `tip`, if any, under the pointer."""
    said = f' data-tip="{escape(tip)}"' if tip else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="{color}"{said}/>'
    )


def polygon(points: Sequence[tuple[float, float]], color: str, tip: str) -> str:
    """Return a filled shape with a white rim that says `tip` under the pointer."""
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polygon points="{corners}" fill="{color}" stroke="#fff" stroke-width="1.5" '
        f'data-tip="{escape(tip)}"/>'
    )


def level(plot: Plot, value: float, words: str, color: str) -> list[str]:
    """Return a dashed horizontal line with its name at the right end."""
    y = plot.py(value)
    dashed = line(plot.left, y, plot.width - plot.right, y, color)
    return [
        dashed.replace("/>", ' stroke-dasharray="5 4"/>'),
        text(plot.width - plot.right, y - 4, words, "end", f'fill="{color}"'),
    ]


def axes(
    plot: Plot,
    x_name: str,
    y_name: str,
    *,
    x_ticks: Sequence[float] | None = None,
    x_is_name: bool = False,
) -> str:
    """Return both axes with ticks, a light grid and their names; years are names, not amounts."""
    floor, wall = plot.height - plot.bottom, plot.left
    parts = []
    marks = ticks(*plot.y_range)
    for tick in marks:
        y = plot.py(tick)
        parts.append(line(wall, y, plot.width - plot.right, y, "#e4e8ec"))
        parts.append(text(wall - 6, y + 4, tick_text(tick, marks), "end"))
    marks = list(ticks(*plot.x_range) if x_ticks is None else x_ticks)
    for tick in marks:
        x = plot.px(tick)
        parts.append(line(x, floor, x, floor + 4, GREY))
        words = f"{tick:g}" if x_is_name else tick_text(tick, marks)
        parts.append(text(x, floor + 18, words, "middle"))
    parts.append(line(wall, floor, plot.width - plot.right, floor, GREY))
    middle = (wall + plot.width - plot.right) / 2.0
    parts.append(text(middle, plot.height - 7, x_name, "middle"))
    parts.append(text(4, 15, y_name))
    return "\n".join(parts)


def ticks(low: float, high: float, n: int = 5) -> list[float]:
    """Return about `n` round numbers from low to high.

    Examples
    --------
    >>> ticks(0.0, 10.0)
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    raw = (high - low) / n
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * power >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step + 0.0 for k in range(first, last + 1)]


def tick_text(value: float, marks: Sequence[float]) -> str:
    """Return a tick's number with as many decimals as telling it from its neighbors takes.

    Examples
    --------
    >>> tick_text(2e6, [0.0, 2e6]), tick_text(0.95, [0.9, 0.95]), tick_text(2.0, [0.0, 2.0])
    ('2 M', '0.95', '2')
    """
    step = min((b - a for a, b in itertools.pairwise(marks)), default=1.0)
    unit = " M" if max(abs(mark) for mark in marks) >= 1e6 else ""
    scale = 1e6 if unit else 1.0
    decimals = next(
        n for n in range(12) if abs(round(step / scale, n) * scale - step) < 1e-6 * step
    )
    return f"{value / scale:,.{decimals}f}{unit}"


def padded(low: float, high: float, share: float = 0.06) -> tuple[float, float]:
    """Return a range widened by a share of itself, and never empty."""
    if high <= low:
        around = abs(low) or 1.0
        return low - 0.1 * around, high + 0.1 * around
    return low - share * (high - low), high + share * (high - low)
