"""Owns the library of feeders that come with the package, and loading one by name or path."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from powerflow.checks import nearest, quote
from powerflow.errors import FeederError, FeederWarning
from powerflow.feeder import Feeder
from powerflow.loops import Opening, Radial
from powerflow.readers.network import Reading, Report
from powerflow.readers.tables import read_folder
from powerflow.reference import split_reference
from powerflow.sanity import base_case_warnings

_LIBRARY = Path(__file__).parent / "feeders"

FORMATS = {".m": "matpower", ".json": "pandapower", ".dss": "opendss"}
"""Reader of a file by its suffix; a folder is our own format."""


def list_feeders() -> tuple[str, ...]:
    """Return the names of the library's feeders, by the number in the name.

    Examples
    --------
    >>> list_feeders()[:3]
    ('ieee33', 'ieee69', 'ieee85')
    """
    names = [path.parent.name for path in _LIBRARY.glob("*/branches.csv")]
    return tuple(sorted(names, key=lambda name: (int(re.sub(r"\D", "", name) or 0), name)))


def load_feeder(
    source: str | os.PathLike[str] | object,
    *,
    open_branches: Sequence[str] = (),
    radial: Radial | None = None,
) -> Feeder:
    """Load a feeder of the library by name, or any that can be read by path.

    Parameters
    ----------
    source : str, path or pandapower network
        A name of `list_feeders()`, which wins over a folder of that name in the working directory
        (write ./NAME for that one); a folder as `powerflow.readers.tables.read_folder` reads; a
        MATPOWER case (.m), a pandapower network (.json, or the object), an OpenDSS master file
        (.dss). A text may carry what to open: `case.m?open=8:21`, `case.m?radial=mst`.
    open_branches : sequence of str
        Branches to open, FROM:TO.
    radial : {"mst"}, optional
        Open what closes loops, leaving the spanning tree of least impedance.

    Returns
    -------
    Feeder
        Of a foreign format, the notes say what was averaged, merged or dropped.

    Raises
    ------
    FeederError
        If there is no such feeder or file, at the first thing that is wrong in it, or if the extra
        that reads the format is not installed.

    Warns
    -----
    FeederWarning
        If the base case of a foreign format looks like a slip of units.

    Examples
    --------
    >>> feeder = load_feeder("ieee33")
    >>> feeder.n_bus, round(float(feeder.p_kw.sum()), 6)
    (33, 3715.0)
    """
    reading = read_feeder(source, open_branches=open_branches, radial=radial, is_checked=False)
    for words in reading.report.warnings:
        warnings.warn(f"{reading.feeder.name}: {words}", FeederWarning, stacklevel=2)
    return reading.feeder


def read_feeder(
    source: str | os.PathLike[str] | object,
    *,
    open_branches: Sequence[str] = (),
    radial: Radial | None = None,
    is_checked: bool = True,
) -> Reading:
    """Load a feeder as `load_feeder` does, with the report of what reading changed.

    Parameters
    ----------
    source, open_branches, radial
        As of `load_feeder`.
    is_checked : bool
        Whether the base case of a folder is looked at too; that of a foreign format always is.

    Returns
    -------
    Reading
        Feeder, report, and the factor between its voltages and the source's.
    """
    opening = Opening(tuple(open_branches), radial)
    if not isinstance(source, str | os.PathLike):
        return _read_object(source, opening)
    given = os.fspath(source)
    if isinstance(source, str):
        given, own = split_reference(source)
        opening = Opening(own.branches + opening.branches, own.radial or opening.radial)
        if given in list_feeders():
            return _as_read(read_folder(_LIBRARY / given, opening))
    path = Path(given)
    try:
        if path.is_dir() and given:
            reading = _as_read(read_folder(path, opening))
            if is_checked:
                reading.report.warnings += base_case_warnings(reading.feeder)
            return reading
        is_file = path.exists() and given != ""
    except OSError as error:
        raise FeederError(f"{quote(given)}: not a feeder ({error.strerror})") from None
    if is_file:
        return _checked(_read_file(path, opening))
    if isinstance(source, str) and not _is_like_path(given):
        raise FeederError(
            f"no feeder {quote(given)} in the library{nearest(given, list_feeders())}; "
            f"there are {', '.join(list_feeders())}, or give the path of a folder or file"
        )
    raise FeederError(f"{quote(given, 200)}: no such folder or file{_nearest_beside(path)}")


def _is_like_path(given: str) -> bool:
    """Return whether a text that names nothing was meant as a path, not as a library name."""
    is_file_name = Path(given).suffix.casefold() in FORMATS
    return given.startswith(".") or "/" in given or "\\" in given or is_file_name


def _nearest_beside(path: Path) -> str:
    """Return a hint at the feeder whose name is nearest in the folder of a path, or nothing."""
    try:
        beside = [
            entry
            for entry in sorted(path.parent.iterdir())
            if entry.suffix.casefold() in FORMATS or entry.is_dir()
        ]
    except (OSError, ValueError):  # there is no folder either
        return ""
    # a suffix in common makes no two names near
    near = [entry.name for entry in beside if nearest(path.stem, [entry.stem])]
    return nearest(path.name, near)


def _read_file(path: Path, opening: Opening) -> Reading:
    """Read a file by the reader of its suffix, which is imported now."""
    kind = FORMATS.get(path.suffix.casefold())
    if kind == "matpower":
        from powerflow.readers.matpower import read_matpower

        return read_matpower(path, opening)
    if kind == "pandapower":
        from powerflow.readers.pandapower import read_pandapower_json

        return read_pandapower_json(path, opening)
    if kind == "opendss":
        from powerflow.readers.opendss import read_opendss

        return read_opendss(path, opening)
    raise FeederError(
        f"{quote(path, 200)}: expected a folder that holds branches.csv, or a file of MATPOWER "
        "(.m), pandapower (.json) or OpenDSS (.dss)"
    )


def _read_object(source: Any, opening: Opening) -> Reading:
    from powerflow.readers.pandapower import is_pandapower, read_pandapower

    if not is_pandapower(source):
        raise FeederError(
            f"expected a name, a path or a pandapower network, not {type(source).__name__}"
        )
    return _checked(read_pandapower(source, opening))


def _as_read(feeder: Feeder) -> Reading:
    """Return a feeder that reading did not change."""
    return Reading(feeder, Report(), np.ones(feeder.n_bus))


def _checked(reading: Reading) -> Reading:
    """Return a reading whose base case was looked at, its report in the feeder's notes."""
    report = reading.report
    report.warnings += base_case_warnings(reading.feeder, reading.voltage_factor)
    notes = [f"{name}: {'; '.join(words)}" for name, words in report.named() if words]
    return replace(reading, feeder=replace(reading.feeder, notes=tuple(notes)))
