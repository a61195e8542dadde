"""Owns the acceptance capacity of each bus: one cone program a bus, in workers, none lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import joblib

from problems.acceptance.binding import Binding, binding_limit
from problems.acceptance.study import AcceptanceStudy
from problems.conic.case import DispatchCase
from problems.conic.diagnose import conflict_words, find_conflicts
from problems.conic.direct import DirectResult, dispatch_directly
from problems.conic.network import Network
from problems.conic.outcome import Status
from problems.conic.solution import Solution

ACCURACY = 1e-10
"""Of the solver; the losses weigh little, and the cones are as tight as they are priced."""

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
        Studies and buses; tasks of one bus in a row share a solver.
    n_jobs : int
        Worker processes, one solver thread each; answers do not depend on it.
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

    An answer whose cones are not tight is sought again with cones scaled to its own flows; one that
    is not exact then, with the ceiling held by voltages without losses too. Where the limits cannot
    even be kept without a station, the message says which conflict.
    """
    case, network = study.case(bus), Network.of(study.feeder)
    found = _solve(study, case, network, limit_s)
    solution = found.solution(case, network)
    if solution is not None and not (solution.is_exact and solution.has_tight_cones):
        network = network.scaled_to(solution.p_kw, solution.q_kvar)
        again = _solve(study, case, network, limit_s)
        better = again.solution(case, network)
        if better is not None and better.cone_gap < solution.cone_gap:
            found, solution = again, better
    note = ""
    if solution is not None and not solution.is_exact:
        repaired = replace(case, limits=replace(case.limits, has_lossless_ceiling=True))
        again = _solve(study, repaired, network, limit_s)
        safe = again.solution(repaired, network)
        if safe is not None and safe.is_exact:
            found, solution, case, note = again, safe, repaired, REPAIRED
    if solution is None:
        return _without_answer(bus, case, network, found, limit_s)
    reward = 1.0 if study.weights is None else study.weights[1]
    duals = {name: dual / reward for name, dual in found.duals.items()}
    return _capacity(bus, found, solution, binding_limit(case, network, duals), note)


def _without_answer(
    bus: str, case: DispatchCase, network: Network, found: DirectResult, limit_s: float | None
) -> BusCapacity:
    message = found.outcome.message
    if found.outcome.status == "infeasible":
        message = conflict_words(find_conflicts(case, network, limit_s))
    return BusCapacity(bus, found.outcome.status, message)


def _solve(
    study: AcceptanceStudy, case: DispatchCase, network: Network, limit_s: float | None
) -> DirectResult:
    costs = study.costs((1.0,))
    return dispatch_directly(case, costs, network=network, limit_s=limit_s, accuracy=ACCURACY)


def _capacity(
    bus: str, found: DirectResult, solution: Solution, binding: Binding | None, note: str
) -> BusCapacity:
    size_kw = max(0.0, float(solution.size_kw[0]))
    message = found.outcome.message or note if solution.is_exact else solution.inexactness()
    return BusCapacity(
        bus=bus,
        status=found.outcome.status,
        message=message,
        capacity_kw=size_kw if solution.is_exact else None,
        bound_kw=size_kw,
        binding=binding,
        solution=solution,
    )
