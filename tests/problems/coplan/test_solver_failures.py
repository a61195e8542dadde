"""A solver that fails proves nothing: no infeasible plan rests on one."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("cvxpy")
pytest.importorskip("highspy")

from powerflow.door import make_feeder
from problems.conic import solve as door
from problems.conic.outcome import Outcome
from problems.coplan import heuristic, joint_search
from problems.coplan.choices import UpgradeRule
from problems.coplan.day import Day
from problems.coplan.equipment import Cable, Library, read_library
from problems.coplan.heuristic import plan_by_engine
from problems.coplan.joint import plan_jointly
from problems.coplan.plan import Conflict
from problems.coplan.scenario import on_day
from problems.coplan.site_search import SiteSearch
from problems.coplan.storage_conflicts import least_conflicts
from problems.coplan.storage_model import Grid
from problems.coplan.storage_program import FeederStorage, Solved, StorageProgram
from problems.coplan.vmbp import feeder_storage, plan_storage

TERMS = read_library().storage
TINY = Library((Cable("tiny", 81.0, 0.2, 0.1, 60.0),), (), TERMS)


def line(ampacity_a, p_kw=(1000.0, 300.0)):
    """Return one line with its load in two hours; 46.2 A carry 800 kW."""
    feeder = make_feeder(
        name="line", base_kv=10.0, source="s", bus_id=["s", "a"], p_kw=[0.0, p_kw[0]],
        q_kvar=[0.0, 0.0], from_bus=["s"], to_bus=["a"], r_ohm=[1e-3], x_ohm=[1e-3],
        ampacity_a=[ampacity_a], length_m=[100.0],
    )  # fmt: skip
    loads = np.outer(p_kw, [0.0, 1.0])
    return on_day(feeder, Day(loads, 0.0 * loads, np.ones(2), "built"), np.zeros((1, 2)))


def fail(monkeypatch, status="solver_failed"):
    """Let every solve end without a solution."""
    outcome = Outcome(status, "forced", "CLARABEL")
    monkeypatch.setattr(door, "solve", lambda *_, **__: outcome)


def test_a_failed_solve_names_no_conflict(monkeypatch):
    scenario = line(46.2)
    ask = (scenario, TERMS, Grid.of(scenario.feeder))
    assert least_conflicts(*ask) == []
    fail(monkeypatch)
    assert least_conflicts(*ask) is None
    fail(monkeypatch, "time_limit")
    assert least_conflicts(*ask) is None
    fail(monkeypatch, "infeasible")
    assert least_conflicts(*ask) == [Conflict("collapse", "a", 0, None)]


def test_slack_that_is_not_proven_least_names_no_conflict(monkeypatch):
    scenario = line(46.2, (1000.0, 990.0))
    ask = (scenario, TERMS, Grid.of(scenario.feeder))
    assert least_conflicts(*ask)
    solve = door.solve
    for bound, is_known in ((0.0, False), (0.1, True)):

        def unproven(problem, bound=bound, **asked):
            return replace(solve(problem, **asked), status="solver_failed", bound=bound)

        monkeypatch.setattr(door, "solve", unproven)
        assert (least_conflicts(*ask) is not None) == is_known


def test_storage_whose_solver_fails_is_not_infeasible(monkeypatch):
    scenario = line(46.2)
    assert plan_storage(scenario, TINY).status == "optimal"
    fail(monkeypatch)
    found = feeder_storage(scenario, TERMS, Grid.of(scenario.feeder))
    assert (found.status, found.message) == ("solver_failed", "forced")
    plan = plan_storage(scenario, TINY)
    assert (plan.status, plan.total_usd, plan.conflicts) == ("solver_failed", None, ())
    assert "forced" in plan.message


def test_a_joint_search_whose_solver_fails_is_not_infeasible(monkeypatch):
    scenario = line(46.2, (1500.0, 300.0))  # beyond the cable, not beyond cable and storage
    rule = UpgradeRule(margin=None)
    assert plan_jointly(scenario, TINY, rule).status == "optimal"
    fail(monkeypatch)
    plan = plan_jointly(scenario, TINY, rule, limit_s=20.0)
    assert (plan.status, plan.total_usd, plan.conflicts) == ("solver_failed", None, ())
    assert "nothing is proven" in plan.message


def test_a_joint_search_that_proves_every_node_empty_is_infeasible(monkeypatch):
    # nothing is named at first, the nodes prove it: 1,500 kW all day through a line for 1,039 kW
    monkeypatch.setattr(joint_search, "least_conflicts", lambda *_: None)
    plan = plan_jointly(line(46.2, (1500.0, 1500.0)), TINY, UpgradeRule(margin=None), limit_s=20.0)
    assert plan.status == "infeasible"


def fork():
    """Return two loads behind a line, so that a least size has to be branched on."""
    feeder = make_feeder(
        name="fork", base_kv=10.0, source="s", bus_id=["s", "t", "a", "b", "c"],
        p_kw=[0.0, 500.0, 300.0, 250.0, 350.0], q_kvar=[0.0] * 5, from_bus=["s", "t", "a", "t"],
        to_bus=["t", "a", "b", "c"], r_ohm=[0.2] * 4, x_ohm=[0.1] * 4,
        ampacity_a=[77.0, 30.0, 30.0, 18.5], length_m=[100.0] * 4,
    )  # fmt: skip
    loads = np.outer([1.0, 0.7, 0.5], feeder.p_kw)
    return on_day(feeder, Day(loads, 0.0 * loads, np.ones(3), "built"), np.zeros((1, 5)))


def failing_after(n, monkeypatch):
    """Let the programs of a feeder fail after the first n."""
    solve, calls = StorageProgram.solve, []

    def some(self, *args):
        calls.append(args)
        if len(calls) <= n:
            return solve(self, *args)
        return Solved("solver_failed", None, 0.0, "forced")

    monkeypatch.setattr(StorageProgram, "solve", some)


@pytest.mark.parametrize("n", [1, 2])
def test_a_search_of_sites_with_failed_nodes_is_not_infeasible(monkeypatch, n):
    scenario = fork()
    program = StorageProgram(scenario, TERMS, Grid.of(scenario.feeder), np.inf)
    failing_after(n, monkeypatch)
    found = SiteSearch(program, 60.0, 1e-4).run()
    assert found.status == "solver_failed"
    assert "nothing is proven" in found.message
    assert "forced" in found.message


def test_a_failed_node_keeps_its_parents_bound(monkeypatch):
    scenario = fork()
    program = StorageProgram(scenario, TERMS, Grid.of(scenario.feeder), np.inf)
    plain_usd = program.solve(0.0).bound_usd
    assert plain_usd > 0.0
    failing_after(3, monkeypatch)  # the plain program, the root and its sites, then no node
    search = SiteSearch(program, 120.0, 1e-4)
    search.best = FeederStorage("optimal", (), 2.0 * plain_usd)
    found = search.run()
    assert found.status == "gap_limit"
    assert found.bound_usd == pytest.approx(plain_usd, rel=1e-6)


def test_an_engine_without_a_plan_says_that_nothing_is_proven(monkeypatch):
    asked = {"seed": 1, "evaluations": 3}
    scenario = line(46.2, (5000.0, 5000.0))
    (plan,) = plan_by_engine(scenario, TINY, UpgradeRule(margin=None), **asked)
    assert plan.status == "infeasible"
    assert "nothing is proven" in plan.message
    lost = FeederStorage("solver_failed", message="forced")
    monkeypatch.setattr(heuristic.CableChoices, "storage_everywhere", lambda *_: lost)
    (plan,) = plan_by_engine(scenario, TINY, UpgradeRule(margin=None), **asked)
    assert plan.status == "solver_failed"
    assert "forced" in plan.message
