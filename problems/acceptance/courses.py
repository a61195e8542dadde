"""Owns the hourly courses of an acceptance study: loads, PV and EV charging curves."""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from powerflow.checks import nearest
from problems.core.errors import ContentError
from problems.core.rows import read_rows

Course = tuple[float, ...]

CURVES = {"commercial": "ev_type1", "residential": "ev_type2"}
"""Curves by name, and the column of the profile table each is."""


@cache
def profile(column: str) -> Course:
    """Return a column of the profile table that comes with the package, 24 values."""
    with as_file(files("problems.acceptance") / "data" / "profiles.csv") as path:
        return tuple(float(row[column]) for _, row in read_rows(path, "hour"))


def read_curve(word: str) -> Course:
    """Return a charging curve by name, or from a file of rows `hour,share`.

    Parameters
    ----------
    word : str
        "commercial", "residential", or a CSV or TOML ([[hour]] tables) file; hours count from 0.

    Raises
    ------
    ContentError
        Naming the file, the row and what was expected.
    """
    if word in CURVES:
        return profile(CURVES[word])
    path = Path(word)
    if not path.exists():
        known = ", ".join(CURVES)
        hint = nearest(word, CURVES)
        raise ContentError(f"curve '{word}' is neither one of {known} nor a file{hint}")
    curve = []
    for k, (where, row) in enumerate(read_rows(path, "hour")):
        if set(row) != {"hour", "share"}:
            raise ContentError(f"{where}: expected the columns hour and share")
        if row["hour"] != k:
            raise ContentError(f"{where}: expected hour {k}, not {row['hour']}")
        share = row["share"]
        if not isinstance(share, int | float) or not (math.isfinite(share) and share >= 0.0):
            raise ContentError(f"{where}: share must be a number, 0 or more, not {share!r}")
        curve.append(float(share))
    return check_curve(tuple(curve), str(path))


def check_curve(curve: Course, where: str) -> Course:
    """Return the curve if it draws anything, else raise ContentError."""
    if not any(share > 0.0 for share in curve):
        raise ContentError(f"{where}: the curve draws no power in any hour")
    return curve
