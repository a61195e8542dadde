"""Owns the cheapest choice that meets a set of linear rows: one call of HiGHS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems.coplan.choices import Choices
from problems.core.errors import ContentError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Hold what the solver said.

    Attributes
    ----------
    status : {"optimal", "infeasible", "time_limit", "solver_failed"}
    chosen : (n_candidate,) int array or None
        Index of the choice of each line.
    bound_usd : float
        No choice that meets the rows costs less.
    """

    status: str
    chosen: IntArray | None
    bound_usd: float


def cheapest_choice(
    choices: Choices, rows: FloatArray, room: FloatArray, limit_s: float, gap: float = 1e-7
) -> Choice:
    """Minimize the cost (19) over one choice a line, `rows @ z <= room`.

    Parameters
    ----------
    rows, room : (n_row, n_choice) and (n_row,) float array
    limit_s : float
        Seconds that may be spent.
    gap : float
        Relative gap at which the solver may stop.
    """
    candidates = choices.candidates
    if len(candidates) == 0:
        is_met = bool((room >= -1e-9).all())
        empty = np.zeros(0, dtype=np.int64)
        return Choice("optimal", empty, 0.0) if is_met else Choice("infeasible", None, np.inf)
    highspy = _highspy()
    lp, cost_scale = _program(highspy, choices, rows, room)
    lp.integrality_ = [highspy.HighsVarType.kInteger] * len(choices.branch)
    found = _run(highspy, lp, limit_s, gap, presolve="choose")
    if found[0] == "infeasible":  # presolve has been wrong about this
        found = _run(highspy, lp, limit_s, gap, presolve="off")
    status, value, bound = found
    if value is None:
        return Choice(status, None, np.inf if status == "infeasible" else bound * cost_scale)
    chosen = np.array([choices.of(k)[np.argmax(value[choices.of(k)])] for k in candidates])
    return Choice(status, chosen, bound * cost_scale)


def cost_with_each(choices: Choices, rows: FloatArray, room: FloatArray) -> FloatArray:
    """Return, for each choice, a lower bound of the cost of any selection with it, (n_choice,).

    The bound is that of the linear relaxation; infinite where no selection has the choice.
    """
    highspy = _highspy()
    lp, cost_scale = _program(highspy, choices, rows, room)
    solver = _solver(highspy, lp)
    bound = np.zeros(len(choices.branch))
    for k in range(len(bound)):
        solver.changeColBounds(k, 1.0, 1.0)
        solver.run()
        state = solver.getModelStatus()
        if state == highspy.HighsModelStatus.kOptimal:
            bound[k] = solver.getInfo().objective_function_value * cost_scale
        elif state == highspy.HighsModelStatus.kInfeasible:
            bound[k] = np.inf
        solver.changeColBounds(k, 0.0, 1.0)
    return bound


def _program(
    highspy: Any, choices: Choices, rows: FloatArray, room: FloatArray
) -> tuple[Any, float]:
    """Return the linear program, rows scaled to 1 and costs by the factor returned with it."""
    candidates, n_choice = choices.candidates, len(choices.branch)
    one_each = (choices.branch[None] == candidates[:, None]).astype(np.float64)
    scale = np.maximum(np.abs(rows).max(axis=1, initial=0.0), 1e-12)
    matrix = np.vstack([rows / scale[:, None], one_each])
    cost_scale = float(choices.cost_usd.max(initial=1.0))
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = n_choice, len(matrix)
    lp.col_cost_ = choices.cost_usd / cost_scale
    lp.col_lower_, lp.col_upper_ = np.zeros(n_choice), np.ones(n_choice)
    ones = np.ones(len(candidates))
    lp.row_lower_ = np.concatenate([np.full(len(rows), -highspy.kHighsInf), ones])
    lp.row_upper_ = np.concatenate([room / scale, ones])
    used = np.abs(matrix) > 1e-13
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(used.sum(axis=1))]).astype(np.int32)
    lp.a_matrix_.index_ = np.nonzero(used)[1].astype(np.int32)
    lp.a_matrix_.value_ = matrix[used]
    return lp, cost_scale


def _solver(highspy: Any, lp: Any) -> Any:
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("random_seed", 0)
    solver.setOptionValue("primal_feasibility_tolerance", 1e-9)
    solver.passModel(lp)
    return solver


def _run(
    highspy: Any, lp: Any, limit_s: float, gap: float, presolve: str
) -> tuple[str, FloatArray | None, float]:
    solver = _solver(highspy, lp)
    solver.setOptionValue("presolve", presolve)
    solver.setOptionValue("mip_rel_gap", gap)
    solver.setOptionValue("mip_feasibility_tolerance", 1e-9)
    solver.setOptionValue("time_limit", max(limit_s, 0.1))
    solver.run()
    state, info = solver.getModelStatus(), solver.getInfo()
    words = {
        highspy.HighsModelStatus.kOptimal: "optimal",
        highspy.HighsModelStatus.kInfeasible: "infeasible",
        highspy.HighsModelStatus.kTimeLimit: "time_limit",
    }
    status = words.get(state, "solver_failed")
    has_point = info.primal_solution_status == 2
    value = np.array(solver.getSolution().col_value) if has_point else None
    bound = max(float(info.mip_dual_bound), 0.0) if np.isfinite(info.mip_dual_bound) else 0.0
    return status, value, bound


def _highspy() -> Any:
    try:
        import highspy
    except ImportError:
        raise ContentError(
            "choosing cables needs the solver HiGHS: pip install 'feederlab[conic]'"
        ) from None
    return highspy
