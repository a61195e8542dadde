"""Owns what a report says of one judged siting plan: equipment, money, operation."""

from __future__ import annotations

from typing import Any

from problems.core.assess import Assessment, required
from problems.core.cash_flow import cash_flow
from problems.core.instance import Conditions, Instance
from problems.core.land import land_of
from problems.core.money import investment, yearly_upkeep
from problems.core.plan import Plan
from problems.core.years import study_states
from problems.report.bounds import Bound, relative_gap
from problems.report.money_svg import cash_figure, tornado_figure
from problems.report.page import Figure, Section, Table, table_of
from problems.report.plan_svg import diagram, profile
from problems.report.plan_verdicts import plan_verdicts
from problems.report.profile_svg import lowest_v_pu
from problems.siting.equipment import SitingEquipment
from problems.siting.sensitivity import sensitivity

DELTA_PCT = 10.0


def plan_sections(
    plan: Plan,
    assessment: Assessment,
    instance: Instance,
    bound: Bound | None,
    where: str = "",
    more: tuple[Figure, ...] = (),
) -> tuple[Section, ...]:
    """Return the sections of one plan; `where` ends each heading, `more` figures the last part.

    A plan without a power flow solution has neither money nor figures.
    """
    verdicts = plan_verdicts(plan, assessment, bound)
    if assessment.npv is None:
        return (Section(f"Plan{where}", tables=(_assets(plan, instance),), verdicts=verdicts),)
    tables = (_assets(plan, instance, assessment), _operation(plan, assessment))
    return (
        Section(f"Plan{where}", tables=tables, verdicts=verdicts),
        _money(plan, assessment, instance, where, assessment.npv),
        Section(
            f"Feeder{where}",
            figures=(diagram(assessment, plan), profile(assessment, plan), *more),
            tables=(_buses(assessment),),
        ),
    )


def plan_words(plan: Plan) -> str:
    """Return what a plan builds, in words."""
    stations = [f"{a.bus} ({a.kw:,.0f} kW)" for a in plan.assets if a.kw is not None]
    banks = [f"{a.bus} ({a.kvar:,.0f} kvar)" for a in plan.assets if a.kvar is not None]
    words = [
        f"{name} at {'bus' if len(sites) == 1 else 'buses'} {', '.join(sites)}"
        for name, sites in (("charging", stations), ("capacitors", banks))
        if sites
    ]
    return " and ".join(words) or "nothing"


def certificate_words(bound: Bound | None, npv: float | None, currency: str) -> str:
    """Return what is proven of an NPV, in one sentence."""
    if bound is None:
        return "No bound was asked for: nothing is proven about better plans."
    if bound.status == "infeasible":
        return f"Proven: {bound.message.removesuffix(' (proven)')}."
    if bound.npv is None:
        return f"No bound: {bound.message}."
    gap = relative_gap(bound.npv, npv)
    words = (
        f"Proven: no plan within the limits has an NPV above {bound.npv:,.0f} {currency.upper()}"
    )
    return words + (f"; this one is {100.0 * gap:.3f} % below." if gap is not None else ".")


def siting_question(equipment: SitingEquipment, conditions: Conditions, where: str) -> str:
    """Return what a siting study asks."""
    e, years = equipment, conditions.horizon.years
    fixed = f" (at buses {', '.join(e.station_buses)})" if e.station_buses else ""
    most = "at most " if e.bank_rule == "at-most" else ""
    step = f" in steps of {e.kvar_step:g}" if e.kvar_step is not None else ""
    if e.kvar_sizes is not None:
        step = f" in the sizes {', '.join(f'{size:g}' for size in e.kvar_sizes)}"
    rating = f"{e.station_kw:,.0f} kW"
    if e.station_kw_min is not None and e.station_kw_max is not None:
        rating = (
            f"{e.station_kw_min:,.0f} to {e.station_kw_max:,.0f} kW, together "
            f"{e.stations * e.station_kw:,.0f} kW,"
        )
    return (
        f"Where on {where} do {_count(e.stations, 'charging station')} of {rating}"
        f"{fixed} and {most}{_count(e.capacitors, 'capacitor bank')} of {e.kvar_min:,.0f} to "
        f"{e.kvar_max:,.0f} kvar{step} give the greatest net present value over {years} years?"
    )


def siting_assumptions(conditions: Conditions) -> tuple[str, ...]:
    """Return what a siting study rests on, one sentence each."""
    limits, prices, states = conditions.limits, conditions.prices, conditions.horizon.states
    floor = f"at least {limits.v_min_pu:g} and " if limits.v_min_pu > 0.0 else ""
    money = prices.currency.upper()
    rule = {
        "annuity": f"the sum of {conditions.horizon.years} discounted years",
        "final-year": "one discounted payment in the last year, as in published tables",
    }[conditions.money_rule]
    shown = "; ".join(
        f"{s.name} {s.hours:g} h, loads x {s.load_factor:g}, stations x {s.station_factor:g}"
        for s in states[:6]
    )
    more = f"; and {len(states) - 6} more" if len(states) > 6 else ""
    stations = "draw their rating at unity power factor"
    if conditions.mode == "v2g":
        stations = f"feed back {100.0 * (conditions.v2g_share or 0.0):g} % of their rating"
    found = [
        "The feeder is balanced and radial; loads are constant power; the power flow is AC"
        + (f", stopped after {conditions.sweeps} sweeps." if conditions.sweeps else "."),
        f"Voltages are held to {floor}at most {limits.v_max_pu:g} p.u., branches to "
        f"{limits.loading_max_pct:g} % of ampacity where it is known.",
        f"Load states of a year: {shown}{more}. Stations {stations}.",
        f"Prices (assumed unless given by a file): energy {prices.energy_per_kwh:g} {money}/kWh, "
        f"discount rate {100.0 * prices.discount_rate:g} %; a bank costs "
        f"{prices.capacitor_install_per_site:,.0f} {money} + "
        f"{prices.capacitor_purchase_per_kvar:g} {money}/kvar and "
        f"{prices.capacitor_om_per_site_year:,.0f} {money} a year, a station "
        f"{prices.station_install_per_site:,.0f} {money} + "
        f"{prices.station_purchase_per_kw:g} {money}/kW and "
        f"{prices.station_om_per_site_year:,.0f} {money} a year.",
        f"Savings are losses avoided against the feeder without stations and banks; the NPV is "
        f"{rule}.",
    ]
    station_limits = conditions.station_limits
    if station_limits is not None:
        pairs = (("apart", station_limits.min_spacing), ("from demand", station_limits.coverage))
        words = [f"{x:g} {station_limits.unit} {name}" for name, x in pairs if x is not None]
        found.append(f"Stations stand {' and '.join(words)} along the feeder.")
    return (*found, *asked_besides(conditions))


def asked_besides(conditions: Conditions) -> tuple[str, ...]:
    """Return what stands already, growth, land and budget, one sentence each that is asked."""
    money, found = conditions.prices.currency.upper(), []
    if conditions.existing:
        words = [
            f"{a.kind} {a.kw if a.kw is not None else a.kvar:,.0f} "
            f"{'kW' if a.kind == 'station' else 'kvar'} at {a.bus}"
            for a in conditions.existing
        ]
        found.append(f"Stands already, stays and costs nothing: {', '.join(words)}.")
    growth = conditions.horizon.growth
    if growth is not None:
        found.append(
            f"Loads grow by {100.0 * growth:g} % a year from the first year's, which are today's; "
            "savings are those of the mean year at present value; limits hold in every year."
        )
    if conditions.bus_costs:
        found.append(
            f"Land is paid for at the buses of a table of {len(conditions.bus_costs)}, in {money}."
        )
    if conditions.budget is not None:
        found.append(f"The investment is at most {conditions.budget:,.0f} {money}.")
    return tuple(found)


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"


def _assets(plan: Plan, instance: Instance, assessment: Assessment | None = None) -> Table:
    prices, feeder = plan.conditions.prices, instance.feeder
    land = dict(
        zip(("station", "capacitor"), land_of(plan.conditions.bus_costs, feeder), strict=True)
    )
    rows = []
    for asset in plan.assets:
        is_station = asset.kind == "station"
        sites = (
            (1.0, asset.kw or 0.0, 0.0, 0.0) if is_station else (0.0, 0.0, 1.0, asset.kvar or 0.0)
        )
        row: dict[str, Any] = {
            "equipment": "station" if is_station else "capacitor bank",
            "bus": asset.bus,
            "rating_kw": asset.kw,
            "rating_kvar": asset.kvar,
            f"investment_{prices.currency}": investment(prices, *sites)
            + float(land[asset.kind][feeder.bus_index(asset.bus)]),
            f"upkeep_a_year_{prices.currency}": yearly_upkeep(prices, sites[0], sites[2]),
        }
        if assessment is not None:
            row |= _bus_voltages(feeder.bus_index(asset.bus), assessment)
        rows.append(row)
    return table_of("What is built", rows)


def _bus_voltages(bus: int, assessment: Assessment) -> dict[str, float]:
    return {
        "lowest_before_pu": float(lowest_v_pu(required(assessment.base_flow.v_pu))[bus]),
        "lowest_after_pu": float(lowest_v_pu(required(assessment.flow.v_pu))[bus]),
    }


def _operation(plan: Plan, assessment: Assessment) -> Table:
    base = assessment.base_flow
    hours = study_states(plan.conditions).hours
    loading = None if assessment.max_loading_pct is None else required(base.max_loading_pct).max()
    rows = [
        ("mean loss (kW)", float(hours @ required(base.loss_kw) / hours.sum()), assessment.loss_kw),
        ("lowest voltage (p.u.)", float(required(base.v_min_pu).min()), assessment.v_min_pu),
        ("highest voltage (p.u.)", float(required(base.v_max_pu).max()), assessment.v_max_pu),
        (
            "greatest loading (%)",
            None if loading is None else float(loading),
            assessment.max_loading_pct,
        ),
        ("energy saved (kWh a year)", None, assessment.saved_kwh_per_year),
    ]
    return Table("Operation", ("figure", "before", "with_the_plan"), tuple(rows))


def _money(
    plan: Plan, assessment: Assessment, instance: Instance, where: str, npv: float
) -> Section:
    conditions = plan.conditions
    currency, horizon = conditions.prices.currency, conditions.horizon
    years = cash_flow(
        conditions.prices,
        horizon.years,
        conditions.money_rule,
        assessment.saved_kwh_per_year,
        assessment.upkeep_per_year,
        assessment.invested,
    )
    names = ("savings", "upkeep", "investment", "discounted", "cumulative")
    rows = [
        {"year": year.year, **{f"{name}_{currency}": getattr(year, name) for name in names}}
        for year in years
    ]
    sums = [(year.year, year.discounted, year.cumulative) for year in years]
    swings = sensitivity(plan, instance, delta_pct=DELTA_PCT)
    gained = "gains" if npv >= 0.0 else "loses"
    return Section(
        f"Money{where}",
        text=(
            f"Building costs {assessment.invested:,.0f} {currency.upper()}; the plan {gained} "
            f"{abs(npv):,.0f} {currency.upper()} of net present value.",
        ),
        figures=(cash_figure(sums, currency), tornado_figure(swings, npv, currency, DELTA_PCT)),
        tables=(table_of("Cash flow by year", rows, is_long=True),),
    )


def _buses(assessment: Assessment) -> Table:
    feeder = assessment.flow.feeder
    before = lowest_v_pu(required(assessment.base_flow.v_pu))
    after = lowest_v_pu(required(assessment.flow.v_pu))
    rows = [
        {
            "bus": label,
            "load_kw": float(feeder.p_kw[k]),
            "load_kvar": float(feeder.q_kvar[k]),
            "lowest_before_pu": float(before[k]),
            "lowest_after_pu": float(after[k]),
        }
        for k, label in enumerate(feeder.bus_id)
    ]
    return table_of("Voltage of every bus", rows, is_long=True)
