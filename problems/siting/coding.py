"""Owns the code of a siting plan: the row of numbers that a search changes, and what it places."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heuristics.problem import Space
from powerflow import Feeder
from problems.core.errors import SettingError
from problems.siting.equipment import SitingEquipment, feeder_bus
from problems.siting.repair import SitingRepair

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class SitingCode:
    """Read rows [station positions | bank positions | bank kvar | station kW].

    Positions index the candidate buses in sweep order, so that neighbors in number are neighbors
    on the feeder; stations at settled buses have no positions, ratings that are given no columns.

    Parameters
    ----------
    feeder : Feeder
        Whose buses may bear something.
    equipment : SitingEquipment
        What may be placed.

    Attributes
    ----------
    candidates : (n_candidate,) int array
        Buses that may bear something, in sweep order.
    settled : (n_settled,) int array
        Buses of stations that are named.
    n_free : int
        Stations whose bus is searched.
    space : Space
        The rows.

    Raises
    ------
    ContentError
        If a bus is unknown or there are too few candidate buses.
    SettingError
        If there is nothing to site.
    """

    def __init__(self, feeder: Feeder, equipment: SitingEquipment) -> None:
        self.equipment = equipment
        self.candidates = equipment.candidate_buses(feeder)
        self.settled = np.array(
            [feeder_bus(feeder, label, "station buses") for label in equipment.station_buses],
            dtype=np.int64,
        )
        self.n_free = 0 if equipment.station_buses else equipment.stations
        if self.n_free + equipment.capacitors == 0 and not equipment.has_sized_stations:
            raise SettingError("nothing to site: the stations are settled and there are no banks")
        self.space = self._make_space()

    def _make_space(self) -> Space:
        equipment, n_free, n_banks = self.equipment, self.n_free, self.equipment.capacitors
        is_at_most = equipment.bank_rule == "at-most"
        n_positions = n_free + n_banks
        last = float(len(self.candidates) - 1)
        smallest = 0.0 if is_at_most else equipment.kvar_min
        repair = SitingRepair(
            n_stations=n_free,
            n_banks=n_banks,
            n_candidates=len(self.candidates),
            kvar_min=equipment.kvar_min,
            kvar_largest=equipment.kvar_largest,
            bank_sizes=equipment.bank_sizes,
            is_at_most=is_at_most,
            kw_total=equipment.stations * equipment.station_kw,
            kw_min=equipment.station_kw_min or 0.0,
            kw_max=equipment.station_kw_max or 0.0,
        )
        n_kw = equipment.stations if equipment.has_sized_stations else 0
        return Space(
            lower=np.array([0.0] * n_positions + [smallest] * n_banks + [repair.kw_min] * n_kw),
            upper=np.array(
                [last] * n_positions + [equipment.kvar_largest] * n_banks + [repair.kw_max] * n_kw
            ),
            is_integer=np.array([True] * n_positions + [False] * (n_banks + n_kw)),
            repair=repair,
        )

    def devices(self, x: FloatArray) -> tuple[IntArray, FloatArray]:
        """Return device buses, stations first, (n, n_device), and bank sizes, (n, n_bank)."""
        n_positions = self.n_free + self.equipment.capacitors
        bus = self.candidates[x[:, :n_positions].astype(np.int64)]
        if len(self.settled):
            settled = np.broadcast_to(self.settled, (len(x), len(self.settled)))
            bus = np.concatenate([settled, bus], axis=1)
        return bus, x[:, n_positions : n_positions + self.equipment.capacitors]

    def station_kw(self, x: FloatArray) -> FloatArray:
        """Return the ratings of stations in the order of `devices`, (n or 1, n_station)."""
        equipment = self.equipment
        if equipment.has_sized_stations:
            rated: FloatArray = x[:, self.n_free + 2 * equipment.capacitors :]
            return rated
        return np.full((1, equipment.stations), equipment.station_kw)
