"""Owns what the HGAPSO paper prints, and how exactly it prints it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from problems.core.content import from_content, read_toml


@dataclass(frozen=True, slots=True)
class PrintedFeeder:
    """Hold a feeder's station buses called optimal, and its load."""

    name: str
    station_buses: tuple[str, ...]
    load_kw: float
    load_kvar: float


@dataclass(frozen=True, slots=True)
class PrintedBase:
    """Hold a row of Table III."""

    feeder: str
    loss_kw: float
    loss_kvar: float
    v_min_pu: float
    v_min_bus: str


@dataclass(frozen=True, slots=True)
class PrintedStations:
    """Hold a row of Table IV."""

    feeder: str
    buses: tuple[str, ...]
    station_kw: float
    total_kw: float
    loss_kw: float
    loss_kvar: float
    v_min_pu: float


@dataclass(frozen=True, slots=True)
class PrintedBank:
    """Hold one capacitor of Table V."""

    bus: str
    kvar: float


@dataclass(frozen=True, slots=True)
class PrintedCapacitors:
    """Hold a row of Tables V and VI; no banks where the list is missing."""

    feeder: str
    engine: str
    total_kvar: float
    loss_kw: float
    v_min_pu: float
    saving_pct: float
    npv_usd: float
    seconds: float
    banks: tuple[PrintedBank, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class PrintedV2G:
    """Hold a block of Table VII: one entry each for 5, 10, 15 and 20 % of the vehicles."""

    feeder: str
    loss_kw: tuple[float, ...]
    saving_pct: tuple[float, ...]
    npv_usd: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PrintedText:
    """Hold what the text says a figure of Table VI is."""

    feeder: str
    engine: str
    quantity: str
    value: float


@dataclass(frozen=True, slots=True)
class PrintedTime:
    """Hold what Table II prints for T."""

    hours: float


@dataclass(frozen=True, slots=True)
class Printed:
    """Hold all tables of the paper."""

    feeder: tuple[PrintedFeeder, ...]
    base: tuple[PrintedBase, ...]
    stations: tuple[PrintedStations, ...]
    capacitors: tuple[PrintedCapacitors, ...]
    v2g: tuple[PrintedV2G, ...]
    text: tuple[PrintedText, ...]
    time: PrintedTime

    def feeder_of(self, name: str) -> PrintedFeeder:
        """Return what is printed of a feeder."""
        return next(feeder for feeder in self.feeder if feeder.name == name)

    def base_of(self, name: str) -> PrintedBase:
        """Return the base case printed of a feeder."""
        return next(base for base in self.base if base.feeder == name)

    def capacitors_of(self, name: str, engine: str) -> PrintedCapacitors:
        """Return the row of Tables V and VI of a feeder and engine."""
        found = (row for row in self.capacitors if row.feeder == name)
        return next(row for row in found if row.engine == engine)


SHARES = (0.05, 0.10, 0.15, 0.20)
"""Shares of vehicles in Table VII."""


@cache
def printed() -> Printed:
    """Return the tables as printed, read from printed.toml."""
    file = Path(__file__).with_name("printed.toml")
    return from_content(Printed, read_toml(file), file.name)
