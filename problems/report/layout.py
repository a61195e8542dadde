"""Owns where a feeder's buses are drawn: their own coordinates, or a tidy tree."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from problems.core.access import branch_lengths
from problems.core.station_limits import access_unit

FloatArray = NDArray[np.float64]

UNIT_WORDS = {"km": "km", "ohm": "Ω of branch impedance"}
"""How a figure says the unit of distances along a feeder."""


def bus_positions(feeder: Feeder) -> tuple[FloatArray, FloatArray, bool]:
    """Return x and y of every bus, and whether they are the feeder's own coordinates.

    Without coordinates of every bus the tree is laid out: one step to the right a branch, the
    heaviest path on a straight line, laterals on rows of their own by turns above and below.
    """
    if np.isfinite(feeder.x).all() and np.isfinite(feeder.y).all():
        return feeder.x, feeder.y, True
    depth = branch_count(feeder)
    row = np.zeros(feeder.n_bus)
    taken: dict[int, list[tuple[int, int]]] = {}
    for first, buses in _chains(feeder):
        left, right = int(depth[first]), int(depth[buses[-1]])
        chosen = _free_row(taken, int(row[first]), left, right) if first != buses[0] else 0
        taken.setdefault(chosen, []).append((left, right))
        row[buses] = chosen
    return depth.astype(np.float64), row, False


def frame_map(axes: Any, title: str, has_coordinates: bool) -> None:
    """Strip a map's axes of what means nothing on a map, and say so if it is not to scale."""
    axes.set_xticks([])
    axes.set_yticks([])
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    if has_coordinates:
        axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.08, 0.14)
    axes.set_title(title + ("" if has_coordinates else " (schematic, not to scale)"))


def branch_count(feeder: Feeder) -> NDArray[np.int64]:
    """Return the number of branches between the source and each bus."""
    depth = np.zeros(feeder.n_bus, dtype=np.int64)
    for bus in range(1, feeder.n_bus):
        depth[bus] = depth[feeder.parent[bus]] + 1
    return depth


def source_distance(feeder: Feeder) -> tuple[FloatArray, str]:
    """Return each bus's distance from the source along the feeder, and its unit.

    Kilometers where every length is known, else ohms of branch impedance.
    """
    step, unit = branch_lengths(feeder), UNIT_WORDS[access_unit(feeder)]
    distance = np.zeros(feeder.n_bus)
    for bus in range(1, feeder.n_bus):
        distance[bus] = distance[feeder.parent[bus]] + step[bus]
    return distance, unit


def _chains(feeder: Feeder) -> list[tuple[int, list[int]]]:
    """Return heavy paths, each with the bus it leaves from; sweep order makes them contiguous."""
    chains: list[tuple[int, list[int]]] = [(0, [0])]
    for bus in range(1, feeder.n_bus):
        parent = int(feeder.parent[bus])
        if parent == bus - 1:
            chains[-1][1].append(bus)
        else:
            chains.append((parent, [bus]))
    return chains


def _free_row(taken: dict[int, list[tuple[int, int]]], near: int, left: int, right: int) -> int:
    """Return the row nearest to `near` that is free from column `left` to `right`."""
    for offset in range(1, 2 * len(taken) + 2):
        for row in (near + offset, near - offset):
            if all(right < start or end < left for start, end in taken.get(row, [])):
                return row
    return near + 2 * len(taken) + 2
