"""Owns joint acceptance: the Pareto front of stations at several buses, and the greatest sum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from powerflow.units import S_BASE_KVA
from problems.acceptance.capacity import ACCURACY
from problems.acceptance.study import AcceptanceStudy
from problems.conic.network import Network
from problems.conic.outcome import Status
from problems.conic.solution import Solution
from problems.core.errors import SettingError

FloatArray = NDArray[np.float64]

DEFAULT_STEPS = 10

MOST_DIRECTIONS = 100
"""Directions beyond which the steps are made larger."""

SUM_SHARE = 1e-3
"""Worth of the sum beside the least size, which lifts buses that the least one does not hold."""

DOMINATION_KW = 1e-3
"""By how much a point must be better to dominate."""


@dataclass(frozen=True, slots=True, eq=False)
class JointCapacity:
    """Hold stations that the network accepts at once.

    Attributes
    ----------
    direction : (n_bus,) tuple of float
        Share of each bus that was asked for; empty for the greatest sum.
    status, message : str
        As of `problems.conic.outcome.Outcome`, and why the answer is not exact.
    capacity_kw : tuple of float or None
        Size at each bus; None without an answer, or if it is not exact.
    solution : Solution or None
        Schedules and re-check.
    """

    direction: tuple[float, ...]
    status: Status
    message: str
    capacity_kw: tuple[float, ...] | None
    solution: Solution | None

    @property
    def total_kw(self) -> float | None:
        """Sum over the buses."""
        return None if self.capacity_kw is None else sum(self.capacity_kw)


@dataclass(frozen=True, slots=True, eq=False)
class JointFront:
    """Hold the front over some buses, the greatest sum, and the sum in proportion to load.

    Attributes
    ----------
    buses : tuple of str
        Labels.
    points : tuple of JointCapacity
        Points of the front, none dominated, by falling size at the first bus.
    failed : tuple of JointCapacity
        Points without an exact answer.
    greatest : JointCapacity
        With the greatest sum.
    proportional : JointCapacity or None
        Along the buses' own loads; None where they have none.
    """

    buses: tuple[str, ...]
    points: tuple[JointCapacity, ...]
    failed: tuple[JointCapacity, ...]
    greatest: JointCapacity
    proportional: JointCapacity | None


def joint_front(
    study: AcceptanceStudy, buses: Sequence[str], n_steps: int = DEFAULT_STEPS
) -> JointFront:
    """Return the Pareto front of the stations at some buses, by directions.

    The sizes the network accepts form a convex set (up to the cones' exactness), so that the
    farthest point in each direction, lifted where it can be, is on the front; a weighted sum would
    miss the inside of every flat face.

    Parameters
    ----------
    study : AcceptanceStudy
        Capacity first, losses second.
    buses : sequence of str
        At least two.
    n_steps : int
        Directions divide every share into so many steps; with many buses fewer are taken.

    Raises
    ------
    SettingError
        If there are fewer than two buses or one is named twice.
    ContentError
        If a bus is unknown.
    """
    if len(buses) < 2 or len(set(buses)) < len(buses):
        raise SettingError(f"together needs at least two different buses, not {','.join(buses)}")
    model = _Model(study, tuple(buses))
    found = [model.along(direction) for direction in directions(len(buses), n_steps)]
    greatest = model.greatest()
    bus = [study.feeder.bus_index(label) for label in buses]
    load = np.maximum(study.feeder.p_kw[bus], 0.0)
    proportional = model.along(tuple(load / load.sum())) if load.sum() > 0.0 else None
    points = [point for point in (*found, greatest) if point.capacity_kw is not None]
    return JointFront(
        buses=tuple(buses),
        points=tuple(sorted(_front(points), key=lambda p: p.capacity_kw or (), reverse=True)),
        failed=tuple(point for point in found if point.capacity_kw is None),
        greatest=greatest,
        proportional=proportional,
    )


def directions(n_bus: int, n_steps: int) -> list[tuple[float, ...]]:
    """Return the points of a simplex lattice, (n_bus,) shares each.

    Examples
    --------
    >>> directions(2, 2)
    [(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)]
    """
    steps = n_steps
    while steps > 1 and _n_points(n_bus, steps) > MOST_DIRECTIONS:
        steps -= 1
    lattice = []
    for bars in combinations(range(steps + n_bus - 1), n_bus - 1):
        edges = (-1, *bars, steps + n_bus - 1)
        lattice.append(tuple((b - a - 1) / steps for a, b in pairwise(edges)))
    return lattice


def _n_points(n_bus: int, steps: int) -> int:
    points = 1
    for k in range(1, n_bus):
        points = points * (steps + k) // k
    return points


def _front(points: Sequence[JointCapacity]) -> list[JointCapacity]:
    """Return the points that no other one dominates, one of each that are alike."""
    kept: list[JointCapacity] = []
    if not points:
        return kept
    sizes = np.array([point.capacity_kw for point in points]).reshape(len(points), -1)
    for k, size in enumerate(sizes):
        better = (sizes >= size - DOMINATION_KW).all(axis=1)
        strictly = better & (sizes > size + DOMINATION_KW).any(axis=1)
        alike = better & (np.abs(sizes - size) <= DOMINATION_KW).all(axis=1)
        if not strictly.any() and not alike[:k].any():
            kept.append(points[k])
    return kept


class _Model:
    """Build the dispatch of all stations in cvxpy and solve it along directions."""

    def __init__(self, study: AcceptanceStudy, buses: tuple[str, ...]) -> None:
        self._study = study
        self._case = study.case(*buses)

    def along(self, direction: tuple[float, ...]) -> JointCapacity:
        """Return the largest stations whose sizes are at least t times the direction's shares."""
        import cvxpy as cp

        reach = cp.Variable(nonneg=True)

        def toward(size: Any) -> tuple[Any, list[Any]]:
            return reach + SUM_SHARE * cp.sum(size), [size >= reach * np.array(direction)]

        return self._solve(direction, toward)

    def greatest(self) -> JointCapacity:
        """Return the stations with the greatest sum."""
        import cvxpy as cp

        return self._solve((), lambda size: (cp.sum(size), []))

    def _solve(
        self, direction: tuple[float, ...], goal: Callable[[Any], tuple[Any, list[Any]]]
    ) -> JointCapacity:
        """Solve for a goal; again with cones scaled to the flows found if they are not tight."""
        network = Network.of(self._study.feeder)
        found = self._run(direction, goal, network)
        first = found.solution
        if first is None or (first.is_exact and first.has_tight_cones):
            return found
        again = self._run(direction, goal, network.scaled_to(first.p_kw, first.q_kvar))
        second = again.solution
        return again if second is not None and second.cone_gap < first.cone_gap else found

    def _run(
        self,
        direction: tuple[float, ...],
        goal: Callable[[Any], tuple[Any, list[Any]]],
        network: Network,
    ) -> JointCapacity:
        import cvxpy as cp

        from problems.conic.dispatch import build_dispatch
        from problems.conic.solution import solution_of
        from problems.conic.solve import solve

        model = build_dispatch(self._case, network=network)
        value, rows = goal(S_BASE_KVA * model.size)
        cost = model.cost(self._study.costs((0.0,) * len(self._case.sized)))
        problem = cp.Problem(cp.Minimize((cost - value) / S_BASE_KVA), model.all_rows() + rows)
        tight = {"tol_gap_abs": ACCURACY, "tol_gap_rel": ACCURACY}
        outcome = solve(problem, solver="CLARABEL", options=tight)
        if not outcome.has_solution:
            return JointCapacity(direction, outcome.status, outcome.message, None, None)
        solution = solution_of(model, outcome)
        sizes = tuple(max(0.0, float(kw)) for kw in solution.size_kw)
        message = outcome.message if solution.is_exact else solution.inexactness()
        return JointCapacity(
            direction, outcome.status, message, sizes if solution.is_exact else None, solution
        )
