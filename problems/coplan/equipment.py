"""Owns what may be built: cables, breakers, the terms of storage, and the tables they stand in."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path

from problems.core.content import from_content, read_toml
from problems.core.errors import ContentError
from problems.core.rows import read_rows

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Cable:
    """Hold a cable that may replace a line.

    Parameters
    ----------
    size : str
        Its name, usually the cross section in mm2.
    ampacity_a : float
        Greatest permissible current.
    r_ohm_per_km, x_ohm_per_km : float
        Series impedance per phase.
    price_usd_per_m : float
        Price of the line, laid.
    """

    size: str
    ampacity_a: float
    r_ohm_per_km: float
    x_ohm_per_km: float
    price_usd_per_m: float

    def __post_init__(self) -> None:
        _check_figures(self, f"cable {self.size}")


@dataclass(frozen=True, slots=True)
class Breaker:
    """Hold a breaker that may replace a breaker; the impedance stays.

    Parameters
    ----------
    type : str
        Its name.
    ampacity_a : float
        Greatest permissible current.
    price_usd : float
        Price, installed.
    """

    type: str
    ampacity_a: float
    price_usd: float

    def __post_init__(self) -> None:
        _check_figures(self, f"breaker {self.type}")


@dataclass(frozen=True, slots=True)
class StorageTerms:
    """Hold the price and the technology of storage, per kWh of its capacity.

    Parameters
    ----------
    cost_usd_per_kwh : float
        Price, installed.
    charge_kw_per_kwh, discharge_kw_per_kwh : float
        Greatest power at the grid (the C rates).
    kva_per_discharge_kw : float
        Apparent power of the inverter per kW of discharge power, at least 1.
    charge_efficiency, discharge_efficiency : float
        Stored per kWh drawn, and delivered per kWh taken from the store.
    soc_min, soc_max : float
        Range of the state of charge, fractions of the capacity.
    most_kwh : float
        Greatest capacity at one bus.
    """

    cost_usd_per_kwh: float
    charge_kw_per_kwh: float
    discharge_kw_per_kwh: float
    kva_per_discharge_kw: float
    charge_efficiency: float
    discharge_efficiency: float
    soc_min: float
    soc_max: float
    most_kwh: float

    def __post_init__(self) -> None:
        _check_figures(self, "storage", may_be_zero=("soc_min", "most_kwh"))
        if self.kva_per_discharge_kw < 1.0:
            raise ContentError("storage: kva_per_discharge_kw must be 1 or more")
        for name in ("charge_efficiency", "discharge_efficiency", "soc_max"):
            if getattr(self, name) > 1.0:
                raise ContentError(f"storage: {name} must be at most 1, not {getattr(self, name)}")
        if self.soc_min >= self.soc_max:
            raise ContentError("storage: soc_min must be below soc_max")

    @property
    def kva_per_kwh(self) -> float:
        """Apparent power of the inverter per kWh  # (34)."""
        return self.kva_per_discharge_kw * self.discharge_kw_per_kwh


@dataclass(frozen=True, slots=True)
class Library:
    """Hold all that may be built on a feeder."""

    cables: tuple[Cable, ...]
    breakers: tuple[Breaker, ...]
    storage: StorageTerms


def read_library(
    cables: Path | None = None, breakers: Path | None = None, storage: Path | None = None
) -> Library:
    """Read the three tables; those left out are the DDCP paper's.

    `cables` has the columns size, ampacity_a, r_ohm_per_km, x_ohm_per_km, price_usd_per_m;
    `breakers` type, ampacity_a, price_usd (CSV, or [[cable]] and [[breaker]] tables of TOML);
    `storage` the keys of `StorageTerms` (TOML, or CSV with one row), those left out the paper's.

    Raises
    ------
    ContentError
        Naming the file, the row and what was expected.
    """
    cables, breakers = cables or DATA / "cables.csv", breakers or DATA / "breakers.csv"
    found = tuple(
        from_content(Cable, row, where) for where, row in read_rows(cables, "cable", ("size",))
    )
    switches = tuple(
        from_content(Breaker, row, where)
        for where, row in read_rows(breakers, "breaker", ("type",))
    )
    for path, names in (
        (cables, [c.size for c in found]),
        (breakers, [b.type for b in switches]),
    ):
        for name in names:
            if names.count(name) > 1:
                raise ContentError(f"{path}: '{name}' stands there twice")
    return Library(found, switches, _read_storage(storage))


def _read_storage(path: Path | None) -> StorageTerms:
    ours = DATA / "storage.toml"
    content = read_toml(ours)
    if path is None:
        return from_content(StorageTerms, content, str(ours))
    if path.suffix == ".toml":
        given = read_toml(path)
    else:
        rows = read_rows(path, "storage")
        if len(rows) != 1:
            raise ContentError(f"{path}: expected one row, found {len(rows)}")
        given = rows[0][1]
    return from_content(StorageTerms, content | given, str(path))


def _check_figures(
    item: Cable | Breaker | StorageTerms, where: str, may_be_zero: tuple[str, ...] = ()
) -> None:
    for field in fields(item):
        value = getattr(item, field.name)
        if isinstance(value, str):
            continue
        is_right = value >= 0.0 if field.name in may_be_zero else value > 0.0
        if not (math.isfinite(value) and is_right):
            raise ContentError(f"{where}: {field.name} must be a positive number, not {value}")
