"""Owns the call of a solver through cvxpy: one thread, a limit, a status for every failure."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, replace
from typing import Any

import cvxpy as cp
import numpy as np

from problems.conic.outcome import Outcome, Status, judge
from problems.core.errors import SettingError


def solve(
    problem: Any,
    *,
    solver: str | None = None,
    limit_s: float | None = None,
    gap: float | None = None,
    options: dict[str, Any] | None = None,
) -> Outcome:
    """Solve a cvxpy problem in one thread; its variables hold the solution afterwards.

    Parameters
    ----------
    problem : cvxpy.Problem
        What is solved.
    solver : str, optional
        Any solver cvxpy knows, by name. By default Clarabel for cone programs, HiGHS for integer
        programs with linear rows, SCIP for integer programs with cones.
    limit_s : float, optional
        Seconds after which the solver stops with what it has.
    gap : float, optional
        Relative gap at which an integer program is good enough.
    options : dict, optional
        More options, passed on to the solver.

    Returns
    -------
    Outcome
        Every failure, a solver that is not installed included, is a status with a message.

    Raises
    ------
    SettingError
        If the limit or the gap is negative.
    """
    for name, value in (("limit_s", limit_s), ("gap", gap)):
        if value is not None and not value >= 0.0:
            raise SettingError(f"{name} must be 0 or more, not {value}")
    name = (solver or _default_solver(problem)).upper()
    begun = time.perf_counter()
    if name not in cp.installed_solvers():
        return Outcome("solver_failed", f"solver {name} is not installed", name)
    settings = {**_settings(name, limit_s, gap), **(options or {})}
    raw: Any = None
    with warnings.catch_warnings():
        # reduced accuracy and limits show in the outcome
        warnings.simplefilter("ignore", UserWarning)
        try:
            data, chain, inverse = problem.get_problem_data(name, solver_opts=dict(settings))
            raw = chain.solve_via_data(problem, data, False, False, dict(settings))
            answer = _read(name, raw)
            if answer.replaces is not None:
                raw = answer.replaces
            problem.unpack_results(raw, chain, inverse)
        except cp.error.DCPError:
            raise
        except (cp.error.SolverError, ArithmeticError, ValueError, RuntimeError) as error:
            words = _read(name, raw).words if raw is not None else str(error)
            return Outcome("solver_failed", words, name, seconds=time.perf_counter() - begun)
    return _outcome(problem, name, answer, gap, time.perf_counter() - begun)


@dataclass(frozen=True, slots=True)
class _Answer:
    """Hold what is read from a solver's own result, in its own sense of minimizing."""

    words: str
    primal: float | None = None
    dual: float | None = None
    hit_time_limit: bool = False
    replaces: Any = None


def _read(name: str, raw: Any) -> _Answer:
    """Read objective, bound and status from the result of the three solvers we know."""
    if name == "CLARABEL":
        words = str(raw.status)
        return _Answer(words, raw.obj_val, raw.obj_val_dual, words == "MaxTime")
    if name == "HIGHS":
        info, words = raw["info"], str(raw["model_status"])
        is_mip = np.isfinite(info.mip_dual_bound) and info.mip_node_count >= 0
        dual = info.mip_dual_bound if is_mip else info.objective_function_value
        hit = words == "kTimeLimit"
        # cvxpy drops the incumbent of a run that was stopped; 2 means that there is one
        kept = (
            {**raw, "model_status": "kOptimal"}
            if hit and info.primal_solution_status == 2
            else None
        )
        return _Answer(words, info.objective_function_value, dual, hit, kept)
    if name == "SCIP":
        model = raw["model"]
        words = str(model.getStatus())
        primal = model.getObjVal() if model.getNSols() else None
        return _Answer(words, primal, model.getDualbound(), words == "timelimit")
    return _Answer("")


def _outcome(
    problem: Any, name: str, answer: _Answer, gap: float | None, seconds: float
) -> Outcome:
    stats = problem.solver_stats
    blank = Outcome(
        "solver_failed",
        "",
        name,
        seconds=seconds,
        solver_seconds=float(stats.solve_time or 0.0) if stats else 0.0,
        iterations=int(stats.num_iters or 0) if stats else 0,
    )
    status = str(problem.status)
    if status in (cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE):
        return replace(blank, status="infeasible", message=answer.words)
    if status not in (cp.OPTIMAL, cp.OPTIMAL_INACCURATE):
        first: Status = "time_limit" if answer.hit_time_limit else "solver_failed"
        return replace(blank, status=first, message=f"{answer.words or status}, no solution")
    value = float(problem.value)
    bound = None
    if answer.primal is not None and answer.dual is not None:
        sense = -1.0 if isinstance(problem.objective, cp.Maximize) else 1.0
        bound = value + sense * (answer.dual - answer.primal)
        bound = bound if np.isfinite(bound) else None
    found = replace(blank, status="optimal", value=value, bound=bound)
    is_reduced = status == cp.OPTIMAL_INACCURATE
    return judge(found, answer.words, answer.hit_time_limit, is_reduced, gap)


def _default_solver(problem: Any) -> str:
    if not problem.is_mixed_integer():
        return "CLARABEL"
    has_cone = any(isinstance(row, cp.SOC) for row in problem.constraints)
    return "SCIP" if has_cone else "HIGHS"


def _settings(name: str, limit_s: float | None, gap: float | None) -> dict[str, Any]:
    """Return one thread, the limit and the gap in the solver's own words."""
    settings: dict[str, Any] = {}
    if name == "CLARABEL":
        settings = {"max_threads": 1}
        if limit_s is not None:
            settings["time_limit"] = float(limit_s)
    elif name == "HIGHS":
        settings = {"threads": 1}
        if limit_s is not None:
            settings["time_limit"] = float(limit_s)
        if gap is not None:
            settings["mip_rel_gap"] = float(gap)
    elif name == "SCIP":
        params: dict[str, Any] = {}
        if limit_s is not None:
            params["limits/time"] = float(limit_s)
        if gap is not None:
            params["limits/gap"] = float(gap)
        settings = {"scip_params": params}
    return settings
