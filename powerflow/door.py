"""Owns the one door where raw columns are checked and become a Feeder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from powerflow.checks import (
    Where,
    check_buses,
    check_ends,
    check_label,
    check_length,
    check_numbers,
    check_positive,
    name_array,
    nearest,
    quote,
)
from powerflow.errors import FeederError
from powerflow.feeder import Feeder
from powerflow.loops import Graph, Opening, check_radial, rows_to_open
from powerflow.topology import grow_forest, sweep_order

IntArray = NDArray[np.int64]


def make_feeder(
    *,
    name: str,
    base_kv: float,
    source: str | int,
    bus_id: Sequence[str | int],
    p_kw: ArrayLike,
    q_kvar: ArrayLike,
    from_bus: Sequence[str | int],
    to_bus: Sequence[str | int],
    r_ohm: ArrayLike,
    x_ohm: ArrayLike,
    ampacity_a: ArrayLike | None = None,
    length_m: ArrayLike | None = None,
    kind: Sequence[str] | None = None,
    customers: ArrayLike | None = None,
    x: ArrayLike | None = None,
    y: ArrayLike | None = None,
    v_source_pu: float = 1.0,
    title: str = "",
    citation: str = "",
    notes: Sequence[str] = (),
    opening: Opening | None = None,
    where: Where = name_array,
) -> Feeder:
    """Check the raw columns of a feeder and put them in sweep order.

    Rows may stand in any order and branches may point either way; neither changes the answer.

    Parameters
    ----------
    name : str
        Name of the feeder.
    base_kv : float
        Base voltage, line to line.
    source : str or int
        Label of the source bus.
    bus_id : (n_bus,) sequence of str or int
        Bus labels; 7 and "7" are the same label.
    p_kw, q_kvar : (n_bus,) array_like
        Base load of each bus, positive when consuming.
    from_bus, to_bus : (n_branch,) sequence of str or int
        Labels of the two ends of each branch.
    r_ohm, x_ohm : (n_branch,) array_like
        Series impedance of each branch, per phase; the resistance is not negative, the reactance
        may be (a series capacitor).
    ampacity_a : (n_branch,) array_like, optional
        Greatest permissible current, positive; NaN where unknown.
    length_m : (n_branch,) array_like, optional
        Length, not negative; NaN where unknown.
    kind : (n_branch,) sequence of str, optional
        Kind of each branch, "" where unknown.
    customers : (n_bus,) array_like, optional
        Number of customers of each bus, not negative; NaN where unknown.
    x, y : (n_bus,) array_like, optional
        Drawing coordinates; NaN where unknown.
    v_source_pu : float
        Voltage of the source.
    title, citation, notes
        Words about the feeder.
    opening : Opening, optional
        Branches to leave out, by name or so that the rest is a tree; none by default.
    where : callable
        Returns what to call a row of a column in an error; a reader names file and line here.

    Returns
    -------
    Feeder

    Raises
    ------
    FeederError
        At the first thing that is wrong; the message names array and index (or file and line),
        the bus or branch, and what was expected.

    Examples
    --------
    >>> feeder = make_feeder(
    ...     name="two", base_kv=11.0, source="A", bus_id=["B", "A"], p_kw=[50, 0], q_kvar=[20, 0],
    ...     from_bus=["B"], to_bus=["A"], r_ohm=[0.1], x_ohm=[0.2],
    ... )
    >>> feeder.bus_id, feeder.r_ohm.tolist()
    (('A', 'B'), [0.0, 0.1])
    """
    if not (name.strip() and name.isprintable()):
        raise FeederError(f"{where('name', None)}: expected a name on one line, not {quote(name)}")
    base_kv = check_positive(where("base_kv", None), base_kv, "a base voltage in kV")
    v_source_pu = check_positive(
        where("v_source_pu", None), v_source_pu, "a source voltage in p.u."
    )
    row = check_buses(bus_id, where)
    labels = list(row)
    source_label = check_label(where("source", None), source)
    if source_label not in row:
        raise FeederError(
            f"{where('source', None)}: unknown source bus {quote(source_label)}; it is not in "
            f"{where('bus_id', None)}{nearest(source_label, row)}"
        )
    check_length("to_bus", len(to_bus), len(from_bus), where)
    start = check_ends("from_bus", from_bus, row, where)
    end = check_ends("to_bus", to_bus, row, where)
    if not start:
        raise FeederError(f"{where('from_bus', None)}: no branches; expected at least one")

    buses = [f"bus {quote(label)}" for label in labels]
    branches = [
        f"branch {quote(labels[i])}-{quote(labels[j])}" for i, j in zip(start, end, strict=True)
    ]
    bus_columns = {
        "p_kw": check_numbers("p_kw", p_kw, buses, where),
        "q_kvar": check_numbers("q_kvar", q_kvar, buses, where),
    }
    for column, values in (("customers", customers), ("x", x), ("y", y)):
        bus_columns[column] = check_numbers(
            column,
            np.full(len(labels), np.nan) if values is None else values,
            buses,
            where,
            sign="not negative" if column == "customers" else "any",
            may_be_unknown=True,
        )
    branch_columns = {
        "r_ohm": check_numbers("r_ohm", r_ohm, branches, where, sign="not negative"),
        "x_ohm": check_numbers("x_ohm", x_ohm, branches, where),
    }
    unknown = np.full(len(start), np.nan)
    for column, values in (("ampacity_a", ampacity_a), ("length_m", length_m)):
        branch_columns[column] = check_numbers(
            column,
            unknown if values is None else values,
            branches,
            where,
            sign="positive" if column == "ampacity_a" else "not negative",
            may_be_unknown=True,
        )
    kinds = [""] * len(start) if kind is None else [str(text) for text in kind]
    check_length("kind", len(kinds), len(start), where)

    z_ohm = np.hypot(branch_columns["r_ohm"], branch_columns["x_ohm"]).tolist()
    is_switch = ["switch" in text.casefold() for text in kinds]
    graph = Graph(labels, row[source_label], start, end, z_ohm, is_switch)
    graph, kept = graph.without(rows_to_open(graph, opening) if opening else ())
    check_radial(graph, where, kept)
    order, parent, entering = _order_radial(graph, where)
    entering = np.array(kept)[entering]
    arrays = {column: values[order] for column, values in bus_columns.items()}
    for column, values in branch_columns.items():
        at_source = 0.0 if column in ("r_ohm", "x_ohm") else np.nan
        arrays[column] = np.concatenate(([at_source], values[entering]))
    return Feeder(
        name=name,
        base_kv=base_kv,
        v_source_pu=v_source_pu,
        bus_id=tuple(labels[bus] for bus in order),
        parent=parent,
        kind=("", *(kinds[branch] for branch in entering)),
        title=title,
        citation=citation,
        notes=tuple(notes),
        **arrays,
    )


def _order_radial(graph: Graph, where: Where) -> tuple[IntArray, IntArray, IntArray]:
    """Return buses in sweep order, the parent of each, and the branch into each but the first."""
    labels, source = graph.labels, graph.source
    n_bus = len(labels)
    forest = grow_forest(n_bus, source, graph.start, graph.end)
    cut_off = [bus for bus in range(n_bus) if forest.root[bus] != source]
    if cut_off:
        names = _list_labels([labels[bus] for bus in cut_off])
        raise FeederError(
            f"{where('from_bus', None)}: no path from the source {quote(labels[source])} to "
            f"{len(cut_off)} of {n_bus} buses: {names}"
        )
    # shorter labels first, so that numbers stand in numerical order
    order = sweep_order(forest, [(len(label), label) for label in labels])
    position = np.empty(n_bus, dtype=np.int64)
    position[order] = np.arange(n_bus)
    parent = np.concatenate(([-1], position[np.array(forest.parent)[order[1:]]]))
    return order, parent, np.array(forest.parent_branch)[order[1:]]


def _list_labels(labels: Sequence[str], limit: int = 20) -> str:
    """Return labels as a list for a message, cut after `limit`."""
    shown = ", ".join(quote(label) for label in labels[:limit])
    return shown if len(labels) <= limit else f"{shown}, ... ({len(labels)} in all)"
