"""Owns what no plan can beat: certified least losses, and the best pair of station buses."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmarks.papers.hgapso.printed import Printed, PrintedBank, printed
from benchmarks.papers.hgapso.readings import CONVERGED, PAPER, STATION_KW, UNEDITED, Reading
from powerflow import score
from problems.siting.certificate import SitingCase, certify

KVAR_MAX = 1200.0
UNKNOWN_BANKS = 10
"""Banks allowed where the paper prints no list (assumed); totals need more than four."""
SMALLEST_KVAR = 1e-6


@dataclass(frozen=True, slots=True)
class LossFloor:
    """Prove the least losses with both stations at the printed buses; each is proven once."""

    tables: Printed = field(default_factory=printed)
    _minima: dict[tuple[str, int, float | None], float] = field(default_factory=dict)
    _shortfalls: dict[str, float] = field(default_factory=dict)

    def minimum_kw(self, feeder: str, n_banks: int, share: float | None = None) -> float:
        """Return a proven lower bound on the converged losses.

        Parameters
        ----------
        feeder : str
            On its published data or the altered ones, whichever has less losses.
        n_banks : int
            Banks of at most 1200 kvar each, at any bus; 0 is an unknown list.
        share : float, optional
            Share of vehicles that feed the grid.
        """
        key = feeder, n_banks, share
        if key not in self._minima:
            readings = {reading.feeder(feeder).name: reading for reading in (CONVERGED, PAPER)}
            allowed = n_banks or UNKNOWN_BANKS
            self._minima[key] = min(
                self._prove(reading, feeder, allowed, share) for reading in readings.values()
            )
        return self._minima[key]

    def shortfall(self, feeder: str) -> float:
        """Return the largest share by which two sweeps understate the losses of a printed plan."""
        if feeder not in self._shortfalls:
            stations = self.tables.feeder_of(feeder).station_buses
            lists = [row.banks for row in self.tables.capacitors if row.feeder == feeder]
            shares = [_shortfall(feeder, stations, banks) for banks in lists]
            self._shortfalls[feeder] = max(_shortfall(feeder, (), ()), *shares)
        return self._shortfalls[feeder]

    def _prove(self, reading: Reading, name: str, n_banks: int, share: float | None) -> float:
        feeder = reading.feeder(name)
        anywhere = np.arange(feeder.n_bus) > 0
        stations = self.tables.feeder_of(name).station_buses
        case = SitingCase(
            feeder=feeder,
            station_kw=STATION_KW if share is None else -share * STATION_KW,
            n_stations=len(stations),
            station_buses=tuple(feeder.bus_index(bus) for bus in stations),
            max_banks=n_banks,
            exactly=False,
            kvar_min=SMALLEST_KVAR,
            kvar_max=KVAR_MAX,
            kvar_step=None,
            allowed_bank_bus=anywhere,
            allowed_station_bus=anywhere,
            usd_per_loss_kw=1.0,
            usd_per_bank=0.0,
            usd_per_kvar=0.0,
            usd_per_station=0.0,
            constant_usd=0.0,
            v_min_pu=0.0,
            v_max_pu=2.0,
        )
        bound = certify(case, gap=1e-4, limit_s=120.0).bound_usd
        return -bound if bound is not None else 0.0


def _shortfall(feeder: str, stations: tuple[str, ...], banks: tuple[PrintedBank, ...]) -> float:
    two_kw, all_kw = (
        reading.judge(feeder, stations, banks).loss_kw for reading in (UNEDITED, CONVERGED)
    )
    assert two_kw is not None
    assert all_kw is not None
    return 1.0 - two_kw / all_kw


@dataclass(frozen=True, slots=True)
class StationPair:
    """Hold the pair of station buses of least losses, and the printed pair, by exhaustion."""

    feeder: str
    reading: str
    n_pairs: int
    best_buses: tuple[str, str]
    best_loss_kw: float
    printed_buses: tuple[str, ...]
    printed_loss_kw: float

    @property
    def is_printed_best(self) -> bool:
        """Whether no pair has less losses than the printed one, to the tolerance of the flow."""
        return self.printed_loss_kw <= self.best_loss_kw * (1.0 + 1e-7)


def best_pair(name: str, reading: Reading, tables: Printed | None = None) -> StationPair:
    """Return the best of all pairs of different buses for two stations, source excluded."""
    feeder = reading.feeder(name)
    first, second = np.triu_indices(feeder.n_bus - 1, k=1)
    pairs = np.column_stack([first, second]) + 1
    draws = np.full((1, 1, 2), STATION_KW)
    losses = score(feeder, pairs, draws, np.zeros((1, 1, 2)), sweeps=reading.sweeps).loss_kw[:, 0]
    best = int(np.nanargmin(losses))
    printed_buses = (tables or printed()).feeder_of(name).station_buses
    at = sorted(feeder.bus_index(bus) for bus in printed_buses)
    mine = int(np.flatnonzero((pairs == at).all(axis=1))[0])
    a, b = sorted((feeder.bus_id[k] for k in pairs[best]), key=int)
    return StationPair(
        name, reading.name, len(pairs), (a, b), float(losses[best]), printed_buses,
        float(losses[mine]),
    )  # fmt: skip
