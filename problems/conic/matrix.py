"""Owns a cone program as sparse arrays: where its variables stand, its rows, its cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(slots=True, eq=False)
class Columns:
    """Hold where each variable stands: index arrays (hour, branch), (hour, device) or (device,)."""

    n_hour: int
    count: int = 0
    of: dict[str, IntArray] = field(default_factory=dict)

    def add(self, name: str, *shape: int) -> IntArray:
        """Give a variable of this shape its columns."""
        size = int(np.prod(shape))
        self.of[name] = np.arange(self.count, self.count + size).reshape(shape)
        self.count += size
        return self.of[name]


@dataclass(slots=True, eq=False)
class Rows:
    """Collect rows: entries of A in a fixed order, right-hand sides, where each block stands."""

    count: int = 0
    row: list[IntArray] = field(default_factory=list)
    column: list[IntArray] = field(default_factory=list)
    value: list[FloatArray] = field(default_factory=list)
    right: list[FloatArray] = field(default_factory=list)
    of: dict[str, IntArray] = field(default_factory=dict)

    def add(
        self, name: str, right: Any, shape: tuple[int, ...], *terms: tuple[IntArray, Any]
    ) -> None:
        """Add a block of rows: the sum of value times column of all terms against `right`.

        Columns of a term have the block's shape; an index of -1 leaves a term out.
        """
        size = int(np.prod(shape))
        row = np.arange(self.count, self.count + size).reshape(shape)
        self.of[name] = row
        self.count += size
        self.right.append(np.broadcast_to(right, shape).ravel())
        for column, value in terms:
            self._enter(row, np.broadcast_to(column, shape), np.broadcast_to(value, shape))

    def enter(self, name: str, pick: IntArray, column: IntArray, value: Any) -> None:
        """Add entries to the rows `of[name][:, pick]`, in whose shape `column` is or broadcasts."""
        row = self.of[name][:, pick]
        self._enter(row, np.broadcast_to(column, row.shape), np.broadcast_to(value, row.shape))

    def _enter(self, row: IntArray, column: IntArray, value: FloatArray) -> None:
        is_there = column >= 0
        self.row.append(row[is_there])
        self.column.append(column[is_there])
        self.value.append(value[is_there])


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Hold min cost x + offset with b - A x in the cones.

    Attributes
    ----------
    columns : Columns
        Where the variables stand.
    row, column : (n_entry,) int array
        Places of the entries of A.
    value : (n_entry,) float array
        The entries.
    right : (n_row,) float array
        b.
    cost : (n_column,) float array
        Cost of each variable.
    offset : float
        Cost that no variable changes.
    n_equal, n_inequal, n_cone : int
        Number of equalities, of inequalities and of cones of four rows.
    block : dict of str to int array
        Rows of each named block, in the shape of the block.
    """

    columns: Columns
    row: IntArray
    column: IntArray
    value: FloatArray
    right: FloatArray
    cost: FloatArray
    offset: float
    n_equal: int
    n_inequal: int
    n_cone: int
    block: dict[str, IntArray]
