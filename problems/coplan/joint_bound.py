"""Owns the bound of the joint search: the cheapest lines over the rows that all its plans keep."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from problems.coplan.choice_milp import Choice, cheapest_choice, cost_with_each
from problems.coplan.choices import Choices, FloatArray, IntArray
from problems.coplan.equipment import StorageTerms
from problems.coplan.least_flow import Budget, least_flow
from problems.coplan.path_rows import PathRows, path_rows
from problems.coplan.relief import mean_hours
from problems.coplan.scenario import Scenario
from problems.coplan.vcu import BoolArray

ROUNDS = 6
"""Times that rows are made again, in a node, for the choices that are left."""

MOST_ROWS = 200
"""Violated rows that are added at once, the worst first."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Hold the plans with storage in an interval and lines out of some choices.

    Attributes
    ----------
    low_kwh, high_kwh : float
    kept : (n_choice,) bool array
    bound_usd : float
        No plan of the node costs less, or is news.
    chosen : (n_candidate,) int array or None
        The lines of the bound; None where the node is done with.
    is_lifted : bool
        Whether `low_kwh` is what the best lines kept need.
    """

    low_kwh: float
    high_kwh: float
    kept: BoolArray
    bound_usd: float = 0.0
    chosen: IntArray | None = None
    is_lifted: bool = False


class Relaxation:
    """Make and solve the rows of one feeder's nodes.

    Attributes
    ----------
    means : Scenario
        Hours, and means of hours.
    relief : Relief
        Of 1 kWh of storage in each of them, kW.
    """

    def __init__(
        self, scenario: Scenario, terms: StorageTerms, choices: Choices, buses: BoolArray,
        gap: float, end: float,
    ) -> None:  # fmt: skip
        self.terms, self.choices, self.buses = terms, choices, buses
        self.gap, self.end = gap, end
        self.means, self.relief = mean_hours(scenario, terms, buses)

    def relaxed(self, node: Node, cutoff_usd: float) -> Node:
        """Return the node with its bound, its lines and the choices that a cheaper plan can have.

        Losses count what a plan cheaper than the cutoff can spend on lines (`Budget`).

        Parameters
        ----------
        cutoff_usd : float
            Cost below which a plan would be news; infinite before the first plan.
        """
        stored_usd = node.low_kwh * self.terms.cost_usd_per_kwh
        most_usd = cutoff_usd - stored_usd
        if most_usd < 0.0:
            return replace(node, bound_usd=max(node.bound_usd, cutoff_usd), chosen=None)
        kept, seen = node.kept.copy(), np.zeros(0, dtype=np.int64)
        is_lifted = node.is_lifted
        for _ in range(ROUNDS):
            choices = self.choices.only(kept)
            if len(choices.candidates) < len(self.choices.candidates):
                return replace(node, bound_usd=max(node.bound_usd, cutoff_usd), chosen=None)
            flow = least_flow(
                self.means, *choices.least(), self.relief.times(node.high_kwh),
                budget=Budget(choices, most_usd) if np.isfinite(most_usd) else None,
                buses=self.buses,
            )  # fmt: skip
            rows = path_rows(self.means, choices, flow, self.buses)
            found, active = self._cheapest(choices, rows, np.flatnonzero(np.isin(rows.key, seen)))
            bound_usd = max(node.bound_usd, min(found.bound_usd + stored_usd, cutoff_usd))
            if found.chosen is None:
                return replace(node, bound_usd=bound_usd, chosen=None)
            chosen = np.flatnonzero(kept)[found.chosen]
            node = replace(
                node, bound_usd=bound_usd, chosen=chosen, kept=kept.copy(), is_lifted=is_lifted
            )
            if bound_usd >= cutoff_usd or not np.isfinite(cutoff_usd):
                break
            seen = rows.key[active]
            each = cost_with_each(choices, rows.coefficient[active], rows.room[active])
            is_useless = each + stored_usd >= cutoff_usd
            if not is_useless.any():
                break
            kept[np.flatnonzero(kept)[is_useless]] = False
            is_lifted = False
        return node

    def _cheapest(
        self, choices: Choices, rows: PathRows, active: IntArray
    ) -> tuple[Choice, IntArray]:
        """Return the cheapest choice over the rows, and the rows that were needed."""
        while True:
            left = max(self.end - time.perf_counter(), 1.0)
            found = cheapest_choice(
                choices, rows.coefficient[active], rows.room[active], left, self.gap / 20.0
            )
            if found.chosen is None:
                return found, active
            z = np.zeros(len(choices.branch))
            z[found.chosen] = 1.0
            broken = np.setdiff1d(rows.violated(z), active)
            if not len(broken):
                return found, active
            worst = rows.coefficient[broken] @ z - rows.room[broken]
            active = np.concatenate([active, broken[np.argsort(-worst)[:MOST_ROWS]]])


def halved_line(choices: Choices, relaxed_a: FloatArray, node: Node) -> list[Node]:
    """Split the line whose flow is the vaguest: choices up to that of the bound, and better."""
    assert node.chosen is not None
    r_ohm, x_ohm = choices.r_ohm, choices.x_ohm
    most, split = -1.0, None
    for c in node.chosen.tolist():
        k = int(choices.branch[c])
        own = choices.of(k)
        own = own[node.kept[own]]
        worse = own[r_ohm[own] >= r_ohm[c]]
        if len(worse) == len(own):
            worse = own[r_ohm[own] > r_ohm[own].min()]
        if len(own) > 1 and not len(worse):
            worse = own[:1]
        if not 0 < len(worse) < len(own):
            continue
        excess = r_ohm[c] - r_ohm[own].min() + x_ohm[c] - x_ohm[own].min()
        vague = float(excess * relaxed_a[k] ** 2)
        if split is None or vague > most:
            most, split = vague, (own, worse)
    if split is None:
        return []
    own, worse = split
    one, other = node.kept.copy(), node.kept.copy()
    one[np.setdiff1d(own, worse)] = False
    other[worse] = False
    return [replace(node, kept=kept, is_lifted=False) for kept in (one, other)]
