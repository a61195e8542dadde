"""Owns the figures of one plan on the page: one-line diagram and voltage profile, with hover."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from problems.core.assess import Assessment, required
from problems.core.plan import Plan
from problems.core.years import study_states
from problems.report import svg
from problems.report.layout import bus_positions, source_distance
from problems.report.page import Figure
from problems.report.style import COLORS, GREY

FloatArray = NDArray[np.float64]

MARKS = {"station": ("station", COLORS[1]), "capacitor": ("bank", COLORS[2])}
BAR_STEPS = 40


def diagram(assessment: Assessment, plan: Plan) -> Figure:
    """Return the feeder with the sited equipment, buses colored by their lowest voltage."""
    feeder = assessment.flow.feeder
    assets = [(a.kind, feeder.bus_index(a.bus), _rating(a.kw, a.kvar)) for a in plan.assets]
    return feeder_figure(
        feeder,
        lowest_v_pu(required(assessment.base_flow.v_pu)),
        lowest_v_pu(required(assessment.flow.v_pu)),
        assets,
    )


def feeder_figure(
    feeder: Feeder,
    before_pu: FloatArray,
    after_pu: FloatArray,
    assets: Sequence[tuple[str, int, str]],
) -> Figure:
    """Return a one-line diagram, or a map where the feeder has coordinates.

    Parameters
    ----------
    feeder : Feeder
    before_pu, after_pu : (n_bus,) float array
        Voltage of each bus without and with the plan; the latter gives the colors.
    assets : list of (kind, bus, words)
        What stands where: `station`, `capacitor` or another kind, index of the bus, its rating.
    """
    x, y, has_coordinates = bus_positions(feeder)
    width, pad = 760.0, 26.0
    rows = float(np.ptp(y)) if not has_coordinates else 0.0
    span_x, span_y = max(float(np.ptp(x)), 1e-12), max(float(np.ptp(y)), 1e-12)
    body = float(np.clip(30.0 * rows, 60.0, 380.0))
    if has_coordinates:
        body = float(np.clip((width - 2 * pad) * span_y / span_x, 160.0, 480.0))
    scale_x, scale_y = (width - 2 * pad) / span_x, body / span_y
    if has_coordinates:
        scale_x = scale_y = min(scale_x, scale_y)
    px = pad + (x - x.min()) * scale_x
    py = 30.0 + (y.max() - y) * scale_y
    height = 30.0 + body + 82.0
    color, bar = _colors(after_pu, height)
    parts = [_wires(feeder, px, py, has_coordinates)]
    radius = float(np.clip(260.0 / feeder.n_bus, 2.6, 6.5))
    for bus in range(feeder.n_bus):
        tip = (
            f"bus {feeder.bus_id[bus]}\n{feeder.p_kw[bus]:,.1f} kW, {feeder.q_kvar[bus]:,.1f} kvar"
            f"\n{before_pu[bus]:.4f} → {after_pu[bus]:.4f} p.u."
        )
        parts.append(svg.dot(px[bus], py[bus], radius, color[bus], tip))
    parts.append(svg.rectangle(px[0] - 7, py[0] - 7, 14, 14, "#000", "source"))
    for kind, bus, words in assets:
        parts.append(_mark(kind, px[bus], py[bus], f"{words} at bus {feeder.bus_id[bus]}"))
    for bus in dict.fromkeys(bus for _, bus, _ in assets):
        parts.append(svg.text(px[bus], py[bus] - 13, feeder.bus_id[bus], "middle"))
    parts += _legend({kind for kind, _, _ in assets}, height)
    parts += bar
    what = "map" if has_coordinates else "schematic, not to scale"
    return Figure(
        f"{feeder.name} ({what}): each bus has the color of its lowest voltage with the plan.",
        f"One-line diagram of {feeder.name} with sources, sited equipment and bus voltages",
        svg=svg.document(width, height, f"One-line diagram of {feeder.name}", parts),
        is_wide=True,
    )


def profile(assessment: Assessment, plan: Plan) -> Figure:
    """Return the voltage along every path, before and with the plan, in the worst load state."""
    feeder = assessment.flow.feeder
    before, after = required(assessment.base_flow.v_pu), required(assessment.flow.v_pu)
    state = int(np.argmin(np.where(np.isfinite(after), after, np.inf).min(axis=1)))
    states, limits = study_states(plan.conditions).states, plan.conditions.limits
    distance, unit = source_distance(feeder)
    lines = [before[state], after[state]]
    levels = [limits.v_min_pu] if limits.v_min_pu > 0.0 else []
    highest = max(float(v.max()) for v in lines)
    levels += [limits.v_max_pu] if limits.v_max_pu < 1.02 * highest else []
    low = min(*(float(v.min()) for v in lines), *levels, 1.0)
    high = max(highest, *levels, 1.0)
    plot = svg.Plot(520, 330, (0.0, float(distance.max())), svg.padded(low, high))
    parts = [svg.axes(plot, f"distance from the source ({unit})", "voltage (p.u.)")]
    for v_pu, color, wide in zip(lines, (GREY, COLORS[0]), (1.2, 1.8), strict=True):
        for bus in range(1, feeder.n_bus):
            ends = (int(feeder.parent[bus]), bus)
            points = [(plot.px(distance[k]), plot.py(v_pu[k])) for k in ends]
            parts.append(svg.path(points, color, wide))
    for value in levels:
        name = "floor" if value == limits.v_min_pu else "ceiling"
        parts += svg.level(plot, value, f"{name} {value:g}", COLORS[1])
    for bus in range(feeder.n_bus):
        tip = f"bus {feeder.bus_id[bus]}\n{lines[0][bus]:.4f} → {lines[1][bus]:.4f} p.u."
        parts.append(svg.dot(plot.px(distance[bus]), plot.py(lines[1][bus]), 2.6, COLORS[0], tip))
    for k, (name, color) in enumerate((("before", GREY), ("with the plan", COLORS[0]))):
        parts.append(svg.rectangle(190 + 90 * k, 6, 14, 8, color))
        parts.append(svg.text(208 + 90 * k, 15, name))
    shown = f", load state {states[state].name}" if len(states) > 1 else ""
    alt = f"Voltage of each bus over its distance from the source, before and with the plan{shown}"
    return Figure(alt + ".", alt, svg=svg.document(plot.width, plot.height, alt, parts))


def lowest_v_pu(v_pu: FloatArray) -> FloatArray:
    """Return each bus's lowest voltage over the load states, (n_bus,)."""
    return np.asarray(np.where(np.isfinite(v_pu), v_pu, np.inf).min(axis=0))


def _rating(kw: float | None, kvar: float | None) -> str:
    return f"station of {kw:,.0f} kW" if kw is not None else f"bank of {kvar:,.1f} kvar"


def _wires(feeder: Feeder, px: FloatArray, py: FloatArray, is_straight: bool) -> str:
    """Return all branches as one path: straight on a map, with an elbow in a schematic."""
    words = []
    for bus in range(1, feeder.n_bus):
        k = int(feeder.parent[bus])
        elbow = "" if is_straight else f"V{py[bus]:.1f}"
        words.append(f"M{px[k]:.1f} {py[k]:.1f}{elbow}L{px[bus]:.1f} {py[bus]:.1f}")
    return f'<path d="{"".join(words)}" fill="none" stroke="{GREY}" stroke-width="1.3"/>'


def _mark(kind: str, x: float, y: float, tip: str) -> str:
    color = MARKS.get(kind, ("", COLORS[3]))[1]
    if kind == "station":
        return svg.polygon([(x, y - 10), (x + 9, y + 7), (x - 9, y + 7)], color, tip)
    if kind == "capacitor":
        return svg.polygon([(x, y - 7), (x + 7, y), (x, y + 7), (x - 7, y)], color, tip)
    return svg.polygon([(x - 7, y - 7), (x + 7, y - 7), (x + 7, y + 7), (x - 7, y + 7)], color, tip)


def _legend(kinds: set[str], height: float) -> list[str]:
    y, x = height - 34.0, 34.0
    parts = [svg.rectangle(x - 7, y - 7, 14, 14, "#000"), svg.text(x + 14, y + 5, "source")]
    for kind in sorted(kinds):
        x += 92.0
        name = MARKS.get(kind, (kind, ""))[0]
        parts += [_mark(kind, x, y, name), svg.text(x + 14, y + 5, name)]
    return parts


def _colors(v_pu: FloatArray, height: float) -> tuple[list[str], list[str]]:
    """Return the color of each bus, and the bar that explains colors."""
    colormap = mpl.colormaps["cividis"]
    low, high = float(v_pu.min()), float(v_pu.max())
    span = max(high - low, 1e-9)
    colors = [to_hex(colormap(float((v - low) / span))) for v in v_pu]
    x, y, width = 470.0, height - 50.0, 250.0
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
    bar.append(svg.text(x + width / 2, y + 40, "lowest voltage with the plan (p.u.)", "middle"))
    return colors, bar
