"""DDCP: Stages I to III on a built feeder, and the paper's Tables VII and VIII."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cvxpy")

from powerflow.door import make_feeder
from problems.coplan import ddcp
from problems.coplan.bottlenecks import diagnose_bottlenecks
from problems.coplan.day import Day
from problems.coplan.ddcp import coplan
from problems.coplan.equipment import Cable, Library, read_library
from problems.coplan.plan import conflicts_in, judge
from problems.coplan.scenario import on_day

PRINTED = tomllib.loads(
    (Path(__file__).parents[3] / "benchmarks/papers/ddcp/printed_plans.toml").read_text()
)
LIBRARY = read_library()


def chain(v_min_pu=0.95):
    """Return four hours of two lines in series: the first too small all day, the second at peak."""
    feeder = make_feeder(
        name="chain", base_kv=10.0, source="s", bus_id=["s", "a", "b"], p_kw=[0.0, 2000.0, 1000.0],
        q_kvar=[0.0, 0.0, 0.0], from_bus=["s", "a"], to_bus=["a", "b"], r_ohm=[0.1, 0.1],
        x_ohm=[0.05, 0.05], ampacity_a=[100.0, 50.0], length_m=[300.0, 300.0],
    )  # fmt: skip
    shape = np.array([[0.7, 0.6, 1.0, 0.8]]).T
    loads = np.array([[0.0, 2300.0, 0.0]]) + shape * [0.0, 0.0, 1000.0]
    return on_day(
        feeder, Day(loads, 0.0 * loads, np.ones(4), "built"), np.zeros((1, 3)), v_min_pu=v_min_pu
    )


@pytest.mark.parametrize(
    ("stage_one", "lambda_usd", "lines"),
    [("lexicographic", 0.0, ["a"]), ("lambda", 1e9, ["a"]), ("lambda", 1e6, ["a", "b"])],
)
def test_stage_one_names_the_line_storage_cannot_relieve(stage_one, lambda_usd, lines):
    # 100 A are 1.73 MVA: 2.9 to 3.3 MW in every hour cannot pass, whatever storage does; 50 A are
    # 866 kVA: above it in one hour only, which storage can mend, but a small weight does not ask it
    found = diagnose_bottlenecks(chain(), LIBRARY, stage_one=stage_one, lambda_usd=lambda_usd)
    assert [line.to_bus for line in found.upgrades] == lines
    assert found.bottlenecks[0].relaxed_a > 100.0
    assert found.status == "optimal"


def test_the_plan_upgrades_it_and_stores_for_the_other():
    scenario = chain()
    found = coplan(scenario, LIBRARY)
    assert [point.upgrades for point in found.curve] == [0, 1]
    assert [point.status for point in found.curve] == ["infeasible", "optimal"]
    assert found.plan.total_usd == found.curve[1].total_usd
    assert {unit.bus for unit in found.plan.storage} == {"b"}
    assert found.plan.is_ac_feasible
    judged = judge(scenario, LIBRARY, found.plan.cables, found.plan.storage)
    assert not conflicts_in(judged, scenario)


def test_a_floor_that_is_infeasible_on_its_own_gets_slack():
    # above the source's own voltage: no storage of 2 MWh lifts every bus there
    found = diagnose_bottlenecks(chain(v_min_pu=1.04), LIBRARY)
    assert found.status == "optimal"
    assert found.low_buses
    assert {conflict.limit for conflict in found.low_buses} == {"voltage"}


def test_no_large_enough_cable_says_which_line():
    small = Library((Cable("thin", 120.0, 0.2, 0.1, 50.0),), (), LIBRARY.storage)
    found = coplan(chain(), small)
    assert found.plan.status == "infeasible"
    assert [c.where for c in found.plan.conflicts] == ["s-a"]


def test_one_n_alone_is_the_same_point_of_the_curve():
    every, one = coplan(chain(), LIBRARY), coplan(chain(), LIBRARY, upgrades=1)
    assert one.curve[0].total_usd == pytest.approx(every.curve[1].total_usd, rel=1e-9)
    assert replace(one.plan, seconds=0.0) == replace(every.plan, seconds=0.0)


def test_a_cheaper_plan_that_the_power_flow_rejects_is_passed_over(monkeypatch):
    def judged(plan, *_):
        # no upgrade looks cheapest, but the power flow rejects it
        n = len(plan.cables)
        return replace(plan, total_usd=(600.0, 1100.0)[n], is_ac_feasible=n == 1)

    monkeypatch.setattr(ddcp, "judged", judged)
    found = coplan(chain(), LIBRARY)
    assert [point.is_ac_feasible for point in found.curve] == [False, True]
    assert found.plan.total_usd == 1100.0


@pytest.mark.slow
@pytest.mark.parametrize("stage_one", ["lambda", "lexicographic"])
def test_the_printed_lines_of_table_vii(paper_day, stage_one):
    found = diagnose_bottlenecks(paper_day, LIBRARY, stage_one=stage_one)
    printed = {(row["from"], row["to"]): row["size"] for row in PRINTED["VII"]["line"]}
    ours = {(line.from_bus, line.to_bus): line.size for line in found.upgrades}
    if stage_one == "lexicographic":
        # least slack leaves this line none: storage keeps it within its ampacity, which the weight
        # does not make pay; Table VIII shows that replacing it, N = 20, does not pay either
        del printed["3082", "3107"]
    assert ours == printed


@pytest.mark.slow
def test_n_16_is_all_but_infeasible_and_solved(paper_day):
    # the unscaled cone program ends with a numerical error; N = 17 has less to mend
    found = coplan(paper_day, LIBRARY, stage_one="lambda", upgrades=16)
    next_found = coplan(paper_day, LIBRARY, stage_one="lambda", upgrades=17)
    assert found.curve[0].status in ("optimal", "gap_limit")
    assert found.curve[0].is_ac_feasible
    assert found.plan.storage_kwh >= next_found.plan.storage_kwh
    assert found.plan.bound_usd <= found.plan.total_usd


@pytest.mark.slow
def test_the_printed_n_19_of_table_viii(paper_day):
    found = coplan(paper_day, LIBRARY, stage_one="lambda", upgrades=19)
    # printed 983,158.43 and 995.9 kWh; a prototype has 977.9 kWh over all sites
    assert found.plan.cable_usd + found.plan.breaker_usd == pytest.approx(983_158.43, abs=0.5)
    assert found.plan.storage_kwh == pytest.approx(977.9, abs=0.5)
    assert found.plan.total_usd <= 1_228_000.0
    assert found.plan.is_ac_feasible
