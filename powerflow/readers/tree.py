"""Owns the tree of a network: what is opened, what the source feeds, which buses are one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from powerflow.errors import FeederError
from powerflow.loops import Graph, Opening, rows_to_open
from powerflow.readers.network import Branch, Network
from powerflow.topology import grow_forest

SAME = 1e-9
"""Ratios that differ by less are the same tap."""


def with_one_source(network: Network) -> Network:
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


def graph_of(network: Network, branches: Sequence[Branch]) -> Graph:
    """Return who is joined to whom by some branches of a network."""
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


def closed_branches(network: Network, opening: Opening) -> list[Branch]:
    """Return the branches that stay closed."""
    branches = network.branches
    if not opening:
        return branches
    rows = set(rows_to_open(graph_of(network, branches), opening))
    for row in sorted(rows):
        branch = branches[row]
        network.report.loops.append(f"opened {branch.name} ({branch.start}:{branch.end})")
    return [branch for row, branch in enumerate(branches) if row not in rows]


@dataclass(frozen=True, slots=True)
class Edge:
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


def grow_tree(network: Network, graph: Graph, branches: Sequence[Branch]) -> list[Edge]:
    """Return the branches that the source feeds, from the source outward; drop the rest."""
    forest = grow_forest(len(graph.labels), graph.source, graph.start, graph.end)
    edges, dead = [], []
    for bus in forest.order:
        if forest.root[bus] != graph.source:
            dead.append(graph.labels[bus])
        elif forest.parent[bus] >= 0:
            branch = branches[forest.parent_branch[bus]]
            edges.append(Edge(branch, graph.labels[forest.parent[bus]], graph.labels[bus]))
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


def merge_joined(network: Network, tree: Sequence[Edge]) -> dict[str, str]:
    """Return the bus that each bus becomes: of those joined by no impedance, the uppermost."""
    into = {network.source: network.source}
    for edge in tree:
        into[edge.lower] = into[edge.upper] if edge.joins else edge.lower
        if edge.joins:
            words = f"{edge.lower} into {into[edge.lower]} ({edge.branch.name})"
            network.report.merged.append(words)
    return into
