"""Owns a dispatch case as the sparse matrix, right-hand side and cost of a cone program.

The rows are those of `problems.conic.distflow` and `problems.conic.storage`, written once more as
arrays: s = b - A x lies in equalities, then inequalities, then second-order cones. A case of the
same structure fills the same places, so that a solver need not be set up again.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from powerflow.units import S_BASE_KVA
from problems.conic.balances import LOSSLESS, add_equalities
from problems.conic.case import DispatchCase
from problems.conic.devices import Costs
from problems.conic.matrix import Columns, FloatArray, IntArray, Program, Rows
from problems.conic.network import Network, to_pu

CONE_ROWS = 4


def assemble(
    case: DispatchCase, network: Network, costs: Costs, soft: Collection[str] = ()
) -> Program:
    """Return the cone program of a case; see `problems.conic.dispatch` for the same in cvxpy."""
    columns = _columns(case, network, soft)
    rows = Rows()
    add_equalities(rows, columns.of, case, network)
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
