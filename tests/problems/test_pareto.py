"""Fronts: hand-checked hypervolume, attainment against a slow twin, the study and the command."""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powerflow.library import load_feeder
from powerflow.limits import Limits
from problems.core.instance import Conditions, Instance
from problems.report.pareto import attained, figures_of, hypervolume, knee, run_pareto
from problems.siting.equipment import SitingEquipment
from problems.siting.objectives import SitingObjectives
from problems.siting.problem import SitingProblem


def test_hypervolume_by_hand() -> None:
    # NPV counts upwards from 0 to 100, deviation downwards from 4 to 0: the unit square
    ideal, reference = np.array([100.0, 0.0]), np.array([0.0, 4.0])
    plans = np.array([[60.0, 2.0], [20.0, 1.0]])
    # 0.6 x 0.5 and 0.2 x 0.75, which share 0.2 x 0.5
    assert hypervolume(plans, ideal, reference) == pytest.approx(0.35)
    dominated = np.vstack([plans, [50.0, 2.5]])
    assert hypervolume(dominated, ideal, reference) == pytest.approx(0.35)
    beyond = np.vstack([plans, [-1.0, 0.5], [90.0, 4.5]])
    assert hypervolume(beyond, ideal, reference) == pytest.approx(0.35)
    assert hypervolume(np.zeros((0, 2)), ideal, reference) == 0.0
    assert hypervolume(plans, ideal, np.array([0.0, 0.0])) is None
    # three objectives: boxes of 0.5 x 0.5 x 0.5 and 1 x 0.2 x 0.2, which share 0.5 x 0.2 x 0.2
    both = np.array([[0.5, 0.5, 0.5], [0.0, 0.8, 0.8]])
    assert hypervolume(both, np.zeros(3), np.ones(3)) == pytest.approx(0.125 + 0.04 - 0.02)


def test_knee_is_farthest_from_the_line_through_the_extremes() -> None:
    f = np.array([[0.0, 50.0], [1.0, 40.0], [2.0, 12.0], [6.0, 8.0], [10.0, 0.0]])
    line = np.array([10.0, -50.0]) / [10.0, 50.0]
    normal = np.array([1.0, 1.0]) / np.hypot(*line)
    below = ((f - f[0]) / [10.0, 50.0]) @ normal
    assert knee(f) == int(np.argmin(below)) == 2
    assert knee(np.array([[3.0, 4.0]])) == 0
    # three objectives: the last row, worse than every extreme in the first, does not set its
    # scale, by which the one before it would win (30/99 + 0.3 + 0.3 against 2/99 + 0.5 + 0.5)
    extremes = [[0.0, 4.0, 4.0], [4.0, 0.0, 4.0], [4.0, 4.0, 0.0]]
    assert knee(np.array([*extremes, [2, 2, 2], [30, 1.2, 1.2], [99, 1, 1]])) == 3


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_attainment_agrees_with_the_obvious_twin(data: st.DataObject) -> None:
    n_runs = data.draw(st.integers(1, 6))
    level = data.draw(st.integers(1, n_runs))
    whole = st.integers(0, 8).map(float)
    points, run = [], []
    for number in range(n_runs):
        front = data.draw(st.lists(st.tuples(whole, whole), min_size=1, max_size=4))
        points += front
        run += [number] * len(front)
    f, of_run = np.array(points), np.array(run)
    grid = [(a, b) for a in range(9) for b in range(9)]
    reached = {
        corner
        for corner in grid
        if sum((f[of_run == r] <= corner).all(axis=1).any() for r in range(n_runs)) >= level
    }
    edge = [
        (a, b)
        for a, b in sorted(reached)
        if not any(c <= a and d <= b and (c, d) != (a, b) for c, d in reached)
    ]
    assert attained(f, of_run, level).tolist() == [[float(a), float(b)] for a, b in edge]


def make(
    objectives: tuple[str, ...], conditions: Conditions | None = None, **equipment: Any
) -> SitingObjectives:
    instance = Instance(load_feeder("ieee33"), conditions or Conditions())
    return SitingObjectives(SitingProblem(instance, SitingEquipment(**equipment)), objectives)


def test_front_holds_no_dominated_plan() -> None:
    problem = make(("npv", "voltage", "access"))
    study = run_pareto(problem, n_runs=2, budget=600, population=40, seed=3)
    figures = figures_of(problem, study.front)
    assert len(figures) > 10
    f = figures * [-1.0, 1.0, 1.0]
    for k, row in enumerate(f):
        others = np.delete(f, k, axis=0)
        assert not ((others <= row).all(axis=1)).any()
    assert f[:, 0].tolist() == sorted(f[:, 0].tolist())
    # a plan that one run found and the front lost is beaten by a plan of the front
    for plan in [plan for run in study.runs for plan in run.plans]:
        row = figures_of(problem, (plan,))[0] * [-1.0, 1.0, 1.0]
        assert (f <= row).all(axis=1).any()
    assert study.hypervolume is not None
    assert all(run.hypervolume is not None for run in study.runs)
    assert study.hypervolume >= max(run.hypervolume or 0.0 for run in study.runs)
    assert [run.n_evaluations for run in study.runs] == [600, 600]
    assert all(plan.assessment.is_feasible for plan in study.front)


def test_front_of_a_small_problem_is_the_true_one() -> None:
    # one station and no bank on 33 buses: all 32 plans can be listed
    equipment = {"stations": 1, "capacitors": 0, "station_kw": 100.0}
    problem = make(("npv", "access"), Conditions(limits=Limits(v_min_pu=0.0)), **equipment)
    f = problem.evaluate(np.arange(32.0)[:, None]).f
    best = [k for k in range(32) if not ((f <= f[k]).all(1) & (f < f[k]).any(1)).any()]
    study = run_pareto(problem, n_runs=1, budget=400, population=40, seed=1)
    label = problem.siting.instance.feeder.bus_id
    assert {plan.plan.assets[0].bus for plan in study.front} == {label[k + 1] for k in best}


QUICK = ("--evaluations", "300", "--population", "30", "--seed", "2")


def test_every_plan_of_the_front_is_judged_anew_to_the_same_figures(feederlab: Any) -> None:
    answer = feederlab("pareto", "ieee33", *QUICK, "--out", "one", "--json")
    assert answer.code == 0
    assert answer.err == ""
    found = answer.json
    assert len(found["front"]) > 3
    for row in found["front"]:
        assert {
            "stations", "capacitors", "npv_usd", "voltage_deviation_pu", "access", "access_unit",
        } <= set(row)  # fmt: skip
        assert row["access_unit"] == "ohm"
        judged = feederlab("assess", f"one/{row['plan']}", "--json").json
        assert judged["feasible"] is True
        for key in ("npv_usd", "voltage_deviation_pu", "access", "access_unit"):
            assert judged[key] == row[key]
    keys = ("npv_usd", "voltage_deviation_pu", "access")
    ideal, reference = ([found[p][key] for key in keys] for p in ("ideal", "reference"))
    figures = np.array([[row[key] for key in keys] for row in found["front"]])
    assert found["hypervolume"] == hypervolume(figures, np.array(ideal), np.array(reference))
    with Path("one/front.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["npv_usd"]) for row in rows] == figures[:, 0].tolist()
    assert [row["plan"] for row in rows if row["is_knee"] == "True"] == [found["knee"]]
    assert Path("one/plan.json").read_bytes() == Path("one", found["knee"]).read_bytes()


def files_of(folder: Path) -> dict[str, bytes]:
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if name != "timing.csv"}


def test_study_repeats_to_the_byte_for_any_number_of_workers(feederlab: Any) -> None:
    words = ("pareto", "ieee33", *QUICK, "--objectives", "access,npv", "--runs", "3")
    first = feederlab(*words, "--out", "one", "--json")
    assert first.code == 0
    assert "voltage_deviation_pu" not in first.json["reference"]
    one = files_of(Path("one"))
    assert {
        "front.csv", "runs.csv", "summary.csv", "record.json", "plan.json", "plans/001.json",
        "front.png", "attainment.csv", "attainment.png",
    } <= set(one)  # fmt: skip
    assert feederlab(*words, "--out", "two", "--jobs", "2").code == 0
    assert files_of(Path("two")) == one
    assert feederlab(*words, "--out", "one", "--quiet") == (0, "", "")
    assert files_of(Path("one")) == one
    with Path("one/attainment.csv").open(newline="") as stream:
        levels = {row["n_runs"] for row in csv.DictReader(stream)}
    assert levels == {"1", "2", "3"}
    agreed = feederlab("rerun", "one", "--json")
    assert agreed.json == {"agree": True, "differences": []}
    for lost in ("front.csv", "plans/001.json", "plan.json"):
        Path("one", lost).unlink()
    resumed = feederlab("resume", "one", "--json")
    assert resumed.code == 0
    assert {**resumed.json, "seconds": 0} == {**first.json, "seconds": 0}
    assert files_of(Path("one")) == one
    clustered = feederlab("resume", "one", "--backend", "dask", "--scheduler", "tcp://127.0.0.1:1")
    assert clustered.code == 2
    assert "runs on joblib alone" in clustered.err
    other = feederlab("pareto", "ieee33", *QUICK, "--out", "one")
    assert other.code == 1
    assert "holds a study with other settings" in other.err


def test_no_feasible_plan_is_exit_3(feederlab: Any) -> None:
    words = ("pareto", "ieee33", *QUICK, "--v-min", "0.999", "--out", "none")
    answer = feederlab(*words, "--json")
    assert answer.code == 3
    assert answer.json["front"] == []
    assert answer.json["knee"] is None
    assert answer.json["hypervolume"] == 0.0
    assert answer.json["violation"] > 0.0
    assert "no feasible plan" in answer.err
    assert "least violation" in feederlab(*words).out


def test_table_for_a_person(feederlab: Any) -> None:
    answer = feederlab("pareto", "ieee33", *QUICK, "--v-min", "0")
    assert answer.code == 0
    for words in ("best NPV", "best voltage", "best access", "ohm", "hypervolume", "files: "):
        assert words in answer.out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("pareto", "ieee33"), 2, "--seed"),
        (("pareto", "ieee33", "--seed", "1", "--objectives", "npv"), 2, "at least two of npv"),
        (("pareto", "ieee33", "--seed", "1", "--objectives", "npv,acess"), 2, "mean access"),
        (("pareto", "ieee33", "--seed", "1", "--stations", "0"), 2, "at least one station"),
        (("pareto", "ieee33", "--seed", "1", "--population", "1"), 2, "--population"),
        (("pareto", "iee33", "--seed", "1"), 1, "did you mean ieee33"),
        (("site", "ieee33", "--seed", "1", "--min-spacing", "0"), 2, "spacing must be positive"),
        (("site", "ieee33", "--seed", "1", "--coverage", "nan"), 2, "coverage must be positive"),
    ],
)
def test_mistakes_are_one_clear_error(
    feederlab: Any, words: tuple[str, ...], code: int, message: str
) -> None:
    answer = feederlab(*words)
    assert answer.code == code
    assert answer.out == ""
    assert re.search(message, re.sub(r"[\s│╭╮╰╯─]+", " ", answer.err))
    assert "Traceback" not in answer.err


def test_spacing_and_coverage_hold_what_site_finds(feederlab: Any) -> None:
    words = ("site", "ieee33", "--seed", "1", "--evaluations", "500", "--v-min", "0", "--json")
    free = feederlab(*words, "--out", "free").json
    assert free["access_unit"] == "ohm"
    limits = ("--min-spacing", str(2 * free["min_spacing"]), "--coverage", "9")
    held = feederlab(*words, *limits, "--out", "held")
    assert held.code == 0
    assert held.json["min_spacing"] >= 2 * free["min_spacing"]
    assert held.json["coverage"] <= 9.0 < free["coverage"]
    judged = feederlab("assess", "held/plan.json", "--json").json
    assert judged["feasible"] is True
    assert judged["npv_usd"] == held.json["npv_usd"]
    never = feederlab(*words, "--coverage", "0.01", "--out", "never")
    assert never.code == 3
    assert never.json["violation"] == pytest.approx((never.json["coverage"] - 0.01) / 0.01)
    kept = feederlab("certify", "ieee33", "--v-min", "0", "--min-spacing", "20", "--json")
    assert kept.code == 3
    assert kept.json["bound_usd"] >= held.json["npv_usd"]
    assert kept.json["stations"] == []
    assert "does not meet them" in kept.json["message"]
