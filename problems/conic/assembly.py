"""Owns a dispatch case as the sparse matrix, right-hand side and cost of a cone program.

The rows are those of `problems.conic.distflow` and `problems.conic.storage`, written once more as
arrays: s = b - A x lies in equalities, then inequalities, then second-order cones. A case of the
same structure fills the same places, so that a solver need not be set up again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from powerflow.units import S_BASE_KVA
from problems.conic.case import DispatchCase
from problems.conic.devices import Costs
from problems.conic.network import Network, to_pu

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CONE_ROWS = 4

LOSSLESS = ("p_lossless", "q_lossless", "v_lossless")
"""Variables of the flow without losses, where it holds the ceiling."""


@dataclass(slots=True, eq=False)
class Columns:
    """Hold where each variable stands: index arrays (hour, branch), (hour, device) or (device,)."""

    n_hour: int
    count: int = 0
    of: dict[str, IntArray] = field(default_factory=dict)

    def add(self, name: str, *shape: int) -> IntArray:
        """Give a variable of this shape its columns."""
        size = int(np.prod(shape))
        self.of[name] = np.arange(self.count, self.count + size).reshape(shape)
        self.count += size
        return self.of[name]


@dataclass(slots=True, eq=False)
class Rows:
    """Collect rows: entries of A in a fixed order, right-hand sides, where each block stands."""

    count: int = 0
    row: list[IntArray] = field(default_factory=list)
    column: list[IntArray] = field(default_factory=list)
    value: list[FloatArray] = field(default_factory=list)
    right: list[FloatArray] = field(default_factory=list)
    of: dict[str, IntArray] = field(default_factory=dict)

    def add(
        self, name: str, right: Any, shape: tuple[int, ...], *terms: tuple[IntArray, Any]
    ) -> None:
        """Add a block of rows: the sum of value times column of all terms against `right`.

        Columns of a term have the block's shape; an index of -1 leaves a term out.
        """
        size = int(np.prod(shape))
        row = np.arange(self.count, self.count + size).reshape(shape)
        self.of[name] = row
        self.count += size
        self.right.append(np.broadcast_to(right, shape).ravel())
        for column, value in terms:
            self._enter(row, np.broadcast_to(column, shape), np.broadcast_to(value, shape))

    def enter(self, name: str, pick: IntArray, column: IntArray, value: Any) -> None:
        """Add entries to the rows `of[name][:, pick]`, in whose shape `column` is or broadcasts."""
        row = self.of[name][:, pick]
        self._enter(row, np.broadcast_to(column, row.shape), np.broadcast_to(value, row.shape))

    def _enter(self, row: IntArray, column: IntArray, value: FloatArray) -> None:
        is_there = column >= 0
        self.row.append(row[is_there])
        self.column.append(column[is_there])
        self.value.append(value[is_there])


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Hold min cost x + offset with b - A x in the cones.

    Attributes
    ----------
    columns : Columns
        Where the variables stand.
    row, column : (n_entry,) int array
        Places of the entries of A.
    value : (n_entry,) float array
        The entries.
    right : (n_row,) float array
        b.
    cost : (n_column,) float array
        Cost of each variable.
    offset : float
        Cost that no variable changes.
    n_equal, n_inequal, n_cone : int
        Number of equalities, of inequalities and of cones of four rows.
    block : dict of str to int array
        Rows of each named block, in the shape of the block.
    """

    columns: Columns
    row: IntArray
    column: IntArray
    value: FloatArray
    right: FloatArray
    cost: FloatArray
    offset: float
    n_equal: int
    n_inequal: int
    n_cone: int
    block: dict[str, IntArray]


def assemble(
    case: DispatchCase, network: Network, costs: Costs, soft: Collection[str] = ()
) -> Program:
    """Return the cone program of a case; see `problems.conic.dispatch` for the same in cvxpy."""
    columns = _columns(case, network, soft)
    rows = Rows()
    _equalities(rows, columns.of, case, network)
    n_equal = rows.count
    _ranges(rows, columns.of, case)
    _limits(rows, columns.of, case, network)
    n_inequal = rows.count - n_equal
    _cones(rows, columns.of, case, network)
    cost, offset = _cost(columns, case, network, costs)
    return Program(
        columns=columns,
        row=np.concatenate(rows.row),
        column=np.concatenate(rows.column),
        value=np.concatenate(rows.value),
        right=np.concatenate(rows.right),
        cost=cost,
        offset=offset,
        n_equal=n_equal,
        n_inequal=n_inequal,
        n_cone=(rows.count - n_equal - n_inequal) // CONE_ROWS,
        block=rows.of,
    )


def _columns(case: DispatchCase, network: Network, soft: Collection[str]) -> Columns:
    n_hour, n = case.n_hour, network.n_branch
    columns = Columns(n_hour)
    for name in ("p", "q", "l", "v"):
        columns.add(name, n_hour, n)
    if case.limits.has_lossless_ceiling:
        for name in LOSSLESS:
            columns.add(name, n_hour, n)
    for name in ("charge", "discharge", "energy", "storage_q"):
        columns.add(name, n_hour, len(case.storage))
    columns.add("reactive_q", n_hour, len(case.reactive))
    columns.add("pv_p", n_hour, len(case.pv))
    columns.add("size", len(case.sized))
    columns.add("shed", n_hour, network.feeder.n_bus if case.shed_share > 0.0 else 0)
    for name in soft:
        width = {"ampacity": len(known_ampacity(network)), "substation_kw": 1, "substation_kvar": 1}
        columns.add(f"slack_{name}", n_hour, width.get(name, n))
    return columns


def known_ampacity(network: Network) -> IntArray:
    """Return the branches whose ampacity is known."""
    return np.flatnonzero(np.isfinite(network.i_max_pu))


def _equalities(rows: Rows, at: dict[str, IntArray], case: DispatchCase, network: Network) -> None:
    n_hour, n = case.n_hour, network.n_branch
    shape = (n_hour, n)
    r, x = network.r_pu, network.x_pu
    above = network.parent - 1  # branch that feeds a branch; -1 at the source
    is_first = above < 0
    v_above = np.where(is_first, -1, at["v"][:, above])
    source = np.where(is_first, case.source_pu[:, None] ** 2, 0.0)
    rows.add(  # (9)
        "voltage_drop", source, shape,
        (at["v"], 1.0), (v_above, -1.0), (at["p"], 2 * r), (at["q"], 2 * x),
        (at["l"], -(r**2 + x**2)),
    )  # fmt: skip
    inner = np.flatnonzero(~is_first)
    for name, power, z, load in (
        ("active_balance", "p", r, case.p_kw),  # (10)
        ("reactive_balance", "q", x, case.q_kvar),  # (11)
    ):
        rows.add(name, to_pu(load[:, 1:]), shape, (at[power], 1.0), (at["l"], -z))
        rows.enter(name, above[inner], at[power][:, inner], -1.0)
    _devices_in_balance(rows, at, case, "active_balance", "reactive_balance")
    if case.limits.has_lossless_ceiling:
        _lossless_flow(rows, at, case, network)
    if case.storage:
        _state_of_charge(rows, at, case)


def _lossless_flow(
    rows: Rows, at: dict[str, IntArray], case: DispatchCase, network: Network
) -> None:
    """Add the flow without losses of the same loads (Gan, Li, Topcu, Low 2015)."""
    p, q, v = (at[name] for name in LOSSLESS)
    above = network.parent - 1
    is_first = above < 0
    inner = np.flatnonzero(~is_first)
    for name, power, load in (("p_lossless", p, case.p_kw), ("q_lossless", q, case.q_kvar)):
        rows.add(name, to_pu(load[:, 1:]), p.shape, (power, 1.0))
        rows.enter(name, above[inner], power[:, inner], -1.0)
    _devices_in_balance(rows, at, case, "p_lossless", "q_lossless")
    source = np.where(is_first, case.source_pu[:, None] ** 2, 0.0)
    v_above = np.where(is_first, -1, v[:, above])
    rows.add(
        "v_lossless", source, v.shape,
        (v, 1.0), (v_above, -1.0), (p, 2 * network.r_pu), (q, 2 * network.x_pu),
    )  # fmt: skip


def _devices_in_balance(
    rows: Rows, at: dict[str, IntArray], case: DispatchCase, active: str, reactive: str
) -> None:
    """Move the devices' powers to the left of (10) and (11): net load less them."""
    if case.storage:
        branch = case.buses(case.storage) - 1
        rows.enter(active, branch, at["charge"], -1.0)
        rows.enter(active, branch, at["discharge"], 1.0)
        rows.enter(reactive, branch, at["storage_q"], 1.0)
    if case.reactive:
        rows.enter(reactive, case.buses(case.reactive) - 1, at["reactive_q"], 1.0)
    if case.pv:
        rows.enter(active, case.buses(case.pv) - 1, at["pv_p"], 1.0)
    if case.sized:
        branch = case.buses(case.sized) - 1
        shape = np.array([load.shape for load in case.sized]).T
        kvar_per_kw = np.array([load.kvar_per_kw for load in case.sized])
        rows.enter(active, branch, at["size"], -shape)  # (13)
        rows.enter(reactive, branch, at["size"], -shape * kvar_per_kw)
    if case.shed_share > 0.0:
        branch = np.arange(case.p_kw.shape[1] - 1)
        rows.enter(active, branch, at["shed"][:, 1:], to_pu(case.p_kw[:, 1:]))
        rows.enter(reactive, branch, at["shed"][:, 1:], to_pu(case.q_kvar[:, 1:]))


def _state_of_charge(rows: Rows, at: dict[str, IntArray], case: DispatchCase) -> None:
    """Add (5), cyclic, and a fixed start where there is one."""
    units = case.storage
    stored = case.step_h * np.array([unit.charge_efficiency for unit in units])
    taken = case.step_h / np.array([unit.discharge_efficiency for unit in units])
    before = np.roll(at["energy"], 1, axis=0)
    if case.n_hour == 1:
        before = np.full_like(before, -1)
    rows.add(
        "state_of_charge", 0.0, at["energy"].shape,
        (at["energy"], 0.0 if case.n_hour == 1 else 1.0), (before, -1.0),
        (at["charge"], -stored), (at["discharge"], taken),
    )  # fmt: skip
    fixed = [k for k, unit in enumerate(units) if unit.soc_initial is not None]
    if fixed:
        start = [units[k].energy_kwh * (units[k].soc_initial or 0.0) for k in fixed]
        rows.add(
            "fixed_start", to_pu(np.array(start)), (len(fixed),), (at["energy"][-1, fixed], 1.0)
        )


def _ranges(rows: Rows, at: dict[str, IntArray], case: DispatchCase) -> None:
    """Add (2)-(4), (6), (7) and the ranges of PV, sizes and shedding."""

    def between(name: str, least: Any, most: Any) -> None:
        column = at[name]
        if column.size:
            rows.add(f"{name}_min", -np.asarray(least), column.shape, (column, -1.0))
            rows.add(f"{name}_max", most, column.shape, (column, 1.0))

    def of(devices: Any, name: str) -> FloatArray:
        return to_pu(np.array([getattr(device, name) for device in devices], dtype=np.float64))

    units = case.storage
    capacity = of(units, "energy_kwh")
    between("charge", 0.0, of(units, "charge_kw"))
    between("discharge", 0.0, of(units, "discharge_kw"))
    soc_min, soc_max = (np.array([getattr(u, k) for u in units]) for k in ("soc_min", "soc_max"))
    between("energy", soc_min * capacity, soc_max * capacity)
    between("storage_q", of(units, "kvar_min"), of(units, "kvar_max"))
    between("reactive_q", of(case.reactive, "kvar_min"), of(case.reactive, "kvar_max"))
    available = of(case.pv, "available_kw").T if case.pv else np.zeros((case.n_hour, 0))
    is_kept = np.array([not plant.can_curtail for plant in case.pv], dtype=bool)
    between("pv_p", available * is_kept, available)
    between("size", of(case.sized, "min_kw"), of(case.sized, "max_kw"))
    between("shed", 0.0, case.shed_most)


def _limits(rows: Rows, at: dict[str, IntArray], case: DispatchCase, network: Network) -> None:
    """Add (16), ampacities, line powers and the substation's limits, with slack where soft."""
    limits, n_hour = case.limits, case.n_hour
    per_branch = (n_hour, network.n_branch)

    def slack(name: str, shape: tuple[int, int]) -> IntArray:
        return at.get(f"slack_{name}", np.full(shape, -1))

    for name in at:
        if name.startswith("slack_"):
            rows.add(f"{name}_min", 0.0, at[name].shape, (at[name], -1.0))
    if limits.v_min_pu > 0.0:
        room = slack("voltage_floor", per_branch)
        rows.add("voltage_floor", -(limits.v_min_pu**2), per_branch, (at["v"], -1.0), (room, -1.0))
    room = slack("voltage_ceiling", per_branch)
    rows.add("voltage_ceiling", limits.v_max_pu**2, per_branch, (at["v"], 1.0), (room, -1.0))
    if limits.has_lossless_ceiling:
        rows.add("lossless_ceiling", limits.v_max_pu**2, per_branch, (at["v_lossless"], 1.0))
    known = known_ampacity(network)
    if limits.has_ampacity and len(known):
        shape = (n_hour, len(known))
        room = slack("ampacity", shape)
        rows.add(
            "ampacity", network.i_max_pu[known] ** 2, shape, (at["l"][:, known], 1.0), (room, -1.0)
        )
    if limits.line_kw is not None:
        room = slack("line_power", per_branch)
        for name, sign in (("line_power", 1.0), ("line_power_back", -1.0)):
            most = limits.line_kw / S_BASE_KVA
            rows.add(name, most, per_branch, (at["p"], sign), (room, -1.0))
    first = np.flatnonzero(network.parent == 0)
    for name, most_kw, power, load in (
        ("substation_kw", limits.substation_kw, "p", case.p_kw),
        ("substation_kvar", limits.substation_kvar, "q", case.q_kvar),
    ):
        if most_kw is not None:
            room = slack(name, (n_hour, 1))[:, 0]
            for suffix, sign in (("", 1.0), ("_back", -1.0)):
                right = (most_kw - sign * load[:, 0]) / S_BASE_KVA
                terms = [(at[power][:, k], sign) for k in first]
                rows.add(name + suffix, right, (n_hour,), *terms, (room, -1.0))


def _cones(rows: Rows, at: dict[str, IntArray], case: DispatchCase, network: Network) -> None:
    """Add (12): (l + v, 2 P, 2 Q, l - v) in the cone, each branch in its own power base."""
    scale, above = network.scale, network.parent - 1
    shape = (case.n_hour, network.n_branch, CONE_ROWS)
    is_first = above < 0
    sending = np.where(is_first, -1, at["v"][:, above])
    none = np.full_like(sending, -1)
    source = np.where(is_first, case.source_pu[:, None] ** 2, 0.0)
    right = np.stack([source, np.zeros_like(source), np.zeros_like(source), -source], axis=2)
    first = np.stack([at["l"], at["p"], at["q"], at["l"]], axis=2)
    factor = np.stack([-(scale**-2), -2 / scale, -2 / scale, -(scale**-2)], axis=1)
    second = np.stack([sending, none, none, sending], axis=2)
    rows.add("cone", right, shape, (first, factor), (second, np.array([-1.0, 0.0, 0.0, 1.0])))


def _cost(
    columns: Columns, case: DispatchCase, network: Network, costs: Costs
) -> tuple[FloatArray, float]:
    """Return the cost of each column, and the cost that no column changes."""
    at, kwh = columns.of, S_BASE_KVA * case.step_h
    cost: FloatArray = np.zeros(columns.count)
    offset = 0.0
    cost[at["l"]] = kwh * (costs.loss_per_kwh * network.r_pu + costs.loss_per_kvarh * network.x_pu)
    if costs.import_per_kwh is not None:
        price = np.array(costs.import_per_kwh)
        cost[at["p"][:, network.parent == 0]] += kwh * price[:, None]
        offset += case.step_h * float(price @ case.p_kw[:, 0])
    if case.pv:
        cost[at["pv_p"]] = -kwh * costs.curtailed_per_kwh
        offset += costs.curtailed_per_kwh * case.step_h * sum(sum(p.available_kw) for p in case.pv)
    if case.shed_share > 0.0:
        cost[at["shed"]] = costs.shed_per_kwh * case.step_h * np.maximum(case.p_kw, 0.0)
    for name in ("charge", "discharge"):
        cost[at[name]] = kwh * costs.throughput_per_kwh
    if costs.size_reward_per_kw is not None:
        cost[at["size"]] = -S_BASE_KVA * np.array(costs.size_reward_per_kw)
    for name, column in at.items():
        if name.startswith("slack_"):
            cost[column] = costs.slack_per_pu
    return cost, offset
