"""Owns the row of speed.csv: one waiting time or rate, its median, its target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Item:
    """Hold one figure.

    Parameters
    ----------
    figure : str
        What was measured.
    value : float or None
        Median of the runs; None where it failed and `note` says why.
    unit : str
    at_most : float or None
        The target; None for a figure that has none.
    is_met : bool or None
    runs : int
    note : str
    """

    figure: str
    value: float | None
    unit: str
    at_most: float | None
    is_met: bool | None
    runs: int
    note: str


def measured(
    figure: str,
    unit: str,
    take: Callable[[], float],
    runs: int,
    at_most: float | None = None,
    note: str = "",
) -> Item:
    """Return the median of several runs; whatever one of them raises is kept as the note."""
    values: Sequence[float]
    try:
        values = [take() for _ in range(runs)]
    except Exception as error:  # a failure is a row, not the end of the benchmark
        said = f"failed: {type(error).__name__}: {error}".splitlines()[0][:200]
        return Item(figure, None, unit, at_most, None if at_most is None else False, runs, said)
    value = median(values)
    return Item(
        figure, value, unit, at_most, None if at_most is None else value < at_most, runs, note
    )
