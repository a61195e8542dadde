"""Owns the order of the tree program: which tables are built from which, children first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """List the nodes of the tree program in the order of computing.

    A node with ``bus >= 0`` puts devices on that bus and adds its branch's cost to the table of
    `left` (-1: nothing behind the bus). A node with ``bus == -1`` joins the tables of `left` and
    `right`. The last node belongs to the source. `node_of` finds the node of a bus.
    """

    left: Ints
    right: Ints
    bus: Ints
    node_of: Ints


def make_program(parent: Ints) -> Program:
    """Compile a tree in sweep order into binary joins, the smallest subtrees first."""
    n_bus = parent.shape[0]
    size = np.ones(n_bus, dtype=np.int64)
    children: list[list[int]] = [[] for _ in range(n_bus)]
    for k in range(n_bus - 1, 0, -1):
        size[parent[k]] += size[k]
        children[parent[k]].append(k)
    left: list[int] = []
    right: list[int] = []
    bus: list[int] = []
    node_of = np.full(n_bus, -1, dtype=np.int64)
    for k in range(n_bus - 1, -1, -1):
        below = [int(node_of[c]) for c in sorted(children[k], key=lambda c: (size[c], c))]
        table = below[0] if below else -1
        for other in below[1:]:
            left.append(table)
            right.append(other)
            bus.append(-1)
            table = len(bus) - 1
        left.append(table)
        right.append(-1)
        bus.append(k)
        node_of[k] = len(bus) - 1
    as_ints = [np.array(column, dtype=np.int64) for column in (left, right, bus)]
    return Program(as_ints[0], as_ints[1], as_ints[2], node_of)
