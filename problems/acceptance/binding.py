"""Owns which limit binds a capacity most, where and in which hour, read from the duals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powerflow.units import S_BASE_KVA
from problems.conic.assembly import known_ampacity
from problems.conic.case import DispatchCase
from problems.conic.network import Network

FloatArray = NDArray[np.float64]

LEAST_SHARE = 1e-3
"""Share of the capacity that a limit's price must explain to be called binding."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Hold the limit that binds most.

    Parameters
    ----------
    limit : str
        voltage_floor, voltage_ceiling, ampacity, line_kw, substation_kw or substation_kvar.
    where : str
        Bus, or the bus that the branch enters; the source's for the substation.
    hour : int
        From 0.
    worth_kw : float
        Capacity gained if the limit of that hour were wider by its own size, to first order.
    """

    limit: str
    where: str
    hour: int
    worth_kw: float


def binding_limit(
    case: DispatchCase, network: Network, duals: Mapping[str, FloatArray]
) -> Binding | None:
    """Return the limit with the greatest price per unit of itself; None if none has one.

    Parameters
    ----------
    case : DispatchCase
        What was dispatched, with a reward of 1 per kW of size.
    network : Network
        Its feeder.
    duals : mapping of str to float array
        As of `problems.conic.direct`.
    """
    feeder, limits = network.feeder, case.limits
    entered, source = feeder.bus_id[1:], (feeder.bus_id[0],)
    known = known_ampacity(network)
    cables = tuple(entered[k] for k in known)
    only_first = int((network.parent == 0).sum()) == 1

    def power(limit_kw: float | None) -> float:
        return (limit_kw or 0.0) / S_BASE_KVA

    widths: tuple[tuple[str, str, float | FloatArray, tuple[str, ...]], ...] = (
        ("voltage_floor", "voltage_floor", 2 * limits.v_min_pu**2, entered),
        ("voltage_ceiling", "voltage_ceiling", 2 * limits.v_max_pu**2, entered),
        ("ampacity", "ampacity", 2 * network.i_max_pu[known] ** 2, cables),
        ("line_power", "line_kw", power(limits.line_kw), entered),
        ("substation_kw", "substation_kw", power(limits.substation_kw), source),
        ("substation_kvar", "substation_kvar", power(limits.substation_kvar), source),
    )
    best: Binding | None = None
    for block, limit, width, places in widths:
        for suffix in ("", "_back"):
            if block + suffix not in duals:
                continue
            worth = duals[block + suffix].reshape(case.n_hour, -1) * width
            hour, place = divmod(int(np.argmax(worth)), worth.shape[1])
            value = float(worth[hour, place])
            if best is None or value > best.worth_kw:
                is_substation = limit == "line_kw" and only_first and network.parent[place] == 0
                best = Binding(
                    "substation_kw" if is_substation else limit,
                    source[0] if is_substation else places[place],
                    hour,
                    value,
                )
    return best if best is not None and best.worth_kw > LEAST_SHARE else None
