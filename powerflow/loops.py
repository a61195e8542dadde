"""Owns the loops of a network: listing them, and opening branches until it is radial."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from powerflow.checks import Where, nearest, quote
from powerflow.errors import FeederError
from powerflow.topology import find_loop, grow_forest

HINT = "open a branch of each with --open FROM:TO, or let --radial mst choose"
MOST_LISTED = 10
Radial = Literal["mst"]


@dataclass(frozen=True, slots=True)
class Opening:
    """Say which branches are open beyond what the data say.

    Parameters
    ----------
    branches : tuple of str
        Words FROM:TO, the labels of the two ends in either order. Parallel branches open together.
    radial : {"mst"}, optional
        Open what closes a loop, so that the branches left make the spanning tree of least total
        impedance. Switches are opened before anything else.

    Raises
    ------
    FeederError
        If `radial` is another word.
    """

    branches: tuple[str, ...] = ()
    radial: Radial | None = None

    def __post_init__(self) -> None:
        if self.radial not in (None, "mst"):
            raise FeederError(f"radial: expected mst, not {quote(self.radial)}")

    def __bool__(self) -> bool:
        return bool(self.branches) or self.radial is not None


@dataclass(frozen=True, slots=True)
class Graph:
    """Hold who is joined to whom: bus labels, branch ends as bus rows, and what a branch is.

    Attributes
    ----------
    labels : (n_bus,) sequence of str
    source : int
        Row of the source.
    start, end : (n_branch,) sequence of int
        Rows of the two ends of each branch.
    z_ohm : (n_branch,) sequence of float
        Magnitude of its impedance.
    is_switch : (n_branch,) sequence of bool
        Whether it is a switch.
    """

    labels: Sequence[str]
    source: int
    start: Sequence[int]
    end: Sequence[int]
    z_ohm: Sequence[float]
    is_switch: Sequence[bool]

    def branch(self, row: int) -> str:
        """Return a branch as its two labels."""
        return f"{quote(self.labels[self.start[row]])}-{quote(self.labels[self.end[row]])}"

    def without(self, rows: Sequence[int]) -> tuple[Graph, list[int]]:
        """Return the graph without some branches, and the old row of each that is left."""
        gone = set(rows)
        kept = [row for row in range(len(self.start)) if row not in gone]
        graph = Graph(
            self.labels,
            self.source,
            [self.start[row] for row in kept],
            [self.end[row] for row in kept],
            [self.z_ohm[row] for row in kept],
            [self.is_switch[row] for row in kept],
        )
        return graph, kept


def rows_to_open(graph: Graph, opening: Opening) -> list[int]:
    """Return the rows of the branches that an opening opens, in order.

    Raises
    ------
    FeederError
        If a word names no branch; the message suggests the nearest.
    """
    rows = sorted({row for word in opening.branches for row in named_branches(graph, word)})
    if opening.radial is not None:
        left, kept = graph.without(rows)
        rows = sorted([*rows, *(kept[row] for row in rows_beyond_tree(left))])
    return rows


def named_branches(graph: Graph, word: str) -> list[int]:
    """Return the rows of the branches between the two buses of a word FROM:TO."""
    row_of = {label: row for row, label in enumerate(graph.labels)}
    parts = word.split(":")
    # a label may hold colons itself
    pairs = [(":".join(parts[:k]), ":".join(parts[k:])) for k in range(1, len(parts))]
    known = [(row_of[a], row_of[b]) for a, b in pairs if a in row_of and b in row_of]
    if not known:
        if len(pairs) == 1:
            wrong = next(label for label in pairs[0] if label not in row_of)
            raise FeederError(
                f"--open {quote(word)}: there is no bus {quote(wrong)}{nearest(wrong, row_of)}"
            )
        raise FeederError(f"--open {quote(word)}: expected the labels of two buses, FROM:TO")
    ends = {frozenset(pair) for pair in known}
    rows = [
        row
        for row, pair in enumerate(zip(graph.start, graph.end, strict=True))
        if frozenset(pair) in ends
    ]
    if not rows:
        words = {
            f"{graph.labels[a]}:{graph.labels[b]}"
            for a, b in zip(graph.start, graph.end, strict=True)
        }
        raise FeederError(
            f"--open {quote(word)}: no branch joins these buses{nearest(word, sorted(words))}"
        )
    return rows


def rows_beyond_tree(graph: Graph) -> list[int]:
    """Return the branches that the spanning tree of least impedance leaves out (Kruskal 1956)."""

    def rank(row: int) -> tuple[bool, float, list[str]]:
        ends = sorted((graph.labels[graph.start[row]], graph.labels[graph.end[row]]))
        return graph.is_switch[row], graph.z_ohm[row], ends

    above = list(range(len(graph.labels)))

    def top(bus: int) -> int:
        while above[bus] != bus:
            above[bus] = above[above[bus]]
            bus = above[bus]
        return bus

    left_out = []
    for row in sorted(range(len(graph.start)), key=rank):
        a, b = top(graph.start[row]), top(graph.end[row])
        if a == b:
            left_out.append(row)
        else:
            above[a] = b
    return sorted(left_out)


def list_loops(graph: Graph) -> list[tuple[list[int], list[int]]]:
    """Return a basis of the loops, each as the rows of its buses and of its branches.

    Each branch outside a tree grown breadth first from the source closes one loop, and stands last
    among its branches.
    """
    forest = grow_forest(len(graph.labels), graph.source, graph.start, graph.end)
    in_tree = set(forest.parent_branch)
    loops = []
    for row, (a, b) in enumerate(zip(graph.start, graph.end, strict=True)):
        if row not in in_tree:
            buses = [a] if a == b else find_loop(forest.parent, a, b)
            members = set(buses)
            inner = [
                forest.parent_branch[bus]
                for bus in buses
                if forest.parent[bus] in members and bus != buses[0]
            ]
            loops.append((buses, [*inner, row]))
    return loops


def check_radial(graph: Graph, where: Where, rows: Sequence[int] | None = None) -> None:
    """Raise FeederError that lists the loops and the switches in them, if there are any.

    Parameters
    ----------
    graph : Graph
    where : callable
        Names a branch by its row; `rows` gives the row that it knows each by, where they differ.
    """
    loops = list_loops(graph)
    if not loops:
        return

    def place(row: int) -> str:
        return where("from_bus", row if rows is None else rows[row])

    words = [_loop_words(graph, *loop, place) for loop in loops[:MOST_LISTED]]
    if len(loops) > MOST_LISTED:
        words.append("...")
    many = "1 loop" if len(loops) == 1 else f"{len(loops)} loops"
    first = place(loops[0][1][-1])
    raise FeederError(f"{first}: not radial, {many}: {'; '.join(words)}; {HINT}")


def _loop_words(
    graph: Graph, buses: Sequence[int], branches: Sequence[int], place: Callable[[int], str]
) -> str:
    *others, last = branches
    if len(buses) == 1:
        return f"branch {graph.branch(last)} joins bus {quote(graph.labels[buses[0]])} to itself"
    if len(branches) == 2:
        return f"branch {graph.branch(last)} is parallel to the one at {place(others[0])}"
    labels = ", ".join(quote(graph.labels[bus]) for bus in buses[:20])
    more = f", ... ({len(buses)} buses)" if len(buses) > 20 else ""
    switches = [graph.branch(row) for row in branches if graph.is_switch[row]]
    named = f" (switches in it: {', '.join(switches)})" if switches else ""
    return f"branch {graph.branch(last)} closes the loop {labels}{more}{named}"
