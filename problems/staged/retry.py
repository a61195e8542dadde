"""Owns how a cone program that the solver gives up is tried once more."""

from __future__ import annotations

from typing import Any

from problems.conic.outcome import Outcome
from problems.conic.solve import solve

STEADIER = {"static_regularization_constant": 1e-7, "dynamic_regularization_eps": 1e-10}
"""More regularization of the linear systems: slower, and it survives near-zero impedances."""


def solve_twice(problem: Any) -> Outcome:
    """Solve a cone program; once more, with steadier linear algebra, if the solver gives up."""
    outcome = solve(problem)
    if outcome.status in ("optimal", "infeasible"):
        return outcome
    again = solve(problem, options=STEADIER)
    return again if again.has_solution or not outcome.has_solution else outcome
