"""Owns the cone program of storage (20)-(37) on one feeder: capacities and operation together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from powerflow.units import S_BASE_KVA, i_base_a
from problems.coplan.equipment import StorageTerms
from problems.coplan.plan import StorageUnit
from problems.coplan.scenario import Scenario
from problems.core.errors import ContentError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
LEAST_KWH = 0.05
"""Capacity below which a solver's zero is no storage."""

USD_SCALE = 1e5
"""Objectives are in this many USD, so that their figures are about 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Hold what the lines of a feeder are built as: (n_bus,) columns."""

    r_ohm: FloatArray
    x_ohm: FloatArray
    ampacity_a: FloatArray

    @classmethod
    def of(cls, feeder: Feeder) -> Grid:
        """Return the feeder's own lines."""
        return cls(feeder.r_ohm, feeder.x_ohm, feeder.ampacity_a)

    def only(self, buses: IntArray) -> Grid:
        """Return the columns of some buses."""
        return Grid(self.r_ohm[buses], self.x_ohm[buses], self.ampacity_a[buses])


def one_feeder(scenario: Scenario, buses: NDArray[np.bool_]) -> tuple[Scenario, IntArray]:
    """Return the scenario of one feeder behind the source, and its buses, the source first."""
    feeder = scenario.feeder
    at = np.concatenate([[0], np.flatnonzero(buses)])
    place = np.full(feeder.n_bus, -1)
    place[at] = np.arange(len(at))
    columns = {
        name: getattr(feeder, name)[at]
        for name in ("r_ohm", "x_ohm", "ampacity_a", "p_kw", "q_kvar", "length_m", "customers")
    }
    part = replace(
        feeder,
        bus_id=tuple(feeder.bus_id[k] for k in at),
        kind=tuple(feeder.kind[k] for k in at),
        parent=np.concatenate([[-1], place[feeder.parent[at[1:]]]]),
        x=feeder.x[at],
        y=feeder.y[at],
        **columns,
    )
    p_kw, q_kvar = scenario.p_kw[:, at], scenario.q_kvar[:, at]
    return (
        replace(scenario, feeder=part, p_kw=p_kw, q_kvar=q_kvar, relaxed_a=scenario.relaxed_a[at]),
        at,
    )


@dataclass(frozen=True, slots=True, eq=False)
class StorageModel:
    """Hold the program of one feeder before it is solved.

    Attributes
    ----------
    dispatch : problems.conic.dispatch.Dispatch
    capacity : (n_site,) cvxpy variable
        Capacity of each site in MWh.
    sites : (n_site,) int array
    rows : list
        All constraints.
    cost : cvxpy expression
        Price of all storage in `USD_SCALE` USD  # (20).
    """

    dispatch: Any
    capacity: Any
    sites: IntArray
    terms: StorageTerms
    rows: list[Any]
    cost: Any

    def units(self) -> tuple[StorageUnit, ...]:
        """Return the storage of the solution."""
        kwh = np.maximum(self.capacity.value, 0.0) * S_BASE_KVA
        labels = self.dispatch.case.feeder.bus_id
        found = []
        for k in np.flatnonzero(kwh > LEAST_KWH):
            p = self.dispatch.charge.value[:, k] - self.dispatch.discharge.value[:, k]
            q = -self.dispatch.storage_q.value[:, k]
            found.append(
                StorageUnit(
                    labels[self.sites[k]],
                    float(kwh[k]),
                    float(kwh[k] * self.terms.discharge_kw_per_kwh),
                    float(kwh[k] * self.terms.cost_usd_per_kwh),
                    tuple((p * S_BASE_KVA).tolist()),
                    tuple((q * S_BASE_KVA).tolist()),
                )
            )
        return tuple(found)


def storage_model(
    scenario: Scenario,
    terms: StorageTerms,
    grid: Grid,
    *,
    sites: IntArray | None = None,
    soft: Collection[str] = (),
) -> StorageModel:
    """Build the rows (3)-(6), (17)-(18), (22), (25)-(30), (34)-(37).

    The binaries (21), (23), (24), (29), (31)-(33) are left out: reactive ones are redundant, and
    charging while discharging only burns energy, which the loss tie-break and the inverter (35)
    price; `Storage` found so is judged by power flow all the same.

    Parameters
    ----------
    scenario : Scenario
        Of one feeder.
    grid : Grid
        What its lines are built as.
    sites : int array, optional
        Buses that may have storage; all but the source by default.
    soft : collection of str
        Limits with slack: "ampacity", "voltage_floor".
    """
    try:
        import cvxpy as cp
    except ImportError:
        raise ContentError(
            "planning storage needs cvxpy and Clarabel: pip install 'feederlab[conic]'"
        ) from None
    from problems.conic.case import DispatchCase
    from problems.conic.devices import GridLimits, Storage
    from problems.conic.dispatch import build_dispatch
    from problems.conic.network import Network
    from problems.conic.storage import by_hour

    feeder = scenario.feeder
    sites = np.arange(1, feeder.n_bus) if sites is None else sites
    most_kva = terms.kva_per_kwh * terms.most_kwh
    units = tuple(
        Storage(
            feeder.bus_id[k], terms.most_kwh,
            terms.charge_kw_per_kwh * terms.most_kwh, terms.discharge_kw_per_kwh * terms.most_kwh,
            terms.charge_efficiency, terms.discharge_efficiency, terms.soc_min, terms.soc_max,
            kvar_min=-most_kva, kvar_max=most_kva,
        )
        for k in sites
    )  # fmt: skip
    case = DispatchCase(
        feeder, scenario.p_kw, scenario.q_kvar, scenario.v_source_pu, storage=units,
        limits=GridLimits(scenario.v_min_pu, scenario.v_max_pu),
    )  # fmt: skip
    ampacity = grid.ampacity_a[1:] / i_base_a(feeder.base_kv)
    network = replace(
        Network.of(feeder, grid.r_ohm, grid.x_ohm),
        i_max_pu=np.where(np.isfinite(ampacity), ampacity, np.inf),
    )
    capacity = cp.Variable(len(sites), nonneg=True)
    dispatch = build_dispatch(case, network=network, soft=soft, storage_capacity=capacity)
    rows = dispatch.all_rows()
    if len(sites):
        charge, discharge = dispatch.charge, dispatch.discharge
        size = charge.shape[0] * charge.shape[1]
        apparent = terms.kva_per_kwh * by_hour(capacity, charge)
        flat = [
            cp.reshape(e, (1, size), order="F") for e in (charge + discharge, dispatch.storage_q)
        ]
        rows += [
            capacity <= terms.most_kwh / S_BASE_KVA,  # (22)
            charge <= terms.charge_kw_per_kwh * by_hour(capacity, charge),  # (28)
            discharge <= terms.discharge_kw_per_kwh * by_hour(capacity, charge),  # (30)
            cp.SOC(cp.vec(apparent, order="F"), cp.vstack(flat), axis=0),  # (34), (35)
        ]
    cost = terms.cost_usd_per_kwh * S_BASE_KVA / USD_SCALE * cp.sum(capacity)  # (20)
    return StorageModel(dispatch, capacity, sites, terms, rows, cost)
