"""Owns the files a siting study may be given: load states, prices, best known values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from powerflow.feeder import Feeder
from problems.core.content import from_content, read_toml
from problems.core.equipment import Asset
from problems.core.errors import ContentError
from problems.core.horizon import Horizon, LoadState
from problems.core.land import SiteCost
from problems.core.money import Prices
from problems.core.plan import Plan
from problems.core.rows import read_rows

SHARES_TOL = 1e-9
TEXT_COLUMNS = ("name", "feeder", "price", "bus", "kind")


def read_states(path: Path) -> tuple[LoadState, ...]:
    """Read load states from CSV rows, or from [[state]] tables of a TOML file.

    Columns: name, hours, load_factor, station_factor; factors are 1 if left out.

    Raises
    ------
    ContentError
        Naming the file, the row and what was expected.
    """
    rows = read_rows(path, "state", TEXT_COLUMNS)
    states = tuple(from_content(LoadState, row, where) for where, row in rows)
    try:
        return Horizon(states).states
    except ContentError as error:
        raise ContentError(f"{path}: {error}") from None


def read_prices(path: Path) -> Prices:
    """Read a price table from TOML keys, or from CSV rows `price,value`.

    Keys that are left out keep the values of the HGAPSO paper; `currency` names the currency of
    every amount.

    Raises
    ------
    ContentError
        Naming the file, the key and what was expected.
    """
    if path.suffix == ".toml":
        return from_content(Prices, read_toml(path), str(path))
    content: dict[str, Any] = {}
    for where, row in read_rows(path, "", TEXT_COLUMNS):
        if set(row) != {"price", "value"}:
            raise ContentError(f"{where}: expected the columns price and value")
        if row["price"] in content:
            raise ContentError(f"{where}: price '{row['price']}' appears twice")
        content[str(row["price"])] = row["value"]
    return from_content(Prices, content, str(path))


@dataclass(frozen=True, slots=True)
class Shunt:
    """Hold a fixed shunt: its power at nominal voltage, positive when consuming."""

    bus: str
    q_kvar: float
    p_kw: float = 0.0


def read_shunts(path: Path) -> tuple[Shunt, ...]:
    """Read fixed shunts from CSV rows, or from [[shunt]] tables of a TOML file.

    Columns: bus, q_kvar (a capacitor's is negative) and, where there is any, p_kw.

    Raises
    ------
    ContentError
        Naming the file, the row and what was expected.
    """
    rows = read_rows(path, "shunt", TEXT_COLUMNS)
    return tuple(from_content(Shunt, row, where) for where, row in rows)


@dataclass(frozen=True, slots=True)
class ZipShares:
    """Hold how the load of one bus divides into constant impedance, current and power.

    Raises
    ------
    ContentError
        If a share is negative, or they do not add up to 1.
    """

    bus: str
    z_share: float
    i_share: float
    p_share: float

    def __post_init__(self) -> None:
        shares = (self.z_share, self.i_share, self.p_share)
        if min(shares) < 0.0 or abs(sum(shares) - 1.0) > SHARES_TOL:
            raise ContentError(
                f"the shares of bus {self.bus} must be 0 or more and add up to 1, not to "
                f"{sum(shares):g}"
            )


def read_zip_shares(path: Path) -> tuple[ZipShares, ...]:
    """Read ZIP shares of loads from CSV rows, or from [[zip]] tables of a TOML file.

    Columns: bus, z_share, i_share, p_share; the shares of a bus add up to 1.

    Raises
    ------
    ContentError
        Naming the file, the row and what was expected.
    """
    return tuple(
        from_content(ZipShares, row, where) for where, row in read_rows(path, "zip", TEXT_COLUMNS)
    )


def read_bus_costs(path: Path) -> tuple[SiteCost, ...]:
    """Read what building costs at single buses, from CSV rows or [[bus]] tables of a TOML file.

    Columns: bus, cost (of a charging station there, land for one) and, where there is any,
    capacitor_cost (of a capacitor bank there); in the currency of the prices.

    Raises
    ------
    ContentError
        Naming the file, the row and what was expected.
    """
    return tuple(
        from_content(SiteCost, row, where) for where, row in read_rows(path, "bus", TEXT_COLUMNS)
    )


def read_existing(path: Path, feeder: Feeder) -> tuple[Asset, ...]:
    """Read what stands already: all assets of a plan, or rows of them.

    A file that ends in .json is a plan of this feeder; what already stood under it stands still.
    CSV rows, or [[asset]] tables of a TOML file, have the columns kind (station, capacitor), bus,
    kw and kvar, of which one is empty.

    Raises
    ------
    ContentError
        Naming the file, the row and what was expected; if a plan was made for another feeder.
    """
    if path.suffix == ".json":
        plan = Plan.load(path)
        if plan.feeder_digest != feeder.digest():
            raise ContentError(
                f"{path}: made for another content of feeder '{plan.feeder}' (digest "
                f"{plan.feeder_digest[:12]}, found {feeder.digest()[:12]}); give its assets as CSV"
            )
        return (*(plan.conditions.existing or ()), *plan.assets)
    assets = []
    for where, row in read_rows(path, "asset", TEXT_COLUMNS):
        filled = {column: value for column, value in row.items() if value != ""}
        assets.append(from_content(Asset, filled, where))
    return tuple(assets)


def read_best_known(path: Path) -> dict[str, float]:
    """Read the best known NPV of feeders from rows of feeder and npv.

    Raises
    ------
    ContentError
        Naming the file, the row and what was expected.
    """
    best: dict[str, float] = {}
    for where, row in read_rows(path, "best", TEXT_COLUMNS):
        if set(row) != {"feeder", "npv"} or not isinstance(row["npv"], float):
            raise ContentError(f"{where}: expected a feeder and its npv, a number")
        best[str(row["feeder"])] = row["npv"]
    return best
