"""Owns the equalities of a dispatch as rows: balances, voltage drops and states of charge."""

from __future__ import annotations

import numpy as np

from problems.conic.case import DispatchCase
from problems.conic.matrix import IntArray, Rows
from problems.conic.network import Network, to_pu

LOSSLESS = ("p_lossless", "q_lossless", "v_lossless")
"""Variables of the flow without losses, where it holds the ceiling."""


def add_equalities(
    rows: Rows, at: dict[str, IntArray], case: DispatchCase, network: Network
) -> None:
    """Add (5) and (9) to (11), with the flow without losses where it holds the ceiling."""
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
