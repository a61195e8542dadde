"""Folders of experiments: resumed, grown, refused, and the same to the byte."""

import dataclasses
import json
import math

import pytest
from experiment_plans import Deadly, engines, plan, tree

from heuristics.engine import make_engine
from heuristics.experiment import run_experiment
from heuristics.experiment.folder import RunFolder, file_name
from heuristics.experiment.row import planned_row
from heuristics.functions import mixed_sphere
from heuristics.testing.trials import Watched


def test_finished_runs_are_not_run_again(tmp_path):
    study = plan()
    rows = run_experiment(study, out=tmp_path)
    before = tree(tmp_path)
    told = []
    assert run_experiment(study, out=tmp_path, progress=lambda *args: told.append(args)) == rows
    assert told == []
    gone = [study.run_keys()[2], study.run_keys()[11]]
    for key in gone:
        (tmp_path / "runs" / f"{file_name(key)}.json").unlink()
    again = run_experiment(study, out=tmp_path, progress=lambda *args: told.append(args))
    assert again == rows
    assert [(row.key, done) for row, done, _ in told] == [(gone[0], 17), (gone[1], 18)]
    assert tree(tmp_path) == before
    assert all(row.seconds is not None for row in again)


def test_a_plan_can_grow_in_its_folder(tmp_path):
    small = run_experiment(plan(), out=tmp_path)
    told = []
    larger = plan(engines=engines("ga", "pso", "random"), n_runs=4)
    rows = run_experiment(larger, out=tmp_path, progress=lambda *args: told.append(args))
    assert len(told) == 36 - 18
    assert [row for row in rows if row.engine != "pso" and row.run < 3] == small


def test_failed_runs_are_tried_again(tmp_path):
    study = plan(problems={"deadly": Deadly(4.0)})
    rows = run_experiment(study, out=tmp_path)
    mended = plan(problems={"deadly": Deadly(math.inf)})
    again = run_experiment(mended, out=tmp_path)
    assert any(row.is_failed for row in rows)
    assert not any(row.is_failed for row in again)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"budget": 200}, "its budget is 105, expected 200"),
        ({"seed": 8}, r"its seed is SeedSequence\(7, .*, expected SeedSequence\(8, "),
        (
            {"engines": {"ga": make_engine("ga"), "random": make_engine("random")}},
            "its settings is",
        ),
    ],
)
def test_a_folder_of_another_experiment_is_refused(tmp_path, change, message):
    run_experiment(plan(), out=tmp_path)
    before = tree(tmp_path)
    with pytest.raises(ValueError, match=f"json: belongs to another experiment: {message}"):
        run_experiment(plan(**change), out=tmp_path)
    assert tree(tmp_path) == before


def test_a_damaged_file_is_named(tmp_path):
    study = plan()
    run_experiment(study, out=tmp_path)
    path = tmp_path / "runs" / f"{file_name(study.run_keys()[4])}.json"
    path.write_text(path.read_text()[:-20])
    with pytest.raises(ValueError, match=f"{path.name}: "):
        run_experiment(study, out=tmp_path)


@pytest.mark.parametrize("at", [1, 40, 106, 230, 500])
def test_interrupted_study_resumes_to_the_same_bytes(tmp_path, at):
    whole = run_experiment(plan(problems={"mixed": mixed_sphere()}), out=tmp_path / "whole")
    watched = Watched(mixed_sphere(), interrupt_at=at)
    with pytest.raises(KeyboardInterrupt):
        run_experiment(plan(problems={"mixed": watched}), out=tmp_path / "cut")
    left = len(list((tmp_path / "cut" / "runs").glob("*"))) if at > 105 else 0
    assert left == (at - 1) // 105
    assert len(list((tmp_path / "cut" / "checkpoints").iterdir())) == 1
    resumed = run_experiment(plan(problems={"mixed": mixed_sphere()}), out=tmp_path / "cut")
    assert resumed == whole
    assert tree(tmp_path / "cut") == tree(tmp_path / "whole")
    assert not (tmp_path / "cut" / "checkpoints").exists()


def test_drafts_of_a_killed_process_are_removed(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "half.json.123.tmp").write_text("{")
    run_experiment(plan(), out=tmp_path)
    assert len(tree(tmp_path)) == 18


def test_folder_keeps_times_apart(tmp_path):
    row = dataclasses.replace(planned_row(plan(), plan().run_keys()[0]), seconds=0.1)
    folder = RunFolder(tmp_path)
    folder.write(row)
    kept = folder.read(planned_row(plan(), plan().run_keys()[0]))
    assert kept == row
    assert kept.seconds == 0.1
    (time,) = (tmp_path / "times").iterdir()
    assert json.loads(time.read_text()) == {"seconds": 0.1}
    time.unlink()
    assert folder.read(row).seconds is None
