"""The contest of engines: expected evaluations, bootstrap, verdicts, outsiders, one quick run."""

import csv
import json
import sys
import types

import numpy as np
import pytest

from benchmarks.peers import engines, outsiders
from benchmarks.peers.engines import OURS, EngineRow, Runs, bootstrap, contest, expected, judge
from benchmarks.peers.engines_figure import page
from benchmarks.registry import Task
from heuristics.functions import sphere


def test_expected_evaluations_of_hand_made_runs():
    assert expected([100, 300], [True, False]) == 400.0
    assert expected([100, 300], [True, True]) == 200.0
    assert expected([100, 300], [False, False]) is None


def test_equal_runs_have_the_ratio_one_and_an_interval_around_it():
    runs = Runs((100, 200, 400, 800), (True, True, True, False))
    ratio, low, high = bootstrap(runs, runs, 1)
    assert ratio == 1.0
    assert low < 1.0 < high


def test_clear_winners_are_below_one_and_a_peer_without_success_is_granted_one():
    ours = Runs((10, 12, 9, 11) * 5, (True,) * 20)
    never = Runs((500,) * 20, (False,) * 20)
    ratio, low, high = bootstrap(ours, never, 1)
    assert ratio == pytest.approx(10.5 / (20 * 500))
    assert low <= ratio <= high < 1.0
    # the other way round nothing can be said: ours is granted nothing
    assert bootstrap(never, ours, 1) == (None, None, None)


def test_rare_successes_leave_the_interval_open():
    rare = Runs((500,) * 29 + (100,), (False,) * 29 + (True,))
    never = Runs((500,) * 30, (False,) * 30)
    ratio, _, high = bootstrap(rare, never, 1)
    assert ratio == pytest.approx((29 * 500 + 100) / (30 * 500))
    assert high is None


def test_rows_compare_with_the_best_peer_and_name_who_is_absent():
    runs = {
        OURS: Runs((10, 20), (True, True)),
        "ga": Runs((30, 50), (True, True)),
        "pso": Runs((90, 90), (False, True)),
        "away": Runs(note="not installed: no module"),
    }
    ours, ga, pso, away = judge("floor-off", "ieee33", runs, 100, 1)
    assert (ours.figure, ga.figure, pso.figure, away.figure) == (15.0, 40.0, 180.0, None)
    assert ours.ratio_to_best_peer == 15.0 / 40.0
    assert ga.ratio_to_best_peer == 1.0
    assert ga.ours_over_this == 15.0 / 40.0
    assert (away.runs, away.note) == (0, "not installed: no module")
    text = page([ours, ga, pso, away])
    assert "| floor-off | ieee33 | ga | 40 | 2 of 2 | 100 | 0.375 |" in text
    assert "not installed" in text


def test_a_miss_is_said():
    row = EngineRow("floor-on", "ieee85", "ga", 10.0, runs=2, ours_over_this=1.2, low=0.9, high=1.4)
    assert "**no**" in page([row])
    lost = EngineRow("floor-on", "ieee85", "ga", 10.0, runs=2)
    assert "**no**" in page([lost])


def test_runs_repeat_and_stop_at_the_target():
    problem = sphere(2)
    first = contest("ga", problem, 0.05, 1, 3, 2000)
    assert first == contest("ga", problem, 0.05, 1, 3, 2000)
    assert all(first["is_reached"])
    assert max(first["spent"]) < 2000
    never = contest("ga", problem, -1.0, 1, 2, 60)
    assert (never["spent"], never["is_reached"]) == ((60, 60), (False, False))


def test_an_outsider_is_counted_stopped_and_started_anew(monkeypatch):
    module = types.ModuleType("toy")
    monkeypatch.setitem(sys.modules, "toy", module)
    problem = sphere(2)
    starts = []

    def walk(counted, problem, seed, budget):
        starts.append(seed)
        rng = np.random.default_rng(seed)
        for _ in range(7):
            counted(rng.uniform(problem.space.lower, problem.space.upper))

    monkeypatch.setitem(outsiders.OUTSIDERS, "toy:walk", walk)
    assert outsiders.missing("toy:walk") == ""
    assert outsiders.run_outsider("toy:walk", problem, -1.0, 5, 20) == (20, False)
    assert len(set(starts)) == 3
    spent, is_reached = outsiders.run_outsider("toy:walk", problem, 1e9, 5, 20)
    assert (spent, is_reached) == (1, True)

    def broken(counted, problem, seed, budget):
        raise ValueError("no")

    monkeypatch.setitem(outsiders.OUTSIDERS, "toy:broken", broken)
    with pytest.raises(RuntimeError, match="toy:broken: no"):
        outsiders.run_outsider("toy:broken", problem, -1.0, 5, 20)
    assert "not installed" in outsiders.missing("nobody_has_this:one")


def test_a_quick_contest_writes_its_files_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "PEERS", ("ga",))
    monkeypatch.setattr(engines, "OUTSIDERS", {})
    said = []
    task = Task(tmp_path, 1, True, said.append)
    content = engines.run(task)
    assert said == ["floor-off ieee33 hybrid", "floor-off ieee33 ga"]
    with (tmp_path / "race.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["contender"] for row in rows] == ["hybrid", "ga"]
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"race.csv", "runs.csv", "bounds.csv", "race.md", "ert.png"}
    json.dumps(content, allow_nan=False)
    before = (tmp_path / "race.csv").read_bytes()
    engines.run(task)
    assert (tmp_path / "race.csv").read_bytes() == before
