"""Owns rows of small tables, the same from CSV or TOML, each with the place it stands at."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path
from typing import Any

from problems.core.content import read_toml
from problems.core.errors import ContentError


def read_rows(
    path: Path, table: str, text_columns: Collection[str] = ()
) -> list[tuple[str, dict[str, Any]]]:
    """Return rows of a CSV file, or [[table]] tables of a TOML file.

    Parameters
    ----------
    path : Path
        The file; its suffix decides.
    table : str
        Name of the TOML tables.
    text_columns : collection of str
        CSV columns that are text even where a cell reads as a number.

    Returns
    -------
    list of (str, dict)
        The place of each row for messages, and its values by column.

    Raises
    ------
    ContentError
        Naming the file, the row and what was expected.
    """
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
        values = {c: _cell(c, v, text_columns) for c, v in zip(header, cells, strict=True)}
        found.append((where, values))
    return found


def _cell(column: str, text: str, text_columns: Collection[str]) -> float | str:
    if column in text_columns:
        return text
    try:
        return float(text)
    except ValueError:
        return text
