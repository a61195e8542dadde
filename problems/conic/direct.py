"""Owns the hot path of repeated dispatch: Clarabel without a modeling layer, set up once.

A case is filled into the places of the first one of its structure and the solver is told of new
numbers only, so that ordering and symbolic factorization are done once a network. The cvxpy model
of `problems.conic.dispatch` is its oracle.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Collection, Hashable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from problems.conic.assembly import CONE_ROWS, assemble
from problems.conic.case import DispatchCase
from problems.conic.devices import Costs
from problems.conic.matrix import Program
from problems.conic.network import Network, to_pu
from problems.conic.outcome import Outcome, judge
from problems.conic.solution import Solution, Values, make_solution

FloatArray = NDArray[np.float64]

NOT_INSTALLED = "solver CLARABEL is not installed: it comes with the extra feederlab[conic]"

ACCURACY = 1e-8
"""Accuracy of the solver unless another is asked for."""

MOST_SOLVERS = 8
"""Structures whose solvers are kept in a process."""

_FAILURES = {
    "PrimalInfeasible": "infeasible",
    "AlmostPrimalInfeasible": "infeasible",
    "MaxTime": "time_limit",
}


@dataclass(frozen=True, slots=True, eq=False)
class DirectResult:
    """Hold the answer of the hot path before it is turned into field units.

    Attributes
    ----------
    outcome : Outcome
        What the solver said.
    values : Values or None
        Per-unit values of all variables; None without a solution.
    duals : dict of str to float array
        By name of a block of rows (`problems.conic.assembly`), in its shape: by how much the cost
        falls when the row's right-hand side grows by one unit.
    slack : dict of str to float array
        Slack of the soft limits, per unit of their rows.
    """

    outcome: Outcome
    values: Values | None
    duals: dict[str, FloatArray]
    slack: dict[str, FloatArray]

    def solution(self, case: DispatchCase, network: Network) -> Solution | None:
        """Return the solution in field units, re-checked by AC power flow; None without one."""
        if self.values is None:
            return None
        return make_solution(case, network, self.outcome, self.values)


def dispatch_directly(
    case: DispatchCase,
    costs: Costs,
    *,
    network: Network | None = None,
    soft: Collection[str] = (),
    limit_s: float | None = None,
    accuracy: float = ACCURACY,
    is_fresh: bool = False,
) -> DirectResult:
    """Solve a dispatch by Clarabel in one thread, reusing what this process set up before.

    Parameters
    ----------
    case : DispatchCase
        What is dispatched.
    costs : Costs
        What is minimized.
    network : Network, optional
        The feeder with other impedances or ampacities; pass it in when many cases share it.
    soft : collection of str
        Limits with slack.
    limit_s : float, optional
        Seconds after which the solver stops.
    accuracy : float
        Gap, absolute in the largest cost and relative, at which it is done.
    is_fresh : bool
        Whether the solver is set up anew. One that was set up before keeps the scaling of its
        first case, so that the last digits depend on what was solved before.

    Returns
    -------
    DirectResult
        A failure is a status with a message.
    """
    begun = time.perf_counter()
    if find_spec("clarabel") is None:
        return DirectResult(Outcome("solver_failed", NOT_INSTALLED, "CLARABEL"), None, {}, {})
    network = network or Network.of(case.feeder)
    soft = tuple(sorted(soft))
    program = assemble(case, network, costs, soft)
    key = _structure(case, network, soft)
    solver = None if is_fresh else _SOLVERS.pop(key, None)
    if solver is None:
        solver = _Solver(program)
        while not is_fresh and len(_SOLVERS) >= MOST_SOLVERS:
            _SOLVERS.popitem(last=False)
    answer, solver_seconds = solver.solve(program, limit_s, accuracy)
    if not is_fresh:
        _SOLVERS[key] = solver
    found = _result(case, program, answer)
    seconds = time.perf_counter() - begun
    return replace(
        found, outcome=replace(found.outcome, seconds=seconds, solver_seconds=solver_seconds)
    )


def solve_directly(
    case: DispatchCase,
    costs: Costs,
    *,
    network: Network | None = None,
    limit_s: float | None = None,
    accuracy: float = ACCURACY,
) -> tuple[Outcome, Solution | None]:
    """Return the outcome of `dispatch_directly` and its solution in field units, re-checked."""
    network = network or Network.of(case.feeder)
    found = dispatch_directly(case, costs, network=network, limit_s=limit_s, accuracy=accuracy)
    return found.outcome, found.solution(case, network)


class _Solver:
    """Keep one Clarabel solver and the places its numbers go to; it does not pickle."""

    def __init__(self, program: Program) -> None:
        shape = (len(program.right), program.columns.count)
        entry = np.arange(1, len(program.value) + 1, dtype=np.float64)
        pattern = sp.csc_array((entry, (program.row, program.column)), shape=shape)
        pattern.sort_indices()
        if pattern.nnz != len(program.value):
            raise ValueError("an entry of the matrix stands twice")
        self._order = pattern.data.astype(np.int64) - 1
        self._matrix = pattern
        self._solver: Any = None

    def solve(self, program: Program, limit_s: float | None, accuracy: float) -> tuple[Any, float]:
        """Fill in the numbers of a program of the same structure and solve it."""
        import clarabel

        scale = float(np.abs(program.cost).max()) or 1.0
        self._matrix.data = program.value[self._order]
        cost = program.cost / scale
        settings = _settings(limit_s, accuracy)
        if self._solver is None:
            n = len(cost)
            cones = [
                clarabel.ZeroConeT(program.n_equal),
                clarabel.NonnegativeConeT(program.n_inequal),
                *(clarabel.SecondOrderConeT(CONE_ROWS) for _ in range(program.n_cone)),
            ]
            self._solver = clarabel.DefaultSolver(
                sp.csc_array((n, n)), cost, self._matrix, program.right, cones, settings
            )
        else:
            self._solver.update(q=cost, A=self._matrix, b=program.right, settings=settings)
        begun = time.perf_counter()
        answer = self._solver.solve()
        # Clarabel's own clock counts the first setup again with every solve
        return answer, time.perf_counter() - begun


_SOLVERS: OrderedDict[Hashable, _Solver] = OrderedDict()


def _settings(limit_s: float | None, accuracy: float) -> Any:
    import clarabel

    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.tol_gap_abs = settings.tol_gap_rel = accuracy
    # a presolve would drop rows, and rows that are dropped cannot be updated
    settings.presolve_enable = False
    settings.input_sparse_dropzeros = False
    if limit_s is not None:
        settings.time_limit = float(limit_s)
    return settings


def _structure(case: DispatchCase, network: Network, soft: tuple[str, ...]) -> Hashable:
    """Return all that decides where the numbers of a case stand."""
    limits = case.limits
    known = network.i_max_pu if limits.has_ampacity else np.full(network.n_branch, np.inf)
    return (
        network.parent.tobytes(),
        case.n_hour,
        tuple(tuple(device.bus for device in group) for group in (
            case.storage, case.reactive, case.pv, case.sized)),
        network.feeder.bus_id,
        tuple(unit.soc_initial is None for unit in case.storage),
        np.isfinite(known).tobytes(),
        limits.v_min_pu > 0.0,
        limits.has_lossless_ceiling,
        tuple(most is None for most in (
            limits.line_kw, limits.substation_kw, limits.substation_kvar)),
        case.shed_share > 0.0,
        soft,
    )  # fmt: skip


def _result(case: DispatchCase, program: Program, answer: Any) -> DirectResult:
    words = str(answer.status)
    scale = float(np.abs(program.cost).max()) or 1.0
    blank = Outcome(
        _FAILURES.get(words, "solver_failed"),  # type: ignore[arg-type]
        words,
        "CLARABEL",
        iterations=int(answer.iterations),
    )
    if words not in ("Solved", "AlmostSolved"):
        return DirectResult(blank, None, {}, {})
    value, bound = (
        float(scale * v + program.offset) for v in (answer.obj_val, answer.obj_val_dual)
    )
    found = judge(
        replace(blank, status="optimal", message="", value=value, bound=bound),
        words,
        is_reduced=words == "AlmostSolved",
    )
    x, z = np.array(answer.x), np.array(answer.z)
    of = {name: x[column] for name, column in program.columns.of.items()}
    return DirectResult(
        outcome=found,
        values=_values(case, of),
        duals={name: scale * z[rows] for name, rows in program.block.items()},
        slack={name[len("slack_") :]: of[name] for name in of if name.startswith("slack_")},
    )


def _values(case: DispatchCase, of: dict[str, FloatArray]) -> Values:
    """Return the variables with the source's voltage, and the net loads that follow from them."""
    served = 1.0 - of["shed"] if case.shed_share > 0.0 else 1.0
    p_load, q_load = to_pu(case.p_kw) * served, to_pu(case.q_kvar) * served
    drawn = np.zeros((case.n_hour, 0))
    if case.sized:
        drawn = np.array([load.shape for load in case.sized]).T * of["size"]
    kvar_per_kw = np.array([load.kvar_per_kw for load in case.sized])
    for load, devices, power in (
        (p_load, case.storage, of["charge"] - of["discharge"]),
        (p_load, case.pv, -of["pv_p"]),
        (p_load, case.sized, drawn),
        (q_load, case.storage, -of["storage_q"]),
        (q_load, case.reactive, -of["reactive_q"]),
        (q_load, case.sized, drawn * kvar_per_kw),
    ):
        for k, bus in enumerate(case.buses(devices)):
            load[:, bus] += power[:, k]
    names = ("charge", "discharge", "energy", "storage_q", "reactive_q", "pv_p", "size")
    return Values(
        p=of["p"],
        q=of["q"],
        l=of["l"],
        v=np.column_stack([case.source_pu**2, of["v"]]),
        p_load=p_load,
        q_load=q_load,
        **{name: of[name] for name in names},
    )
