"""What is searched: the space of points, the evaluation of a batch, and the problem protocol."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
import numpy.typing as npt

from heuristics.constraints import violation_of
from heuristics.jit import BoolArray, FloatArray, kernel
from heuristics.sampling import uniform_points

DType = TypeVar("DType", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """A box of real and whole numbers, with an optional repair.

    Attributes
    ----------
    lower, upper : (n_var,) float array
        Bounds, finite, both possible; whole numbers in integer columns. Equal bounds fix a
        variable.
    is_integer : (n_var,) bool array
        Columns that take whole numbers only.
    repair : callable, optional
        Maps snapped points (n, n_var) to points of the same shape that obey what a box cannot say
        (all buses different, say), row by row. It keeps to bounds and whole numbers and leaves its
        own output unchanged; `heuristics.testing.check_problem` checks both.

    Examples
    --------
    >>> import numpy as np
    >>> space = Space([0.0, 1.0], [1.0, 9.0], [False, True])
    >>> space.snap(np.array([[1.7, 3.6]])).tolist()
    [[1.0, 4.0]]
    """

    lower: FloatArray
    upper: FloatArray
    is_integer: BoolArray
    repair: Callable[[FloatArray], FloatArray] | None = None

    def __post_init__(self) -> None:
        lower = _read_only(np.array(self.lower, dtype=np.float64))
        upper = _read_only(np.array(self.upper, dtype=np.float64))
        is_integer = _read_only(np.array(self.is_integer, dtype=np.bool_))
        if lower.ndim != 1 or lower.size == 0:
            raise ValueError(f"lower: expected shape (n_var,), n_var >= 1, got {lower.shape}")
        for name, column in (("upper", upper), ("is_integer", is_integer)):
            if column.shape != lower.shape:
                raise ValueError(f"{name}: expected shape {lower.shape}, got {column.shape}")
        for j in range(lower.size):
            low, high = float(lower[j]), float(upper[j])
            if not (np.isfinite(low) and np.isfinite(high) and low <= high):
                raise ValueError(
                    f"variable {j}: expected finite bounds with lower <= upper, got {low}, {high}"
                )
            if is_integer[j] and not (low.is_integer() and high.is_integer()):
                raise ValueError(
                    f"variable {j}: expected whole-number bounds in an integer column, "
                    f"got {low}, {high}"
                )
        object.__setattr__(self, "lower", lower)
        object.__setattr__(self, "upper", upper)
        object.__setattr__(self, "is_integer", is_integer)

    @property
    def n_var(self) -> int:
        """Number of variables."""
        return int(self.lower.size)

    def snap(self, x: npt.ArrayLike) -> FloatArray:
        """Return the points of the space that stand for x: clip, round, repair. Idempotent.

        Parameters
        ----------
        x : (n, n_var) float array

        Returns
        -------
        (n, n_var) float array
            A new array.

        Raises
        ------
        ValueError
            Wrong shape, or NaN (infinite values are clipped).
        """
        points = np.ascontiguousarray(x, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != self.lower.size:
            raise ValueError(f"x: expected shape (n, {self.n_var}), got {points.shape}")
        snapped, nan_row = snapped_points(points, self.lower, self.upper, self.is_integer)
        if nan_row >= 0:
            raise ValueError(f"x: expected numbers, got NaN in row {nan_row}")
        return self._repaired(snapped)

    def sample(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Return n points drawn uniformly, then repaired.

        Parameters
        ----------
        n : int
            Number of points.
        rng : numpy.random.Generator
            Advanced by n times n_var draws.

        Returns
        -------
        (n, n_var) float array
        """
        draws = rng.random((n, self.lower.size))
        return self._repaired(uniform_points(draws, self.lower, self.upper, self.is_integer))

    def _repaired(self, x: FloatArray) -> FloatArray:
        if self.repair is None:
            return x
        repaired = np.ascontiguousarray(self.repair(x), dtype=np.float64)
        if repaired.shape != x.shape:
            raise ValueError(f"repair: expected shape {x.shape} back, got {repaired.shape}")
        return repaired


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What a batch of points is worth.

    Attributes
    ----------
    f : (n, n_obj) float array
        Objectives, minimized.
    g : (n, n_con) float array
        Constraints, satisfied when <= 0, each column scaled by the problem to its own limit so
        that columns compare. `n_con` may be 0.
    violation : (n,) float array
        Largest positive constraint of the row, 0 if there is none (the row is feasible), inf if
        any figure of the row is NaN or infinite.

    Raises
    ------
    ValueError
        f or g has not two axes, or their lengths differ.
    """

    f: FloatArray
    g: FloatArray
    violation: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        f = _read_only(np.array(self.f, dtype=np.float64, order="C"))
        g = _read_only(np.array(self.g, dtype=np.float64, order="C"))
        if f.ndim != 2 or g.ndim != 2 or f.shape[0] != g.shape[0] or f.shape[1] == 0:
            raise ValueError(
                "evaluation: expected f (n, n_obj), n_obj >= 1, and g (n, n_con), "
                f"got {f.shape} and {g.shape}"
            )
        object.__setattr__(self, "f", f)
        object.__setattr__(self, "g", g)
        object.__setattr__(self, "violation", _read_only(violation_of(f, g)))


class Problem(Protocol):
    """Anything that evaluates batches of points of a space.

    The same point gives the same figures, whatever else is in the batch and whenever it is asked.
    What cannot be evaluated gives NaN, not an exception. `heuristics.testing.check_problem` checks
    this.
    """

    @property
    def space(self) -> Space:
        """The points that may be asked."""
        ...

    @property
    def n_obj(self) -> int:
        """Number of objectives."""
        ...

    @property
    def n_con(self) -> int:
        """Number of constraints."""
        ...

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Return objectives and constraints of a batch of snapped points (n, n_var)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """What a problem's own solver returns.

    Attributes
    ----------
    x : (n_var,) float array or None
        The point, snapped; None if it found none.
    n_evaluations : int
        Evaluations it took.
    message : str
        How it ended.
    """

    x: FloatArray | None
    n_evaluations: int
    message: str


class LocalModel(Protocol):
    """What a problem says of the surroundings of one point; asking it costs no evaluations.

    It is a picklable value and gives the same answers whenever it is asked. Every point it returns
    is a snapped point of the space. `heuristics.testing.check_problem` checks this.
    """

    def predict(self, x: FloatArray) -> Evaluation:
        """Return what points (n, n_var) are likely worth: exact at the model's own point."""
        ...

    def neighbors(self, x: FloatArray, n: int) -> FloatArray:
        """Return points that are one change of structure away from x (n_var,), at most n.

        They are those that promise most by the model, best first: (0 to n, n_var). What a change
        of structure is, the problem knows: one whole number set to another of its values, one
        thing left out or put in. x need not be the model's own point.
        """
        ...

    def refine(self, x: FloatArray) -> FloatArray:
        """Return the points (n, n_var) with real variables where the model is best, by row."""
        ...


@runtime_checkable
class LocalModelProblem(Problem, Protocol):
    """A problem that can also describe its surroundings at a point, at the price of one point."""

    def local_model(self, x: FloatArray) -> LocalModel | None:
        """Return the model at the point x (n_var,); None where the point cannot be evaluated."""
        ...


@kernel
def snapped_points(
    x: FloatArray, lower: FloatArray, upper: FloatArray, is_integer: BoolArray
) -> tuple[FloatArray, int]:
    """Clip to the bounds and round integer columns; also return the first row with NaN, or -1."""
    n, n_var = x.shape
    snapped = np.empty((n, n_var))
    nan_row = -1
    for i in range(n):
        for j in range(n_var):
            value = x[i, j]
            if np.isnan(value) and nan_row < 0:
                nan_row = i
            value = min(max(value, lower[j]), upper[j])
            if is_integer[j]:
                value = np.rint(value) + 0.0  # -0.0 and 0.0 are one point with one set of bits
            snapped[i, j] = value
    return snapped, nan_row


def _read_only(array: npt.NDArray[DType]) -> npt.NDArray[DType]:
    array.flags.writeable = False
    return array
