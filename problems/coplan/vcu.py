"""Owns the cable choice (VCU): path rows, monotone cuts and power flows to a proven optimum."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from problems.coplan.choice_milp import Choice, cheapest_choice, cost_with_each
from problems.coplan.choices import Choices, line_name
from problems.coplan.least_flow import Budget, least_flow
from problems.coplan.path_rows import PathRows, path_rows
from problems.coplan.scenario import Scenario

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
CURRENT_TOL = 1e-6
V_TOL_PU = 1e-6
IMPROVEMENTS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Upgrade:
    """Hold the choice found for one feeder, or why there is none.

    Attributes
    ----------
    status : {"optimal", "infeasible", "time_limit", "solver_failed"}
    chosen : (n_candidate,) int array or None
        Index into `Choices` of each candidate's choice, AC-feasible; None if none was found.
    cost_usd : float
        Infinite without a choice.
    bound_usd : float
        No AC-feasible choice costs less; infinite if there is none.
    n_cut : int
        Cuts of the power flow.
    """

    status: str
    chosen: IntArray | None
    cost_usd: float
    bound_usd: float
    n_cut: int


def feeders_behind(scenario: Scenario) -> list[BoolArray]:
    """Return a bus mask for each independent feeder behind the source, in sweep order."""
    feeder = scenario.feeder
    root = np.zeros(feeder.n_bus, dtype=np.int64)
    for k in range(1, feeder.n_bus):
        root[k] = k if feeder.parent[k] == 0 else root[feeder.parent[k]]
    return [root == first for first in np.unique(root[1:])]


def names_of(scenario: Scenario, feeders: Sequence[BoolArray]) -> str:
    """Return what feeders behind the source are called: their first lines."""
    names = [line_name(scenario.feeder, int(np.flatnonzero(buses)[0])) for buses in feeders]
    return f"the feeder{'s' if len(names) > 1 else ''} behind {', '.join(names)}"


def violations(
    scenario: Scenario, choices: Choices, chosen: IntArray, buses: BoolArray
) -> tuple[BoolArray, BoolArray]:
    """Return which lines exceed their limit and which buses the floor, by power flow, (n_bus,).

    A flow without solution violates everywhere.
    """
    r_ohm, x_ohm, limit_a = choices.columns(chosen)
    found = scenario.diagnose(r_ohm, x_ohm)
    if found.collapsed.any():
        return buses.copy(), buses.copy()
    over = (found.i_a > limit_a * (1.0 + CURRENT_TOL)).any(axis=0) & buses
    low = (found.v_pu < scenario.v_min_pu - V_TOL_PU).any(axis=0) & buses
    return over, low


def upgrade_feeder(
    scenario: Scenario,
    choices: Choices,
    buses: BoolArray,
    *,
    gap: float = 1e-6,
    limit_s: float = 60.0,
) -> Upgrade:
    """Find the cheapest choice for one feeder whose power flow keeps every limit.

    Rounds: a MILP over the path rows gives a bound and a choice. If its power flow is feasible it
    is optimal. Else the same MILP with rows of that choice's own flow gives plans; with a plan in
    hand choices that cannot be in a cheaper one are dropped, which tightens the rows; once nothing
    is dropped any more, monotone cuts close the rest.

    Parameters
    ----------
    choices : Choices
        Of lines inside the feeder.
    buses : (n_bus,) bool array
        Buses of the feeder.
    gap : float
        Gap to prove, a fraction.
    """
    search = _Search(scenario, choices, buses, gap, time.perf_counter() + limit_s)
    return search.run()


class _Search:
    """Carry the incumbent, the bound and the cuts of one feeder's search."""

    def __init__(
        self, scenario: Scenario, choices: Choices, buses: BoolArray, gap: float, end: float
    ) -> None:
        self.scenario, self.all, self.buses, self.gap, self.end = (
            scenario, choices, buses, gap, end,
        )  # fmt: skip
        self.kept = np.arange(len(choices.branch))
        self.best: IntArray | None = None
        self.cost, self.bound = np.inf, 0.0
        self.cuts: list[FloatArray] = []

    def run(self) -> Upgrade:
        """Search until the gap is proven or time is up."""
        while True:
            choices = self.all.only(np.isin(np.arange(len(self.all.branch)), self.kept))
            if len(choices.candidates) < len(self.all.candidates):
                return self._closed()  # a line has no choice that could be cheaper
            budget = Budget(choices, self._good_enough) if np.isfinite(self.cost) else None
            flow = least_flow(self.scenario, *choices.least(), budget=budget, buses=self.buses)
            rows = path_rows(self.scenario, choices, flow, self.buses)
            found, active = self._solve(choices, rows)
            most = self.cost if budget is None else self._good_enough
            self.bound = max(self.bound, min(found.bound_usd, most))
            if found.chosen is None:
                if found.status == "infeasible":
                    return self._closed()
                return self._result(found.status)
            if not self._offer(self.kept[found.chosen]):
                self._improve(choices, found.chosen)
            if self.bound >= self._good_enough:
                return self._result("optimal")
            if time.perf_counter() > self.end:
                return self._result("time_limit")
            if not self._drop(choices, rows, active):
                chosen = self.kept[found.chosen]
                self.cuts.append(-_monotone_cut(self.scenario, self.all, chosen, self.buses))

    def _solve(self, choices: Choices, rows: PathRows) -> tuple[Choice, IntArray]:
        """Solve over the rows, adding those that are violated until none is."""
        active = _first_rows(rows)
        cuts = np.array(self.cuts)[:, self.kept] if self.cuts else np.zeros((0, len(self.kept)))
        while True:
            matrix = np.vstack([rows.coefficient[active], cuts])
            room = np.concatenate([rows.room[active], np.full(len(cuts), -1.0)])
            left = self.end - time.perf_counter()
            found = cheapest_choice(choices, matrix, room, left, min(self.gap, 1e-6) / 2.0)
            if found.chosen is None:
                return found, active
            z = np.zeros(len(choices.branch))
            z[found.chosen] = 1.0
            broken = np.setdiff1d(rows.violated(z), active)
            if not len(broken) or left <= 0.0:
                return found, active
            active = np.concatenate([active, broken])

    def _improve(self, choices: Choices, chosen: IntArray) -> None:
        """Look for plans where the rows are those of the last choice's own flow."""
        for _ in range(IMPROVEMENTS):
            r_ohm, x_ohm, _ = choices.columns(chosen)
            rows = path_rows(
                self.scenario,
                choices,
                least_flow(self.scenario, r_ohm, x_ohm, buses=self.buses),
                self.buses,
            )
            found, _ = self._solve(choices, rows)
            if found.chosen is None or np.array_equal(found.chosen, chosen):
                return
            chosen = found.chosen
            if self._offer(self.kept[chosen]):
                return

    def _drop(self, choices: Choices, rows: PathRows, active: IntArray) -> bool:
        """Drop choices that no cheaper plan can have; return whether there were any."""
        if not np.isfinite(self.cost):
            return False
        each = cost_with_each(choices, rows.coefficient[active], rows.room[active])
        is_useful = each < self._good_enough
        self.kept = self.kept[is_useful]
        return not is_useful.all()

    def _offer(self, chosen: IntArray) -> bool:
        """Take a plan if its power flow is feasible and it is the cheapest so far."""
        if not _is_feasible(self.scenario, self.all, chosen, self.buses):
            return False
        cost = float(self.all.cost_usd[chosen].sum())
        if cost < self.cost:
            self.best, self.cost = chosen, cost
        return True

    @property
    def _good_enough(self) -> float:
        """Cost below which a plan would be news."""
        return self.cost * (1.0 - self.gap)

    def _closed(self) -> Upgrade:
        """Return the result when no choice cheaper than the incumbent is left."""
        self.bound = max(self.bound, self._good_enough)
        return self._result("optimal" if self.best is not None else "infeasible")

    def _result(self, status: str) -> Upgrade:
        return Upgrade(status, self.best, self.cost, min(self.bound, self.cost), len(self.cuts))


def _first_rows(rows: PathRows) -> IntArray:
    """Return, for each bus and line, the row of the hour with the least room."""
    first: dict[tuple[bool, int], int] = {}
    for row in range(len(rows.room)):
        key = (bool(rows.is_ampacity[row]), int(rows.branch[row]))
        if key not in first or rows.room[row] < rows.room[first[key]]:
            first[key] = row
    return np.array(sorted(first.values()), dtype=np.int64)


def _monotone_cut(
    scenario: Scenario, choices: Choices, chosen: IntArray, buses: BoolArray
) -> FloatArray:
    """Return the choices of which one is needed, as a row >= 1, (n_choice,).

    The choice violates some limit. Every line in turn is raised to the largest choice at which
    that is still so; only less r, less x or a higher limit than there in some line can mend it,
    for loads that consume lose voltage and gain current with every impedance.
    """
    raised = chosen.copy()
    for position, k in enumerate(choices.candidates):
        held = raised[position]
        for choice in sorted(choices.of(k), key=lambda c: (choices.r_ohm[c], -choices.limit_a[c])):
            raised[position] = choice
            if not _is_feasible(scenario, choices, raised, buses):
                break
            raised[position] = held
    needed = np.zeros(len(choices.branch))
    for position, k in enumerate(choices.candidates):
        own, top = choices.of(k), raised[position]
        needed[own] = (
            (choices.r_ohm[own] < choices.r_ohm[top] * (1.0 - 1e-12))
            | (choices.x_ohm[own] < choices.x_ohm[top] * (1.0 - 1e-12))
            | (choices.limit_a[own] > choices.limit_a[top] * (1.0 + 1e-12))
        )
    return needed


def _is_feasible(scenario: Scenario, choices: Choices, chosen: IntArray, buses: BoolArray) -> bool:
    over, low = violations(scenario, choices, chosen, buses)
    return not (over.any() or low.any())
