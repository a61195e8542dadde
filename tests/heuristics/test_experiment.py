"""Experiments: paired seeds, rows that read back exactly, and studies that survive."""

import dataclasses
import json
import math
import os
import signal
from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heuristics.engine import make_engine
from heuristics.experiment import Experiment, RunKey, RunRow, run_experiment, run_seed
from heuristics.experiment.folder import RunFolder, file_name
from heuristics.experiment.row import planned_row, row_from_json
from heuristics.functions import g06, mixed_sphere, sphere
from heuristics.loop import minimize
from heuristics.problem import Evaluation
from heuristics.result import History, Result
from heuristics.testing.trials import Broken, Impossible, Watched


@dataclasses.dataclass(frozen=True)
class Deadly:
    """The sphere; at some points an exception, or the end of the process."""

    limit: float
    kills: bool = False
    space = sphere(3).space
    n_obj: int = 1
    n_con: int = 0

    def evaluate(self, x):
        if x[0, 0] > self.limit and self.kills:
            os.kill(os.getpid(), signal.SIGKILL)
        if x[0, 0] > self.limit:
            raise ZeroDivisionError("no answer\n  at this point")
        return sphere(3).evaluate(x)


def engines(*names: str):
    return {name: make_engine(name, population=10) for name in names}


def plan(**changes) -> Experiment:
    settings = {
        "problems": {"sphere": sphere, "g06": g06(), "nothing": Impossible()},
        "engines": engines("ga", "random"),
        "n_runs": 3,
        "budget": 105,
        "seed": 7,
    }
    return Experiment(**(settings | changes))


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file of a study but the times."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.parent.name != "times"
    }


# --- plan ---


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"problems": {}}, "problems: expected at least one"),
        ({"engines": {}}, "engines: expected at least one"),
        ({"engines": {"": make_engine("ga")}}, "engines: expected at least one, each with a name"),
        ({"n_runs": 0}, "n_runs: expected a whole number >= 1, got 0"),
        ({"budget": 1.5}, "budget: expected a whole number >= 1, got 1.5"),
        ({"seed": None}, "seed: expected a whole number >= 0, got None"),
        ({"seed": -1}, "seed: expected a whole number >= 0, got -1"),
    ],
)
def test_bad_plans_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        plan(**change)


def test_runs_are_paired_and_independent_of_the_rest_of_the_plan():
    draws = {
        (problem, run): make_draw(7, problem, run) for problem in ("a", "b") for run in range(50)
    }
    assert len(set(draws.values())) == 100
    assert make_draw(8, "a", 0) not in draws.values()
    small = plan(engines=engines("ga"), n_runs=2)
    large = plan(engines=engines("pso", "ga", "random"), n_runs=4, problems={"g06": g06()})
    first = planned_row(small, RunKey("g06", "ga", 1)).seed
    assert planned_row(large, RunKey("g06", "ga", 1)).seed == first
    assert planned_row(large, RunKey("g06", "pso", 1)).seed == first
    assert planned_row(large, RunKey("g06", "ga", 2)).seed != first


def make_draw(seed: int, problem: str, run: int) -> int:
    return int(run_seed(seed, problem, run).generate_state(1, np.uint64)[0])


# --- rows ---

numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(f=numbers, g=st.lists(numbers, max_size=3), x=st.lists(st.floats(-1e300, 1e300)), v=numbers)
def test_rows_read_back_exactly(f, g, x, v):
    history = History(np.array([1, 5]), np.array([np.nan, f]), np.array([np.inf, v]))
    result = Result(np.array(x), f, np.array(g), v, False, 9, history, "1", "GA", "über alles")
    row = RunRow("p", "ga", 0, "GA()", 10, "1").finished(result)
    text = row.to_json()
    assert row_from_json(text) == row
    assert row_from_json(text).to_json() == text
    assert (row.f is None) == (not math.isfinite(f))
    assert row.x == tuple(x)
    assert "NaN" not in text
    assert "Infinity" not in text


def test_times_are_no_part_of_a_row():
    row = RunRow("p", "ga", 0, "GA()", 10, "1", seconds=1.0)
    assert row == dataclasses.replace(row, seconds=2.0)
    assert "seconds" not in row.to_json()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"problem": "p"}', '{"x": 1}'])
def test_text_that_is_no_row_is_refused(text):
    with pytest.raises(ValueError, match=r"expected the JSON of a run|Expecting value"):
        row_from_json(text)


def test_file_names_are_plain_and_distinct():
    names = ["a", "a b", "a:b", "a/b", "a_b", "../x", "..", "ü", "hgapso:printed", "x--y"]
    files = [file_name(RunKey(p, e, 0)) for p in names for e in names]
    assert len(set(files)) == len(files)
    assert all(set(file) <= set("abcdefghijklmnopqrstuvwxyz0123456789_.-") for file in files)
    assert not any(file.startswith(".") for file in files)


# --- running ---


def test_rows_are_the_results_of_minimize_in_the_order_of_the_plan():
    rows = run_experiment(plan())
    assert [row.key for row in rows] == list(plan().run_keys())
    for row in rows:
        source = plan().problems[row.problem]
        result = minimize(
            source() if callable(source) else source,
            plan().engines[row.engine],
            seed=run_seed(7, row.problem, row.run),
            budget=105,
        )
        assert row.x == tuple(result.x)
        assert (row.f, row.violation) == (result.f, result.violation)
        assert (row.is_feasible, row.message) == (result.is_feasible, result.message)
        assert (row.seed, row.settings) == (result.seed, result.engine)
        assert [step[0] for step in row.history] == result.history.evaluation.tolist()
        assert row.seconds is not None


def test_a_run_that_raises_is_a_row_and_the_others_go_on(tmp_path):
    study = plan(problems={"deadly": Deadly(4.0), "sphere": sphere, "missing": make_nothing})
    rows = run_experiment(study, out=tmp_path)
    by_problem = {name: [r for r in rows if r.problem == name] for name in study.problems}
    failed = [row for row in by_problem["deadly"] if row.is_failed]
    assert 0 < len(failed) < 6
    for row in failed:
        assert row.message == "ZeroDivisionError: no answer at this point"
        assert (row.f, row.x, row.n_evaluations) == (None, (), 0)
    assert not any(row.is_failed for row in by_problem["sphere"])
    assert {row.message for row in by_problem["missing"]} == {"FileNotFoundError: no feeder"}
    assert run_experiment(study) == rows


def make_nothing():
    raise FileNotFoundError("no feeder")


def test_figures_that_do_not_exist_are_null():
    (row,) = run_experiment(
        plan(problems={"nan": Broken(np.inf, np.nan)}, n_runs=1, engines=engines("ga"))
    )
    assert (row.f, row.violation, row.g) == (None, None, (None,))
    assert row.history == ((1, None, None),)
    assert not row.is_feasible


def test_any_number_of_workers_gives_the_same_bytes(tmp_path):
    study = plan(problems={"sphere": sphere, "deadly": Deadly(4.0), "made": make_mixed})
    told = []
    one = run_experiment(study, 1, tmp_path / "one")
    two = run_experiment(study, 2, tmp_path / "two", lambda *args: told.append(args))
    assert one == two
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    assert len(tree(tmp_path / "one")) == len(one)
    assert [(done, total) for _, done, total in told] == [(i, 18) for i in range(1, 19)]
    assert sorted(row.key for row, _, _ in told) == sorted(study.run_keys())


def make_mixed():
    return mixed_sphere(2, 2)


@dataclasses.dataclass(frozen=True)
class Threads:
    """Its objective is the number of threads that Numba may use."""

    space = sphere(1).space
    n_obj: int = 1
    n_con: int = 0

    def evaluate(self, x):
        return Evaluation(np.full((len(x), 1), numba.config.NUMBA_NUM_THREADS), x[:, :0])


def test_each_worker_uses_one_thread():
    study = plan(problems={"threads": Threads()})
    assert {row.f for row in run_experiment(study, 2)} == {1.0}


def test_a_worker_that_dies_takes_no_other_run_with_it(tmp_path):
    # Seeds of which some start with a point that kills and some do not.
    deadly = Experiment({"deadly": Deadly(4.0, kills=True)}, engines("random"), 6, 40, seed=1)
    harmless = Experiment({"deadly": Deadly(4.0)}, engines("random"), 6, 40, seed=1)
    killed = {row.run for row in run_experiment(harmless) if row.is_failed}
    assert 0 < len(killed) < 6
    rows = run_experiment(deadly, 2, tmp_path)
    assert {row.run for row in rows if row.is_failed} == killed
    for row in rows:
        assert row.message == (
            "its worker process died twice"
            if row.run in killed
            else "spent its budget of 40 evaluations"
        )
    assert len(tree(tmp_path)) == 6


# --- resuming ---


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
