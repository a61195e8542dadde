"""Owns the inputs of power_flow(), checked and broadcast over the cases once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from powerflow import batch, units
from powerflow.plan import N_SHARE, SHARE_I, SHARE_P, SHARE_Z, SHUNT_P, SHUNT_Q

if TYPE_CHECKING:
    from powerflow.feeder import Feeder

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Hold what the kernels take; a leading length of 1 serves every case."""

    p: FloatArray
    q: FloatArray
    branches: FloatArray
    has_own_branches: bool
    shares: FloatArray
    scales: FloatArray
    n_case: int


def check_inputs(
    feeder: Feeder,
    p_kw: ArrayLike | None,
    q_kvar: ArrayLike | None,
    v_source_pu: ArrayLike | None,
    base_kv: ArrayLike | None,
    r_ohm: ArrayLike | None,
    x_ohm: ArrayLike | None,
    zip_shares: tuple[ArrayLike, ArrayLike, ArrayLike] | None,
    shunt_p_kw: ArrayLike | None,
    shunt_q_kvar: ArrayLike | None,
) -> Inputs:
    """Check and broadcast; arguments as in `power_flow`, loads are not searched for NaN.

    Raises
    ------
    ValueError
        Naming the array, its shape or bus, and what was expected.
    """
    n_bus = feeder.n_bus
    p = batch.bus_rows("p_kw", feeder.p_kw if p_kw is None else p_kw, n_bus)
    q = batch.bus_rows("q_kvar", feeder.q_kvar if q_kvar is None else q_kvar, n_bus)
    r = _branch_rows("r_ohm", feeder.r_ohm, r_ohm, feeder.bus_id)
    x = _branch_rows("x_ohm", feeder.x_ohm, x_ohm, feeder.bus_id)
    v = batch.case_column("v_source_pu", feeder.v_source_pu if v_source_pu is None else v_source_pu)
    kv = batch.case_column("base_kv", feeder.base_kv if base_kv is None else base_kv)
    named = {"p_kw": p, "q_kvar": q, "v_source_pu": v, "base_kv": kv, "r_ohm": r, "x_ohm": x}
    n_case = batch.common_length("case", {name: len(array) for name, array in named.items()})
    return Inputs(
        p=p,
        q=q,
        branches=np.array(np.broadcast_arrays(r, x)),
        has_own_branches=r_ohm is not None or x_ohm is not None,
        shares=_share_table(feeder, zip_shares, shunt_p_kw, shunt_q_kvar),
        scales=units.kernel_scales(kv, v),
        n_case=n_case,
    )


def _branch_rows(
    name: str, own: FloatArray, values: ArrayLike | None, bus_id: tuple[str, ...]
) -> FloatArray:
    """Return checked impedance rows with column 0 (no branch) at 0."""
    if values is None:
        return own[np.newaxis]
    rows = np.array(batch.bus_rows(name, values, len(own)))
    rows[:, 0] = 0.0
    batch.check_impedance(name, rows, bus_id)
    return rows


def _share_table(
    feeder: Feeder,
    zip_shares: tuple[ArrayLike, ArrayLike, ArrayLike] | None,
    shunt_p_kw: ArrayLike | None,
    shunt_q_kvar: ArrayLike | None,
) -> FloatArray:
    """Return the (n_bus, N_SHARE) table of voltage-dependent loads, empty if there are none."""
    if zip_shares is None and shunt_p_kw is None and shunt_q_kvar is None:
        return np.zeros((0, N_SHARE))
    table = np.zeros((feeder.n_bus, N_SHARE))
    given: list[tuple[str, int, Any]] = [
        ("shunt_p_kw", SHUNT_P, 0.0 if shunt_p_kw is None else shunt_p_kw),
        ("shunt_q_kvar", SHUNT_Q, 0.0 if shunt_q_kvar is None else shunt_q_kvar),
    ]
    shares = (0.0, 0.0, 1.0) if zip_shares is None else tuple(zip_shares)
    if len(shares) != 3:
        raise ValueError(f"zip_shares must be (z, i, p), not {len(shares)} entries")
    names = ("zip_shares z", "zip_shares i", "zip_shares p")
    given += list(zip(names, (SHARE_Z, SHARE_I, SHARE_P), shares, strict=True))
    for name, column, values in given:
        array = np.asarray(values, dtype=np.float64)
        if array.shape not in ((), (feeder.n_bus,)):
            raise ValueError(
                f"{name} must be a number or have shape ({feeder.n_bus},), not {array.shape}"
            )
        table[:, column] = array
        batch.check_finite(name, table[np.newaxis, :, column], feeder.bus_id)
    total = table[:, [SHARE_Z, SHARE_I, SHARE_P]].sum(axis=1)
    negative = (table[:, [SHARE_Z, SHARE_I, SHARE_P]] < 0.0).any(axis=1)
    if negative.any():
        label = feeder.bus_id[int(np.argmax(negative))]
        raise ValueError(f"zip_shares must be 0 or more each (bus {label})")
    wrong = np.abs(total - 1.0) > 1e-9
    if wrong.any():
        bus = int(np.argmax(wrong))
        raise ValueError(
            f"zip_shares must add up to 1, not to {total[bus]} (bus {feeder.bus_id[bus]})"
        )
    return table
