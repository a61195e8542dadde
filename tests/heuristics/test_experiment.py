"""Experiments: paired seeds, rows that read back exactly, workers."""

import dataclasses
import math

import numba
import numpy as np
import pytest
from experiment_plans import Deadly, engines, plan, tree
from hypothesis import given
from hypothesis import strategies as st

from heuristics.engine import make_engine
from heuristics.experiment import Experiment, RunKey, RunRow, run_experiment, run_seed
from heuristics.experiment.folder import file_name
from heuristics.experiment.row import planned_row, row_from_json
from heuristics.functions import g06, mixed_sphere, sphere
from heuristics.loop import minimize
from heuristics.problem import Evaluation
from heuristics.result import History, Result
from heuristics.testing.trials import Broken


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
