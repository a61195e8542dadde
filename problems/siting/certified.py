"""Owns the way from a siting problem to its certificate, and from the certificate's plan back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from heuristics.problem import Solved
from powerflow import power_flow
from problems.core import money
from problems.core.access import station_access
from problems.core.assess import Assessment, assess, base_loads, required
from problems.core.equipment import Asset
from problems.core.errors import SettingError
from problems.core.land import land_of
from problems.core.plan import Plan
from problems.core.years import study_states
from problems.siting.certificate import Certificate, SitePlan, SitingCase, certify
from problems.siting.certificate.ac import counted_flows
from problems.siting.certificate.budget import Spending, certify_within
from problems.siting.problem import SitingProblem


def siting_case(problem: SitingProblem) -> SitingCase:
    """Return what the certificate needs of a siting problem.

    Raises
    ------
    SettingError
        If the problem has several load states or years of different loads, stations whose ratings
        are to be found, or stops its power flow after some sweeps: none has a certificate.
    """
    instance, equipment = problem.instance, problem.equipment
    feeder, conditions = instance.feeder, instance.conditions
    states = study_states(conditions).states
    if len(conditions.horizon.states) > 1:
        raise SettingError("a certificate needs a single load state")
    if len(states) > 1:
        raise SettingError("a certificate needs the same loads every year: leave out growth")
    if equipment.has_sized_stations:
        raise SettingError(
            "a certificate needs stations of one rating: leave out station kw min and max"
        )
    if conditions.sweeps is not None:
        raise SettingError("a certificate needs a converged power flow: leave out sweeps")
    (state,) = states
    base_p_kw, base_q_kvar = base_loads(instance)
    loaded = replace(feeder, p_kw=base_p_kw[0], q_kvar=base_q_kvar[0])
    base_loss_kw = float(required(power_flow(loaded, outputs=("loss_kw",)).loss_kw)[0])
    prices = conditions.prices
    worth = money.present_value_factor(
        prices.discount_rate, conditions.horizon.years, conditions.money_rule
    )
    usd_per_loss_kw = state.hours * prices.energy_per_kwh * worth
    candidates = np.zeros(feeder.n_bus, dtype=np.bool_)
    candidates[equipment.candidate_buses(feeder)] = True
    land_station, land_bank = land_of(conditions.bus_costs, feeder)
    settled = tuple(feeder.bus_index(label) for label in equipment.station_buses)
    return SitingCase(
        feeder=loaded,
        station_kw=instance.station_demand_kw(equipment.station_kw) * state.station_factor,
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
        usd_per_bank=prices.capacitor_install_per_site + worth * prices.capacitor_om_per_site_year,
        usd_per_kvar=prices.capacitor_purchase_per_kvar,
        usd_per_station=prices.station_install_per_site
        + worth * prices.station_om_per_site_year
        + equipment.station_kw * prices.station_purchase_per_kw,
        constant_usd=base_loss_kw * usd_per_loss_kw,
        v_min_pu=conditions.limits.v_min_pu,
        v_max_pu=conditions.limits.v_max_pu,
        usd_station_at=land_station,
        usd_bank_at=land_bank,
    )


def certify_problem(
    problem: SitingProblem,
    *,
    gap: float = 1e-5,
    limit_s: float = 60.0,
    incumbent: Plan | None = None,
) -> Certificate:
    """Prove how great the NPV of a siting problem can be: see `certify`.

    Limits on spacing and coverage are left out of the proof. That only adds plans, so the bound
    stays true, though it may be far from every plan that meets them. A plan that does not is not
    returned: the incumbent stands in its place if it is feasible, else there is no plan and no gap.
    A budget is priced: see `certify_within`.

    Parameters
    ----------
    problem : SitingProblem
        With one load state and a converged power flow.
    gap, limit_s : float
        As of `certify`.
    incumbent : Plan, optional
        A plan to start from.

    Raises
    ------
    SettingError
        If the problem has no certificate.
    """
    start = None if incumbent is None else _places(incumbent, problem)
    case, budget = siting_case(problem), problem.instance.conditions.budget
    if budget is None:
        found = certify(case, gap=gap, limit_s=limit_s, incumbent=start)
    else:
        found = certify_within(
            case, budget, _spending(problem, case), gap=gap, limit_s=limit_s, incumbent=start
        )
    held = _held_to_station_limits(found, problem)
    if found.plan is not None and held.plan is None and incumbent is not None:
        return _with_plan(held, start, assess(incumbent, problem.instance))
    return held


def _spending(problem: SitingProblem, case: SitingCase) -> Spending:
    """Return what each part of a plan adds to the investment."""
    prices = problem.instance.conditions.prices
    return Spending(
        per_station=money.investment(prices, 1.0, problem.equipment.station_kw, 0.0, 0.0),
        per_bank=money.investment(prices, 0.0, 0.0, 1.0, 0.0),
        per_kvar=money.investment(prices, 0.0, 0.0, 0.0, 1.0),
        station_at=np.asarray(case.usd_station_at),
        bank_at=np.asarray(case.usd_bank_at),
    )


def _places(plan: Plan, problem: SitingProblem) -> SitePlan:
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


def _with_plan(found: Certificate, plan: SitePlan | None, judged: Assessment) -> Certificate:
    """Return a certificate without plan with the one given, if that is feasible."""
    npv, bound = judged.npv, found.bound_usd
    if not judged.is_feasible or not npv or bound is None:
        return found
    return replace(
        found,
        message=f"{found.message}; the plan is the one given",
        npv_usd=npv,
        gap=max(0.0, bound - npv) / abs(npv),
        plan=plan,
        loss_kw=judged.loss_kw,
        v_min_pu=judged.v_min_pu,
    )


def _without_plan(found: Certificate, message: str) -> Certificate:
    return replace(
        found,
        status="gap_limit" if found.status == "optimal" else found.status,
        message=f"{found.message}; {message}",
        npv_usd=None,
        gap=None,
        plan=None,
        loss_kw=None,
        v_min_pu=None,
    )


def _held_to_station_limits(found: Certificate, problem: SitingProblem) -> Certificate:
    """Return the certificate, without its plan if that misses spacing or coverage."""
    conditions, feeder = problem.instance.conditions, problem.instance.feeder
    limits = conditions.station_limits
    if limits is None or found.bound_usd is None:
        return found
    words = "spacing and coverage are left out of the bound, which holds all the same"
    if found.plan is None:
        return replace(found, message=f"{found.message}; {words}")
    there = [feeder.bus_index(a.bus) for a in conditions.existing or () if a.kind == "station"]
    stations = np.array([(*there, *found.plan.station_buses)], dtype=np.int64)
    reached = station_access(feeder, stations)
    if (limits.excess(reached.spacing, reached.coverage) <= 0.0).all():
        return replace(found, message=f"{found.message}; {words}, and the plan meets them")
    return _without_plan(found, f"{words}; the best plan without them does not meet them")


def certified_plan(problem: SitingProblem, certificate: Certificate) -> Plan | None:
    """Return the plan that a certificate found, None if it found none."""
    if certificate.plan is None:
        return None
    return _plan_at(problem, certificate.plan)


def _plan_at(problem: SitingProblem, found: SitePlan) -> Plan:
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


def solve_problem(problem: SitingProblem, *, gap: float, limit_s: float) -> Solved:
    """Return the certificate's plan as a point of the problem, and the power flows it took.

    Parameters
    ----------
    problem : SitingProblem
        As of `certify_problem`.
    gap, limit_s : float
        As of `certify`.
    """
    with counted_flows() as count:
        found = certify_problem(problem, gap=gap, limit_s=limit_s)
    message = f"certificate: {found.status}, {found.message}"
    if found.plan is None:
        return Solved(None, sum(count), message)
    equipment = problem.equipment
    position = {
        int(bus): i for i, bus in enumerate(equipment.candidate_buses(problem.instance.feeder))
    }
    stations = () if equipment.station_buses else sorted(found.plan.station_buses)
    banks = sorted(zip(found.plan.bank_buses, found.plan.kvar, strict=True))
    idle = [0.0] * (equipment.capacitors - len(banks))
    row = [float(position[bus]) for bus in stations]
    row += [float(position[bus]) for bus, _ in banks] + idle
    row += [kvar for _, kvar in banks] + idle
    return Solved(problem.space.snap(np.array([row]))[0], sum(count), message)
