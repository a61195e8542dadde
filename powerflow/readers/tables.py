"""Owns the folder format of a feeder: branches.csv, buses.csv and feeder.toml."""

from __future__ import annotations

import csv
import difflib
import math
import tomllib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from powerflow.checks import nearest, quote
from powerflow.door import make_feeder
from powerflow.errors import FeederError, FeederWarning
from powerflow.feeder import Feeder
from powerflow.loops import Opening

#: What make_feeder's arguments are called in the files, where the names differ.
COLUMN_OF = {"bus_id": "bus", "source": "slack_bus", "v_source_pu": "slack_vpu_peak"}


@dataclass(frozen=True, slots=True)
class Table:
    """Hold the cells of one CSV file by column, and the line of the file each row stands on."""

    path: Path
    cells: dict[str, list[str]]
    lines: list[int]

    def place(self, column: str, row: int | None) -> str:
        """Name a row of a column for an error."""
        if row is None:
            return str(self.path)
        return f"{self.path} line {self.lines[row]}, column {column}"

    def numbers(
        self, column: str, keys: Sequence[str], *, may_be_empty: bool = False
    ) -> list[float]:
        """Return a column of finite numbers; an empty cell, where allowed, is NaN.

        `keys` are the columns that say which bus or branch a row describes, for the error.
        """
        numbers = []
        for row, cell in enumerate(self.cells[column]):
            if not cell and may_be_empty:
                numbers.append(math.nan)
                continue
            try:
                # Python reads 1_000 as a number; in a table it is a slip
                number = math.nan if "_" in cell else float(cell)
            except ValueError:
                number = math.nan
            if not math.isfinite(number):
                label = "-".join(quote(self.cells[key][row]) for key in keys)
                subject = f"{'bus' if len(keys) == 1 else 'branch'} {label}"
                found = f"not {quote(cell)}" if cell else "found an empty cell"
                raise FeederError(
                    f"{self.place(column, row)}: expected a finite number for {subject}, {found}"
                )
            numbers.append(number)
        return numbers

    def optional_numbers(self, column: str, keys: Sequence[str]) -> list[float] | None:
        """Return a column that may be missing, None where it is; NaN where a cell is empty."""
        return self.numbers(column, keys, may_be_empty=True) if column in self.cells else None


def read_folder(folder: Path, opening: Opening | None = None) -> Feeder:
    """Read a feeder from a folder of CSV tables.

    `branches.csv` has the columns from_bus, to_bus, r_ohm, x_ohm and optionally ampacity_a,
    length_m, kind; `buses.csv` has bus, p_kw, q_kvar and optionally customers, x, y;
    `feeder.toml` has name, base_kv, slack_bus and optionally slack_vpu_peak (the source voltage,
    else 1.0), title, citation, notes. The order of columns and rows and the direction of branches
    do not matter. Other columns, keys and files are ignored. Blank lines, lines that begin with #,
    blanks around cells, quoted cells, a byte-order mark and any line ending are accepted; an empty
    cell of an optional column means unknown. A bus of branches.csv must have its row in buses.csv.

    Parameters
    ----------
    folder : Path
        The folder.
    opening : Opening, optional
        Branches to leave out, by name or so that the rest is a tree.

    Returns
    -------
    Feeder

    Raises
    ------
    FeederError
        At the first thing that is wrong; the message names file, line and bus.
    """
    branches_path, buses_path = folder / "branches.csv", folder / "buses.csv"
    about_path = folder / "feeder.toml"
    about = _read_toml(about_path, required=("name", "base_kv", "slack_bus"))
    branches = _read_csv(branches_path, required=("from_bus", "to_bus", "r_ohm", "x_ohm"))
    buses = _read_csv(buses_path, required=("bus", "p_kw", "q_kvar"))
    _warn_of_slips(branches, ("ampacity_a", "length_m", "kind"))
    _warn_of_slips(buses, ("customers", "x", "y"))

    def where(argument: str, row: int | None) -> str:
        column = COLUMN_OF.get(argument, argument)
        if argument in ("name", "base_kv", "source", "v_source_pu"):
            return f"{about_path}, {column}"
        table = buses if column in ("bus", "p_kw", "q_kvar", "customers", "x", "y") else branches
        return table.place(column, row)

    bus, ends = ("bus",), ("from_bus", "to_bus")
    return make_feeder(
        name=_text(about, "name", about_path),
        base_kv=about["base_kv"],
        source=about["slack_bus"],
        bus_id=buses.cells["bus"],
        p_kw=buses.numbers("p_kw", bus),
        q_kvar=buses.numbers("q_kvar", bus),
        from_bus=branches.cells["from_bus"],
        to_bus=branches.cells["to_bus"],
        r_ohm=branches.numbers("r_ohm", ends),
        x_ohm=branches.numbers("x_ohm", ends),
        ampacity_a=branches.optional_numbers("ampacity_a", ends),
        length_m=branches.optional_numbers("length_m", ends),
        kind=branches.cells.get("kind"),
        customers=buses.optional_numbers("customers", bus),
        x=buses.optional_numbers("x", bus),
        y=buses.optional_numbers("y", bus),
        v_source_pu=about.get("slack_vpu_peak", 1.0),
        title=_text(about, "title", about_path),
        citation=_text(about, "citation", about_path),
        notes=_notes(about, about_path),
        opening=opening,
        where=where,
    )


def _warn_of_slips(table: Table, optional: Sequence[str]) -> None:
    """Warn of a column that is left out of account but nearly has the name of an optional one."""
    missing = [column for column in optional if column not in table.cells]
    for column in table.cells:
        if column not in optional and difflib.get_close_matches(column, missing, cutoff=0.8):
            words = f"column {quote(column)} is not read{nearest(column, missing)}"
            warnings.warn(f"{table.path}: {words}", FeederWarning, stacklevel=4)


def _read_text(path: Path) -> str:
    """Return the text of a UTF-8 file; a missing or unreadable file is a FeederError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise FeederError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        raise FeederError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise FeederError(f"{path}: cannot be read ({error.strerror})") from None


def _read_csv(path: Path, required: Sequence[str]) -> Table:
    """Return the cells of a CSV file with a header line, stripped."""
    header: list[str] | None = None
    rows: list[list[str]] = []
    lines: list[int] = []
    for number, line in enumerate(_read_text(path).split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        # line by line: a quotation mark left open must not swallow the rest of the file
        if line.count('"') % 2:
            raise FeederError(f"{path} line {number}: a quotation mark is left open")
        try:
            cells = [cell.strip() for cell in next(csv.reader([line], skipinitialspace=True))]
        except csv.Error as error:
            raise FeederError(f"{path} line {number}: not CSV ({error})") from None
        if not any(cells):
            continue
        if header is None:
            header = cells
            for column in required:
                if column not in header:
                    found = ", ".join(quote(cell) for cell in header[:20])
                    raise FeederError(f"{path} line {number}: no column {column}; found {found}")
            continue
        if len(cells) != len(header):
            raise FeederError(
                f"{path} line {number}: expected {len(header)} cells, found {len(cells)} "
                f"({quote(','.join(cells))})"
            )
        rows.append(cells)
        lines.append(number)
    if header is None:
        raise FeederError(f"{path}: empty; expected the columns {', '.join(required)}")
    twice = sorted({column for column in header if column and header.count(column) > 1})
    if twice:
        raise FeederError(f"{path}: column {quote(twice[0])} stands there twice")
    columns = {column: [row[k] for row in rows] for k, column in enumerate(header)}
    return Table(path, columns, lines)


def _read_toml(path: Path, required: Sequence[str]) -> dict[str, Any]:
    """Return the keys of a TOML file."""
    text = _read_text(path)
    try:
        about = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise FeederError(f"{path}: not TOML ({quote(error, 100)})") from None
    for key in required:
        if key not in about:
            raise FeederError(f"{path}: no key {key}")
    return about


def _text(about: dict[str, Any], key: str, path: Path) -> str:
    """Return a text of feeder.toml, "" where the key is absent."""
    value = about.get(key, "")
    if not isinstance(value, str):
        raise FeederError(f"{path}, {key}: expected text, not {quote(value)}")
    return value


def _notes(about: dict[str, Any], path: Path) -> tuple[str, ...]:
    """Return the notes of feeder.toml: one text or a list of texts."""
    notes = about.get("notes", [])
    if isinstance(notes, str):
        return (notes,)
    if isinstance(notes, list) and all(isinstance(note, str) for note in notes):
        return tuple(notes)
    raise FeederError(f"{path}, notes: expected a list of texts, not {quote(notes)}")
