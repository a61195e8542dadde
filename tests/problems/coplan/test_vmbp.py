"""VMBP: a case by hand, the paper's adoptions, least sizes, storage that cannot help."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

pytest.importorskip("cvxpy")

from powerflow import load_feeder
from powerflow.door import make_feeder
from powerflow.units import S_BASE_KVA
from problems.coplan.day import Day
from problems.coplan.equipment import read_library
from problems.coplan.plan import judge
from problems.coplan.scenario import make_scenario, on_day
from problems.coplan.storage_model import Grid, one_feeder
from problems.coplan.storage_program import LOSS_PRICE, StorageProgram
from problems.coplan.vcu import feeders_behind
from problems.coplan.vmbp import feeder_storage, is_safe, plan_storage

LIBRARY = read_library()


def two_hours(p_kw, ampacity_a, n_line=1, r_ohm=1e-4):
    """Return a line (or several behind one bus) with its loads in two hours."""
    n_bus = n_line + 1
    feeder = make_feeder(
        name="short", base_kv=10.0, source="s", bus_id=["s", *(f"b{k}" for k in range(n_line))],
        p_kw=[0.0] + [p_kw[0]] * n_line, q_kvar=[0.0] * n_bus, from_bus=["s"] * n_line,
        to_bus=[f"b{k}" for k in range(n_line)], r_ohm=[r_ohm] * n_line, x_ohm=[r_ohm] * n_line,
        ampacity_a=[ampacity_a] * n_line, length_m=[100.0] * n_line,
    )  # fmt: skip
    loads = np.outer(p_kw, [0.0] + [1.0] * n_line)
    return on_day(feeder, Day(loads, 0.0 * loads, np.ones(2), "hand"), np.zeros((1, n_bus)))


def test_one_line_by_hand():
    # 1,000 kW through a line for 800 kW: 200 kW must come from storage. Charging in the one other
    # hour takes 200 / 0.95^2 = 221.6 kW, at 0.5 kW/kWh 443.2 kWh; discharging needs 400 kWh, the
    # state of charge 200 / 0.95 / 0.8 = 263 kWh
    limit_a = 800.0 / (np.sqrt(3.0) * 10.0)
    plan = plan_storage(two_hours([1000.0, 300.0], limit_a), LIBRARY)
    assert plan.status == "optimal"
    assert plan.storage_kwh == pytest.approx(200.0 / 0.95**2 / 0.5, rel=1e-3)
    assert plan.total_usd == pytest.approx(250.0 * 443.2133, rel=1e-3)
    assert plan.bound_usd == pytest.approx(250.0 * 443.2133, rel=1e-3)
    assert plan.gap <= 5e-4
    assert plan.is_ac_feasible
    unit = plan.storage[0]
    charged, delivered = unit.p_kw[1], -unit.p_kw[0]
    assert charged * 0.95 == pytest.approx(delivered / 0.95, abs=0.5)


def test_independent_feeders_are_planned_apart_and_add_up():
    limit_a = 800.0 / (np.sqrt(3.0) * 10.0)
    scenario = two_hours([1000.0, 300.0], limit_a, n_line=3)
    assert len(feeders_behind(scenario)) == 3
    plan = plan_storage(scenario, LIBRARY)
    assert plan.storage_kwh == pytest.approx(3.0 * 443.2133, rel=1e-3)
    assert {unit.bus for unit in plan.storage} == {"b0", "b1", "b2"}


def test_storage_that_cannot_help_says_where_and_when():
    # 1,000 kW in both hours: nothing is left to charge with
    limit_a = 800.0 / (np.sqrt(3.0) * 10.0)
    plan = plan_storage(two_hours([1000.0, 990.0], limit_a), LIBRARY)
    assert plan.status == "infeasible"
    assert plan.total_usd is None
    assert plan.conflicts[0].limit == "ampacity"
    assert plan.conflicts[0].where == "s-b0"
    assert plan.conflicts[0].amount > 0.0


def test_nothing_to_mend_costs_nothing():
    plan = plan_storage(two_hours([1000.0, 300.0], 100.0), LIBRARY)
    assert (plan.total_usd, plan.storage, plan.gap) == (0.0, (), 0.0)


def test_a_least_size_is_kept_and_costs():
    limit_a = 800.0 / (np.sqrt(3.0) * 10.0)
    plan = plan_storage(two_hours([1000.0, 300.0], limit_a), LIBRARY, least_kwh=500.0, gap=5e-3)
    assert plan.storage_kwh == pytest.approx(500.0, rel=1e-3)
    assert plan.is_ac_feasible
    assert plan.gap <= 5e-3


def test_a_least_size_agrees_with_every_set_of_sites():
    # a trunk whose first line is overloaded for an hour, and two laterals with a limit of their own
    names, up = ["s", "t", "a", "b", "c"], ["s", "t", "a", "t"]
    p_kw = [0.0, 500.0, 300.0, 250.0, 350.0]
    feeder = make_feeder(
        name="fork", base_kv=10.0, source="s", bus_id=names, p_kw=p_kw, q_kvar=[0.0] * 5,
        from_bus=up, to_bus=names[1:], r_ohm=[0.2] * 4, x_ohm=[0.1] * 4,
        ampacity_a=[77.0, 30.0, 30.0, 18.5], length_m=[100.0] * 4,
    )  # fmt: skip
    loads = np.outer([1.0, 0.7, 0.5], p_kw)
    scenario = on_day(feeder, Day(loads, 0.0 * loads, np.ones(3), "built"), np.zeros((1, 5)))
    program = StorageProgram(scenario, LIBRARY.storage, Grid.of(feeder), np.inf)
    plain = program.solve(0.0).bound_usd / LIBRARY.storage.cost_usd_per_kwh
    for least_kwh in (60.0, 120.0):
        best = np.inf
        for count in range(1, 5):
            for sites in combinations(range(1, 5), count):
                one_each = [np.arange(5) == site for site in sites]
                solved = program.solve(0.0, np.array(sites), one_each, least_kwh)
                if solved.model is not None:
                    best = min(best, solved.bound_usd)
        plan = plan_storage(scenario, LIBRARY, least_kwh=least_kwh, gap=1e-4)
        assert plan.status == "optimal"
        assert plan.total_usd == pytest.approx(best, rel=5e-4)
        assert plan.bound_usd <= best * (1.0 + 1e-6)
        assert min(unit.kwh for unit in plan.storage) >= least_kwh * (1.0 - 1e-3)
        assert best >= plain * LIBRARY.storage.cost_usd_per_kwh * (1.0 - 1e-6)


def test_one_feeder_flows_as_the_whole(paper_day):
    for buses in feeders_behind(paper_day):
        part, at = one_feeder(paper_day, buses)
        assert part.feeder.bus_id[0] == "1"
        assert np.allclose(part.diagnose().v_pu, paper_day.diagnose().v_pu[:, at])


def small_part():
    """Return feeder A of the paper's system at 4.16 kV under a floor that needs storage."""
    feeder = replace(load_feeder("iowa240"), base_kv=4.16)
    scenario = make_scenario(
        feeder, charger_kw=10.0, adoption_pct=100.0, cases="paper", is_day=True
    )
    part = one_feeder(scenario, feeders_behind(scenario)[2])[0]
    return replace(part, v_min_pu=float(part.diagnose().v_pu.min()) + 0.002)


def test_no_bound_above_a_random_feasible_plan():
    part = small_part()
    grid = Grid.of(part.feeder)
    assert not is_safe(part, grid)
    found = feeder_storage(part, LIBRARY.storage, grid)
    assert found.status == "optimal"
    assert found.cost_usd <= found.bound_usd * (1.0 + 5e-4)
    rng = np.random.default_rng(4)
    for _ in range(3):
        sites = np.sort(rng.choice(np.arange(1, part.feeder.n_bus), size=4, replace=False))
        other = (
            StorageProgram(part, LIBRARY.storage, grid, np.inf).solve(LOSS_PRICE, sites).storage()
        )
        if not np.isfinite(other.cost_usd):
            assert other.status == "infeasible"
            continue
        assert other.cost_usd >= found.bound_usd * (1.0 - 1e-6)
        judged = judge(part, LIBRARY, (), other.units)
        assert judged.v_pu.min() >= part.v_min_pu - 1e-5


def test_schedules_keep_the_terms_of_the_storage():
    part = small_part()
    found = feeder_storage(part, LIBRARY.storage, Grid.of(part.feeder), has_bound=False)
    terms = LIBRARY.storage
    for unit in found.units:
        p, q = np.array(unit.p_kw), np.array(unit.q_kvar)
        tol = 1e-4 * S_BASE_KVA / 10.0
        assert p.max() <= terms.charge_kw_per_kwh * unit.kwh + tol
        assert (np.hypot(p, q) <= terms.kva_per_kwh * unit.kwh + tol).all()
        gained = np.where(p > 0, p * 0.95, p / 0.95)
        assert gained.sum() == pytest.approx(0.0, abs=0.02 * unit.kwh + 1.0)
        stored = np.cumsum(gained)
        assert stored.max() - stored.min() <= 0.8 * unit.kwh + tol


@pytest.mark.slow
def test_the_papers_20_and_40_pct_columns():
    feeder = replace(load_feeder("iowa240"), base_kv=6.9)
    plans = {
        adoption: plan_storage(
            make_scenario(
                feeder, charger_kw=10.0, adoption_pct=adoption, cases="paper", is_day=True
            ),
            LIBRARY,
        )
        for adoption in (20.0, 40.0)
    }
    assert plans[20.0].gap <= 5e-4
    assert plans[20.0].is_ac_feasible
    assert plans[40.0].status == "infeasible"
    assert {c.where for c in plans[40.0].conflicts} >= {"3001-3003", "3003-3005"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_papers_20_pct_column_with_200_kwh():
    feeder = replace(load_feeder("iowa240"), base_kv=6.9)
    scenario = make_scenario(feeder, charger_kw=10.0, adoption_pct=20.0, cases="paper", is_day=True)
    plan = plan_storage(scenario, LIBRARY, least_kwh=200.0, gap=5e-3, limit_s=300.0)
    assert plan.gap <= 5e-3
    assert plan.is_ac_feasible
    assert min(unit.kwh for unit in plan.storage) >= 200.0 * (1.0 - 1e-4)
