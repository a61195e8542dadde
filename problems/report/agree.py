"""Owns whether two folders hold the same study: which files differ, and which figures in them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from problems.report.timing import FILE

BEGUN = ("times/", "checkpoints/", "states/")
"""Folders of what a study has begun with: they hold times, and nothing that is not elsewhere."""

REBUILT = ("runs/", "report.html")
"""What one command makes again from the files beside it: a folder may be kept without them."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Hold one figure that differs, or a whole file that cannot be told apart by figures.

    Parameters
    ----------
    file : str
    where : str
        Row and column of a table, key of a JSON file; empty for a whole file.
    before, again : object
        Both values, as the files have them; None where there is none.
    """

    file: str
    where: str
    before: Any = None
    again: Any = None

    def words(self) -> str:
        """Return the difference in one line."""
        if not self.where:
            both = self.before, self.again
            return {
                (None, "there"): "is new",
                ("there", None): "is missing in the repetition",
            }.get(both, "differs")
        apart = _apart(self.before, self.again)
        return f"{self.where}: {_shown(self.before)}, again {_shown(self.again)}{apart}"


def differing_files(one: Path, two: Path, *, is_kept: bool = False) -> list[str]:
    """Return the names of files that differ or that only one of two study folders has, sorted.

    `timing.csv` is left out: times are what a repetition changes.

    Parameters
    ----------
    one, two : Path
    is_kept : bool
        Whether `one` may lack what a study begins with and what is made again from its files.
    """
    ours, theirs = _contents(one), _contents(two)
    names = sorted(ours.keys() | theirs.keys())
    differing = [name for name in names if ours.get(name) != theirs.get(name)]
    if not is_kept:
        return differing
    return [
        name
        for name in differing
        if not name.startswith(BEGUN) and not (name.startswith(REBUILT) and name not in ours)
    ]


def differing_figures(one: Path, two: Path, names: list[str]) -> list[Difference]:
    """Return which figures differ in some files of two folders, file by file.

    Parameters
    ----------
    one, two : Path
    names : list of str
        As of `differing_files`.
    """
    found: list[Difference] = []
    for name in names:
        files = one / name, two / name
        if not all(file.exists() for file in files):
            there = ["there" if file.exists() else None for file in files]
            found.append(Difference(name, "", *there))
            continue
        figures = _READERS.get(Path(name).suffix)
        try:
            both = [figures(file.read_text(encoding="utf-8")) for file in files] if figures else []
        except ValueError:  # damaged: not the text it should be
            both = []
        own: list[Difference] = []
        if both:
            keys = dict.fromkeys((*both[0], *both[1]))
            own = [
                Difference(name, key, both[0].get(key), both[1].get(key))
                for key in keys
                if both[0].get(key) != both[1].get(key)
            ]
        found += own or [Difference(name, "", "there", "there")]
    return found


def _contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    named = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: path.read_bytes() for name, path in named.items() if name != FILE}


def _csv_figures(text: str) -> dict[str, Any]:
    """Return the cells of a table by row and column; rows are named by their first cell as well."""
    rows = list(csv.reader(io.StringIO(text)))
    head = rows[0] if rows else []
    return {
        f"row {k} ({row[0]}), {column}": cell
        for k, row in enumerate(rows[1:], 1)
        for column, cell in zip(head, row, strict=False)
    }


def _json_figures(text: str) -> dict[str, Any]:
    return dict(_leaves(json.loads(text), ""))


def _leaves(content: Any, above: str) -> Iterator[tuple[str, Any]]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _leaves(value, f"{above}.{key}" if above else str(key))
    elif isinstance(content, list):
        for k, value in enumerate(content):
            yield from _leaves(value, f"{above}[{k}]")
    else:
        yield above, content


_READERS = {".csv": _csv_figures, ".json": _json_figures}


def _shown(value: Any) -> str:
    words = "nothing" if value in (None, "") else str(value)
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}..."


LONGEST = 60
"""Characters of a value that a line shows."""


def _apart(before: Any, again: Any) -> str:
    """Return how far two numbers are apart, in words."""
    try:
        one, other = float(before), float(again)
    except (TypeError, ValueError):
        return ""
    return f" ({abs(other - one) / abs(one):.1e} apart)" if one else ""
