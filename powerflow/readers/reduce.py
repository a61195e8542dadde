"""Owns the way from a network with loops, switches and voltage levels to a radial feeder."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from powerflow.checks import name_array
from powerflow.door import make_feeder
from powerflow.loops import Opening, check_radial
from powerflow.readers.frozen import freeze_loads
from powerflow.readers.network import Bus, Network, Reading
from powerflow.readers.parallel import combine_parallel
from powerflow.readers.tree import (
    Edge,
    closed_branches,
    graph_of,
    grow_tree,
    merge_joined,
    with_one_source,
)


def to_reading(network: Network, opening: Opening) -> Reading:
    """Return the radial feeder of a network, and the report of what that changed.

    Named branches are opened, parallel ones combined, loops opened if asked for; what the source
    does not reach is dropped; buses joined by no impedance are merged; every impedance and ampacity
    is referred to the voltage level of most buses. A tap is a change of the voltage base behind it,
    which is exact for currents and losses; `Reading.voltage_factor` gives the voltages. Loads that
    depend on voltage become the constant power they draw in the base case.

    Parameters
    ----------
    network : Network
    opening : Opening

    Returns
    -------
    Reading

    Raises
    ------
    FeederError
        If loops are left, a named branch does not exist, or nothing hangs on the source.
    """
    report = network.report
    network = with_one_source(network)
    branches = closed_branches(network, Opening(branches=opening.branches))
    branches, words = combine_parallel(branches)
    report.merged += words
    branches = closed_branches(replace(network, branches=branches), Opening(radial=opening.radial))
    graph = graph_of(network, branches)
    check_radial(graph, lambda _, row: f"{network.place}, {branches[row or 0].name}")
    tree = grow_tree(network, graph, branches)
    merged_into = merge_joined(network, tree)
    frames = _frames(network, tree)
    return _build(network, tree, merged_into, frames)


def _frames(network: Network, tree: Sequence[Edge]) -> dict[str, tuple[float, float]]:
    """Return nominal voltage of each bus, and the tap between it and the source."""
    frames = {network.source: (network.buses[network.source].kv, 1.0)}
    for edge in tree:
        boost = frames[edge.upper][1] * edge.ratio
        frames[edge.lower] = (network.buses[edge.lower].kv, boost)
    return frames


def _build(
    network: Network,
    tree: Sequence[Edge],
    into: dict[str, str],
    frames: dict[str, tuple[float, float]],
) -> Reading:
    kept = [label for label in into if into[label] == label]
    base_kv, base_boost = _most_common([frames[label] for label in kept])
    _report_levels(network, kept, frames, base_kv, base_boost)
    edges = [edge for edge in tree if not edge.joins]
    # the voltage, in kV, that is 1 p.u. of the feeder at the bus where a branch's ohms hold
    level = [frames[e.branch.end][0] * frames[e.branch.end][1] / base_boost for e in edges]
    scale = [(base_kv / kv) ** 2 for kv in level]
    r_ohm = [edge.branch.r_ohm * s for edge, s in zip(edges, scale, strict=True)]
    ampacity_a = [e.branch.ampacity_a * kv / base_kv for e, kv in zip(edges, level, strict=True)]
    for row, edge in enumerate(edges):
        if r_ohm[row] < 0.0:
            words = f"{edge.branch.name}: resistance {edge.branch.r_ohm:g} ohm taken as 0"
            network.report.averaged.append(words)
            r_ohm[row] = 0.0

    loads = _summed_loads(network, into, tree)

    def where(column: str, row: int | None) -> str:
        is_branch = row is not None and column in ("from_bus", "to_bus", "r_ohm", "x_ohm")
        named = edges[row].branch.name if is_branch and row is not None else name_array(column, row)
        return f"{network.place}, {named}"

    feeder = make_feeder(
        name=network.name,
        base_kv=base_kv,
        source=network.source,
        bus_id=kept,
        p_kw=[sum(loads[label].p_kw) for label in kept],
        q_kvar=[sum(loads[label].q_kvar) for label in kept],
        from_bus=[into[edge.upper] for edge in edges],
        to_bus=[edge.lower for edge in edges],
        r_ohm=r_ohm,
        x_ohm=[edge.branch.x_ohm * s for edge, s in zip(edges, scale, strict=True)],
        ampacity_a=[a if math.isfinite(a) and a > 0.0 else math.nan for a in ampacity_a],
        length_m=[edge.branch.length_m for edge in edges],
        kind=[edge.branch.kind for edge in edges],
        x=[network.buses[label].x for label in kept],
        y=[network.buses[label].y for label in kept],
        v_source_pu=network.v_source_pu * base_boost,
        title=network.title,
        where=where,
    )
    factor = np.array([frames[label][1] / base_boost for label in feeder.bus_id])
    feeder = freeze_loads(feeder, [loads[label] for label in feeder.bus_id], factor, network.report)
    return Reading(feeder, network.report, _read_only(factor))


def _most_common(frames: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the voltage level and tap that most buses have, of equals the first."""
    rounded = [(kv, round(boost, 9)) for kv, boost in frames]
    winner = Counter(rounded).most_common(1)[0][0]
    return frames[rounded.index(winner)]


def _summed_loads(network: Network, into: dict[str, str], tree: Sequence[Edge]) -> dict[str, Bus]:
    """Return the loads of each bus that is kept: its own, of buses merged into it, of charging."""
    loads = {label: Bus(network.buses[label].kv) for label in into if into[label] == label}
    for label, target in into.items():
        for exponent in range(3):
            bus = network.buses[label]
            loads[target].draw(bus.p_kw[exponent], bus.q_kvar[exponent], exponent)
    for edge in tree:
        branch = edge.branch
        for label, kva in ((branch.start, branch.start_kva), (branch.end, branch.end_kva)):
            loads[into[label]].draw(kva.real, kva.imag, 2)
    return loads


def _report_levels(
    network: Network,
    kept: Sequence[str],
    frames: dict[str, tuple[float, float]],
    base_kv: float,
    base_boost: float,
) -> None:
    """Say which buses have another voltage level, and where a tap shows in the voltages."""
    levels = Counter(kv for kv, _ in (frames[label] for label in kept) if kv != base_kv)
    for kv, n_bus in sorted(levels.items(), reverse=True):
        network.report.averaged.append(
            f"{n_bus} buses of {kv:g} kV: impedances and ampacities referred to {base_kv:g} kV"
        )
    taps: dict[float, list[str]] = {}
    for label in kept:
        taps.setdefault(round(frames[label][1] / base_boost, 9), []).append(label)
    for factor, labels in taps.items():
        if factor != 1.0:
            shown = ", ".join(labels[:10]) + (", ..." if len(labels) > 10 else "")
            words = f"multiply by {factor:.6g} the per unit voltage of {len(labels)} buses: {shown}"
            network.report.taps.append(words)
            network.report.warnings.append(f"behind a tap, limits do not hold as written: {words}")


def _read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    array.flags.writeable = False
    return array
