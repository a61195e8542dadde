"""Owns the one judge: AC power flow, money and violations of any plan, whatever made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from powerflow.result import PowerFlowResult
from powerflow.solve import power_flow
from problems.core import money
from problems.core.access import station_access
from problems.core.equipment import Asset
from problems.core.errors import ContentError
from problems.core.instance import Instance
from problems.core.land import land_of
from problems.core.plan import Plan
from problems.core.station_limits import AccessUnit, access_unit
from problems.core.voltage import voltage_deviation
from problems.core.years import study_states

FloatArray = NDArray[np.float64]

Scalar = TypeVar("Scalar", np.float64, np.int64)
Amount = TypeVar("Amount", float, FloatArray)

BUDGET_ROUNDING = 1e-12
VIOLATION_TOL = 1e-7
"""Largest violation, per unit of its limit, that the tolerance of the power flow can cause."""

OUTPUTS = (
    "v_pu",
    "i_a",
    "loading_pct",
    "loss_kw",
    "loss_kvar",
    "v_min_pu",
    "v_max_pu",
    "max_loading_pct",
)


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """Hold what a plan is worth and how it operates.

    Parameters
    ----------
    npv : float or None
        Net present value in the currency of the plan's prices; None if a state did not converge.
    invested, upkeep_per_year, saved_kwh_per_year : float
        What the net present value consists of; the saving, of the mean year of `study_states`, is
        NaN if a state did not converge.
    loss_kw : float or None
        Active losses, averaged over the hours of the load states.
    v_min_pu, v_max_pu, max_loading_pct : float or None
        Extremes over all load states; the loading is None without ampacities.
    voltage_deviation_pu : float or None
        Mean of |1 - V| over buses and hours.
    access, coverage, min_spacing : float or None
        Demand-weighted mean and greatest distance from a bus to its nearest station, None without
        stations or demand, and least distance between two stations, None with fewer than two.
    access_unit : {"km", "ohm"}
        Unit of these three.
    violation : float or None
        Largest excess over a limit, per unit of that limit, 0 if all are met; None if a state did
        not converge, or coverage is limited and there are no stations.
    is_feasible : bool
        All states converged and the violation is within the tolerance of the power flow.
    flow, base_flow : PowerFlowResult
        Power flow of each load state with the plan's assets, and without stations and banks.
    """

    npv: float | None
    invested: float
    upkeep_per_year: float
    saved_kwh_per_year: float
    loss_kw: float | None
    v_min_pu: float | None
    v_max_pu: float | None
    max_loading_pct: float | None
    voltage_deviation_pu: float | None
    access: float | None
    coverage: float | None
    min_spacing: float | None
    access_unit: AccessUnit
    violation: float | None
    is_feasible: bool
    flow: PowerFlowResult
    base_flow: PowerFlowResult


def assess(plan: Plan, instance: Instance) -> Assessment:
    """Judge a plan by AC power flow over its load states, and by its money.

    Parameters
    ----------
    plan : Plan
        Assets on buses of the instance's feeder. Its own conditions are not consulted: an instance
        with other limits or prices judges the same assets under those.
    instance : Instance
        Feeder and conditions to judge by.

    Returns
    -------
    Assessment
        A state without a power flow solution shows as None figures and an infeasible plan.

    Raises
    ------
    ContentError
        If an asset stands at a bus the feeder does not have, at its source, in a later stage than
        the horizon has, or with a schedule of another length than the load states.
    """
    feeder, conditions = instance.feeder, instance.conditions
    base_p_kw, base_q_kvar = base_loads(instance)
    device_p_kw, device_q_kvar = asset_loads(plan.assets, instance)
    base_flow = power_flow(
        feeder, base_p_kw, base_q_kvar, sweeps=conditions.sweeps, outputs=OUTPUTS
    )
    flow = power_flow(
        feeder,
        base_p_kw + device_p_kw,
        base_q_kvar + device_q_kvar,
        sweeps=conditions.sweeps,
        outputs=OUTPUTS,
    )
    study = study_states(conditions)
    hours = study.hours
    stations = [asset.kw for asset in plan.assets if asset.kw is not None]
    banks = [asset.kvar for asset in plan.assets if asset.kvar is not None]
    prices = conditions.prices
    invested = money.investment(
        prices, float(len(stations)), sum(stations), float(len(banks)), sum(banks)
    )
    land = dict(zip(("station", "capacitor"), land_of(conditions.bus_costs, feeder), strict=True))
    invested += sum(float(land[a.kind][asset_bus(a, instance)]) for a in plan.assets)
    upkeep = money.yearly_upkeep(prices, float(len(stations)), float(len(banks)))
    saved_kwh = float(study.worth_hours @ (required(base_flow.loss_kw) - required(flow.loss_kw)))
    npv = money.net_present_value(
        prices, conditions.horizon.years, conditions.money_rule, saved_kwh, upkeep, invested
    )
    v_min_pu, v_max_pu = required(flow.v_min_pu), required(flow.v_max_pu)
    loading = required(flow.max_loading_pct) if feeder.has_ampacity else None
    excess = float(conditions.limits.excess(v_min_pu, v_max_pu, loading).max())
    serving = (*(conditions.existing or ()), *plan.assets)
    stations_at = [asset_bus(a, instance) for a in serving if a.kind == "station"]
    reached = station_access(feeder, np.array([stations_at], dtype=np.int64))
    if conditions.station_limits is not None:
        missed = conditions.station_limits.excess(reached.spacing, reached.coverage)
        excess = max(excess, float(missed.max(initial=-1.0)))
    if conditions.budget is not None:
        excess = max(excess, budget_excess(invested, conditions.budget))
    violation = max(0.0, excess)
    return Assessment(
        npv=finite(npv),
        invested=invested,
        upkeep_per_year=upkeep,
        saved_kwh_per_year=saved_kwh,
        loss_kw=finite(float(hours @ required(flow.loss_kw) / hours.sum())),
        v_min_pu=finite(float(v_min_pu.min())),
        v_max_pu=finite(float(v_max_pu.max())),
        max_loading_pct=None if loading is None else finite(float(loading.max())),
        voltage_deviation_pu=finite(float(voltage_deviation(required(flow.v_pu)[None], hours)[0])),
        access=finite(float(reached.access[0])),
        coverage=finite(float(reached.coverage[0])),
        min_spacing=finite(float(reached.spacing[0])),
        access_unit=access_unit(feeder),
        violation=finite(violation),
        is_feasible=violation <= VIOLATION_TOL and bool(np.isfinite(npv)),
        flow=flow,
        base_flow=base_flow,
    )


def base_loads(instance: Instance) -> tuple[FloatArray, FloatArray]:
    """Return active and reactive loads of each load state, (n_state, n_bus), in kW and kvar.

    Stations and banks that stand already are among them.
    """
    feeder = instance.feeder
    factor = np.array([state.load_factor for state in study_states(instance.conditions).states])
    p_kw, q_kvar = np.outer(factor, feeder.p_kw), np.outer(factor, feeder.q_kvar)
    if instance.conditions.existing:
        add_p_kw, add_q_kvar = asset_loads(instance.conditions.existing, instance)
        p_kw += add_p_kw
        q_kvar += add_q_kvar
    return p_kw, q_kvar


def asset_loads(assets: tuple[Asset, ...], instance: Instance) -> tuple[FloatArray, FloatArray]:
    """Return what assets draw in each load state, (n_state, n_bus), in kW and kvar."""
    shape = (len(study_states(instance.conditions).states), instance.feeder.n_bus)
    p_kw, q_kvar = np.zeros(shape), np.zeros(shape)
    for asset in assets:
        bus = asset_bus(asset, instance)
        p_kw[:, bus] += asset_p_kw(asset, instance)
        q_kvar[:, bus] -= asset.kvar or 0.0
    return p_kw, q_kvar


def budget_excess(invested: Amount, budget: float) -> Amount:
    """Return how far investments exceed the budget, per unit of it; at most 0 within it.

    What rounding may add to a sum of prices counts as spent exactly.
    """
    excess = invested / budget - 1.0
    return excess * (abs(excess) > BUDGET_ROUNDING)


def asset_bus(asset: Asset, instance: Instance) -> int:
    """Return the index of the asset's bus, or raise ContentError."""
    where = f"{asset.kind} at bus {asset.bus}"
    try:
        bus = instance.feeder.bus_index(asset.bus)
    except ValueError as error:
        raise ContentError(f"{where}: {error}") from None
    if bus == 0:
        raise ContentError(f"{where}: nothing can be sited at the source")
    if asset.stage > 0:
        raise ContentError(f"{where}: stage {asset.stage} is beyond a horizon of one stage")
    return bus


def asset_p_kw(asset: Asset, instance: Instance) -> FloatArray:
    """Return the active power an asset draws in each load state, (n_state,), in kW."""
    states = instance.conditions.horizon.states
    study = study_states(instance.conditions).states
    if asset.schedule_kw is not None:
        if len(asset.schedule_kw) != len(states):
            raise ContentError(
                f"{asset.kind} at bus {asset.bus}: schedule_kw has {len(asset.schedule_kw)} "
                f"entries, there are {len(states)} load states"
            )
        return np.tile(asset.schedule_kw, len(study) // len(states))
    return instance.station_demand_kw(asset.kw or 0.0) * np.array(
        [state.station_factor for state in study]
    )


def required(figure: NDArray[Scalar] | None) -> NDArray[Scalar]:
    """Return a figure that was asked of the power flow."""
    assert figure is not None
    return figure


def finite(value: float) -> float | None:
    """Return `value`, or None where it does not exist."""
    return value if np.isfinite(value) else None
