"""Owns what a plan's stations are held to: how far apart they are, and how near to demand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from problems.core.errors import SettingError

FloatArray = NDArray[np.float64]
AccessUnit = Literal["km", "ohm"]

ROUNDING = 1e-9
"""Share of a limit that is left to the rounding of summed branch lengths."""


def access_unit(feeder: Feeder) -> AccessUnit:
    """Return the unit of distances along a feeder.

    Kilometers where the length of every branch is known, else ohms of branch impedance.
    """
    return "km" if bool(np.isfinite(feeder.length_m[1:]).all()) else "ohm"


@dataclass(frozen=True, slots=True)
class StationLimits:
    """Hold the limits on where a plan's stations stand.

    Parameters
    ----------
    unit : {"km", "ohm"}
        Unit of both limits; that of the feeder, see `access_unit`.
    min_spacing : float, optional
        Least distance along the feeder between any two stations.
    coverage : float, optional
        Greatest distance along the feeder from any bus with demand to its nearest station.

    Raises
    ------
    SettingError
        If the unit is unknown or a limit is not positive.
    """

    unit: AccessUnit
    min_spacing: float | None = None
    coverage: float | None = None

    def __post_init__(self) -> None:
        if self.unit not in get_args(AccessUnit):
            raise SettingError(f"unit of station limits must be km or ohm, not '{self.unit}'")
        for words, limit in (("min spacing", self.min_spacing), ("coverage", self.coverage)):
            if limit is not None and not (math.isfinite(limit) and limit > 0.0):
                raise SettingError(f"{words} must be positive, not {limit}")

    def names(self) -> tuple[str, ...]:
        """Return the column names of `excess`."""
        limits = (("station_spacing", self.min_spacing), ("coverage", self.coverage))
        return tuple(name for name, limit in limits if limit is not None)

    def excess(self, spacing: FloatArray, coverage: FloatArray) -> FloatArray:
        """Return how far each plan misses each limit, per unit of that limit.

        Parameters
        ----------
        spacing, coverage : (n_plan,) float array
            As of `problems.core.access.station_access`.

        Returns
        -------
        (n_plan, n_limit) float array
            In the order of `names`; at most 0 when the limit is met. Fewer than two stations are
            never too near (-1); no station at all covers nothing (infinite).
        """
        columns = []
        if self.min_spacing is not None:
            short = (self.min_spacing - spacing) / self.min_spacing
            columns.append(np.where(np.isinf(spacing), -1.0, short))
        if self.coverage is not None:
            far = (coverage - self.coverage) / self.coverage
            columns.append(np.where(np.isfinite(coverage), far, np.inf))
        if not columns:
            return np.zeros((len(spacing), 0))
        excess = np.column_stack(columns)
        excess[np.abs(excess) <= ROUNDING] = 0.0
        return excess
