"""The columns of a space that are not fixed: what other libraries search, for they divide by it."""

from dataclasses import dataclass

import numpy as np

from heuristics.jit import FloatArray
from heuristics.problem import Space


@dataclass(frozen=True, slots=True, eq=False)
class FreeColumns:
    """The free columns of a space, and the way back to whole points.

    Attributes
    ----------
    space : Space
    """

    space: Space

    @property
    def n(self) -> int:
        """Number of free columns."""
        return int(np.count_nonzero(self.space.upper > self.space.lower))

    @property
    def lower(self) -> FloatArray:
        """Lower bounds, (n,)."""
        return self.space.lower[self.space.upper > self.space.lower]

    @property
    def upper(self) -> FloatArray:
        """Upper bounds, (n,)."""
        return self.space.upper[self.space.upper > self.space.lower]

    def of(self, points: FloatArray) -> FloatArray:
        """Return the free columns of points (m, n_var)."""
        return points[:, self.space.upper > self.space.lower]

    def whole(self, columns: FloatArray) -> FloatArray:
        """Return the snapped points (m, n_var) whose free columns (m, n) are given."""
        points = np.tile(self.space.lower, (len(columns), 1))
        points[:, self.space.upper > self.space.lower] = columns
        return self.space.snap(points)
