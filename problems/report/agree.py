"""Owns whether two folders hold the same study: file by file, to the byte, times aside."""

from __future__ import annotations

from pathlib import Path

from problems.report.timing import FILE


def differing_files(one: Path, two: Path) -> list[str]:
    """Return the names of files that differ or that only one of two study folders has, sorted.

    `timing.csv` is left out: times are what a repetition changes.
    """
    ours, theirs = _contents(one), _contents(two)
    names = sorted(ours.keys() | theirs.keys())
    return [name for name in names if ours.get(name) != theirs.get(name)]


def _contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    named = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: path.read_bytes() for name, path in named.items() if name != FILE}
