"""Owns the files a siting study may be given: load states, prices, best known values."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from problems.core.content import from_content, read_toml
from problems.core.errors import ContentError
from problems.core.horizon import Horizon, LoadState
from problems.core.money import Prices

TEXT_COLUMNS = ("name", "feeder", "price", "bus")


def read_states(path: Path) -> tuple[LoadState, ...]:
    """Read load states from CSV rows, or from [[state]] tables of a TOML file.

    Columns: name, hours, load_factor, station_factor; factors are 1 if left out.

    Raises
    ------
    ContentError
        Naming the file, the row and what was expected.
    """
    rows = _rows(path, "state")
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
    for where, row in _rows(path, ""):
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
    return tuple(from_content(Shunt, row, where) for where, row in _rows(path, "shunt"))


def read_best_known(path: Path) -> dict[str, float]:
    """Read the best known NPV of feeders from rows of feeder and npv.

    Raises
    ------
    ContentError
        Naming the file, the row and what was expected.
    """
    best: dict[str, float] = {}
    for where, row in _rows(path, "best"):
        if set(row) != {"feeder", "npv"} or not isinstance(row["npv"], float):
            raise ContentError(f"{where}: expected a feeder and its npv, a number")
        best[str(row["feeder"])] = row["npv"]
    return best


def _rows(path: Path, table: str) -> list[tuple[str, dict[str, Any]]]:
    """Return rows of a CSV or TOML file as keys and values, each with the place it stands at."""
    if path.suffix == ".toml":
        content = read_toml(path)
        rows = content.get(table)
        if not isinstance(rows, list) or set(content) != {table}:
            raise ContentError(f"{path}: expected nothing but [[{table}]] tables")
        return [(f"{path}: {table} {k}", row) for k, row in enumerate(rows, start=1)]
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise ContentError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ContentError(f"{path}: not UTF-8 text") from None
    numbered = [(k, line) for k, line in enumerate(lines, start=1) if line.strip()]
    numbered = [(k, line) for k, line in numbered if not line.lstrip().startswith("#")]
    if len(numbered) < 2:
        raise ContentError(f"{path}: expected a line of column names and at least one row")
    header, *body = ([cell.strip() for cell in next(csv.reader([line]))] for _, line in numbered)
    for column in header:
        if header.count(column) > 1:
            raise ContentError(f"{path}, row {numbered[0][0]}: column '{column}' appears twice")
    found = []
    for (k, _), cells in zip(numbered[1:], body, strict=True):
        where = f"{path}, row {k}"
        if len(cells) != len(header):
            raise ContentError(f"{where}: expected {len(header)} cells, found {len(cells)}")
        found.append((where, {c: _cell(c, v) for c, v in zip(header, cells, strict=True)}))
    return found


def _cell(column: str, text: str) -> float | str:
    if column in TEXT_COLUMNS:
        return text
    try:
        return float(text)
    except ValueError:
        return text
