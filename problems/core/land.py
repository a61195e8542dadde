"""Owns what a site costs for the bus it stands at: land, and works that no rating decides."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from problems.core.errors import ContentError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SiteCost:
    """Hold what building at one bus costs beside the price table, in its currency.

    Parameters
    ----------
    bus : str
        Label of the bus.
    cost : float
        Paid once by a charging station there.
    capacitor_cost : float
        Paid once by a capacitor bank there.
    """

    bus: str
    cost: float
    capacitor_cost: float = 0.0

    def __post_init__(self) -> None:
        for name in ("cost", "capacitor_cost"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0.0):
                raise ContentError(f"bus {self.bus}: {name} must be 0 or more, not {value}")


def land_of(costs: tuple[SiteCost, ...] | None, feeder: Feeder) -> tuple[FloatArray, FloatArray]:
    """Return what a station and what a bank pays at each bus, (n_bus,) each; 0 if not named.

    Raises
    ------
    ContentError
        If a bus is not of the feeder, or named twice.
    """
    station, bank = np.zeros(feeder.n_bus), np.zeros(feeder.n_bus)
    seen = set()
    for site in costs or ():
        if site.bus in seen:
            raise ContentError(f"bus costs: bus '{site.bus}' appears twice")
        seen.add(site.bus)
        try:
            bus = feeder.bus_index(site.bus)
        except ValueError as error:
            raise ContentError(f"bus costs: {error}") from None
        station[bus], bank[bus] = site.cost, site.capacitor_cost
    return station, bank
