"""Owns how a batch is checked and broadcast over its cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
Array = TypeVar("Array", bound=NDArray[Any])


def read_only(array: Array) -> Array:
    """Return a read-only view.

    A feeder's own columns are read-only and a caller's arrays need not be; numba would compile
    every mixture of the two anew.
    """
    view = array.view()
    view.flags.writeable = False
    return view


LEAST, GREATEST = 1e-6, 1e6
"""Any base voltage in kV or source voltage per unit lies between; squares then stay finite."""


def check_settings(tol_pu: float, max_iterations: int, sweeps: int | None) -> None:
    """Raise if a setting of the iteration makes no sense.

    Raises
    ------
    ValueError
        Naming the setting and what was expected.
    """
    if not 1e-13 <= tol_pu < 1.0:
        raise ValueError(f"tol_pu must be between 1e-13 and 1, not {tol_pu}")
    for name, count in (("max_iterations", max_iterations), ("sweeps", sweeps)):
        if count is not None and (isinstance(count, bool) or count != int(count)):
            raise ValueError(f"{name} must be a whole number, not {count}")
    if max_iterations < 1:
        raise ValueError(f"max_iterations must be at least 1, not {max_iterations}")
    if sweeps is not None and sweeps < 1:
        raise ValueError(f"sweeps must be at least 1, not {sweeps}")


def bus_rows(name: str, values: ArrayLike, n_bus: int) -> FloatArray:
    """Return `values` as (1 or n_case, n_bus) float rows, without copying what fits already.

    Raises
    ------
    ValueError
        Naming the array and its shape.
    """
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim == 1:
        rows = rows[np.newaxis]
    if rows.ndim != 2 or rows.shape[1] != n_bus or len(rows) == 0:
        raise ValueError(
            f"{name} must have shape ({n_bus},) or (n_case, {n_bus}), not {np.shape(values)}"
        )
    return read_only(np.ascontiguousarray(rows))


def case_column(name: str, values: ArrayLike) -> FloatArray:
    """Return a scalar or one value a case as (1 or n_case,) floats; all must be positive.

    Raises
    ------
    ValueError
        Naming the array and what is wrong with it.
    """
    column = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if column.ndim != 1 or len(column) == 0:
        raise ValueError(f"{name} must be a scalar or have shape (n_case,), not {np.shape(values)}")
    wrong = ~((column >= LEAST) & (column <= GREATEST))
    if wrong.any():
        case = int(np.argmax(wrong))
        raise ValueError(
            f"{name} must be between {LEAST:g} and {GREATEST:g}, not {column[case]} (case {case})"
        )
    return column


def common_length(what: str, lengths: dict[str, int]) -> int:
    """Return the one length above 1 that all arrays share (1 if none is longer).

    Raises
    ------
    ValueError
        Naming every array and its length when two disagree.
    """
    longer = {name: length for name, length in lengths.items() if length > 1}
    if len(set(longer.values())) > 1:
        listed = ", ".join(f"{name} has {length}" for name, length in longer.items())
        raise ValueError(f"the arrays disagree on the number of {what}s: {listed}")
    return next(iter(longer.values()), 1)


def check_finite(name: str, rows: FloatArray, bus_id: Sequence[str]) -> None:
    """Raise if a row holds NaN or infinity.

    Raises
    ------
    ValueError
        Naming array, row, bus and value.
    """
    if np.isfinite(rows).all():
        return
    row, bus = np.argwhere(~np.isfinite(rows))[0]
    raise ValueError(f"{name} must be finite, not {rows[row, bus]} (case {row}, bus {bus_id[bus]})")


def check_impedance(name: str, rows: FloatArray, bus_id: Sequence[str]) -> None:
    """Raise if a branch impedance is not finite, or a resistance is negative.

    Raises
    ------
    ValueError
        Naming array, row, the bus the branch enters, and value.
    """
    check_finite(name, rows[:, 1:], bus_id[1:])
    if name == "r_ohm" and (rows < 0.0).any():
        row, bus = np.argwhere(rows < 0.0)[0]
        raise ValueError(
            f"r_ohm must not be negative, but is {rows[row, bus]} "
            f"(case {row}, branch entering bus {bus_id[bus]})"
        )
