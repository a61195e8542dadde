"""Owns what a solver said: a status of two levels, value, proven bound, gap, times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["optimal", "gap_limit", "time_limit", "infeasible", "solver_failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hold the answer of a solver; a failure is a value, never an exception.

    Parameters
    ----------
    status : {"optimal", "gap_limit", "time_limit", "infeasible", "solver_failed"}
        First level.
    message : str
        Second level: the solver's own word and what it means here; empty where all is well.
    solver : str
        Name of the solver.
    value : float or None
        Objective of the solution; None without one.
    bound : float or None
        Proven bound on the objective: the dual objective of a cone program, the best bound of an
        integer program.
    seconds, solver_seconds : float
        From the call to the answer, and inside the solver.
    iterations : int
        As the solver counts them.
    """

    status: Status
    message: str
    solver: str
    value: float | None = None
    bound: float | None = None
    seconds: float = 0.0
    solver_seconds: float = 0.0
    iterations: int = 0

    @property
    def has_solution(self) -> bool:
        """Whether there is a solution, proven best or not."""
        return self.value is not None

    @property
    def gap(self) -> float | None:
        """|bound - value| / |value|; None where either is missing or the value is 0."""
        if self.value is None or self.bound is None or self.value == 0.0:
            return None
        return abs(self.bound - self.value) / abs(self.value)
