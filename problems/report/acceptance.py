"""Owns the files and figures of an acceptance study: capacities, schedules, a bar chart, a map."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation

from problems.acceptance.capacity import BusCapacity
from problems.acceptance.study import AcceptanceStudy
from problems.acceptance.together import JointCapacity, JointFront
from problems.report.layout import bus_positions, frame_map
from problems.report.plan_figures import wires
from problems.report.style import COLORS, GREY, STYLE, save_figure
from problems.report.tables import write_table

LIMIT_WORDS = {
    "voltage_floor": "voltage floor",
    "voltage_ceiling": "voltage ceiling",
    "ampacity": "ampacity",
    "line_kw": "line power",
    "substation_kw": "substation power",
    "substation_kvar": "substation reactive power",
}
"""How figures name limits, each in its own color."""

HATCHES = ("", "//", "..", "xx", "\\\\", "++")


def capacity_row(found: BusCapacity) -> dict[str, Any]:
    """Return the figures of a bus by key; what does not exist is None."""
    solution, binding = found.solution, found.binding
    return {
        "bus": found.bus,
        "capacity_kw": found.capacity_kw,
        "bound_kw": found.bound_kw,
        "binding": None if binding is None else binding.limit,
        "binding_bus": None if binding is None else binding.where,
        "hour": None if binding is None else binding.hour,
        "cone_gap": None if solution is None else solution.cone_gap,
        "simultaneity_kw": None if solution is None else solution.simultaneity_kw,
        "ac_voltage_error_pu": None if solution is None else solution.ac.voltage_error_pu,
        "ac_loss_error_kw": None if solution is None else solution.ac.loss_error_kw,
        "loss_kwh": None if solution is None else float(solution.loss_kw.sum()),
        "exact": found.capacity_kw is not None,
        "status": found.status,
        "message": found.message,
    }


def schedule_rows(found: BusCapacity) -> list[dict[str, Any]]:
    """Return the hourly schedule of every device with the station at its greatest."""
    solution = found.solution
    if solution is None:
        return []
    case = solution.case
    columns: list[tuple[str, str, str, Any]] = []
    for k, unit in enumerate(case.storage):
        power = solution.discharge_kw[:, k] - solution.charge_kw[:, k]
        columns.append(("storage", unit.bus, "p_kw", power))
        columns.append(("storage", unit.bus, "energy_kwh", solution.energy_kwh[:, k]))
        columns.append(("storage", unit.bus, "q_kvar", solution.storage_kvar[:, k]))
    for k, device in enumerate(case.reactive):
        columns.append(("svg", device.bus, "q_kvar", solution.reactive_kvar[:, k]))
    for k, plant in enumerate(case.pv):
        columns.append(("pv", plant.bus, "p_kw", solution.pv_kw[:, k]))
    for k, load in enumerate(case.sized):
        drawn = solution.size_kw[k] * np.array(load.shape)
        columns.append(("station", load.bus, "p_kw", -drawn))
    return [
        {"station_bus": found.bus, "device": device, "bus": bus, "quantity": quantity,
         **{f"h{hour:02d}": float(value) for hour, value in enumerate(values)}}
        for device, bus, quantity, values in columns
    ]  # fmt: skip


def write_capacities(
    folder: Path, title: str, study: AcceptanceStudy, found: Sequence[BusCapacity]
) -> None:
    """Write tables and figures; `schedules.csv` has powers delivered to the grid as positive."""
    write_table(folder / "capacities.csv", [capacity_row(row) for row in found])
    schedules = [row for bus in found for row in schedule_rows(bus)]
    if schedules:
        write_table(folder / "schedules.csv", schedules)
    if any(row.capacity_kw is not None for row in found):
        draw_bars(folder / "capacities.png", title, found)
        draw_map(folder / "map.png", title, study, found)


def front_row(buses: Sequence[str], point: JointCapacity) -> dict[str, Any]:
    """Return a point of the front by key."""
    sizes = point.capacity_kw
    by_bus = None if sizes is None else dict(zip(buses, sizes, strict=True))
    return {
        "capacity_kw": by_bus,
        "total_kw": point.total_kw,
        "cone_gap": None if point.solution is None else point.solution.cone_gap,
        "status": point.status,
        "message": point.message,
    }


def write_front(folder: Path, title: str, front: JointFront) -> None:
    """Write the front as a table, and as a figure if it is over two buses."""
    rows = []
    for point in (*front.points, *front.failed):
        row = front_row(front.buses, point)
        sizes = row.pop("capacity_kw") or dict.fromkeys(front.buses)
        rows.append({**{f"bus_{bus}_kw": kw for bus, kw in sizes.items()}, **row})
    write_table(folder / "front.csv", rows)
    if len(front.buses) == 2 and front.points:
        draw_front(folder / "front.png", title, front)


def draw_bars(path: Path, title: str, found: Sequence[BusCapacity]) -> None:
    """Draw the capacity of each bus, colored and hatched by the limit that binds."""
    limits = [limit for limit in LIMIT_WORDS if any(_limit(row) == limit for row in found)]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(max(7.0, 2.0 + 0.2 * len(found)), 4.2), layout="constrained")
        axes = figure.subplots()
        for place, row in enumerate(found):
            if row.capacity_kw is None:
                axes.annotate("×", (place, 0.0), ha="center", va="bottom", color=GREY)
                continue
            color, hatch = _look(_limit(row))
            axes.bar(place, row.capacity_kw / 1e3, color=color, hatch=hatch, edgecolor="white")
        step = 1 + len(found) // 60
        shown = range(0, len(found), step)
        axes.set_xticks(list(shown), [found[k].bus for k in shown], fontsize=8)
        if len(found) > 34:
            axes.tick_params(axis="x", rotation=90)
        axes.set_xlabel("bus of the station")
        axes.set_ylabel("acceptance capacity (MW)")
        axes.grid(axis="x", visible=False)
        axes.set_title(title)
        handles = [_patch(limit) for limit in limits]
        if any(row.capacity_kw is None for row in found):
            handles.append(Line2D([], [], marker="x", color=GREY, linestyle="", label="no answer"))
        axes.legend(
            handles=handles, title="limit that binds most", loc="upper left",
            bbox_to_anchor=(1.0, 1.0),
        )  # fmt: skip
        save_figure(figure, path)


def draw_map(path: Path, title: str, study: AcceptanceStudy, found: Sequence[BusCapacity]) -> None:
    """Draw the feeder with the capacity of each bus as a color, and where the devices stand."""
    feeder = study.feeder
    x, y, has_coordinates = bus_positions(feeder)
    answered = [row for row in found if row.capacity_kw is not None]
    at = [feeder.bus_index(row.bus) for row in answered]
    with mpl.rc_context({**STYLE, "axes.grid": False}):
        figure = Figure(figsize=(9.0, 5.2), layout="constrained")
        axes = figure.subplots()
        lines = wires(feeder, x, y, has_coordinates)
        axes.add_collection(LineCollection(lines, colors=GREY, linewidths=1.0, zorder=1))
        size = float(np.clip(4000.0 / feeder.n_bus, 12.0, 110.0))
        sizes_mw = [(row.capacity_kw or 0.0) / 1e3 for row in answered]
        dots = axes.scatter(x[at], y[at], c=sizes_mw, cmap="cividis", s=size, zorder=2)
        figure.colorbar(dots, ax=axes, label="acceptance capacity (MW)", shrink=0.8)
        axes.plot(x[0], y[0], marker="s", markersize=11, color="black", zorder=3)
        if feeder.n_bus <= 60:
            for bus, label in enumerate(feeder.bus_id):
                axes.annotate(label, (x[bus], y[bus]), xytext=(0, -12), ha="center",
                              textcoords="offset points", fontsize=7)  # fmt: skip
        handles = [Line2D([], [], marker="s", color="black", linestyle="", label="source")]
        handles += _draw_devices(axes, study, x, y)
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, 0.0), ncols=4)
        frame_map(axes, title, has_coordinates)
        save_figure(figure, path)


def draw_front(path: Path, title: str, front: JointFront) -> None:
    """Draw what two stations may be at once."""
    sizes = np.array([point.capacity_kw for point in front.points]) / 1e3
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.6), layout="constrained")
        axes = figure.subplots()
        axes.plot(sizes[:, 0], sizes[:, 1], "o-", color=COLORS[0], label="front")
        for point, marker, color, name in (
            (front.greatest, "*", COLORS[1], "greatest sum"),
            (front.proportional, "D", COLORS[2], "in proportion to load"),
        ):
            if point is not None and point.capacity_kw is not None:
                first, second = (kw / 1e3 for kw in point.capacity_kw)
                axes.plot(first, second, marker, color=color, markersize=11, label=name, zorder=3)
        axes.set_xlabel(f"station at bus {front.buses[0]} (MW)")
        axes.set_ylabel(f"station at bus {front.buses[1]} (MW)")
        axes.set_xlim(left=0.0)
        axes.set_ylim(bottom=0.0)
        axes.legend(loc="lower left")
        axes.set_title(title)
        save_figure(figure, path)


def _draw_devices(axes: Any, study: AcceptanceStudy, x: Any, y: Any) -> list[Line2D]:
    devices = study.devices
    kinds = (
        ("storage", [unit.bus for unit in devices.storage], "^", COLORS[1], 9),
        ("SVG", [svg.bus for svg in devices.svg], "D", COLORS[2], 7),
        ("PV", [plant.bus for plant in devices.pv], "*", COLORS[4], 10),
    )
    handles = []
    for place, (name, labels, marker, color, size) in enumerate(kinds):
        if not labels:
            continue
        bus = [study.feeder.bus_index(label) for label in labels]
        shift = ScaledTranslation((place - 1) * 0.13, 0.15, axes.figure.dpi_scale_trans)
        axes.plot(
            x[bus], y[bus], linestyle="", marker=marker, color=color, markersize=size,
            markeredgecolor="white", zorder=4, transform=axes.transData + shift,
        )  # fmt: skip
        handles.append(Line2D([], [], linestyle="", marker=marker, color=color, label=name))
    return handles


def _limit(row: BusCapacity) -> str | None:
    return None if row.binding is None or row.capacity_kw is None else row.binding.limit


def _look(limit: str | None) -> tuple[str, str]:
    if limit is None:
        return GREY, ""
    place = list(LIMIT_WORDS).index(limit)
    return COLORS[place], HATCHES[place]


def _patch(limit: str) -> Patch:
    color, hatch = _look(limit)
    return Patch(facecolor=color, hatch=hatch, edgecolor="white", label=LIMIT_WORDS[limit])
