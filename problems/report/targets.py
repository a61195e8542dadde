"""Owns what a run of a study must reach: the certified bound where it is tight, else the best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from heuristics.experiment import objective_at_gap
from problems.report.bounds import Bound, relative_gap

SUCCESS_GAP = 0.001
"""A run succeeds when its NPV is within this gap of the target's."""

Kind = Literal["certified", "best_known"]


@dataclass(frozen=True, slots=True)
class Target:
    """Hold the NPV that runs on a feeder are measured against.

    Parameters
    ----------
    kind : {"certified", "best_known"}
        A proven bound, or the best plan that is known.
    npv : float
        Its NPV.
    bound : float, optional
        The proven bound, also where it is too loose to be the target.
    """

    kind: Kind
    npv: float
    bound: float | None = None

    @property
    def name(self) -> str:
        """What figures and tables call it."""
        return {"certified": "certified bound", "best_known": "best known"}[self.kind]

    def objective(self, gap: float = SUCCESS_GAP) -> float:
        """Return the objective, the negated NPV, that is within a gap of the target."""
        return objective_at_gap(-self.npv, gap)


def choose_target(bound: Bound | None, known: Iterable[float]) -> Target | None:
    """Return the target of a feeder, None if nothing is known of it.

    A bound is the target where a known plan comes within SUCCESS_GAP of it: of a looser one nobody
    knows whether any plan can.

    Parameters
    ----------
    bound : Bound, optional
        What is proven.
    known : iterable of float
        NPV of plans known or claimed; a claim above the bound is false and does not count.
    """
    proven = None if bound is None else bound.npv
    if bound is not None and bound.plan_npv is not None:
        known = [*known, bound.plan_npv]
    best = max((npv for npv in known if not is_refuted(npv, proven)), default=None)
    gap = relative_gap(proven, best)
    if proven is not None and gap is not None and gap <= SUCCESS_GAP:
        return Target("certified", proven, proven)
    return None if best is None else Target("best_known", best, proven)


def is_refuted(npv: float, bound: float | None) -> bool:
    """Return whether a claimed NPV is above a proven bound, by more than rounding."""
    return bound is not None and npv - bound > 1e-9 * abs(bound)


def refuted(claims: Mapping[str, float], bounds: Mapping[str, Bound]) -> list[str]:
    """Return one sentence for each claimed NPV that a proof refutes."""
    return [
        f"best known of {feeder}, {npv:,.0f}, is above the proven bound {bounds[feeder].npv:,.0f}: "
        "it does not count"
        for feeder, npv in claims.items()
        if feeder in bounds and is_refuted(npv, bounds[feeder].npv)
    ]
