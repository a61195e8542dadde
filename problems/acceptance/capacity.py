"""Owns the acceptance capacity of each bus: one cone program a bus, in workers, none lost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import joblib
import numpy as np
from numpy.typing import NDArray

from problems.acceptance.binding import Binding, binding_limit
from problems.acceptance.study import AcceptanceStudy
from problems.conic.case import DispatchCase
from problems.conic.diagnose import conflict_words, find_conflicts
from problems.conic.direct import DirectResult, dispatch_directly
from problems.conic.network import Network
from problems.conic.outcome import Status
from problems.conic.solution import Solution

FloatArray = NDArray[np.float64]

ACCURACY = 1e-10
"""Of the solver; the losses weigh little, and the cones are as tight as they are priced."""

CAPACITY_TOL = 5e-6
"""Share of a capacity that may be given up for an exact answer."""

REPAIRED = "the ceiling is held by voltages without losses as well"


@dataclass(frozen=True, slots=True, eq=False)
class BusCapacity:
    """Hold the greatest station a bus accepts, and how well that is known.

    Attributes
    ----------
    bus : str
        Label.
    status : str
        As of `problems.conic.outcome.Outcome`.
    message : str
        What the solver or the re-check said, empty where all is well.
    capacity_kw : float or None
        Size of the station; None without an answer, or if the answer is not exact.
    bound_kw : float or None
        Size in the relaxed model, an upper bound whether it is exact or not.
    binding : Binding or None
        Limit that binds most.
    solution : Solution or None
        Schedules of all devices, cone gap, simultaneity, AC re-check.
    """

    bus: str
    status: Status
    message: str
    capacity_kw: float | None = None
    bound_kw: float | None = None
    binding: Binding | None = None
    solution: Solution | None = None


def accept(
    study: AcceptanceStudy, buses: Sequence[str], n_jobs: int = 1, limit_s: float | None = None
) -> list[BusCapacity]:
    """Return the capacity of each bus, alone."""
    return list(accept_all([(study, bus) for bus in buses], n_jobs, limit_s))


def accept_all(
    tasks: Sequence[tuple[AcceptanceStudy, str]], n_jobs: int = 1, limit_s: float | None = None
) -> Iterator[BusCapacity]:
    """Yield the capacity of each study's bus in the order of the tasks, as they are found.

    Parameters
    ----------
    tasks : sequence of (AcceptanceStudy, str)
        Studies and buses.
    n_jobs : int
        Worker processes, one solver thread each; no bit of an answer depends on it.
    limit_s : float, optional
        Seconds that one bus may take.

    Raises
    ------
    ContentError
        If a bus is unknown or the source.
    """
    for study, bus in tasks:
        study.case(bus)
    calls = (joblib.delayed(accept_bus)(study, bus, limit_s) for study, bus in tasks)
    with joblib.parallel_config(backend="loky", n_jobs=n_jobs, inner_max_num_threads=1):
        yield from joblib.Parallel(return_as="generator")(calls)


def accept_bus(study: AcceptanceStudy, bus: str, limit_s: float | None = None) -> BusCapacity:
    """Return the greatest station that the network accepts at a bus, equations (1) to (16).

    An answer whose cones are not tight is sought again with cones scaled to its own flows, and then
    with losses alone at the capacity found; one that is not exact then, with the ceiling held by
    voltages without losses too. Where the limits cannot even be kept without a station, the message
    says which conflict.
    """
    case = study.case(bus)
    best = _solve(study, case, Network.of(study.feeder), limit_s)
    if best.solution is None:
        return _without_answer(bus, best, limit_s)
    note, bound_kw = "", float(best.solution.size_kw[0])
    if not (best.is_exact and best.is_tight):
        network = best.network.scaled_to(best.solution.p_kw, best.solution.q_kvar)
        best = _closer(best, _solve(study, case, network, limit_s))
        if not (best.is_exact and best.is_tight) and study.weights is None:
            best = _closer(best, _losses_second(study, best, limit_s))
        if not best.is_exact:
            limits = replace(case.limits, has_lossless_ceiling=True)
            safe = _solve(study, replace(case, limits=limits), network, limit_s)
            best, note = (safe, REPAIRED) if safe.is_exact else (best, "")
    reward = 1.0 if study.weights is None else study.weights[1]
    duals = {name: dual / reward for name, dual in best.duals.items()}
    binding = binding_limit(best.case, best.network, duals)
    return _capacity(bus, best, bound_kw, binding, note)


@dataclass(frozen=True, slots=True, eq=False)
class _Attempt:
    """Hold one solve: what was asked, what was found, the duals of the capacity."""

    case: DispatchCase
    network: Network
    found: DirectResult
    solution: Solution | None
    duals: Mapping[str, FloatArray]

    @property
    def is_exact(self) -> bool:
        return self.solution is not None and self.solution.is_exact

    @property
    def is_tight(self) -> bool:
        return self.solution is not None and self.solution.has_tight_cones


def _solve(
    study: AcceptanceStudy, case: DispatchCase, network: Network, limit_s: float | None
) -> _Attempt:
    costs = study.costs((1.0,))
    found = dispatch_directly(
        case, costs, network=network, limit_s=limit_s, accuracy=ACCURACY, is_fresh=True
    )
    return _Attempt(case, network, found, found.solution(case, network), found.duals)


def _losses_second(study: AcceptanceStudy, best: _Attempt, limit_s: float | None) -> _Attempt:
    """Return the dispatch of least losses with the capacity held, but for a rounding of it.

    Small losses of a large feeder may drown beside the capacity; alone they close the cones.
    """
    assert best.solution is not None
    least_kw = (1.0 - CAPACITY_TOL) * max(0.0, float(best.solution.size_kw[0]))
    case = replace(best.case, sized=(replace(best.case.sized[0], min_kw=least_kw),))
    costs = study.costs((0.0,))
    found = dispatch_directly(case, costs, network=best.network, limit_s=limit_s, is_fresh=True)
    return _Attempt(case, best.network, found, found.solution(case, best.network), best.duals)


def _closer(first: _Attempt, second: _Attempt) -> _Attempt:
    """Return the attempt that is exact, or else nearer to it."""

    def rank(attempt: _Attempt) -> tuple[bool, float]:
        solution = attempt.solution
        if solution is None or not solution.ac.converged:
            return True, math.inf
        if solution.is_exact:
            return False, solution.cone_gap
        return True, solution.ac.loss_error_kw or 0.0

    return min((first, second), key=rank)


def _without_answer(bus: str, attempt: _Attempt, limit_s: float | None) -> BusCapacity:
    outcome = attempt.found.outcome
    message = outcome.message
    if outcome.status == "infeasible":
        message = conflict_words(find_conflicts(attempt.case, attempt.network, limit_s))
    return BusCapacity(bus, outcome.status, message)


def _capacity(
    bus: str, best: _Attempt, bound_kw: float, binding: Binding | None, note: str
) -> BusCapacity:
    solution, outcome = best.solution, best.found.outcome
    assert solution is not None
    size_kw = max(0.0, float(solution.size_kw[0]))
    return BusCapacity(
        bus=bus,
        status=outcome.status,
        message=(outcome.message or note) if solution.is_exact else solution.inexactness(),
        capacity_kw=size_kw if solution.is_exact else None,
        bound_kw=max(bound_kw, size_kw),
        binding=binding,
        solution=solution,
    )
