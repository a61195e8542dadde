"""Owns the checks of a feeder's raw columns, and how their errors name row, bus and branch."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from powerflow.errors import FeederError

FloatArray = NDArray[np.float64]
#: Names a column, or one row of it, in the user's words: array and index, or file and line.
Where: TypeAlias = Callable[[str, int | None], str]
Sign: TypeAlias = Literal["any", "not negative", "positive"]


def name_array(column: str, index: int | None) -> str:
    """Name a column or a row of it as an array: the `Where` of a caller who passes arrays."""
    return column if index is None else f"{column}[{index}]"


def quote(label: object, limit: int = 40) -> str:
    """Return what a user wrote, on one line and not too long to read."""
    text = str(label)
    shown = text if text.isprintable() and text.strip() == text and text else ascii(text)
    return shown if len(shown) <= limit else shown[: limit - 3] + "..."


def nearest(label: str, known: Iterable[str]) -> str:
    """Return " (did you mean ...?)" with the known label closest to `label`, or nothing."""
    spelled = {other.casefold(): other for other in known}
    close = difflib.get_close_matches(label.casefold(), spelled, n=1, cutoff=0.5)
    return f" (did you mean {quote(spelled[close[0]])}?)" if close else ""


def check_label(place: str, value: object) -> str:
    """Return a bus label as text; `place` says where it stands, for the error."""
    if isinstance(value, str):
        label = value.strip()
        if label and label.isprintable():
            return label
        wrong = f"not {value!a}" if label else "found an empty one"
        raise FeederError(f"{place}: expected a bus label of printable characters, {wrong}")
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return str(int(value))
    raise FeederError(f"{place}: expected a bus label, text or a whole number, not {value!r}")


def check_positive(place: str, value: Any, what: str) -> float:
    """Return one positive finite number, such as a base voltage; `place` is for the error."""
    try:
        number = float("nan") if isinstance(value, bool | str) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if not (math.isfinite(number) and number > 0.0):
        raise FeederError(f"{place}: expected {what}, a positive number, not {quote(value)}")
    return number


def check_buses(bus_id: Sequence[object], where: Where) -> dict[str, int]:
    """Return the row of each bus label; labels must differ."""
    row: dict[str, int] = {}
    for index, value in enumerate(bus_id):
        label = check_label(where("bus_id", index), value)
        if label in row:
            raise FeederError(
                f"{where('bus_id', index)}: bus {quote(label)} stands there a second time; "
                f"it is already at {where('bus_id', row[label])}"
            )
        row[label] = index
    if not row:
        raise FeederError(f"{where('bus_id', None)}: no buses; expected at least two")
    return row


def check_ends(
    column: str, labels: Sequence[object], row: Mapping[str, int], where: Where
) -> list[int]:
    """Return the bus row of each branch end; every label must be a known bus."""
    ends = []
    for index, value in enumerate(labels):
        place = where(column, index)
        label = check_label(place, value)
        if label not in row:
            raise FeederError(
                f"{place}: unknown bus {quote(label)}; it is not in "
                f"{where('bus_id', None)}{nearest(label, row)}"
            )
        ends.append(row[label])
    return ends


def check_length(column: str, n_found: int, n_row: int, where: Where) -> None:
    """Check that a column has one entry per row."""
    if n_found != n_row:
        raise FeederError(f"{where(column, None)}: expected {n_row} entries, found {n_found}")


def check_numbers(
    column: str,
    values: ArrayLike,
    subjects: Sequence[str],
    where: Where,
    *,
    sign: Sign = "any",
    may_be_unknown: bool = False,
) -> FloatArray:
    """Return a column of numbers, one per row.

    Parameters
    ----------
    column : str
        Its name.
    values : (n_row,) array_like
        The numbers; NaN stands for unknown where that is allowed.
    subjects : (n_row,) sequence of str
        What each row describes ("bus 7", "branch 3-4"), for the error.
    where : callable
        Names a row.
    sign : {"any", "not negative", "positive"}
        What the known numbers must be.
    may_be_unknown : bool
        Whether NaN is allowed.

    Raises
    ------
    FeederError
        At the first entry that is not such a number.
    """
    try:
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise FeederError(f"{where(column, None)}: expected numbers") from None
    if numbers.ndim != 1:
        raise FeederError(
            f"{where(column, None)}: expected one number per row, shape ({len(subjects)},), "
            f"not shape {numbers.shape}"
        )
    check_length(column, len(numbers), len(subjects), where)
    is_wrong = np.isinf(numbers) if may_be_unknown else ~np.isfinite(numbers)
    if sign == "positive":
        is_wrong |= numbers <= 0.0
    elif sign == "not negative":
        is_wrong |= numbers < 0.0
    if is_wrong.any():
        index = int(np.argmax(is_wrong))
        expected = "a finite number" if sign == "any" else f"a finite number that is {sign}"
        raise FeederError(
            f"{where(column, index)}: expected {expected} for {subjects[index]}, "
            f"not {float(numbers[index])!r}"
        )
    return numbers
