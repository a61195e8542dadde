"""Owns the vehicles' rows of a stage's program: unmanaged charging and the pooled battery.

Equation numbers are those of docs/staged.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from problems.conic import storage
from problems.staged.checks import HOURS
from problems.staged.investment import Scheme
from problems.staged.pool import Pool
from problems.staged.program import StageProgram
from problems.staged.scenarios import ScenarioSet, unmanaged_kw
from problems.staged.studied import Studied

FloatArray = NDArray[np.float64]


def add_vehicles(
    program: StageProgram,
    study: Studied,
    k_stage: int,
    seen: ScenarioSet,
    scheme: Scheme,
    has_communication: Any,
    sizes: Mapping[str, FloatArray] | None,
) -> None:
    """Unmanaged charging, and the pooled battery of managed vehicles  # (6)-(13)."""
    data, fleet, prices = study.data, study.data.ev, study.data.prices
    stage, n_scenario = data.stages[k_stage], len(seen.scenarios)
    stations = np.array([study.feeder.bus_index(site.bus) for site in fleet.stations])
    at = program.flow.network.at_buses(stations)
    n_row, n = len(program.row), len(stations)
    # thousands of vehicles, so that per-unit power is MW
    vehicles = stage.ev_count * np.array([site.share for site in fleet.stations]) / 1000.0
    course = np.tile(unmanaged_kw(data, stage), n_scenario)[program.row, None]

    has_pool = scheme.has_managed and stage.smart_share_max + stage.v2g_share_max > 0.0
    smart: Any = np.zeros(n)
    two_way: Any = np.zeros(n)
    if has_pool and sizes is None:
        smart, two_way = cp.Variable(n, name="smart"), cp.Variable(n, name="two_way")
    elif has_pool and sizes is not None:
        smart, two_way = (np.asarray(sizes[name]) / 1000.0 for name in ("smart", "two_way"))
        has_pool = bool((smart + two_way).max() > 0.0)
    managed = smart + two_way
    unserved = cp.Variable((n_row, n))
    unmanaged = each_row(course, vehicles - managed) if has_pool else course * vehicles
    program.rows["unserved_range"] = [unserved >= 0.0, unserved <= unmanaged]  # (6)
    net = unmanaged - unserved
    program.add_cost("unserved_charging", prices.unserved_charging_per_kwh, unserved)
    demand = float(program.weight @ np.sum(course * vehicles, axis=1))
    program.energy["charging_demand"] = demand
    if has_pool:
        if sizes is None:
            most = max(stage.smart_share_max, stage.v2g_share_max)
            program.capacity.update(smart=smart, two_way=two_way)
            program.rows["pile_range"] = [
                smart >= 0.0,
                two_way >= 0.0,
                two_way <= stage.v2g_share_max * vehicles,  # (7)
                managed <= most * cp.multiply(vehicles, has_communication),  # (8)
            ]
        pool = Pool.of(fleet)
        charge, discharge = cp.Variable((n_row, n)), cp.Variable((n_row, n))
        energy, short = cp.Variable((n_row, n)), cp.Variable((n_row, n))

        def each_hour(values: FloatArray, piles: Any) -> Any:
            return each_row(np.tile(values, n_scenario)[:, None], piles)

        discharge_kw = np.minimum(fleet.discharge_kw, fleet.charger_kw * pool.connected)
        program.rows["pool_range"] = [
            charge >= 0.0,
            charge <= each_hour(fleet.charger_kw * pool.connected, managed),  # (9)
            discharge >= 0.0,
            discharge <= each_hour(discharge_kw, two_way),  # (10)
            energy >= each_hour(pool.least_kwh, managed),  # (11)
            energy <= each_hour(pool.most_kwh, managed),
            short >= 0.0,
            short <= each_hour(pool.shortfall_kwh, managed),  # (12)
        ]
        later = sp.block_diag([storage.cyclic_shift(HOURS).T] * n_scenario, format="csr")
        drawn = each_hour(pool.drawn_kwh, managed)
        program.rows["pool_balance"] = [
            later @ energy
            == energy
            + fleet.charge_efficiency * charge
            - discharge / fleet.discharge_efficiency
            - drawn
            + short  # (13)
        ]
        net = net + charge - discharge
        lost = 1.0 - fleet.charge_efficiency
        needed = fleet.daily_kwh / fleet.charge_efficiency / HOURS * cp.sum(managed)
        program.add_cost(
            "unserved_charging",
            prices.unserved_charging_per_kwh,
            short / fleet.charge_efficiency,
        )
        program.add_cost("v2g_wear", prices.v2g_throughput_per_kwh, discharge)
        # what is lost beyond charging for the road, which unmanaged vehicles lose as well
        conversion = cp.sum(
            lost * charge + (1.0 / fleet.discharge_efficiency - 1.0) * discharge, axis=1
        )
        program.add_cost("conversion", prices.conversion_loss_per_kwh, conversion - lost * needed)
        program.hourly.update(charge_ev=charge, discharge_ev=discharge)
    program.hourly["net_ev"] = net
    program.p_load = program.p_load + net @ at


def each_row(course: FloatArray, piles: Any) -> Any:
    """Return a course of rows (n_row, 1) times what stands at each station, (n_row, n_station)."""
    if isinstance(piles, np.ndarray):
        return course * piles
    return course @ cp.reshape(piles, (1, piles.size), order="F")
