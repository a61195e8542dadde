"""Owns what a solver said: a status of two levels, value, proven bound, gap, times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Status = Literal["optimal", "gap_limit", "time_limit", "infeasible", "solver_failed"]

ACCEPTED_GAP = 1e-4
"""Gap above which an answer is not called optimal, unless a greater one was asked for."""

REDUCED_GAP = 1e-7
"""Gap up to which a solver's complaint of reduced accuracy is not passed on."""

TINY = 1e-6
"""Difference of value and bound that no gap is made of, for objectives near 0."""


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


def judge(
    found: Outcome,
    words: str,
    hit_time_limit: bool = False,
    is_reduced: bool = False,
    gap: float | None = None,
) -> Outcome:
    """Return the outcome of a run with a solution, its status by what was proven.

    Parameters
    ----------
    found : Outcome
        With value and bound.
    words : str
        The solver's own status.
    hit_time_limit, is_reduced : bool
        Whether it stopped at its limit, or with less than its usual accuracy.
    gap : float, optional
        The gap that was asked for.
    """
    if hit_time_limit:
        return replace(found, status="time_limit", message=words)
    relative = found.gap or 0.0
    if found.bound is not None and relative > ACCEPTED_GAP:
        assert found.value is not None
        is_tiny = abs(found.bound - found.value) <= TINY
        if gap is not None and relative <= gap * 1.001:
            return replace(found, status="gap_limit", message=words)
        if not is_tiny:
            return replace(found, status="solver_failed", message=f"{words}: gap {relative:.1e}")
    if is_reduced and relative > REDUCED_GAP:
        return replace(found, message=f"{words}: reduced accuracy, gap {relative:.1e}")
    return found
