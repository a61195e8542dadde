"""What planners ask next, by money: existing assets, growth, land, budget, ratings."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from siting_questions import BANK, CASES, EXISTING, FEEDER, FREE, LAND, STATION, problem

from heuristics.testing import check_problem
from powerflow import power_flow
from problems.core.assess import assess
from problems.core.equipment import Asset
from problems.core.errors import ContentError
from problems.core.horizon import Horizon, LoadState
from problems.core.instance import Conditions, Instance
from problems.core.money import present_value_factor, year_worths
from problems.core.plan import Plan
from problems.core.station_limits import StationLimits
from problems.core.years import study_states
from problems.siting.repair import SitingRepair


def judged(assets: tuple[Asset, ...], **conditions: Any) -> Any:
    instance = Instance(FEEDER, Conditions(limits=FREE, **conditions))
    return assess(Plan.of(instance, assets), instance)


@pytest.mark.parametrize("case", CASES)
def test_candidates_are_judged_as_their_plans_are(case: str) -> None:
    conditions, equipment = CASES[case]
    asked = problem(conditions, **equipment)
    x = asked.space.sample(25, np.random.default_rng(3))
    e = asked.evaluate(x)
    invested = asked.invested(x)
    for k in range(len(x)):
        found = assess(asked.plan(x[k]), asked.instance)
        # both flows converge to 1e-8 p.u. of voltage
        assert -e.f[k, 0] == pytest.approx(found.npv, rel=1e-6, abs=1.0)
        assert invested[k] == pytest.approx(found.invested, rel=1e-12)
        assert max(e.g[k].max(), 0.0) == pytest.approx(found.violation, abs=1e-7)


@pytest.mark.parametrize(
    "case", [name for name in CASES if "ratings" not in name and name != "all"]
)
def test_problem_conforms(case: str) -> None:
    conditions, equipment = CASES[case]
    check_problem(problem(conditions, **equipment), seed=1)


def test_what_stands_already_is_load_of_the_feeder() -> None:
    """The same plan on a feeder whose loads hold the existing assets is worth the same."""
    p_kw, q_kvar = FEEDER.p_kw.copy(), FEEDER.q_kvar.copy()
    p_kw[FEEDER.bus_index("6")] += 500.0
    q_kvar[FEEDER.bus_index("14")] -= 300.0
    loaded = Instance(replace(FEEDER, p_kw=p_kw, q_kvar=q_kvar), Conditions(limits=FREE))
    with_it = judged((STATION, BANK), existing=EXISTING)
    by_hand = assess(Plan.of(loaded, (STATION, BANK)), loaded)
    assert with_it.npv == pytest.approx(by_hand.npv, rel=1e-9)
    assert with_it.invested == by_hand.invested == judged((STATION, BANK)).invested
    nothing = judged((), existing=EXISTING)
    assert (nothing.npv, nothing.invested, nothing.saved_kwh_per_year) == (0.0, 0.0, 0.0)


def test_existing_stations_serve_and_keep_distance() -> None:
    limits = StationLimits("ohm", min_spacing=2.0, coverage=20.0)
    alone = judged((BANK,), station_limits=limits)
    assert alone.violation is None  # nobody is served
    assert judged((BANK,), station_limits=limits, existing=EXISTING).is_feasible
    near = judged((Asset("station", "26", kw=1500.0),), station_limits=limits, existing=EXISTING)
    assert near.violation > 0.0
    both = (EXISTING[0], Asset("station", "26", kw=100.0))
    with pytest.raises(ContentError, match="existing: stations stand nearer"):
        problem({"existing": both, "station_limits": limits})


def test_growth_is_every_year_by_hand() -> None:
    """NPV as the sum over the years of equation (5), each with its own loads."""
    growth, years, rate = 0.04, 4, 0.07
    horizon = Horizon(
        (LoadState("day", 5000.0), LoadState("night", 3760.0, 0.5, 0.3)), years, growth
    )
    found = judged((STATION, BANK), horizon=horizon)
    base_v = 2.0
    worth, upkeep = 0.0, 1200.0 + 800.0
    for year in range(1, years + 1):
        saved_kwh = 0.0
        for hours, load, station in ((5000.0, 1.0, 1.0), (3760.0, 0.5, 0.3)):
            factor = load * (1.0 + growth) ** (year - 1)
            p_kw, q_kvar = factor * FEEDER.p_kw, factor * FEEDER.q_kvar
            before = power_flow(FEEDER, p_kw, q_kvar)
            p_kw[FEEDER.bus_index("19")] += 1500.0 * station
            q_kvar[FEEDER.bus_index("30")] -= 900.0
            after = power_flow(FEEDER, p_kw, q_kvar)
            saved_kwh += hours * float(before.loss_kw[0] - after.loss_kw[0])
            base_v = min(base_v, float(after.v_min_pu[0]))
        worth += (saved_kwh * 1.136 - upkeep) / (1.0 + rate) ** year
    invested = 3000.0 + 1500.0 * 10.0 + 1500.0 + 900.0 * 25.0
    assert found.invested == invested
    assert found.npv == pytest.approx(worth - invested, rel=1e-6)
    assert found.v_min_pu == pytest.approx(base_v, abs=1e-9)


def test_no_growth_is_growth_of_zero() -> None:
    for rule in ("annuity", "final-year"):
        flat = judged((STATION, BANK), money_rule=rule, horizon=Horizon(growth=0.0))
        assert flat.npv == pytest.approx(judged((STATION, BANK), money_rule=rule).npv, rel=1e-9)
    assert year_worths(0.07, 10, "annuity").sum() == pytest.approx(
        present_value_factor(0.07, 10, "annuity"), rel=1e-14
    )


def test_final_year_counts_the_loads_of_the_last_year() -> None:
    grown = judged((BANK,), money_rule="final-year", horizon=Horizon(years=3, growth=0.1))
    last = Horizon((LoadState(load_factor=1.1**2),), 3)
    assert grown.npv == pytest.approx(
        judged((BANK,), money_rule="final-year", horizon=last).npv, rel=1e-9
    )


def test_states_of_the_years() -> None:
    horizon = Horizon((LoadState("day", 5000.0), LoadState("night", 3760.0)), 3, 0.1)
    study = study_states(Conditions(horizon=horizon))
    assert [state.name for state in study.states[:3]] == [
        "year 1, day",
        "year 1, night",
        "year 2, day",
    ]
    assert study.hours.sum() == pytest.approx(8760.0)
    assert study.worth_hours.sum() == pytest.approx(8760.0)
    assert (np.diff(study.worth_hours[::2]) < 0.0).all()  # later years are worth less


def test_land_is_paid_once_a_device() -> None:
    assets = (Asset("station", "2", kw=1500.0), STATION, BANK, Asset("capacitor", "2", kvar=300.0))
    dear, cheap = judged(assets, bus_costs=LAND), judged(assets)
    assert dear.invested - cheap.invested == pytest.approx(5e5 + 4e5 + 2e5 + 1e4)
    assert cheap.npv - dear.npv == pytest.approx(5e5 + 4e5 + 2e5 + 1e4, rel=1e-9)


def test_budget_is_a_limit_like_others() -> None:
    spent = judged((STATION, BANK)).invested
    assert judged((STATION, BANK), budget=spent).is_feasible
    over = judged((STATION, BANK), budget=0.8 * spent)
    assert over.violation == pytest.approx(0.25)
    assert not over.is_feasible
    assert over.npv == judged((STATION, BANK)).npv


@settings(max_examples=100, deadline=None)
@given(
    kw=st.lists(st.floats(0.0, 5000.0), min_size=1, max_size=5),
    low=st.floats(1.0, 1000.0),
    width=st.floats(0.0, 3000.0),
    share=st.floats(0.0, 1.0),
)
def test_ratings_are_shared_out(kw: list[float], low: float, width: float, share: float) -> None:
    """Ratings add up within their range, the nearest that do, and stay so."""
    n, high = len(kw), low + width
    total = n * (low + share * width)
    repair = SitingRepair(n, 0, 9, 1.0, 1.0, np.empty(0), True, total, low, high)
    x = np.array([[*range(n), *kw]], dtype=np.float64)
    once = repair(x)
    rated = once[0, n:]
    assert rated.sum() == pytest.approx(total, rel=2e-9)
    assert ((rated >= low) & (rated <= high)).all()
    np.testing.assert_array_equal(repair(once), once)
    inside = (rated > low + 1e-6) & (rated < high - 1e-6)
    clipped = np.clip(kw, low, high)
    shift = (rated - clipped)[inside]
    assert np.ptp(shift) <= 1e-6 * high if shift.size else True


def test_ratings_draw_what_they_are() -> None:
    asked = problem(stations=2, capacitors=0, station_kw_min=200.0, station_kw_max=2800.0)
    bus = [float(FEEDER.bus_index(label) - 1) for label in ("2", "18")]
    x = asked.space.snap(np.array([[*bus, 2800.0, 200.0], [*bus, 200.0, 2800.0]]))
    f = asked.evaluate(x).f[:, 0]
    assert f[0] < f[1]  # the large one stands at the source
    plan = asked.plan(x[1])
    assert [(a.bus, a.kw) for a in plan.assets] == [("2", 200.0), ("18", 2800.0)]
