"""The joint plan by an engine: every combination, invalid candidates, seeds, engines refused."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

pytest.importorskip("cvxpy")
pytest.importorskip("highspy")

from heuristics.testing import check_problem
from powerflow.door import make_feeder
from problems.coplan.cable_search import CableChoices, is_too_small_on_average
from problems.coplan.choices import UpgradeRule, make_choices
from problems.coplan.day import Day
from problems.coplan.equipment import Cable, Library, read_library
from problems.coplan.heuristic import plan_by_engine
from problems.coplan.joint import plan_jointly
from problems.coplan.scenario import on_day
from problems.coplan.storage_model import Grid
from problems.coplan.upgrade import candidate_lines
from problems.coplan.vcu import feeders_behind
from problems.coplan.vmbp import feeder_storage
from problems.core.errors import SettingError

TERMS = read_library().storage
LIBRARY = Library(
    (
        Cable("small", 150.0, 0.2, 0.1, 60.0),
        Cable("middle", 180.0, 0.15, 0.1, 90.0),
        Cable("large", 230.0, 0.1, 0.1, 200.0),
    ),
    (),
    TERMS,
)
RULE = UpgradeRule(margin=None)


def chain(p_kw=(650.0, 1600.0)):
    """Return two feeders of two lines each, overloaded for hours or for one hour only."""
    feeder = make_feeder(
        name="pair", base_kv=10.0, source="s", bus_id=["s", "a", "b", "c", "d"],
        p_kw=[0.0, 1000.0, 600.0, 1000.0, 600.0], q_kvar=[0.0] * 5,
        from_bus=["s", "a", "s", "c"], to_bus=["a", "b", "c", "d"], r_ohm=[0.2, 0.4, 0.2, 0.4],
        x_ohm=[0.05, 0.1, 0.05, 0.1], ampacity_a=[80.0, 35.0, 80.0, 35.0],
        length_m=[200.0, 3000.0, 250.0, 2500.0],
    )  # fmt: skip
    peak, base = p_kw
    loads = np.array([[0.0, base, kw, base, kw] for kw in (400.0, peak, 450.0, 380.0)])
    return on_day(feeder, Day(loads, 0.0 * loads, np.ones(4), "built"), np.zeros((1, 5)))


def problems_of(scenario, rule=RULE):
    choices = make_choices(scenario, LIBRARY, rule, candidate_lines(scenario, LIBRARY, rule))
    return [
        CableChoices(scenario, TERMS, choices.only(buses[choices.branch]), buses)
        for buses in feeders_behind(scenario)
    ]


def by_enumeration(problem):
    """Return the least cost over every choice of lines, storage at every bus."""
    best = np.inf
    for row in product(*(range(len(own)) for own in problem.lists)):
        chosen = problem.chosen(row)
        stored = feeder_storage(problem.part, TERMS, problem.grid(chosen), has_bound=False)
        best = min(best, problem.choices.cost_usd[chosen].sum() + stored.cost_usd)
    return best


def test_finds_the_best_of_every_combination():
    scenario = chain()
    best = sum(by_enumeration(problem) for problem in problems_of(scenario))
    (plan,) = plan_by_engine(scenario, LIBRARY, RULE, seed=1, evaluations=60)
    assert plan.total_usd == pytest.approx(best, rel=1e-4)
    assert plan.is_ac_feasible
    assert plan.storage_kwh > 0.0
    assert plan.bound_usd is None
    assert plan.gap is None
    exact = plan_jointly(scenario, LIBRARY, RULE, gap=1e-3)
    assert plan.total_usd >= exact.bound_usd * (1.0 - 1e-6)


def test_the_problem_keeps_its_promises():
    check_problem(problems_of(chain())[0], seed=3, n=6)


def test_the_first_candidate_is_the_plan_by_rule():
    problem = problems_of(chain())[0]
    first = problem.space.sample(4, np.random.default_rng(0))
    assert (first[0] == problem.start).all()
    assert (np.abs(first - first[0]) <= 1.0).all()
    found = problem.evaluate(first[:1])
    assert found.violation[0] == 0.0
    assert found.f[0, 0] == problem.most_usd


def test_a_candidate_that_no_storage_mends_has_a_violation_and_no_exception():
    problem = problems_of(chain())[0]
    found = problem.evaluate(problem.space.lower[None])  # nothing replaced
    # 1,600 kW beyond the first line for 80 A at 10 kV and at most 1.05 p.u., 1,455 kW, in the mean
    assert is_too_small_on_average(problem.part, Grid.of(problem.part.feeder))
    assert found.violation[0] > 0.0
    worst = problem.part.diagnose().loading_pct[:, 1:].max()
    assert found.violation[0] == pytest.approx(worst / 100.0 - 1.0)


def test_the_mean_of_the_load_decides_where_storage_can_help():
    scenario = chain()
    part = problems_of(scenario)[0].part
    mean_kw = float(part.p_kw.sum(axis=1).mean())
    limit_a = mean_kw / (np.sqrt(3.0) * 10.0 * part.v_max_pu)
    for factor, is_small in ((0.999, True), (1.001, False)):
        grid = replace(Grid.of(part.feeder), ampacity_a=np.array([np.nan, factor * limit_a, 1e3]))
        assert is_too_small_on_average(part, grid) == is_small


def test_the_same_seed_gives_the_same_plan_whoever_works(tmp_path):
    asked = {"seed": 5, "evaluations": 20}
    scenario = chain()
    (one,) = plan_by_engine(scenario, LIBRARY, RULE, **asked)
    (two,) = plan_by_engine(scenario, LIBRARY, RULE, n_jobs=2, folder=tmp_path, **asked)
    (kept,) = plan_by_engine(scenario, LIBRARY, RULE, folder=tmp_path, **asked)
    assert replace(one, seconds=0.0) == replace(two, seconds=0.0) == replace(kept, seconds=0.0)


def test_runs_have_seeds_of_their_own():
    plans = plan_by_engine(chain(), LIBRARY, RULE, seed=5, evaluations=4, n_runs=3)
    assert len(plans) == 3
    assert all(plan.status == "time_limit" for plan in plans)


def test_a_line_that_must_go_and_cannot_is_named():
    tiny = Library((Cable("tiny", 81.0, 0.2, 0.1, 60.0),), (), TERMS)
    (plan,) = plan_by_engine(chain(), tiny, UpgradeRule("forced"), seed=1, evaluations=5)
    assert (plan.method, plan.status, plan.total_usd) == ("heuristic", "infeasible", None)
    assert {conflict.where for conflict in plan.conflicts} == {"s-a", "s-c"}  # 92 A, at most 81


def test_no_feasible_candidate_says_by_how_much():
    tiny = Library((Cable("tiny", 81.0, 0.2, 0.1, 60.0),), (), TERMS)
    (plan,) = plan_by_engine(chain((5000.0, 1600.0)), tiny, RULE, seed=1, evaluations=5)
    assert (plan.status, plan.total_usd) == ("infeasible", None)
    assert "least violation" in plan.message
    assert plan.conflicts


@pytest.mark.parametrize("engine", ["gaa", "exact", "memetic"])
def test_engines_that_cannot_are_refused(engine):
    with pytest.raises(SettingError, match=engine):
        plan_by_engine(chain(), LIBRARY, RULE, seed=1, evaluations=5, engine=engine)
