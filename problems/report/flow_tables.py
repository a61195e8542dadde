"""Owns the tables and the map of one power flow: buses, branches, GeoJSON."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from powerflow.feeder import Feeder
from powerflow.result import PowerFlowResult
from problems.core.assess import finite, required
from problems.core.errors import ContentError

CASE = 0
"""The tables are of a power flow of one case."""


def bus_rows(
    feeder: Feeder, result: PowerFlowResult, p_kw: np.ndarray, q_kvar: np.ndarray
) -> list[dict[str, Any]]:
    """Return a row a bus: voltage, angle against the source, and load at nominal voltage."""
    v_pu, angle_rad = required(result.v_pu)[CASE], required(result.angle_rad)[CASE]
    return [
        {
            "bus": label,
            "v_pu": finite(float(v_pu[k])),
            "angle_deg": finite(math.degrees(angle_rad[k])),
            "p_kw": float(p_kw[k]),
            "q_kvar": float(q_kvar[k]),
        }
        for k, label in enumerate(feeder.bus_id)
    ]


def branch_rows(feeder: Feeder, result: PowerFlowResult) -> list[dict[str, Any]]:
    """Return a row a branch: current, ampacity, loading, and loss 3 i^2 r."""
    i_a = required(result.i_a)[CASE]
    return [
        {
            "from_bus": feeder.bus_id[feeder.parent[k]],
            "to_bus": feeder.bus_id[k],
            "kind": feeder.kind[k],
            "i_a": finite(float(i_a[k])),
            "ampacity_a": finite(float(feeder.ampacity_a[k])),
            "loading_pct": finite(float(100.0 * i_a[k] / feeder.ampacity_a[k])),
            "loss_kw": finite(float(3e-3 * i_a[k] ** 2 * feeder.r_ohm[k])),
        }
        for k in range(1, feeder.n_bus)
    ]


def flow_geojson(
    feeder: Feeder, buses: list[dict[str, Any]], branches: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return buses as points and branches as lines, with their figures, in GeoJSON (RFC 7946).

    Parameters
    ----------
    feeder : Feeder
        Its x and y must be longitude and latitude in degrees, which is all GeoJSON knows.
    buses, branches : list of dict
        As of `bus_rows` and `branch_rows`; they become the properties.

    Raises
    ------
    ContentError
        Naming the first bus whose coordinates are not known or are no longitude and latitude.
    """
    for label, x, y in zip(feeder.bus_id, feeder.x, feeder.y, strict=True):
        if not (np.isfinite(x) and np.isfinite(y)):
            raise ContentError(f"feeder {feeder.name}: the coordinates of bus {label} are unknown")
        if not (abs(x) <= 180.0 and abs(y) <= 90.0):
            raise ContentError(
                f"feeder {feeder.name}: bus {label} is at x {x:g}, y {y:g}; expected longitude and "
                "latitude in degrees, without which there is no map"
            )
    at = list(zip(feeder.x.tolist(), feeder.y.tolist(), strict=True))
    points = [_feature("Point", list(at[k]), row) for k, row in enumerate(buses)]
    lines = [
        _feature("LineString", [list(at[feeder.parent[k + 1]]), list(at[k + 1])], row)
        for k, row in enumerate(branches)
    ]
    return {"type": "FeatureCollection", "features": [*lines, *points]}


def _feature(shape: str, coordinates: Any, properties: dict[str, Any]) -> dict[str, Any]:
    geometry = {"type": shape, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}
