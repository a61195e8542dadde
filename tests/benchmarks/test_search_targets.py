"""Certificates and the memetic engine held to targets: verdicts by hand, one quick run each."""

import csv

from benchmarks.registry import Task
from benchmarks.search import certificates, memetic
from benchmarks.search.certificates import Goal, goal_of, is_met


def test_a_proof_needs_its_gap_in_its_time():
    goal = Goal(1e-4, 5.0, 60.0)
    assert is_met(goal, 1.0, 1e-4, 5.0)
    assert not is_met(goal, 1.0, 2e-4, 1.0)
    assert not is_met(goal, 1.0, 1e-5, 5.1)
    assert not is_met(goal, 1.0, None, 1.0)
    assert is_met(Goal(1e-4, None, 60.0), 1.0, 1e-5, 1e3)
    assert is_met(None, 1.0, None, 600.0)
    assert not is_met(None, None, None, 600.0)


def test_the_goals_are_those_of_the_task():
    assert goal_of("ieee118", "floor-off", True) == Goal(1e-5, 5.0, 60.0)
    assert goal_of("ieee85", "floor-off", False).seconds == 60.0
    assert goal_of("ieee85", "floor-on", True).seconds == 30.0
    assert goal_of("brazil136", "floor-on", True).gap == 1e-4
    assert goal_of("ieee118", "floor-on", True) is None


def test_a_case_needs_29_of_30_successes():
    run = {"n_evaluations": 14, "is_feasible": True, "npv_usd": 99.0, "reached_after": 14}
    late = {"n_evaluations": 500, "is_feasible": True, "npv_usd": 90.0, "reached_after": None}
    row = memetic.judge("ieee33", "floor-off", 100.0, [run] * 29 + [late])
    assert (row["successes"], row["feasible"], row["is_met"]) == (29, 30, True)
    assert row["gap_least"] == 1.0 / 99.0
    assert row["gap_most"] == 10.0 / 90.0
    assert not memetic.judge("ieee33", "floor-off", 100.0, [run] * 28 + [late] * 2)["is_met"]
    never = {"n_evaluations": 9, "is_feasible": False, "npv_usd": None, "reached_after": None}
    row = memetic.judge("ieee118", "floor-on", 100.0, [never])
    assert (row["evaluations_median"], row["gap_median"], row["is_met"]) == (None, None, False)


def test_quick_runs_write_their_files(tmp_path):
    task = Task(tmp_path, 1, True, lambda line: None)
    proofs = certificates.run(task)["rows"]
    assert [(row["stations"], row["floor"]) for row in proofs] == [
        ("fixed", "floor-off"), ("free", "floor-off"), ("fixed", "floor-on"), ("free", "floor-on")
    ]  # fmt: skip
    assert all(row["gap"] <= row["target_gap"] for row in proofs)
    found = memetic.run(task)["rows"]
    assert [row["feasible"] for row in found] == [3, 3]
    assert all(row["evaluations_most"] <= row["budget"] for row in found)
    with (tmp_path / "memetic_runs.csv").open(newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 6
    assert {"certificates.md", "memetic.md"} <= {path.name for path in tmp_path.iterdir()}
    assert not (tmp_path / "checkpoints").exists()
