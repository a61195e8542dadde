"""Owns what the certificate is given of a siting problem, and how its plans are read back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from powerflow import power_flow
from problems.core import money
from problems.core.assess import Assessment, base_loads, required
from problems.core.equipment import Asset
from problems.core.errors import SettingError
from problems.core.land import land_of
from problems.core.plan import Plan
from problems.core.years import study_states
from problems.siting.certificate import Certificate, SitePlan, SitingCase, certify
from problems.siting.certificate.budget import Spending, certify_within
from problems.siting.problem import SitingProblem

FloatArray = NDArray[np.float64]


def siting_cases(problem: SitingProblem, shares: FloatArray | None = None) -> list[SitingCase]:
    """Return what the certificate needs of a siting problem, a case a load state of some worth.

    Parameters
    ----------
    problem : SitingProblem
    shares : (n_case,) float array, optional
        Share of all that devices cost that each case bears, at least 0, together 1; equal ones if
        left out.

    Raises
    ------
    SettingError
        If stations have ratings to be found, energy is free, or the power flow stops after some
        sweeps: none has a certificate.
    """
    instance, equipment = problem.instance, problem.equipment
    feeder, conditions, prices = instance.feeder, instance.conditions, instance.conditions.prices
    if conditions.sweeps is not None:
        raise SettingError("a certificate needs a converged power flow: leave out sweeps")
    if equipment.has_sized_stations:
        raise SettingError(
            "a certificate needs stations of one rating: leave out station kw min and max"
        )
    if not prices.energy_per_kwh > 0.0:
        raise SettingError("a certificate needs an energy price above 0")
    study = study_states(conditions)
    counting = np.flatnonzero(study.worth_hours > 0.0)
    if shares is None:
        shares = np.full(len(counting), 1.0 / len(counting))
    base_p_kw, base_q_kvar = base_loads(instance)
    worth = money.present_value_factor(
        prices.discount_rate, conditions.horizon.years, conditions.money_rule
    )
    candidates = np.zeros(feeder.n_bus, dtype=np.bool_)
    candidates[equipment.candidate_buses(feeder)] = True
    land_station, land_bank = land_of(conditions.bus_costs, feeder)
    settled = tuple(feeder.bus_index(label) for label in equipment.station_buses)
    cases = []
    for s, share in zip(counting.tolist(), shares.tolist(), strict=True):
        loaded = replace(feeder, p_kw=base_p_kw[s], q_kvar=base_q_kvar[s])
        base_loss_kw = float(required(power_flow(loaded, outputs=("loss_kw",)).loss_kw)[0])
        usd_per_loss_kw = float(study.worth_hours[s]) * prices.energy_per_kwh * worth
        cases.append(
            SitingCase(
                feeder=loaded,
                station_kw=instance.station_demand_kw(equipment.station_kw)
                * study.states[s].station_factor,
                n_stations=equipment.stations,
                station_buses=settled or None,
                max_banks=equipment.capacitors,
                exactly=equipment.bank_rule == "exactly",
                kvar_min=equipment.kvar_min,
                kvar_max=equipment.kvar_largest,
                kvar_step=equipment.enclosing_step,
                kvar_sizes=equipment.kvar_sizes,
                allowed_bank_bus=candidates,
                allowed_station_bus=candidates,
                usd_per_loss_kw=usd_per_loss_kw,
                usd_per_bank=share
                * (prices.capacitor_install_per_site + worth * prices.capacitor_om_per_site_year),
                usd_per_kvar=share * prices.capacitor_purchase_per_kvar,
                usd_per_station=share
                * (
                    prices.station_install_per_site
                    + worth * prices.station_om_per_site_year
                    + equipment.station_kw * prices.station_purchase_per_kw
                ),
                constant_usd=base_loss_kw * usd_per_loss_kw,
                v_min_pu=conditions.limits.v_min_pu,
                v_max_pu=conditions.limits.v_max_pu,
                usd_station_at=share * land_station,
                usd_bank_at=share * land_bank,
            )
        )
    return cases


def prove_case(
    problem: SitingProblem, case: SitingCase, gap: float, limit_s: float, start: SitePlan | None
) -> Certificate:
    """Return the certificate of one case, within the budget if there is one."""
    conditions = problem.instance.conditions
    if conditions.budget is None:
        return certify(case, gap=gap, limit_s=limit_s, incumbent=start)
    prices = conditions.prices
    land_station, land_bank = land_of(conditions.bus_costs, problem.instance.feeder)
    spending = Spending(
        per_station=money.investment(prices, 1.0, problem.equipment.station_kw, 0.0, 0.0),
        per_bank=money.investment(prices, 0.0, 0.0, 1.0, 0.0),
        per_kvar=money.investment(prices, 0.0, 0.0, 0.0, 1.0),
        station_at=land_station,
        bank_at=land_bank,
    )
    return certify_within(
        case, conditions.budget, spending, gap=gap, limit_s=limit_s, incumbent=start
    )


def places_of(plan: Plan, problem: SitingProblem) -> SitePlan:
    """Return a plan by bus indices."""
    feeder = problem.instance.feeder
    places: dict[str, list[tuple[int, float]]] = {"station": [], "capacitor": []}
    for asset in plan.assets:
        places[asset.kind].append((feeder.bus_index(asset.bus), asset.kvar or 0.0))
    return SitePlan(
        tuple(bus for bus, _ in places["station"]),
        tuple(bus for bus, _ in places["capacitor"]),
        tuple(kvar for _, kvar in places["capacitor"]),
    )


def plan_at(problem: SitingProblem, found: SitePlan) -> Plan:
    """Return the plan at bus indices."""
    label = problem.instance.feeder.bus_id
    stations = (
        Asset("station", label[bus], kw=problem.equipment.station_kw)
        for bus in sorted(found.station_buses)
    )
    sizes = sorted(zip(found.bank_buses, found.kvar, strict=True))
    listed = problem.equipment.kvar_sizes
    if listed is not None:  # as listed, not as sums of steps
        sizes = [(bus, min(listed, key=lambda size: abs(size - kvar))) for bus, kvar in sizes]
    banks = (Asset("capacitor", label[bus], kvar=kvar) for bus, kvar in sizes)
    return Plan.of(problem.instance, (*stations, *banks))


def row_of(problem: SitingProblem, plan: SitePlan) -> FloatArray:
    """Return a plan as a row of the problem."""
    equipment = problem.equipment
    candidates = equipment.candidate_buses(problem.instance.feeder)
    position = {int(bus): float(i) for i, bus in enumerate(candidates)}
    stations = () if equipment.station_buses else sorted(plan.station_buses)
    banks = sorted(zip(plan.bank_buses, plan.kvar, strict=True))
    idle = [0.0] * (equipment.capacitors - len(banks))
    row = [position[bus] for bus in stations]
    row += [position[bus] for bus, _ in banks] + idle
    row += [kvar for _, kvar in banks] + idle
    snapped: FloatArray = problem.space.snap(np.array([row]))[0]
    return snapped


def with_plan(
    found: Certificate, plan: SitePlan | None, judged: Assessment, words: str
) -> Certificate:
    """Return a certificate without plan with another one, if that is feasible."""
    npv, bound = judged.npv, found.bound_usd
    if not judged.is_feasible or not npv or bound is None:
        return found
    return replace(
        found,
        message=found.message + words,
        npv_usd=npv,
        gap=max(0.0, bound - npv) / abs(npv),
        plan=plan,
        loss_kw=judged.loss_kw,
        v_min_pu=judged.v_min_pu,
    )
