"""Owns why a case is infeasible: the least slack of its limits, by limit, place and hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from powerflow.units import S_BASE_KVA, i_base_a
from problems.conic.assembly import known_ampacity
from problems.conic.case import DispatchCase
from problems.conic.devices import Costs
from problems.conic.direct import DirectResult, dispatch_directly
from problems.conic.network import Network

FloatArray = NDArray[np.float64]

UNITS = {
    "voltage_floor": "p.u.",
    "voltage_ceiling": "p.u.",
    "ampacity": "A",
    "line_power": "kW",
    "substation_kw": "kW",
    "substation_kvar": "kvar",
}
"""Unit in which each limit is exceeded."""

SLACK_TOL = 1e-6
"""Slack, per unit of its row, that is rounding of the solver."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Hold one limit that cannot be kept together with the others.

    Parameters
    ----------
    limit : str
        Out of `problems.conic.dispatch.SOFT_LIMITS`.
    where : str
        Bus, or FROM-TO of a branch; the source for the substation.
    hour : int
        From 0.
    amount : float
        Least excess, in the limit's unit (`UNITS`).
    """

    limit: str
    where: str
    hour: int
    amount: float

    def words(self) -> str:
        """Return the conflict in words."""
        return (
            f"{self.limit} at {self.where}, hour {self.hour}: {self.amount:.4g} {UNITS[self.limit]}"
        )


def find_conflicts(
    case: DispatchCase, network: Network | None = None, limit_s: float | None = None
) -> tuple[Conflict, ...] | None:
    """Return the limits that a case must exceed, with the least total slack; greatest first.

    Slack is summed per unit of the rows (squared voltage, squared current, 1000 kVA). Energy and
    power ranges of devices stay hard.

    Parameters
    ----------
    case : DispatchCase
        What no dispatch satisfies.
    network : Network, optional
        The feeder with other impedances or ampacities.
    limit_s : float, optional
        Seconds that the solver may take.

    Returns
    -------
    tuple of Conflict or None
        Empty if the limits can all be kept; None if the solver found no answer, slack or not.
    """
    network = network or Network.of(case.feeder)
    limits = replace(case.limits, has_lossless_ceiling=False)
    soft = _active(replace(case, limits=limits), network)
    # losses stay priced: slack must not be saved by losses that do not exist
    costs = Costs(loss_per_kwh=1e-3, throughput_per_kwh=1e-4, slack_per_pu=1e4)
    soft_case = replace(case, limits=limits)
    found = dispatch_directly(soft_case, costs, network=network, soft=soft, limit_s=limit_s)
    if found.values is None:
        return None
    conflicts = [c for name in soft for c in _conflicts(name, case, network, found)]
    return tuple(sorted(conflicts, key=lambda c: (-c.amount / _size(c, case), c.where, c.hour)))


def conflict_words(conflicts: Sequence[Conflict] | None, n_most: int = 3) -> str:
    """Return the worst conflict of each limit in words, at most `n_most` of them."""
    if conflicts is None:
        return "no dispatch exists even without limits"
    if not conflicts:
        return "the limits can be kept within the solver's tolerance"
    worst: dict[str, Conflict] = {}
    for conflict in conflicts:
        worst.setdefault(conflict.limit, conflict)
    shown = "; ".join(conflict.words() for conflict in list(worst.values())[:n_most])
    return f"limits conflict: {shown} ({len(conflicts)} in all)"


def _active(case: DispatchCase, network: Network) -> tuple[str, ...]:
    limits = case.limits
    is_active = {
        "voltage_floor": limits.v_min_pu > 0.0,
        "voltage_ceiling": True,
        "ampacity": limits.has_ampacity and len(known_ampacity(network)) > 0,
        "line_power": limits.line_kw is not None,
        "substation_kw": limits.substation_kw is not None,
        "substation_kvar": limits.substation_kvar is not None,
    }
    return tuple(name for name, is_on in is_active.items() if is_on)


def _conflicts(
    name: str, case: DispatchCase, network: Network, found: DirectResult
) -> list[Conflict]:
    feeder, limits = network.feeder, case.limits
    branches = [
        f"{feeder.bus_id[up]}-{label}"
        for up, label in zip(network.parent, feeder.bus_id[1:], strict=True)
    ]
    slack = found.slack[name]
    if name == "voltage_floor":
        amount = limits.v_min_pu - np.sqrt(np.maximum(limits.v_min_pu**2 - slack, 0.0))
        places = list(feeder.bus_id[1:])
    elif name == "voltage_ceiling":
        amount = np.sqrt(limits.v_max_pu**2 + slack) - limits.v_max_pu
        places = list(feeder.bus_id[1:])
    elif name == "ampacity":
        known = known_ampacity(network)
        most = network.i_max_pu[known]
        amount = (np.sqrt(most**2 + slack) - most) * i_base_a(feeder.base_kv)
        places = [branches[k] for k in known]
    else:
        amount = S_BASE_KVA * slack
        places = branches if name == "line_power" else [feeder.bus_id[0]]
    return [
        Conflict(name, places[place], int(hour), float(amount[hour, place]))
        for hour, place in np.argwhere(slack > SLACK_TOL)
    ]


def _size(conflict: Conflict, case: DispatchCase) -> float:
    """Return what an excess of the limit is measured by when conflicts are ordered."""
    limits = case.limits
    return {
        "voltage_floor": limits.v_min_pu,
        "voltage_ceiling": limits.v_max_pu,
        "ampacity": 100.0,
        "line_power": limits.line_kw or 1.0,
        "substation_kw": limits.substation_kw or 1.0,
        "substation_kvar": limits.substation_kvar or 1.0,
    }[conflict.limit]
