"""What a run returns: the best point, how it was reached, and why the run ended."""

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heuristics.jit import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Best so far: one entry for each improvement by Deb's rules.

    Attributes
    ----------
    evaluation : (k,) int array
        Evaluations spent when the improvement was found, counted from 1; increasing.
    f : (k,) float array
        Objective of the best point so far (NaN or infinite if it could not be evaluated).
    violation : (k,) float array
        Its violation, 0 once feasible; never increasing.
    """

    evaluation: IntArray
    f: FloatArray
    violation: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """The best point of a run by Deb's rules.

    Attributes
    ----------
    x : (n_var,) float array
        The feasible point of least objective; without a feasible point, that of least violation.
    f : float
        Its objective, minimized.
    g : (n_con,) float array
        Its constraints, satisfied when <= 0.
    violation : float
        Its largest positive constraint, 0 if feasible, inf if no point could be evaluated.
    is_feasible : bool
    n_evaluations : int
        Evaluations spent, local models included.
    history : History
    seed : str
        What the generator was made from.
    engine : str
        The engine with its settings.
    message : str
        Why the run ended, and whether its answer is feasible.
    """

    x: FloatArray
    f: float
    g: FloatArray
    violation: float
    is_feasible: bool
    n_evaluations: int
    history: History
    seed: str
    engine: str
    message: str

    def digest(self) -> str:
        """Return a hash (sha256, hex) of every bit of the result: equal runs, equal digests."""
        arrays: tuple[npt.NDArray[np.generic], ...] = (
            self.x,
            np.array(self.f),
            self.g,
            np.array(self.violation),
            self.history.evaluation,
            self.history.f,
            self.history.violation,
        )
        text = (self.is_feasible, self.n_evaluations, self.seed, self.engine, self.message)
        content = hashlib.sha256(repr(text).encode())
        for array in arrays:
            content.update(repr((array.dtype.str, array.shape)).encode() + array.tobytes())
        return content.hexdigest()
