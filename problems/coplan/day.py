"""Owns the load of a feeder hour by hour, without EVs, and the voltage of its source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from problems.coplan.equipment import DATA
from problems.core.errors import ContentError
from problems.core.rows import read_rows

FloatArray = NDArray[np.float64]
HOURS = 24


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """Hold loads and source voltage over consecutive hours that repeat.

    Attributes
    ----------
    p_kw, q_kvar : (n_hour, n_bus) float array
        Loads, positive when consuming.
    v_source_pu : (n_hour,) float array
        Voltage of the source.
    source : str
        Where the figures come from, in words.
    """

    p_kw: FloatArray
    q_kvar: FloatArray
    v_source_pu: FloatArray
    source: str

    def __post_init__(self) -> None:
        for name in ("p_kw", "q_kvar", "v_source_pu"):
            column = np.array(getattr(self, name), dtype=np.float64)
            column.flags.writeable = False
            object.__setattr__(self, name, column)

    @property
    def n_hour(self) -> int:
        """Number of hours."""
        return len(self.v_source_pu)


def peak_hour(feeder: Feeder) -> Day:
    """Return one hour: the feeder's own loads and source voltage."""
    return Day(
        feeder.p_kw[None], feeder.q_kvar[None], np.array([feeder.v_source_pu]), "the feeder's load"
    )


def day_of(feeder: Feeder, path: Path | None = None) -> Day:
    """Return the day in a file, else the one the package has for the feeder, else a flat one.

    A flat day is 24 hours of the feeder's own load; it is assumed, and `Day.source` says so.

    Raises
    ------
    ContentError
        Naming the file and what is wrong or missing in it.
    """
    own = DATA / feeder.name / "day.csv"
    if path is not None:
        return read_day(feeder, path)
    if _is_library_feeder(feeder):
        return read_day(feeder, own)
    once = peak_hour(feeder)
    return Day(
        np.repeat(once.p_kw, HOURS, axis=0),
        np.repeat(once.q_kvar, HOURS, axis=0),
        np.repeat(once.v_source_pu, HOURS),
        "assumed: the feeder's load in each of 24 hours",
    )


def _is_library_feeder(feeder: Feeder) -> bool:
    """Return whether the package's day is of this feeder and not of a namesake."""
    path = DATA / feeder.name / "day.csv"
    if not path.exists():
        return False
    return {str(row["bus"]) for _, row in read_rows(path, "hour", ("bus",))} <= set(feeder.bus_id)


def read_day(feeder: Feeder, path: Path) -> Day:
    """Read a day of a feeder from CSV rows, or [[hour]] tables of TOML.

    Either `hour, load_factor` (the feeder's own loads times the factor) or `hour, bus, p_kw,
    q_kvar` (all hours of every bus that draws anything); both may have `v_source_pu`, in the
    second form on the rows of the source's bus; other columns are ignored. Hours count from 0 or 1
    without a gap.

    Raises
    ------
    ContentError
        Naming the file, the row, the bus or the hour that is missing.
    """
    rows = read_rows(path, "hour", ("bus",))
    hours = sorted({_whole_hour(row, where) for where, row in rows})
    missing = sorted(set(range(hours[0], hours[-1] + 1)) - set(hours))
    if hours[0] not in (0, 1) or missing:
        what = f"hour {missing[0]} is missing" if missing else f"the first hour is {hours[0]}"
        raise ContentError(f"{path}: {what}; expected hours from 0 or 1 without a gap")
    first, n_hour = hours[0], len(hours)
    p_kw, q_kvar = np.zeros((2, n_hour, feeder.n_bus))
    v_source_pu = np.full(n_hour, feeder.v_source_pu)
    is_given = np.zeros((n_hour, feeder.n_bus), dtype=bool)
    by_bus = "bus" in rows[0][1]
    for where, row in rows:
        hour = _whole_hour(row, where) - first
        bus = _bus_of(feeder, row, where) if by_bus else 0
        if is_given[hour, bus]:
            raise ContentError(
                f"{where}: hour {hour + first} of bus {feeder.bus_id[bus]} is there twice"
            )
        is_given[hour, bus] = True
        if by_bus:
            p_kw[hour, bus], q_kvar[hour, bus] = (
                _number(row, c, where) for c in ("p_kw", "q_kvar")
            )
        else:
            factor = _number(row, "load_factor", where)
            p_kw[hour], q_kvar[hour] = factor * feeder.p_kw, factor * feeder.q_kvar
        if bus == 0 and row.get("v_source_pu", "") != "":
            v_source_pu[hour] = _number(row, "v_source_pu", where)
            if not v_source_pu[hour] > 0.0:
                raise ContentError(f"{where}: v_source_pu must be positive")
    if by_bus:
        _check_complete(feeder, is_given, first, path)
    return Day(p_kw, q_kvar, v_source_pu, path.name)


def _check_complete(feeder: Feeder, is_given: NDArray[np.bool_], first: int, path: Path) -> None:
    """Raise if a bus has some hours and lacks others, or draws in the feeder and has none."""
    draws = np.hypot(feeder.p_kw, feeder.q_kvar) > 0.0
    for bus in np.flatnonzero(is_given.any(axis=0) | draws):
        for hour in np.flatnonzero(~is_given[:, bus]):
            raise ContentError(
                f"{path}: bus {feeder.bus_id[bus]} has no row for hour {hour + first}; "
                "every hour of a bus that draws power is needed"
            )


def _bus_of(feeder: Feeder, row: dict[str, Any], where: str) -> int:
    try:
        return feeder.bus_index(str(row["bus"]))
    except (KeyError, ValueError) as error:
        raise ContentError(f"{where}: {error}") from None


def _whole_hour(row: dict[str, Any], where: str) -> int:
    hour = _number(row, "hour", where)
    if hour != int(hour):
        raise ContentError(f"{where}: hour must be a whole number, not {hour:g}")
    return int(hour)


def _number(row: dict[str, Any], column: str, where: str) -> float:
    value = row.get(column)
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        found = "is missing" if value is None else f"must be a finite number, not '{value}'"
        raise ContentError(f"{where}: {column} {found}")
    return float(value)
