"""Owns under which assumptions Table 1's curtailment and charging satisfaction would appear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq

from benchmarks.papers.staged.points import Point, Searches
from benchmarks.papers.staged.sweeps import price, with_data
from problems.staged.checks import Site
from problems.staged.indicators import curtailment_pct
from problems.staged.investment import SCHEMES, SchemeName
from problems.staged.operation import operate_day
from problems.staged.scenarios import ScenarioSet, whole_year
from problems.staged.scheme_plan import SchemePlan
from problems.staged.screening import plain_flow
from problems.staged.state import StageModel
from problems.staged.studied import Studied

PERFORMANCE_RATIO = 0.8
"""Share of its rating that clear-sky PV of the data delivers at most."""
LIGHT_LOAD = 0.3
FEEDER_END = "18"
LOW_PRICE, LOWEST_PRICE = 0.5, 0.2
"""RMB per kWh of charging not served: a tenth of what is assumed, and less."""

PLAIN: tuple[SchemeName, ...] = ("A", "B")
"""Schemes without flexibility, whose satisfaction is the lowest."""

PRINTED_MULTIPLE = 1.8
"""Evening peak with half of the vehicles electric over that without any (2.1)."""


@dataclass(frozen=True, slots=True)
class Curtailment:
    """Hold what a case curtails in the last stage, each plan's assets kept, dispatch anew.

    Attributes
    ----------
    case : str
    v_max_pu, export_mw : float
        Highest voltage, and most power sent back, if nothing were built or controlled.
    pct : dict of str to float or None
        Share of PV that is curtailed by scheme.
    """

    case: str
    v_max_pu: float
    export_mw: float
    pct: dict[str, float | None]


def pv_times(study: Studied, times: float) -> Studied:
    """Return a study whose PV delivers `times` what it does per kW installed."""
    seasons = tuple(
        replace(season, pv_clear=tuple(times * share for share in season.pv_clear))
        for season in study.data.seasons
    )
    return with_data(study, lambda data: replace(data, seasons=seasons))


def light_weekends(study: Studied, load_factor: float) -> Studied:
    """Return a study whose weekends have this share of the load of workdays."""
    workday, weekend = study.data.day_types
    days = (workday, replace(weekend, load_factor=load_factor))
    return with_data(study, lambda data: replace(data, day_types=days))


def at_one_bus(study: Studied, bus: str) -> Studied:
    """Return a study whose PV all stands at one bus."""
    return with_data(study, lambda data: replace(data, pv=(Site(bus, 1.0),)))


def evening_peak(study: Studied, times: float) -> Studied:
    """Return a study whose vehicles, at the same energy a day, draw `times` the evening power."""
    fleet = study.data.ev
    course = np.array(fleet.unmanaged)
    energy = fleet.unmanaged_kw * float((course**fleet.shape_exponent).sum())
    kw = times * fleet.unmanaged_kw
    exponent = brentq(lambda k: kw * float((course**k).sum()) - energy, 0.1, 10.0)
    sharper = replace(fleet, unmanaged_kw=kw, shape_exponent=exponent)
    return with_data(study, lambda data: replace(data, ev=sharper))


def curtailment_cases(searches: Searches) -> list[Curtailment]:
    """Return what the plans curtail in the last stage as assumed and in cases of ever more PV."""
    asis = searches.study
    full = pv_times(asis, 1.0 / PERFORMANCE_RATIO)
    cases = (
        ("as assumed", asis),
        ("PV at its full rating", full),
        (
            f"full rating, weekends at {LIGHT_LOAD:.0%} of the load",
            light_weekends(full, LIGHT_LOAD),
        ),
        (f"as assumed, all PV at bus {FEEDER_END}", at_one_bus(asis, FEEDER_END)),
        (f"full rating, all PV at bus {FEEDER_END}", at_one_bus(full, FEEDER_END)),
    )
    found = []
    for name, study in cases:
        searches.say(f"curtailment: {name}")
        last, year = study.data.n_stage - 1, whole_year(study.data)
        flow = plain_flow(study, last, year, np.zeros(len(study.segments), dtype=bool))
        found.append(
            Curtailment(
                case=name,
                v_max_pu=float(flow.v_pu.max()),
                export_mw=max(0.0, -float(flow.supplied_kw.min()) / 1000.0),
                pct={n: _curtailed_pct(p, study, year) for n, p in searches.plans.items()},
            )
        )
    return found


def _curtailed_pct(plan: SchemePlan, study: Studied, year: ScenarioSet) -> float | None:
    """Return the share of PV that a plan's assets must curtail in the last stage of a study."""
    last = study.data.n_stage - 1
    model = StageModel.of(study, plan.model.scheme, plan.model.seen)
    days = [
        operate_day(model, last, plan.chain[last], plan.capacity[last], scenario, float(weight))
        for scenario, weight in zip(year.scenarios, year.weight, strict=True)
    ]
    return curtailment_pct(replace(plan, model=model, days=days), last)


def satisfaction_cases(searches: Searches, multiple: float) -> dict[str, list[Point]]:
    """Return points by case: cheaper charging not served, and the printed evening peak.

    Parameters
    ----------
    searches : Searches
    multiple : float
        Evening peak over that without vehicles at half penetration, as the data have it.
    """
    asis = searches.study
    now = asis.data.prices.unserved_charging_per_kwh
    sharper = evening_peak(asis, (PRINTED_MULTIPLE - 1.0) / (multiple - 1.0))
    words = f"evening peak {PRINTED_MULTIPLE:g} times the base at 50 %, as printed"
    found = {f"{now:g} RMB/kWh, as assumed": searches.as_it_is("unserved price", now, SCHEMES)}
    for value, names in ((LOW_PRICE, SCHEMES), (LOWEST_PRICE, PLAIN)):
        changed = price(asis, unserved_charging_per_kwh=value)
        found[f"{value:g} RMB/kWh"] = searches.points("unserved price", value, changed, names)
    for value in (LOW_PRICE, now):
        changed = price(sharper, unserved_charging_per_kwh=value)
        found[f"{value:g} RMB/kWh, {words}"] = searches.points(
            "unserved price at the printed peak", value, changed, PLAIN
        )
    return found


def curtailment_words(cases: Sequence[Curtailment], printed: Mapping[str, float]) -> str:
    """Return in a sentence or two where PV is curtailed and where it comes near the print."""
    some = [case for case in cases if _most(case) >= 0.05]
    none = [case.case for case in cases if _most(case) < 0.05]
    words = f"Curtailment stays below 0.05 % of the PV in these cases: {'; '.join(none)}."
    if not some:
        return f"{words} It appears in none."
    worst = max(some, key=_most)
    least, most = min(printed.values()), max(printed.values())
    shown = ", ".join(f"{name} {pct:.1f} %" for name, pct in worst.pct.items() if pct is not None)
    return (
        f"{words} It appears with {'; '.join(case.case for case in some)}; the most, with "
        f"{worst.case}, is {shown} (printed: {least:g} to {most:g} %)."
    )


def _most(case: Curtailment) -> float:
    return max((pct for pct in case.pct.values() if pct is not None), default=0.0)


def satisfaction_words(cases: Mapping[str, Sequence[Point]], printed: Mapping[str, float]) -> str:
    """Return in a sentence or two where charging satisfaction falls, and whether to the print."""
    found = {case: _satisfaction(points) for case, points in cases.items()}
    lowest = {case: min(of.values()) for case, of in found.items() if of}
    near = {
        case: {name: pct for name, pct in of.items() if abs(pct - printed[name]) <= 3.0}
        for case, of in found.items()
    }
    listed = "; ".join(f"{case}: {pct:.1f} %" for case, pct in lowest.items())
    words = f"Lowest of the four schemes: {listed}."
    hits = [f"{case} ({', '.join(of)})" for case, of in near.items() if of]
    reached = f"Within 3 points of the print: {'; '.join(hits)}." if hits else "None is near."
    return " ".join([words, reached, *(_between(found, name, printed[name]) for name in PLAIN[:1])])


def _between(found: Mapping[str, Mapping[str, float]], name: str, pct: float) -> str:
    """Return between which cases a printed share of a scheme lies."""
    of = {case: shares[name] for case, shares in found.items() if name in shares}
    below = [case for case in of if of[case] <= pct]
    above = [case for case in of if of[case] >= pct]
    if not below or not above:
        return f"The printed {pct:g} % of {name} lies outside all of them."
    low, high = max(below, key=of.__getitem__), min(above, key=of.__getitem__)
    return (
        f"The printed {pct:g} % of {name} lies between that of {high} ({of[high]:.1f} %) and that "
        f"of {low} ({of[low]:.1f} %)."
    )


def _satisfaction(points: Sequence[Point]) -> dict[str, float]:
    return {
        point.scheme: point.charging_satisfaction_pct
        for point in points
        if point.charging_satisfaction_pct is not None
    }
