"""Bounds for what planners ask next: budget, land, load states, and what has no certificate."""

from typing import Any

import numpy as np
import pytest
from siting_questions import BANK, CASES, EXISTING, FEEDER, LAND, STATION, problem

from powerflow import power_flow
from powerflow.limits import Limits
from problems.core.assess import assess
from problems.core.equipment import Asset
from problems.core.errors import SettingError
from problems.core.horizon import Horizon, LoadState
from problems.core.land import SiteCost
from problems.core.money import Prices
from problems.core.plan import Plan
from problems.siting.certified import certified_plan, certify_problem
from problems.siting.certified_cases import siting_cases


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
