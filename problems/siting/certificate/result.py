"""Owns what a certificate says: a proven bound, the best plan found, and how they were reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from problems.siting.certificate.case import SitePlan

Status = Literal["optimal", "gap_limit", "time_limit", "infeasible", "solver_failed"]


@dataclass(frozen=True, slots=True)
class LogRow:
    """Hold one round of the proof: where the bounds stood when it ended."""

    seconds: float
    box: int
    n_cell: int
    round_usd: float
    bound_usd: float
    npv_usd: float | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """Hold the answer of `certify`.

    `bound_usd` is proven: no plan that meets the case's limits has a greater NPV, up to the
    floating-point allowance of docs/certificate.md, section 6. It is None only where the case is
    infeasible or nothing was proven. `npv_usd`, `loss_kw`, `v_min_pu` and `plan` belong to the best
    plan found, judged by the AC power flow; None when none was found. ``gap = (bound - npv) /
    |npv|`` is never negative. `status` is ``optimal`` when the gap asked for is proven,
    ``gap_limit`` when the search ran out of things to split before that, ``time_limit``,
    ``infeasible`` (proven) or ``solver_failed``; `message` gives the detail.
    """

    status: Status
    message: str
    bound_usd: float | None
    npv_usd: float | None
    gap: float | None
    plan: SitePlan | None
    loss_kw: float | None
    v_min_pu: float | None
    seconds: float
    n_box: int
    log: tuple[LogRow, ...]
