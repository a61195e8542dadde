"""Owns how a cone program is tried: fast first, steadier where the solver is not content."""

from __future__ import annotations

from typing import Any

from problems.conic.outcome import Outcome
from problems.conic.solve import solve

UNREFINED = {
    "iterative_refinement_enable": False,
    "tol_gap_abs": 1e-7,
    "tol_gap_rel": 1e-7,
}
"""Linear systems solved once, not refined: a third faster, and mostly as accurate in the end."""

STEADIER = {"static_regularization_constant": 1e-7, "dynamic_regularization_eps": 1e-10}
"""More regularization of the linear systems: slower, and it survives near-zero impedances."""


def solve_steadily(problem: Any) -> Outcome:
    """Solve a cone program; again, with better linear algebra, if it falls short of its accuracy.

    Without refinement a solver that ends in reduced accuracy may be off by more than its gap says,
    so only an answer in the accuracy asked for is taken.
    """
    first = solve(problem, options=UNREFINED)
    if first.has_solution and problem.status == "optimal":
        return first
    second = solve(problem)
    if second.status in ("optimal", "infeasible"):
        return second
    third = solve(problem, options=STEADIER)
    return third if third.has_solution or not second.has_solution else second
