"""Owns the shape of a feeder: whether it is radial, its sweep order, parents and paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Forest:
    """Hold a spanning forest of an undirected graph, grown breadth first.

    Attributes
    ----------
    order : list of int
        All buses, each after its parent; the trees follow each other.
    parent : list of int
        Parent of each bus, -1 for the first bus of a tree.
    parent_branch : list of int
        Branch that joins a bus to its parent, -1 for the first bus of a tree.
    root : list of int
        First bus of the tree that a bus belongs to.
    chord : (int, int, int) or None
        First branch met that closes a loop, the bus it was met from, and the bus it leads to,
        which has another parent already; None where the graph has no loop.
    """

    order: list[int]
    parent: list[int]
    parent_branch: list[int]
    root: list[int]
    chord: tuple[int, int, int] | None


def grow_forest(n_bus: int, source: int, from_bus: Sequence[int], to_bus: Sequence[int]) -> Forest:
    """Grow a spanning forest, first the tree of the source, then those it does not reach.

    Branches have no direction here. Cost is linear in buses and branches.

    Parameters
    ----------
    n_bus : int
        Number of buses.
    source : int
        Bus that the first tree starts from.
    from_bus, to_bus : (n_branch,) sequences of int
        Indices of the two ends of each branch.

    Returns
    -------
    Forest
        A radial feeder has one tree and no chord.

    Examples
    --------
    >>> grow_forest(3, 0, [1, 0], [0, 2]).parent
    [-1, 0, 0]
    """
    joined: list[list[tuple[int, int]]] = [[] for _ in range(n_bus)]
    for branch, (start, end) in enumerate(zip(from_bus, to_bus, strict=True)):
        joined[start].append((end, branch))
        joined[end].append((start, branch))
    order: list[int] = []
    parent = [-1] * n_bus
    parent_branch = [-1] * n_bus
    root = [-1] * n_bus
    chord = None
    next_bus = 0
    for first in (source, *range(n_bus)):
        if root[first] >= 0:
            continue
        root[first] = first
        order.append(first)
        while next_bus < len(order):
            bus = order[next_bus]
            next_bus += 1
            for other, branch in joined[bus]:
                if root[other] < 0:
                    root[other] = first
                    parent[other] = bus
                    parent_branch[other] = branch
                    order.append(other)
                elif chord is None and branch not in (parent_branch[bus], parent_branch[other]):
                    chord = (branch, bus, other)
    return Forest(order, parent, parent_branch, root, chord)


def find_loop(parent: Sequence[int], start: int, end: int) -> list[int]:
    """Return the buses of the loop that a branch from `start` to `end` closes in a tree.

    The loop begins with the bus where the paths of both ends to the root meet, and runs through
    `start` and `end`.

    Examples
    --------
    >>> find_loop([-1, 0, 1, 1, 3], 2, 4)
    [1, 2, 4, 3]
    """
    down = path_to_source(parent, start)[::-1]
    up = path_to_source(parent, end)[::-1]
    n_shared = 0
    while n_shared < min(len(down), len(up)) and down[n_shared] == up[n_shared]:
        n_shared += 1
    return down[n_shared - 1 :] + up[n_shared:][::-1]


def sweep_order(forest: Forest, rank: Sequence[object]) -> IntArray:
    """Return the buses of a radial feeder in preorder, the heaviest child first.

    The child with the largest subtree follows its parent immediately, so that a sweep carries most
    of its sums in registers. Children of equal weight are ordered by `rank`, so that the order does
    not depend on the order of the rows in a file.

    Parameters
    ----------
    forest : Forest
        A single tree.
    rank : (n_bus,) sequence of comparable values
        Distinct sort key of each bus.

    Returns
    -------
    (n_bus,) int array
        Buses; every bus stands after its parent.
    """
    n_bus = len(forest.parent)
    size = [1] * n_bus
    for bus in reversed(forest.order[1:]):
        size[forest.parent[bus]] += size[bus]
    children: list[list[int]] = [[] for _ in range(n_bus)]
    for bus in forest.order[1:]:
        children[forest.parent[bus]].append(bus)
    order = []
    waiting = [forest.order[0]]
    while waiting:
        bus = waiting.pop()
        order.append(bus)
        # the last one pushed is visited next: the heaviest, of equals the one of lowest rank
        children[bus].sort(key=lambda child: (-size[child], rank[child]), reverse=True)
        waiting.extend(children[bus])
    return np.array(order, dtype=np.int64)


def path_to_source(parent: Sequence[int] | IntArray, bus: int) -> list[int]:
    """Return the buses from `bus` up to the source, both included.

    Examples
    --------
    >>> path_to_source([-1, 0, 1, 1], 3)
    [3, 1, 0]
    """
    path = [bus]
    while (bus := int(parent[bus])) >= 0:
        path.append(bus)
    return path


def subtree_sizes(parent: IntArray) -> IntArray:
    """Return the number of buses at and below each bus of a feeder in sweep order.

    Parameters
    ----------
    parent : (n_bus,) int array
        Parent of each bus, `parent[k] < k`, -1 for the source.

    Examples
    --------
    >>> subtree_sizes(np.array([-1, 0, 1, 0]))
    array([4, 2, 1, 1])
    """
    size = np.ones(len(parent), dtype=np.int64)
    for bus in range(len(parent) - 1, 0, -1):
        size[parent[bus]] += size[bus]
    return size


def bus_depths(parent: IntArray) -> IntArray:
    """Return the number of branches between the source and each bus of a feeder in sweep order.

    Parameters
    ----------
    parent : (n_bus,) int array
        Parent of each bus, `parent[k] < k`, -1 for the source.

    Examples
    --------
    >>> bus_depths(np.array([-1, 0, 1, 0]))
    array([0, 1, 2, 1])
    """
    depth = np.zeros(len(parent), dtype=np.int64)
    for bus in range(1, len(parent)):
        depth[bus] = depth[parent[bus]] + 1
    return depth
