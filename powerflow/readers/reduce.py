"""Owns the way from a network with loops, switches and voltage levels to a radial feeder."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from powerflow.checks import name_array
from powerflow.door import make_feeder
from powerflow.errors import FeederError
from powerflow.loops import Graph, Opening, check_radial, rows_to_open
from powerflow.readers.frozen import freeze_loads
from powerflow.readers.network import Branch, Bus, Network, Reading
from powerflow.readers.parallel import combine_parallel
from powerflow.topology import grow_forest

SAME = 1e-9
"""Ratios that differ by less are the same tap."""


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
    network = _with_one_source(network)
    branches = _opened(network, Opening(branches=opening.branches))
    branches, words = combine_parallel(branches)
    report.merged += words
    branches = _opened(replace(network, branches=branches), Opening(radial=opening.radial))
    graph = _graph(network, branches)
    check_radial(graph, lambda _, row: f"{network.place}, {branches[row or 0].name}")
    tree = _tree(network, graph, branches)
    merged_into = _merge(network, tree)
    frames = _frames(network, tree)
    return _build(network, tree, merged_into, frames)


def _with_one_source(network: Network) -> Network:
    """Join sources of the same voltage, which is what the power flow of several of them does."""
    first, *others = network.held_pu
    for label in others:
        pair = [(network.held_pu[bus], network.buses[bus].kv) for bus in (first, label)]
        if pair[0] != pair[1]:
            raise FeederError(
                f"{network.place}: expected one source, found {first} and {label} at different "
                "voltages; cut the network in two"
            )
    joints = [Branch("sources of one voltage", first, label, 0.0, 0.0) for label in others]
    return replace(network, branches=network.branches + joints)


def _graph(network: Network, branches: Sequence[Branch]) -> Graph:
    labels = list(network.buses)
    row = {label: k for k, label in enumerate(labels)}
    return Graph(
        labels,
        row[network.source],
        [row[branch.start] for branch in branches],
        [row[branch.end] for branch in branches],
        [math.hypot(branch.r_ohm, branch.x_ohm) for branch in branches],
        [branch.kind == "switch" or branch.has_switch for branch in branches],
    )


def _opened(network: Network, opening: Opening) -> list[Branch]:
    """Return the branches that stay closed."""
    branches = network.branches
    if not opening:
        return branches
    rows = set(rows_to_open(_graph(network, branches), opening))
    for row in sorted(rows):
        branch = branches[row]
        network.report.loops.append(f"opened {branch.name} ({branch.start}:{branch.end})")
    return [branch for row, branch in enumerate(branches) if row not in rows]


@dataclass(frozen=True, slots=True)
class _Edge:
    """Hold a branch of the tree with the end nearer the source first."""

    branch: Branch
    upper: str
    lower: str

    @property
    def ratio(self) -> float:
        """No-load voltage of the lower end over that of the upper one, per unit."""
        is_forward = self.lower == self.branch.end
        return self.branch.ratio if is_forward else 1.0 / self.branch.ratio

    @property
    def joins(self) -> bool:
        """Whether there is nothing between the two ends."""
        branch = self.branch
        is_through = abs(branch.ratio - 1.0) <= SAME and branch.kind != "transformer"
        return branch.r_ohm == 0.0 and branch.x_ohm == 0.0 and is_through


def _tree(network: Network, graph: Graph, branches: Sequence[Branch]) -> list[_Edge]:
    """Return the branches that the source feeds, from the source outward; drop the rest."""
    forest = grow_forest(len(graph.labels), graph.source, graph.start, graph.end)
    edges, dead = [], []
    for bus in forest.order:
        if forest.root[bus] != graph.source:
            dead.append(graph.labels[bus])
        elif forest.parent[bus] >= 0:
            branch = branches[forest.parent_branch[bus]]
            edges.append(_Edge(branch, graph.labels[forest.parent[bus]], graph.labels[bus]))
    if dead:
        load_kw = sum(sum(network.buses[label].p_kw) for label in dead)
        shown = ", ".join(dead[:10]) + (", ..." if len(dead) > 10 else "")
        words = f"{len(dead)} buses without a path to the source, {load_kw:g} kW on them: {shown}"
        network.report.dropped.append(words)
        if load_kw != 0.0:
            network.report.warnings.append(f"dropped {words}")
    if not any(not edge.joins for edge in edges):
        raise FeederError(f"{network.place}: no branch is fed by the source {network.source}")
    return edges


def _merge(network: Network, tree: Sequence[_Edge]) -> dict[str, str]:
    """Return the bus that each bus becomes: of those joined by no impedance, the uppermost."""
    into = {network.source: network.source}
    for edge in tree:
        into[edge.lower] = into[edge.upper] if edge.joins else edge.lower
        if edge.joins:
            words = f"{edge.lower} into {into[edge.lower]} ({edge.branch.name})"
            network.report.merged.append(words)
    return into


def _frames(network: Network, tree: Sequence[_Edge]) -> dict[str, tuple[float, float]]:
    """Return nominal voltage of each bus, and the tap between it and the source."""
    frames = {network.source: (network.buses[network.source].kv, 1.0)}
    for edge in tree:
        boost = frames[edge.upper][1] * edge.ratio
        frames[edge.lower] = (network.buses[edge.lower].kv, boost)
    return frames


def _build(
    network: Network,
    tree: Sequence[_Edge],
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


def _summed_loads(network: Network, into: dict[str, str], tree: Sequence[_Edge]) -> dict[str, Bus]:
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
