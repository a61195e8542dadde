"""Owns the plan of cables, breakers and storage, and the power flow that judges it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from problems.coplan.choices import KEPT, Choices
from problems.coplan.diagnosis import Diagnosis, diagnose
from problems.coplan.equipment import Library
from problems.coplan.scenario import Scenario
from problems.core.errors import ContentError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Method = Literal["vcu", "vmbp", "ddcp", "joint", "uprate", "heuristic"]
V_TOL_PU = 1e-5
LOADING_TOL_PCT = 1e-2
"""What a plan may exceed its limits by: cone solvers meet a limit to about 1e-6."""

WORST_FIRST = ("infeasible", "solver_failed", "time_limit", "gap_limit")
"""Statuses that a plan takes over from the first feeder that has them; else it is optimal."""


@dataclass(frozen=True, slots=True)
class LineUpgrade:
    """Hold one line's replacement: a cable's size or a breaker's type."""

    from_bus: str
    to_bus: str
    size: str
    cost_usd: float
    is_breaker: bool = False


@dataclass(frozen=True, slots=True)
class StorageUnit:
    """Hold one storage unit and how it is run.

    Parameters
    ----------
    bus : str
    kwh, kw, cost_usd : float
        Capacity, greatest discharge power, price.
    p_kw, q_kvar : tuple of float
        Power drawn and reactive power drawn in each hour; negative delivers.
    """

    bus: str
    kwh: float
    kw: float
    cost_usd: float
    p_kw: tuple[float, ...] = ()
    q_kvar: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """Hold why no plan exists: a limit, the place, the hour, and by how much it is missed.

    Parameters
    ----------
    limit : {"ampacity", "voltage", "collapse"}
    where : str
        Line (its ends) or bus.
    hour : int
        From 0.
    amount : float or None
        Amperes above the ampacity, p.u. below the floor; None for a collapse.
    """

    limit: str
    where: str
    hour: int
    amount: float | None


@dataclass(frozen=True, slots=True)
class CoplanPlan:
    """Hold a plan, the bound that goes with it, and what the power flow says of it.

    Parameters
    ----------
    method : str
    status : {"optimal", "gap_limit", "time_limit", "infeasible", "solver_failed"}
    cables : tuple of LineUpgrade
        Breakers as well.
    storage : tuple of StorageUnit
    total_usd : float or None
        Cost of all; None without a plan.
    bound_usd : float or None
        No plan of the method's model costs less; None where nothing is proven.
    is_ac_feasible : bool
        Whether the power flow of every hour keeps every limit.
    v_min_pu, max_loading_pct : float or None
        Of that power flow.
    conflicts : tuple of Conflict
        Why there is no plan.
    message : str
    seconds : float
    conversion_usd : float
        Part of the total that converting to another voltage costs.
    """

    method: Method
    status: str
    cables: tuple[LineUpgrade, ...] = ()
    storage: tuple[StorageUnit, ...] = ()
    total_usd: float | None = None
    bound_usd: float | None = None
    is_ac_feasible: bool = False
    v_min_pu: float | None = None
    max_loading_pct: float | None = None
    conflicts: tuple[Conflict, ...] = ()
    message: str = ""
    seconds: float = 0.0
    conversion_usd: float = 0.0

    @property
    def cable_usd(self) -> float:
        """Cost of cables."""
        return sum(line.cost_usd for line in self.cables if not line.is_breaker)

    @property
    def breaker_usd(self) -> float:
        """Cost of breakers."""
        return sum(line.cost_usd for line in self.cables if line.is_breaker)

    @property
    def storage_usd(self) -> float:
        """Cost of storage."""
        return sum(unit.cost_usd for unit in self.storage)

    @property
    def storage_kwh(self) -> float:
        """Capacity of all storage."""
        return sum(unit.kwh for unit in self.storage)

    @property
    def gap(self) -> float | None:
        """Distance of bound and total over the total; None without either."""
        if self.total_usd is None or self.bound_usd is None:
            return None
        distance = abs(self.bound_usd - self.total_usd)
        return distance / self.total_usd if self.total_usd > 0.0 else float(distance > 0.0)


def upgrades_of(choices: Choices, chosen: IntArray) -> tuple[LineUpgrade, ...]:
    """Return the replaced lines of a selection, in sweep order."""
    feeder = choices.feeder
    return tuple(
        LineUpgrade(
            feeder.bus_id[feeder.parent[choices.branch[k]]],
            feeder.bus_id[choices.branch[k]],
            choices.size[k],
            float(choices.cost_usd[k]),
            bool(choices.is_breaker[k]),
        )
        for k in chosen
        if choices.size[k] != KEPT
    )


def upgraded_columns(
    feeder: Feeder, library: Library, cables: Sequence[LineUpgrade]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return r_ohm, x_ohm and ampacity_a, (n_bus,), with lines replaced.

    Raises
    ------
    ContentError
        If the feeder has no such line or the library no such size.
    """
    r_ohm, x_ohm, ampacity_a = feeder.r_ohm.copy(), feeder.x_ohm.copy(), feeder.ampacity_a.copy()
    cable_of = {cable.size: cable for cable in library.cables}
    breaker_of = {breaker.type: breaker for breaker in library.breakers}
    for line in cables:
        k = branch_of(feeder, line.from_bus, line.to_bus)
        if line.size in breaker_of and line.is_breaker:
            ampacity_a[k] = breaker_of[line.size].ampacity_a
            continue
        if line.size not in cable_of:
            raise ContentError(f"line {line.from_bus}-{line.to_bus}: no cable '{line.size}'")
        cable, km = cable_of[line.size], feeder.length_m[k] / 1e3
        r_ohm[k], x_ohm[k] = cable.r_ohm_per_km * km, cable.x_ohm_per_km * km
        ampacity_a[k] = cable.ampacity_a
    return r_ohm, x_ohm, ampacity_a


def branch_of(feeder: Feeder, one: str, other: str) -> int:
    """Return the branch between two buses, or raise ContentError."""
    a, b = feeder.bus_index(one), feeder.bus_index(other)
    for k, parent in ((a, b), (b, a)):
        if feeder.parent[k] == parent:
            return k
    raise ContentError(f"feeder {feeder.name} has no line {one}-{other}")


def judge(
    scenario: Scenario,
    library: Library,
    cables: Sequence[LineUpgrade] = (),
    storage: Sequence[StorageUnit] = (),
) -> Diagnosis:
    """Return the power flow of every hour with a plan, against the new ampacities."""
    feeder = scenario.feeder
    r_ohm, x_ohm, ampacity_a = upgraded_columns(feeder, library, cables)
    p_kw, q_kvar = scenario.p_kw.copy(), scenario.q_kvar.copy()
    for unit in storage:
        bus = feeder.bus_index(unit.bus)
        p_kw[:, bus] += unit.p_kw
        q_kvar[:, bus] += unit.q_kvar
    built = replace(feeder, r_ohm=r_ohm, x_ohm=x_ohm, ampacity_a=ampacity_a)
    return diagnose(
        built, p_kw, q_kvar, v_source_pu=scenario.v_source_pu, v_min_pu=scenario.v_min_pu
    )


def conflicts_in(found: Diagnosis, scenario: Scenario) -> tuple[Conflict, ...]:
    """Return every limit that a power flow misses, each place in its worst hour, worst first."""
    feeder = found.feeder
    if found.collapsed.any():
        hours = np.flatnonzero(found.collapsed)
        return tuple(Conflict("collapse", feeder.name, int(hour), None) for hour in hours)
    over_a = np.where(np.isfinite(feeder.ampacity_a), found.i_a - feeder.ampacity_a, -np.inf)
    under_pu = scenario.v_min_pu - found.v_pu
    above_pu = found.v_pu - scenario.v_max_pu
    lines = [
        Conflict(
            "ampacity",
            f"{feeder.bus_id[feeder.parent[k]]}-{feeder.bus_id[k]}",
            int(np.argmax(over_a[:, k])),
            float(over_a[:, k].max()),
        )
        for k in range(1, feeder.n_bus)
        if over_a[:, k].max() > LOADING_TOL_PCT / 100.0 * feeder.ampacity_a[k]
    ]
    buses = [
        Conflict("voltage", feeder.bus_id[k], int(np.argmax(miss[:, k])), float(miss[:, k].max()))
        for miss in (under_pu, above_pu)
        for k in range(1, feeder.n_bus)
        if miss[:, k].max() > V_TOL_PU
    ]
    return (
        *sorted(lines, key=lambda c: -(c.amount or 0.0)),
        *sorted(buses, key=lambda c: -(c.amount or 0.0)),
    )


def judged(plan: CoplanPlan, scenario: Scenario, library: Library) -> CoplanPlan:
    """Return the plan with the figures of its power flow."""
    found = judge(scenario, library, plan.cables, plan.storage)
    missed = conflicts_in(found, scenario)
    has_flow = not found.collapsed.any()
    most = found.over_branches("max").max() if has_flow else np.nan
    return replace(
        plan,
        is_ac_feasible=not missed,
        conflicts=plan.conflicts + missed,
        v_min_pu=float(found.v_pu.min()) if has_flow else None,
        max_loading_pct=float(most) if np.isfinite(most) else None,
    )
