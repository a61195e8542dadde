"""Owns a feeder on the page: one-line diagram or map with what is built, with hover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from problems.report import svg
from problems.report.layout import bus_positions
from problems.report.page import Figure
from problems.report.profile_svg import change_words
from problems.report.style import COLORS, GREY

FloatArray = NDArray[np.float64]
Points = list[tuple[float, float]]

BAR_STEPS = 40
LEGEND_STEP, LEGEND_COLUMNS = 136.0, 3
WIDTH = 760.0
STACK = 15.0
HOLLOW = 1.35
"""Size of what stands already over that of what is sited, so that both show at one bus."""

SHAPES: dict[str, tuple[str, Points]] = {
    "station": (COLORS[1], [(0, -10), (9, 7), (-9, 7)]),
    "bank": (COLORS[2], [(0, -7), (7, 0), (0, 7), (-7, 0)]),
    "storage": (COLORS[0], [(-7, -7), (7, -7), (7, 7), (-7, 7)]),
    "SVG": (COLORS[2], [(0, 8), (8, -6), (-8, -6)]),
    "PV": (COLORS[4], [(0, -9), (5, -3), (9, 4), (0, 8), (-9, 4), (-5, -3)]),
    "managed piles": (COLORS[3], [(-4, -8), (4, -8), (8, 0), (4, 8), (-4, 8), (-8, 0)]),
}
"""Color and corners of each kind of equipment: kinds differ in both."""

LINES = {"cable": COLORS[1], "breaker": COLORS[4], "second circuit": COLORS[1]}
"""Color of each kind of line that is built."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Hold what stands at a bus: a kind of `SHAPES`, rating, index of the bus; old is hollow."""

    kind: str
    words: str
    bus: int
    stands_already: bool = False


@dataclass(frozen=True, slots=True)
class BuiltLine:
    """Hold a branch that is built anew: a kind of `LINES`, size and cost, the bus it enters."""

    kind: str
    words: str
    bus: int


def feeder_figure(
    feeder: Feeder,
    before_pu: FloatArray,
    after_pu: FloatArray,
    marks: Sequence[Mark] = (),
    lines: Sequence[BuiltLine] = (),
    *,
    after_words: str = "with the plan",
) -> Figure:
    """Return a one-line diagram, or a map where the feeder has coordinates.

    Parameters
    ----------
    feeder : Feeder
    before_pu, after_pu : (n_bus,) float array
        Lowest voltage of each bus without and with the plan; the latter gives the colors.
    marks : sequence of Mark
    lines : sequence of BuiltLine
    after_words : str
        What the second voltage is of.
    """
    x, y, has_coordinates = bus_positions(feeder)
    pad = 26.0
    rows = float(np.ptp(y)) if not has_coordinates else 0.0
    span_x, span_y = max(float(np.ptp(x)), 1e-12), max(float(np.ptp(y)), 1e-12)
    body = float(np.clip(30.0 * rows, 60.0, 380.0))
    if has_coordinates:
        body = float(np.clip((WIDTH - 2 * pad) * span_y / span_x, 160.0, 480.0))
    scale_x, scale_y = (WIDTH - 2 * pad) / span_x, body / span_y
    if has_coordinates:
        scale_x = scale_y = min(scale_x, scale_y)
    px = pad + (x - x.min()) * scale_x
    py = 30.0 + (y.max() - y) * scale_y
    names = _names(marks, lines)
    foot = 30.0 + body + 32.0
    height = foot + max(50.0, 24.0 * -(-len(names) // LEGEND_COLUMNS) + 8.0)
    color, bar = _colors(after_pu, foot, after_words)
    parts = [_wires(feeder, px, py, has_coordinates)]
    parts += [_built(line, feeder, px, py, has_coordinates) for line in lines]
    radius = float(np.clip(260.0 / feeder.n_bus, 2.6, 6.5))
    for bus in range(feeder.n_bus):
        tip = (
            f"bus {feeder.bus_id[bus]}\n{feeder.p_kw[bus]:,.1f} kW, {feeder.q_kvar[bus]:,.1f} kvar"
            f"\n{change_words(before_pu[bus], after_pu[bus])}"
        )
        parts.append(svg.dot(px[bus], py[bus], radius, color[bus], tip))
    parts.append(svg.rectangle(px[0] - 7, py[0] - 7, 14, 14, "#000", "source"))
    placed: dict[int, int] = {}
    for mark in marks:
        words = f"{mark.words} at bus {feeder.bus_id[mark.bus]}"
        if mark.stands_already:
            words += "\nstands already"
        # several at a bus stand below each other; hollow ones are wide enough to show around
        y_mark = py[mark.bus] + STACK * placed.get(mark.bus, 0)
        placed[mark.bus] = placed.get(mark.bus, 0) + (not mark.stands_already)
        parts.append(_mark(mark.kind, px[mark.bus], y_mark, words, mark.stands_already))
    for bus in _labeled([mark.bus for mark in marks], px, py):
        parts.append(svg.text(px[bus], py[bus] - 13, feeder.bus_id[bus], "middle"))
    parts += _legend(names, foot)
    parts += bar
    what = "map" if has_coordinates else "schematic, not to scale"
    return Figure(
        f"{feeder.name} ({what}): each bus has the color of its lowest voltage {after_words}.",
        f"One-line diagram of {feeder.name} with sources, sited equipment and bus voltages",
        svg=svg.document(WIDTH, height, f"One-line diagram of {feeder.name}", parts),
        is_wide=True,
    )


def _wire(feeder: Feeder, bus: int, px: FloatArray, py: FloatArray, is_straight: bool) -> str:
    """Return a branch: straight on a map, with an elbow in a schematic."""
    k = int(feeder.parent[bus])
    elbow = "" if is_straight else f"V{py[bus]:.1f}"
    return f"M{px[k]:.1f} {py[k]:.1f}{elbow}L{px[bus]:.1f} {py[bus]:.1f}"


def _wires(feeder: Feeder, px: FloatArray, py: FloatArray, is_straight: bool) -> str:
    words = [_wire(feeder, bus, px, py, is_straight) for bus in range(1, feeder.n_bus)]
    return f'<path d="{"".join(words)}" fill="none" stroke="{GREY}" stroke-width="1.3"/>'


def _built(
    line: BuiltLine, feeder: Feeder, px: FloatArray, py: FloatArray, is_straight: bool
) -> str:
    ends = f"{feeder.bus_id[feeder.parent[line.bus]]} to {feeder.bus_id[line.bus]}"
    return (
        f'<path d="{_wire(feeder, line.bus, px, py, is_straight)}" fill="none" '
        f'stroke="{LINES[line.kind]}" stroke-width="4" '
        f'data-tip="{escape(f"{ends}{chr(10)}{line.words}")}"/>'
    )


def _labeled(buses: Sequence[int], px: FloatArray, py: FloatArray) -> list[int]:
    """Return the buses whose labels do not lie upon each other; hover names the others."""
    found: list[int] = []
    for bus in dict.fromkeys(buses):
        if all(abs(px[bus] - px[k]) > 36.0 or abs(py[bus] - py[k]) > 15.0 for k in found):
            found.append(bus)
    return found


def _mark(kind: str, x: float, y: float, tip: str, is_hollow: bool = False) -> str:
    color, corners = SHAPES[kind]
    size = HOLLOW if is_hollow else 1.0
    drawn = svg.polygon([(x + size * dx, y + size * dy) for dx, dy in corners], color, tip)
    if is_hollow:
        drawn = drawn.replace(f'fill="{color}" stroke="#fff"', f'fill="#fff" stroke="{color}"')
    return drawn


def _names(
    marks: Sequence[Mark], lines: Sequence[BuiltLine]
) -> list[tuple[str, tuple[str, bool] | None, str | None]]:
    """Return the entries of the legend: name, kind of mark and whether hollow, color of a line."""
    found: list[tuple[str, tuple[str, bool] | None, str | None]] = [("source", None, None)]
    for kind, is_old in sorted({(mark.kind, mark.stands_already) for mark in marks}):
        found.append((f"{kind}, before" if is_old else kind, (kind, is_old), None))
    for kind in sorted({line.kind for line in lines}):
        found.append((kind, None, LINES[kind]))
    return found


def _legend(
    names: Sequence[tuple[str, tuple[str, bool] | None, str | None]], foot: float
) -> list[str]:
    """Return the legend, below the drawing on the left."""
    parts: list[str] = []
    for k, (name, mark, color) in enumerate(names):
        row, column = divmod(k, LEGEND_COLUMNS)
        x, y = 34.0 + LEGEND_STEP * column, foot + 10.0 + 24.0 * row
        if mark is not None:
            parts.append(_mark(mark[0], x, y, name, mark[1]))
        elif color is not None:
            parts.append(svg.rectangle(x - 9, y - 2, 18, 4, color))
        else:
            parts.append(svg.rectangle(x - 7, y - 7, 14, 14, "#000"))
        parts.append(svg.text(x + 14, y + 5, name))
    return parts


def _colors(v_pu: FloatArray, foot: float, after_words: str) -> tuple[list[str], list[str]]:
    """Return the color of each bus, and the bar below the drawing that explains colors."""
    colormap = mpl.colormaps["cividis"]
    low, high = float(np.nanmin(v_pu)), float(np.nanmax(v_pu))
    span = max(high - low, 1e-9)
    colors = [to_hex(colormap(float((v - low) / span))) if v == v else "#fff" for v in v_pu]
    x, y, width = 470.0, foot, 250.0
    bar = [
        svg.rectangle(
            x + k * width / BAR_STEPS,
            y,
            width / BAR_STEPS + 0.5,
            11,
            to_hex(colormap(k / (BAR_STEPS - 1))),
        )
        for k in range(BAR_STEPS)
    ]
    bar.append(svg.text(x, y + 26, f"{low:.4f}"))
    bar.append(svg.text(x + width, y + 26, f"{high:.4f}", "end"))
    bar.append(svg.text(x + width / 2, y + 40, f"lowest voltage {after_words} (p.u.)", "middle"))
    return colors, bar
