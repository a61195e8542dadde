"""Owns how far EV drivers are from charging: distances along the feeder, access and coverage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from powerflow.jit import kernel
from problems.core.station_limits import access_unit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class StationAccess:
    """Hold how the stations of each plan stand to the demand and to each other.

    All figures are distances along the feeder in its `access_unit`.

    Attributes
    ----------
    access : (n_plan,) float array
        Demand-weighted mean distance from each bus to its nearest station.
    coverage : (n_plan,) float array
        Greatest distance from any bus with demand to its nearest station.
    spacing : (n_plan,) float array
        Least distance between any two stations; infinite with fewer than two.
    """

    access: FloatArray
    coverage: FloatArray
    spacing: FloatArray


def branch_lengths(feeder: Feeder) -> FloatArray:
    """Return the length of the branch that enters each bus, (n_bus,), in `access_unit`.

    The entry of the source is 0.
    """
    if access_unit(feeder) == "km":
        length = feeder.length_m / 1000.0
    else:
        length = np.hypot(feeder.r_ohm, feeder.x_ohm)
    length[0] = 0.0
    return length


def demand_weights(feeder: Feeder) -> FloatArray:
    """Return the share of the EV demand at each bus, (n_bus,), which sums to 1.

    Demand goes by customers where every bus's are known, else by active load; a bus that generates
    has none. All shares are 0 on a feeder without demand.
    """
    customers = feeder.customers
    is_known = bool(np.isfinite(customers).all()) and float(customers.sum()) > 0.0
    demand = np.maximum(customers if is_known else feeder.p_kw, 0.0)
    total = float(demand.sum())
    return demand / total if total > 0.0 else np.zeros(feeder.n_bus)


def station_access(feeder: Feeder, station_bus: IntArray) -> StationAccess:
    """Return access, coverage and spacing of many plans.

    Every bus is served by the station nearest along the feeder, so that access is the objective of
    the p-median problem and coverage that of the p-center problem on the feeder's tree (Hakimi,
    "Optimum Locations of Switching Centers and the Absolute Centers and Medians of a Graph",
    Operations Research 12, 1964). One pass to the source and one back give all distances to the
    nearest station, O(n_bus) a plan whatever the number of stations.

    Parameters
    ----------
    feeder : Feeder
    station_bus : (n_plan, n_station) int array
        Bus index of each station.

    Returns
    -------
    StationAccess
        Access and coverage are infinite without stations, and NaN on a feeder without demand.

    Examples
    --------
    >>> import numpy as np
    >>> from powerflow.library import load_feeder
    >>> feeder = load_feeder("ieee33")
    >>> plans = [("2", "19"), ("6", "24")]
    >>> bus = np.array([[feeder.bus_index(label) for label in plan] for plan in plans])
    >>> station_access(feeder, bus).access.round(2).tolist()
    [4.68, 3.14]
    """
    n = len(station_bus)
    found = StationAccess(np.empty(n), np.empty(n), np.empty(n))
    weight = demand_weights(feeder)
    _fill_access(
        feeder.parent,
        branch_lengths(feeder),
        weight,
        np.ascontiguousarray(station_bus, dtype=np.int64),
        found.access,
        found.coverage,
        found.spacing,
    )
    if not weight.any():
        found.access[:] = found.coverage[:] = np.nan
    return found


@kernel
def _fill_access(
    parent: IntArray,
    length: FloatArray,
    weight: FloatArray,
    station_bus: IntArray,
    access: FloatArray,
    coverage: FloatArray,
    spacing: FloatArray,
) -> None:
    n_bus = len(parent)
    n_plan, n_station = station_bus.shape
    nearest = np.empty(n_bus)
    for plan in range(n_plan):
        nearest[:] = np.inf
        for station in range(n_station):
            nearest[station_bus[plan, station]] = 0.0
        # parent[bus] < bus: downstream stations come first, then those reached over the parent
        for bus in range(n_bus - 1, 0, -1):
            nearest[parent[bus]] = min(nearest[parent[bus]], nearest[bus] + length[bus])
        for bus in range(1, n_bus):
            nearest[bus] = min(nearest[bus], nearest[parent[bus]] + length[bus])
        access[plan] = 0.0
        coverage[plan] = 0.0
        for bus in range(n_bus):
            if weight[bus] > 0.0:
                access[plan] += weight[bus] * nearest[bus]
                coverage[plan] = max(coverage[plan], nearest[bus])
        spacing[plan] = np.inf
        for station in range(n_station):
            for other in range(station):
                apart = _path_length(
                    parent, length, station_bus[plan, station], station_bus[plan, other]
                )
                spacing[plan] = min(spacing[plan], apart)


@kernel
def _path_length(parent: IntArray, length: FloatArray, a: int, b: int) -> float:
    """Return the length of the path between two buses: the later one climbs until they meet."""
    total = 0.0
    while a != b:
        if a > b:
            total += length[a]
            a = parent[a]
        else:
            total += length[b]
            b = parent[b]
    return total
