"""Owns the report of staged plans: schemes, stages, money, the feeder, what was checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from problems.report.feeder_svg import BuiltLine, Mark, feeder_figure
from problems.report.money_svg import cash_figure, tornado_figure
from problems.report.page import Figure, Page, Section, Table, Verdict, outcome_of, table_of
from problems.report.profile_svg import limit_levels, lowest_v_pu, profile_figure
from problems.siting.sensitivity import Swing
from problems.staged.indicators import cost_breakdown, listed_investments
from problems.staged.payments import yearly_payments
from problems.staged.scenarios import whole_year
from problems.staged.scheme_plan import SchemePlan
from problems.staged.screening import plain_flow
from problems.staged.studied import Studied

ASSUMPTIONS = (
    "Prices, fleet and profiles the paper does not print are assumed: each figure of the "
    "configuration carries its basis.",
    "Balanced radial feeder; branch-flow cone relaxation, every hour rechecked by AC power flow.",
    "No energy purchase and no residual value, as in the printed objective, unless switched on.",
)
AC_TOL = 1e-5
"""Largest excess over a limit, per unit of it, that the tolerance of a solver explains."""
CONE_TOL = 1e-4
PROVEN_GAP = 0.03
"""Gap at which the proof of a quick plan stops."""
DELTA_PCT = 10.0
MEANINGS = {"undervoltage_buses": "undervoltage buses", "heavy_load_h": "hours of heavy load"}


def staged_page(
    study: Studied,
    command: str,
    plans: Mapping[str, SchemePlan],
    answers: Mapping[str, Mapping[str, Any]],
    figures: Sequence[Figure],
) -> Page:
    """Return the report of a finished study; `answers` are the schemes' keys."""
    best = min(plans, key=lambda name: plans[name].lcc_rmb)
    plan = plans[best]
    rows = [
        {"scheme": name, **row}
        for name, own in plans.items()
        for row in listed_investments(own)
        if row["category"] != "basic piles"
    ]
    built = table_of("What is built when, basic piles left out", rows, is_long=len(rows) > 14)
    schemes = Section(
        "Schemes",
        tables=(_schemes(answers), _stages(study, answers), built),
        figures=tuple(figures),
        verdicts=_checks(plans, answers),
    )
    worst = max((a["ac"]["violation"] or 0.0) for a in answers.values())
    return Page(
        title=f"Staged investment on {study.feeder.name}",
        question=question(study),
        answer=(
            f"Scheme {best} costs least: {plan.lcc_rmb / 1e6:.3f} million RMB on the scenarios "
            f"of the search, within {100.0 * plan.gap:.2f} % of the best possible; "
            f"{_built_words(plan)}."
        ),
        certificate=(
            "Bounds proven by branch and bound on the convex hull of line choices; the AC recheck "
            f"of all scenarios exceeds no limit by more than {worst:.1e} of it."
        ),
        command=command,
        assumptions=ASSUMPTIONS,
        sections=(schemes, *_money(plan), *_feeder(plan)),
    )


def unfinished_page(study: Studied, command: str) -> Page:
    """Return the report of a study that has just begun."""
    return Page(
        title=f"Staged investment on {study.feeder.name}",
        question=question(study),
        answer="Not finished: feederlab resume continues it.",
        certificate="None yet.",
        command=command,
        assumptions=ASSUMPTIONS,
    )


def question(study: Studied) -> str:
    """Return what a staged study asks."""
    stages = study.data.stages
    return (
        f"What should be built, where and when, from {stages[0].first_year} to "
        f"{stages[-1].last_year}, while PV grows from {stages[0].pv_kw:,.0f} to "
        f"{stages[-1].pv_kw:,.0f} kW and vehicles from {stages[0].ev_count:,} to "
        f"{stages[-1].ev_count:,}?"
    )


def _built_words(plan: SchemePlan) -> str:
    model, last = plan.model, plan.capacity[-1]
    items = [
        {"segment": "line ", "transformer": "transformer "}.get(item.kind, "communication at ")
        + item.name
        for item, bit in zip(model.items, plan.chain[-1], strict=True)
        if bit
    ]
    for name, words in (
        ("storage_kwh", "kWh of storage"),
        ("smart", "managed piles"),
        ("two_way", "two-way piles"),
    ):
        size = sum(last.get(name, []))
        if size > 0.0:
            items.append(f"{size:,.0f} {words}")
    return f"in the end it has built {', '.join(items)}" if items else "it builds nothing"


def _schemes(answers: Mapping[str, Mapping[str, Any]]) -> Table:
    keys = (
        "lcc_rmb", "bound_rmb", "gap", "lcc_all_rmb", "bound_all_rmb", "investment_rmb",
        "first_stage_investment_rmb", "curtailment_pct", "charging_satisfaction_pct", "status",
    )  # fmt: skip
    rows = [{"scheme": name, **{key: a[key] for key in keys}} for name, a in answers.items()]
    return table_of("Schemes", rows, "Cost on the scenarios of the search, and on all of them.")


def _stages(study: Studied, answers: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the counts by stage, before its investment and after it."""
    rows = []
    for name, answer in answers.items():
        for key in ("undervoltage_buses", "heavy_load_h"):
            row: dict[str, Any] = {"scheme": name, "figure": MEANINGS[key]}
            for k, stage in enumerate(study.data.stages):
                for when in ("before", "after"):
                    value = answer[key][when][k]
                    row[f"{stage.name} {when}"] = None if value is None else round(value)
            rows.append(row)
    note = "Before a stage's investment: what the stage before left, charging unmanaged."
    return table_of("Each stage before and after its investment", rows, note)


def _checks(
    plans: Mapping[str, SchemePlan], answers: Mapping[str, Mapping[str, Any]]
) -> tuple[Verdict, ...]:
    """Return what was checked, each for all schemes together, with every scheme's figure."""
    ac = {name: answer["ac"] for name, answer in answers.items()}
    solved = all(one["failed_days"] == 0 for one in ac.values())
    excess = {name: one["violation"] for name, one in ac.items()}
    cones = {name: one["cone_gap"] for name, one in ac.items()}
    gaps = {name: answer["gap"] for name, answer in answers.items()}
    lost = {
        name: None if None in answer["lost_load_kwh"] else sum(answer["lost_load_kwh"])
        for name, answer in answers.items()
    }
    found = [
        Verdict(
            "The AC power flow of every scenario keeps every limit",
            outcome_of(solved and _all_within(excess, AC_TOL)),
            f"largest excess over a limit, of it: {_each(excess, '.1e')}",
        ),
        Verdict(
            "The cones of every dispatch are tight",
            outcome_of(_all_within(cones, CONE_TOL)),
            f"largest l v - P^2 - Q^2, p.u.: {_each(cones, '.1e')}",
        ),
        Verdict(
            f"The cost is within {100.0 * PROVEN_GAP:g} % of the proven bound",
            outcome_of(_all_within(gaps, PROVEN_GAP)),
            f"gap: {_each(gaps, '.3%')}",
        ),
        Verdict(
            "No load goes unserved in any stage",
            outcome_of(_all_within(lost, 1.0)),
            f"kWh a year, stages together: {_each(lost, ',.0f')}",
        ),
    ]
    for less, more in pairwise(plans):
        one, other = plans[less], plans[more]
        is_met = other.lcc_rmb <= one.lcc_rmb * (1.0 + max(one.gap, other.gap))
        reason = f"{other.lcc_rmb / 1e6:.3f} and {one.lcc_rmb / 1e6:.3f} million RMB"
        words = f"Scheme {more} costs no more than {less}, up to the gaps"
        found.append(Verdict(words, outcome_of(is_met), reason))
    return tuple(found)


def _all_within(figures: Mapping[str, float | None], most: float) -> bool:
    return all(value is not None and value <= most for value in figures.values())


def _each(figures: Mapping[str, float | None], form: str) -> str:
    return ", ".join(
        f"{name} {'no solution' if value is None else format(value, form)}"
        for name, value in figures.items()
    )


def _money(plan: SchemePlan) -> tuple[Section, ...]:
    """Return the payments by year, and what each group of prices moves, the plan kept."""
    years = yearly_payments(plan)
    if not years:
        return ()
    total = years[-1].cumulative_rmb
    step = DELTA_PCT / 100.0
    parts = sorted(cost_breakdown(plan).items(), key=lambda part: -part[1])
    swings = [
        Swing(name, total - step * cost, total + step * cost)
        for name, cost in parts
        if cost > 1e-4 * total
    ]
    rows = [
        {
            "year": str(year.year),
            "investment_rmb": year.investment_rmb,
            "upkeep_rmb": year.upkeep_rmb,
            "operation_rmb": year.operation_rmb,
            "discounted_rmb": year.discounted_rmb,
            "cumulative_rmb": year.cumulative_rmb,
        }
        for year in years
    ]
    sums = [(year.year, year.discounted_rmb, year.cumulative_rmb) for year in years]
    cost = "life-cycle cost"
    return (
        Section(
            f"Money: scheme {plan.model.scheme.name}",
            text=(
                f"The life-cycle cost on all scenarios is {total:,.0f} RMB of today: its negative "
                "is the net present value, for the objective counts no income.",
            ),
            figures=(
                cash_figure(sums, "rmb", cost),
                tornado_figure(swings, total, "rmb", DELTA_PCT, "Life-cycle cost"),
            ),
            tables=(table_of("Payments by year", rows, is_long=True),),
        ),
    )


def _feeder(plan: SchemePlan) -> tuple[Section, ...]:
    """Return the feeder in the last stage: what stands, voltages with nothing built and with it."""
    model, study = plan.model, plan.model.study
    last = study.data.n_stage - 1
    days = [day for day in plan.days if day.k_stage == last and day.status == "optimal"]
    if not days:
        return ()
    feeder, limits = study.feeder, study.data.network
    nothing = np.zeros(model.n_segment, dtype=bool)
    year = whole_year(study.data)
    before = plain_flow(study, last, year, nothing).v_pu.reshape(-1, 24, feeder.n_bus)
    day = min(days, key=lambda day: float(day.v_pu.min()))
    hour = int(np.argmin(day.v_pu.min(axis=1)))
    scenario = next(k for k, s in enumerate(year.scenarios) if s.number == day.number)
    after = np.concatenate([day.v_pu for day in days])
    shown = f", {year.scenarios[scenario].name}, hour {hour}"
    both = (before[scenario, hour], day.v_pu[hour])
    highest = float(np.nanmax(np.stack(both), initial=1.0))
    lines = [
        BuiltLine("second circuit", f"second circuit {segment.name}", int(bus))
        for segment, bit in zip(study.segments, plan.chain[last], strict=False)
        if bit
        for bus in segment.bus
    ]
    words = f"with the plan of scheme {model.scheme.name}"
    return (
        Section(
            f"Feeder in stage {study.data.stages[last].name}: scheme {model.scheme.name}",
            text=("Before: nothing built or managed, the loads of the last stage.",),
            figures=(
                feeder_figure(
                    feeder, lowest_v_pu(before.reshape(-1, feeder.n_bus)), lowest_v_pu(after),
                    _marks(plan), lines, after_words=words,
                ),
                profile_figure(
                    feeder, *both, limit_levels(limits.v_min_pu, limits.v_max_pu, highest),
                    shown=shown,
                ),
            ),
        ),
    )  # fmt: skip


def _marks(plan: SchemePlan) -> list[Mark]:
    """Return storage and managed piles of the last stage."""
    study, last = plan.model.study, plan.capacity[-1]
    feeder, data = study.feeder, study.data
    marks = [
        Mark("storage", f"storage of {kwh:,.0f} kWh, {kw:,.0f} kW", feeder.bus_index(bus))
        for bus, kwh, kw in zip(
            data.storage.sites, last.get("storage_kwh", ()), last.get("storage_kw", ()),
            strict=False,
        )
        if min(kwh, kw) > 0.0
    ]  # fmt: skip
    marks += [
        Mark(
            "managed piles",
            f"{smart:,.0f} managed and {two_way:,.0f} two-way piles",
            feeder.bus_index(site.bus),
        )
        for site, smart, two_way in zip(
            data.ev.stations, last.get("smart", ()), last.get("two_way", ()), strict=False
        )
        if smart + two_way > 0.0
    ]
    return marks
