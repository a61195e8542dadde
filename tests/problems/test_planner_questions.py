"""What planners ask next, by money: existing assets, budget, growth, land, ratings, sizes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heuristics.testing import check_problem
from powerflow import power_flow
from powerflow.library import load_feeder
from powerflow.limits import Limits
from problems.core.assess import assess
from problems.core.equipment import Asset
from problems.core.errors import ContentError, SettingError
from problems.core.horizon import Horizon, LoadState
from problems.core.instance import Conditions, Instance
from problems.core.land import SiteCost
from problems.core.money import Prices, present_value_factor, year_worths
from problems.core.plan import Plan
from problems.core.station_limits import StationLimits
from problems.core.years import study_states
from problems.siting.certified import certified_plan, certify_problem
from problems.siting.certified_cases import siting_cases
from problems.siting.equipment import SitingEquipment
from problems.siting.objectives import SitingObjectives
from problems.siting.problem import SitingProblem
from problems.siting.repair import SitingRepair
from problems.siting.tables import read_bus_costs, read_existing, read_states

FEEDER = load_feeder("ieee33")
FREE = Limits(v_min_pu=0.0)
STATION, BANK = Asset("station", "19", kw=1500.0), Asset("capacitor", "30", kvar=900.0)
EXISTING = (Asset("station", "6", kw=500.0), Asset("capacitor", "14", kvar=300.0))
LAND = (SiteCost("2", 5e5, 1e4), SiteCost("19", 4e5), SiteCost("30", 0.0, 2e5))
EXAMPLES = Path(__file__).parents[2] / "problems" / "siting" / "examples"


def judged(assets: tuple[Asset, ...], **conditions: Any) -> Any:
    instance = Instance(FEEDER, Conditions(limits=FREE, **conditions))
    return assess(Plan.of(instance, assets), instance)


def problem(conditions: dict[str, Any] | None = None, **equipment: Any) -> SitingProblem:
    held = Conditions(**{"limits": FREE, **(conditions or {})})
    return SitingProblem(Instance(FEEDER, held), SitingEquipment(**equipment))


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "existing": ({"existing": EXISTING}, {}),
    "budget": ({"budget": 70_000.0}, {}),
    "growth": ({"horizon": Horizon(years=3, growth=0.05)}, {}),
    "land": ({"bus_costs": LAND}, {}),
    "settled stations on land": ({"bus_costs": LAND}, {"station_buses": ("2", "19")}),
    "sizes": ({}, {"kvar_sizes": (600.0, 150.0, 1000.0)}),
    "ratings": ({}, {"station_kw_min": 500.0, "station_kw_max": 2500.0}),
    "ratings at settled buses": (
        {},
        {"station_kw_min": 500.0, "station_kw_max": 2500.0, "station_buses": ("19", "2")},
    ),
    "all": (
        {
            "existing": EXISTING,
            "budget": 900_000.0,
            "bus_costs": LAND,
            "horizon": Horizon(
                (LoadState("day", 5000.0), LoadState("night", 3760.0, 0.4, 0.2)), 2, 0.03
            ),
            "station_limits": StationLimits("ohm", min_spacing=1.0),
            "money_rule": "final-year",
        },
        {"kvar_step": 150.0, "station_kw_min": 900.0, "station_kw_max": 2000.0},
    ),
}


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


@pytest.mark.parametrize(
    "case", ["existing", "land", "settled stations on land", "sizes", "budget"]
)
def test_certified_bounds_hold_for_random_plans(case: str) -> None:
    conditions, equipment = CASES[case]
    asked = problem(conditions, **equipment)
    found = certify_problem(asked, gap=1e-3, limit_s=60.0)
    assert found.bound_usd is not None
    x = asked.space.sample(3000, np.random.default_rng(1))
    e = asked.evaluate(x)
    is_feasible = (e.g <= 0.0).all(axis=1)
    assert is_feasible.any()
    assert (-e.f[is_feasible, 0]).max() <= found.bound_usd
    plan = certified_plan(asked, found)
    assert plan is not None
    own = assess(plan, asked.instance)
    assert own.is_feasible
    assert own.npv == pytest.approx(found.npv_usd, rel=1e-6)
    assert own.npv <= found.bound_usd
    assert found.gap < 0.02


@pytest.mark.parametrize("budget", [22_000.0, 45_000.0, 60_000.0])
def test_budget_bound_against_every_plan(budget: float) -> None:
    """One bank, in steps, with two settled stations: every bus and size, one by one."""
    conditions = {"budget": budget, "existing": EXISTING}
    asked = problem(conditions, stations=1, station_buses=("19",), capacitors=1, kvar_step=50.0)
    plans = np.array(
        [
            [bus, size]
            for bus in range(FEEDER.n_bus - 1)
            for size in (0.0, *np.arange(150.0, 1201.0, 50.0))
        ]
    )
    e = asked.evaluate(plans)
    best = float((-e.f[(e.g <= 0.0).all(axis=1), 0]).max())
    found = certify_problem(asked, gap=1e-6, limit_s=30.0)
    assert found.bound_usd >= best - 1e-6 * abs(best)
    assert found.npv_usd <= best + 1e-6 * abs(best)


def test_land_moves_the_certified_stations() -> None:
    """Land at the best buses above what they save drives the stations away, by exhaustion too."""
    free = certify_problem(problem(capacitors=0))
    assert {FEEDER.bus_id[b] for b in free.plan.station_buses} == {"2", "19"}
    asked = problem({"bus_costs": (SiteCost("2", 5e5), SiteCost("19", 4e5))}, capacitors=0)
    pairs = np.array([(a, b) for a in range(32) for b in range(a + 1, 32)], dtype=np.float64)
    best = pairs[int(np.argmin(asked.evaluate(pairs).f[:, 0]))]
    found = certify_problem(asked)
    assert sorted(found.plan.station_buses) == sorted(int(p) + 1 for p in best)
    assert found.npv_usd == pytest.approx(
        -float(asked.evaluate(best[np.newaxis]).f[0, 0]), rel=1e-6
    )


def test_budget_below_the_least_investment_is_infeasible() -> None:
    found = certify_problem(problem({"budget": 35_999.0}))
    assert found.status == "infeasible"
    assert "least investment possible is 36,000.00" in found.message


def test_what_cannot_be_certified_is_named() -> None:
    asked = problem(station_kw_min=1000.0, station_kw_max=2000.0)
    with pytest.raises(SettingError, match="leave out station kw min"):
        siting_cases(asked)
    with pytest.raises(SettingError, match="leave out station kw min"):
        asked.local_model(asked.space.sample(1, np.random.default_rng(1))[0])
    with pytest.raises(SettingError, match="energy price above 0"):
        siting_cases(problem({"prices": Prices(energy_per_kwh=0.0)}))


TWO_STATES = (LoadState("day", 5000.0, 1.0, 0.6), LoadState("night", 3760.0, 0.5, 0.1))


@pytest.mark.parametrize(
    "conditions",
    [
        {"horizon": Horizon(years=4, growth=0.05)},
        {"horizon": Horizon(TWO_STATES, growth=0.03, years=2), "bus_costs": LAND},
        {"horizon": Horizon(TWO_STATES), "limits": Limits(0.93), "budget": 80_000.0},
        {"horizon": Horizon(growth=0.05), "money_rule": "final-year"},
    ],
)
def test_bounds_over_load_states_hold(conditions: dict[str, Any]) -> None:
    """The sum over the states bounds random plans, and plans that an engine finds."""
    from heuristics import make_engine, minimize

    asked = problem(conditions)
    found = certify_problem(asked, gap=1e-3, limit_s=5.0)
    assert found.bound_usd is not None
    x = asked.space.sample(2000, np.random.default_rng(1))
    e = asked.evaluate(x)
    is_feasible = (e.g <= 0.0).all(axis=1)
    assert (-e.f[is_feasible, 0]).max(initial=-np.inf) <= found.bound_usd
    searched = minimize(asked, make_engine("hybrid"), seed=2, budget=600)
    assert searched.is_feasible
    assert -searched.f <= found.bound_usd
    plan = certified_plan(asked, found)
    assert plan is not None
    own = assess(plan, asked.instance)
    assert own.is_feasible
    assert own.npv == pytest.approx(found.npv_usd, rel=1e-6)
    assert -searched.f - 0.02 * abs(searched.f) <= own.npv <= found.bound_usd


def test_shares_of_the_costs_add_up() -> None:
    """What a plan is worth is the sum over the states, whatever the shares."""
    asked = problem({"horizon": Horizon(TWO_STATES, growth=0.03, years=2), "bus_costs": LAND})
    cases = siting_cases(asked, np.array([0.1, 0.2, 0.3, 0.4]))
    plan = Plan.of(asked.instance, (Asset("station", "2", kw=1500.0), STATION, BANK))
    worth = 0.0
    for case in cases:
        p_kw, q_kvar = case.feeder.p_kw.copy(), case.feeder.q_kvar.copy()
        for label in ("2", "19"):
            p_kw[FEEDER.bus_index(label)] += case.station_kw
            worth -= case.usd_station_at[FEEDER.bus_index(label)]
        q_kvar[FEEDER.bus_index("30")] -= 900.0
        loss_kw = float(power_flow(case.feeder, p_kw, q_kvar).loss_kw[0])
        worth += case.constant_usd - case.usd_per_loss_kw * loss_kw - 2 * case.usd_per_station
        worth -= case.usd_per_bank + 900.0 * case.usd_per_kvar
        worth -= case.usd_bank_at[FEEDER.bus_index("30")]
    assert worth == pytest.approx(assess(plan, asked.instance).npv, rel=1e-7)


def test_one_state_twice_is_one_state() -> None:
    """A year cut in two equal halves is bound as the whole, by equal shares."""
    halves = (LoadState("first", 4380.0), LoadState("second", 4380.0))
    one = certify_problem(problem(), gap=1e-5)
    two = certify_problem(problem({"horizon": Horizon(halves)}), gap=1e-4)
    assert two.status == "optimal"
    assert two.bound_usd == pytest.approx(one.bound_usd, rel=2e-4)
    assert two.npv_usd == pytest.approx(one.npv_usd, rel=1e-4)


@pytest.mark.parametrize("case", ["existing", "land", "budget", "sizes"])
def test_memetic_engine_reaches_the_certified_plan(case: str) -> None:
    from heuristics import make_engine, minimize

    conditions, equipment = CASES[case]
    asked = problem(conditions, **equipment)
    bound = certify_problem(asked, gap=1e-4, limit_s=30.0).bound_usd
    found = minimize(asked, make_engine("memetic"), seed=1, budget=60)
    assert found.is_feasible
    assert -found.f >= bound - 0.02 * abs(bound)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"station_kw_min": 100.0}, "go together"),
        ({"station_kw_min": 2000.0, "station_kw_max": 3000.0}, "the mean of the stations"),
        (
            {"stations": 0, "station_kw_min": 1.0, "station_kw_max": 2000.0},
            "need at least one station",
        ),
        ({"kvar_sizes": (100.0,), "kvar_step": 10.0}, "exclude each other"),
        ({"kvar_sizes": ()}, "at least one"),
        ({"kvar_sizes": (-100.0, 5.0)}, "positive numbers"),
        ({"kvar_sizes": (100.0, 100.0)}, "differ from each other"),
        ({"kvar_sizes": (100.0, 100.0001)}, "three decimals"),
    ],
)
def test_impossible_setting_is_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        SitingEquipment(**settings)


def test_impossible_conditions_are_named() -> None:
    with pytest.raises(SettingError, match="budget must be positive"):
        Conditions(budget=0.0)
    with pytest.raises(ContentError, match="growth must be from"):
        Horizon(growth=1.0)
    with pytest.raises(ContentError, match="bus 3: cost must be 0 or more"):
        SiteCost("3", -1.0)
    with pytest.raises(ContentError, match=r"bus costs: .*no bus 99"):
        problem({"bus_costs": (SiteCost("99", 1.0),)})
    with pytest.raises(ContentError, match="bus '3' appears twice"):
        problem({"bus_costs": (SiteCost("3", 1.0), SiteCost("3", 2.0))})
    with pytest.raises(ContentError, match="station at bus 99"):
        problem({"existing": (Asset("station", "99", kw=1.0),)})


def test_examples_are_read(tmp_path: Path) -> None:
    states = read_states(EXAMPLES / "states_day.csv")
    assert (len(states), sum(state.hours for state in states)) == (24, 8760.0)
    land = read_bus_costs(EXAMPLES / "bus_costs.csv")
    assert land[0] == SiteCost("2", 90_000.0, 5000.0)
    assert read_existing(EXAMPLES / "existing.csv", FEEDER)[1] == Asset(
        "capacitor", "30", kvar=300.0
    )
    instance = Instance(FEEDER, Conditions(existing=EXISTING))
    Plan.of(instance, (STATION,)).save(tmp_path / "plan.json")
    assert read_existing(tmp_path / "plan.json", FEEDER) == (*EXISTING, STATION)
    with pytest.raises(ContentError, match="made for another content"):
        read_existing(tmp_path / "plan.json", load_feeder("ieee69"))


def test_command_records_what_was_asked(feederlab: Any, tmp_path: Path) -> None:
    """Site with all of it in euros; the plan alone gives the same figures, and so does a rerun."""
    words = (
        "--existing", str(EXAMPLES / "existing.csv"), "--growth", "0.02", "--budget", "2e6",
        "--bus-costs", str(EXAMPLES / "bus_costs.csv"), "--kvar-sizes", "150,300,600",
        "--prices", str(EXAMPLES / "prices_eur.toml"), "--v-min", "0",
    )  # fmt: skip
    ratings = ("--station-kw-min", "500", "--station-kw-max", "2500")
    run = ("--seed", "1", "--evaluations", "40", "--json")
    site = feederlab("site", "ieee33", *words, *ratings, *run, "--out", "study").json
    assert sum(one["kw"] for one in site["stations"]) == pytest.approx(3000.0)
    assert {bank["kvar"] for bank in site["capacitors"]} <= {150.0, 300.0, 600.0}
    assert site["invested_eur"] <= 2e6
    alone = feederlab("assess", "study/plan.json", "--json").json
    for key in ("npv_eur", "invested_eur", "loss_kw", "v_min_pu", "violation"):
        assert alone[key] == site[key]
    record = (tmp_path / "study" / "record.json").read_text()
    for key in ("growth", "budget", "bus_costs", "existing", "kvar_sizes", "station_kw_max"):
        assert f'"{key}"' in record
    assert feederlab("rerun", "study", "--quiet").code == 0
    certified = feederlab("certify", "ieee33", *words, "--limit-s", "1", "--json")
    assert "10 load states" in certified.json["message"]
    for command in ("site", "certify"):
        extra = ("--seed", "1", "--certify") if command == "site" else ()
        refused = feederlab(command, "ieee33", *words, *ratings, *extra)
        assert refused.code == 2
        assert "leave out station kw min" in refused.err
    compared = feederlab(
        "compare", "ieee33", "--engines", "ga,memetic", "--runs", "2", *words, "--seed", "1",
        "--evaluations", "20", "--out", "compared", "--json",
    )  # fmt: skip
    assert compared.code == 0
    assert all("median_eur" in row for row in compared.json["summary"])
    refused = feederlab("site", "ieee33", "--engine", "memetic", *ratings, *run)
    assert "leave out station kw" in refused.err + refused.out


@pytest.mark.parametrize("case", [*CASES])
def test_fronts_are_judged_as_their_plans_are(case: str) -> None:
    """All objectives of every candidate, between ideal and reference point."""
    conditions, equipment = CASES[case]
    asked = SitingObjectives(problem(conditions, **equipment), ("npv", "voltage", "access"))
    x = asked.space.sample(8, np.random.default_rng(5))
    f = asked.evaluate(x).f
    ideal, _ = asked.anchors()
    for row, found in zip(x, f, strict=True):
        figures = asked.figures(assess(asked.plan(row), asked.siting.instance))
        assert (-found[0], *found[1:]) == pytest.approx(figures, rel=1e-6, abs=1e-7)
        assert ideal[0] >= -found[0]


def test_plan_of_the_last_year_holds_the_limits_of_all_years() -> None:
    """Loads that shrink: the ceiling binds in the last year, the floor in the first."""
    held = {"horizon": Horizon(years=3, growth=-0.2), "money_rule": "final-year"}
    found = certify_problem(problem({**held, "limits": Limits(0.95)}), gap=1e-3, limit_s=10.0)
    last = certify_problem(problem({**held, "limits": FREE}), gap=1e-3, limit_s=10.0)
    assert found.bound_usd is not None
    plan = None if found.plan is None else certified_plan(problem({**held}), found)
    if plan is not None:
        conditions = Conditions(**{**held, "limits": Limits(0.95)})
        assert assess(plan, Instance(FEEDER, conditions)).is_feasible
    assert found.bound_usd <= last.bound_usd * (1.0 + 1e-3)
