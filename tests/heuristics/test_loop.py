"""The loop: budget, history, stop, checkpoints, local models, and what it refuses."""

import dataclasses
import os
import pickle
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import heuristics.loop
from heuristics.engine import Engine, make_engine
from heuristics.functions import g06, g08, mixed_sphere, rastrigin, sphere
from heuristics.loop import minimize
from heuristics.problem import Evaluation
from heuristics.testing.trials import Impossible, Watched

ENGINES = ["ga", "pso", "hgapso", "random"]


def deb_history(problem, batches) -> list[tuple[int, float, float]]:
    """Improvements by Deb's rules, one point at a time."""
    steps, n = [], 0
    for x in batches:
        for row in x:
            n += 1
            e = problem.evaluate(row[np.newaxis])
            f, violation = e.f[0, 0], e.violation[0]
            if steps:
                _, best_f, best_violation = steps[-1]
                feasible = violation == 0 and best_violation == 0
                if not (violation < best_violation or (feasible and f < best_f)):
                    continue
            steps.append((n, f, violation))
    return steps


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("problem", [sphere(4), g06(), Impossible()], ids=["sphere", "g06", "no"])
def test_history_is_every_improvement(name, problem):
    watched = Watched(problem)
    result = minimize(watched, make_engine(name), seed=1, budget=777)
    history = result.history
    steps = zip(history.evaluation, history.f, history.violation, strict=True)
    assert list(steps) == deb_history(problem, watched.batches)
    assert np.all(np.diff(history.evaluation) > 0)
    assert np.all(np.diff(history.violation) <= 0)
    assert np.all(np.diff(history.f[history.violation == 0]) < 0)
    assert (result.f, result.violation) == (history.f[-1], history.violation[-1])


def test_result_is_what_the_problem_says_of_its_point():
    result = minimize(g06(), make_engine("hgapso"), seed=1, budget=3000)
    e = g06().evaluate(result.x[np.newaxis])
    assert (result.f, result.violation) == (e.f[0, 0], e.violation[0])
    assert np.array_equal(result.g, e.g[0])
    assert result.is_feasible == (e.violation[0] == 0)
    assert (result.seed, result.engine) == ("1", repr(make_engine("hgapso")))
    assert result.message == "spent its budget of 3000 evaluations"


def test_result_without_feasible_point_says_so():
    result = minimize(Impossible(), make_engine("ga"), seed=1, budget=500)
    assert not result.is_feasible
    assert result.violation >= 1.0  # nothing is closer than x0 = x1 = 0
    assert "no feasible point found, least violation 1." in result.message


@given(st.integers(1, 400), st.sampled_from(ENGINES))
def test_budget_is_kept_to_the_evaluation(budget, name):
    watched = Watched(sphere(2))
    result = minimize(watched, make_engine(name), seed=1, budget=budget)
    assert result.n_evaluations == watched.n_evaluations == budget


@pytest.mark.parametrize("budget", [0, -1, 1.5, True, None, "100"])
def test_bad_budgets_are_refused(budget):
    with pytest.raises(ValueError, match="budget: expected a whole number of evaluations >= 1"):
        minimize(sphere(2), make_engine("ga"), seed=1, budget=budget)


def test_seed_is_required():
    with pytest.raises(TypeError):
        minimize(sphere(2), make_engine("ga"), budget=10)
    with pytest.raises(TypeError, match="seed: expected"):
        minimize(sphere(2), make_engine("ga"), seed=None, budget=10)


@dataclasses.dataclass(frozen=True)
class Shaped:
    """Gives figures of other shapes than it states."""

    f_shape: tuple[int, int]
    g_shape: tuple[int, int]
    n_obj: int = 1
    n_con: int = 0
    space = sphere(2).space

    def evaluate(self, x):
        return Evaluation(np.zeros(self.f_shape), np.zeros(self.g_shape))


@pytest.mark.parametrize(
    ("f_shape", "g_shape"), [((49, 1), (49, 0)), ((50, 2), (50, 0)), ((50, 1), (50, 1))]
)
def test_evaluations_of_other_shapes_are_refused(f_shape, g_shape):
    with pytest.raises(ValueError, match=r"problem: expected f \(50, 1\) and g \(50, 0\)"):
        minimize(Shaped(f_shape, g_shape), make_engine("ga"), seed=1, budget=100)


def test_several_objectives_are_refused():
    with pytest.raises(ValueError, match="expected one objective, got 2"):
        minimize(Shaped((50, 2), (50, 0), n_obj=2), make_engine("ga"), seed=1, budget=100)


# --- callback ---


def test_callback_sees_every_batch_and_stops_the_run():
    seen = []

    def stop_at_200(progress):
        seen.append((progress.n_evaluations, progress.budget, progress.best.f))
        return progress.n_evaluations >= 200

    result = minimize(sphere(3), make_engine("ga"), seed=1, budget=1000, callback=stop_at_200)
    assert [n for n, _, _ in seen] == [50, 100, 150, 200]
    assert seen[-1] == (200, 1000, result.f)
    assert result.n_evaluations == 200
    assert result.message == "stopped by the callback after 200 evaluations of 1000"


def test_callback_that_returns_nothing_changes_nothing():
    quiet, watched = (
        minimize(sphere(3), make_engine("ga"), seed=1, budget=500, callback=callback)
        for callback in (None, lambda progress: None)
    )
    assert quiet.digest() == watched.digest()


# --- checkpoints ---


@given(name=st.sampled_from(ENGINES), at=st.lists(st.integers(1, 640), max_size=4))
def test_run_interrupted_anywhere_ends_in_the_same_bits(tmp_path_factory, name, at):
    path = tmp_path_factory.mktemp("run") / "checkpoint"
    engine = make_engine(name)
    whole = minimize(mixed_sphere(), engine, seed=3, budget=640).digest()
    for evaluation in at:
        watched = Watched(mixed_sphere(), interrupt_at=evaluation)
        # Counted from where this session starts, so the last ones may not strike.
        try:
            result = minimize(watched, engine, seed=3, budget=640, checkpoint=path)
        except KeyboardInterrupt:
            assert path.exists()
            continue
        assert result.digest() == whole
    result = minimize(mixed_sphere(), engine, seed=3, budget=640, checkpoint=path)
    assert result.digest() == whole
    assert list(path.parent.iterdir()) == []


def test_run_goes_on_from_its_checkpoint_instead_of_starting_anew(tmp_path):
    path = tmp_path / "checkpoint"
    watched = Watched(sphere(3), interrupt_at=501)
    with pytest.raises(KeyboardInterrupt):
        minimize(watched, make_engine("ga"), seed=1, budget=1000, checkpoint=path)
    watched = Watched(sphere(3))
    minimize(watched, make_engine("ga"), seed=1, budget=1000, checkpoint=path)
    assert watched.n_evaluations == 501  # half the budget, and the best point once more


def test_checkpoint_is_written_every_few_seconds(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint"
    clock = iter(np.arange(0.0, 1e6, 2.0))
    monkeypatch.setattr(heuristics.loop.time, "monotonic", lambda: next(clock))
    there = []
    minimize(
        sphere(2),
        make_engine("ga"),
        seed=1,
        budget=400,
        checkpoint=path,
        callback=lambda progress: there.append(path.exists()) or False,
    )
    assert there[0] is False
    assert there[-1] is True
    assert not path.exists()


def test_stopped_run_can_be_continued(tmp_path):
    path = tmp_path / "checkpoint"
    engine = make_engine("pso")
    stopped = minimize(
        rastrigin(3), engine, seed=1, budget=500, checkpoint=path, callback=lambda progress: True
    )
    assert stopped.n_evaluations == 50
    continued = minimize(rastrigin(3), engine, seed=1, budget=500, checkpoint=path)
    assert continued.digest() == minimize(rastrigin(3), engine, seed=1, budget=500).digest()


def interrupted(path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        minimize(
            Watched(sphere(3), interrupt_at=200),
            make_engine("ga"),
            seed=1,
            budget=500,
            checkpoint=path,
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 2}, "its seed is 1, expected 2"),
        ({"budget": 600}, "its budget is 500, expected 600"),
        ({"engine": make_engine("pso")}, r"its engine is GA\(.*, expected PSO"),
        ({"engine": make_engine("ga", population=40)}, "its engine is"),
        ({"problem": Watched(sphere(4))}, "its problem is"),
        ({"problem": Watched(rastrigin(3))}, "its best point has another value"),
        ({"problem": Watched(g08())}, "its problem is"),
    ],
)
def test_checkpoint_of_another_run_is_refused(tmp_path, change, message):
    path = tmp_path / "checkpoint"
    interrupted(path)
    run = {"problem": Watched(sphere(3)), "engine": make_engine("ga"), "seed": 1, "budget": 500}
    run |= change
    with pytest.raises(ValueError, match=f"checkpoint .*: belongs to another run: {message}"):
        minimize(run.pop("problem"), run.pop("engine"), **run, checkpoint=path)
    assert path.exists()


@pytest.mark.parametrize("damage", [b"", b"{}\n", b"no\n", b"[1]\n", b"cut", b"grown"])
def test_damaged_checkpoint_is_refused(tmp_path, damage):
    path = tmp_path / "checkpoint"
    interrupted(path)
    content = path.read_bytes()
    path.write_bytes({b"cut": content[:-9], b"grown": content + b"x"}.get(damage, damage))
    with pytest.raises(ValueError, match="expected 'feederlab checkpoint 1', undamaged"):
        minimize(Watched(sphere(3)), make_engine("ga"), seed=1, budget=500, checkpoint=path)


def test_failing_run_leaves_a_checkpoint(tmp_path):
    class Failing(Watched):
        def evaluate(self, x):
            if self.n_evaluations >= 100:
                raise RuntimeError("no licence left")
            return super().evaluate(x)

    path = tmp_path / "folder" / "checkpoint"
    with pytest.raises(RuntimeError, match="no licence left"):
        minimize(Failing(sphere(3)), make_engine("ga"), seed=1, budget=500, checkpoint=path)
    assert path.exists()


def test_interrupt_from_the_keyboard_leaves_a_checkpoint_to_continue_from(tmp_path):
    path = tmp_path / "checkpoint"
    script = textwrap.dedent(
        f"""
        from heuristics.engine import make_engine
        from heuristics.functions import sphere
        from heuristics.loop import minimize

        is_told = []
        def tell(progress):
            if not is_told:
                print("running", flush=True)
                is_told.append(True)

        minimize(sphere(3), make_engine("hgapso"), seed=1, budget=100_000_000,
                 checkpoint={str(path)!r}, callback=tell)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, signal.SIGINT)
        _, error = process.communicate(timeout=60)
    assert b"KeyboardInterrupt" in error
    seen = []
    minimize(
        sphere(3),
        make_engine("hgapso"),
        seed=1,
        budget=100_000_000,
        checkpoint=path,
        callback=lambda progress: seen.append(progress) or True,
    )
    assert seen[0].n_evaluations > 50


# --- local models ---


@dataclasses.dataclass(frozen=True)
class Modeled:
    """The sphere; its local model is the gradient."""

    space = sphere(3).space
    n_obj: int = 1
    n_con: int = 0

    def evaluate(self, x):
        return sphere(3).evaluate(x)

    def local_model(self, x):
        return 2.0 * x


@dataclasses.dataclass(frozen=True)
class Descent(Engine):
    """Asks for a model at its best point, then goes down the gradient."""

    def init(self, space, rng, budget):
        return {"x": None, "gradient": None}

    def ask(self, space, state, rng):
        if state["x"] is None:
            return space.sample(1, rng), state
        return space.snap([state["x"] - 0.25 * state["gradient"]]), state

    def tell(self, space, state, x, e):
        return {"x": x[0], "gradient": None}

    def model_point(self, state):
        return state["x"] if state["gradient"] is None else None

    def inform(self, space, state, x, model):
        assert x is state["x"]
        return {**state, "gradient": model}


@pytest.mark.parametrize("budget", [1, 2, 3, 20, 21])
def test_models_count_as_evaluations(budget):
    result = minimize(Modeled(), Descent(), seed=1, budget=budget)
    assert result.n_evaluations == budget
    first = result.history.f[0]
    # Every second evaluation is a model; each step halves the distance.
    n_step = (budget - 1) // 2
    assert result.f == pytest.approx(first / 4.0**n_step)
    assert result.history.evaluation.tolist() == [1, *range(3, budget + 1, 2)]


def test_models_are_not_asked_of_problems_without_them():
    class Plain(Descent):
        def ask(self, space, state, rng):
            return space.sample(1, rng), state

    assert minimize(sphere(3), Plain(), seed=1, budget=10).n_evaluations == 10


def test_models_survive_a_checkpoint(tmp_path):
    path = tmp_path / "checkpoint"
    whole = minimize(Modeled(), Descent(), seed=1, budget=30).digest()
    stops = iter([False, False, True, False, True] + [False] * 100)
    for _ in range(2):
        minimize(
            Modeled(),
            Descent(),
            seed=1,
            budget=30,
            checkpoint=path,
            callback=lambda progress: next(stops),
        )
    result = minimize(Modeled(), Descent(), seed=1, budget=30, checkpoint=path)
    assert result.digest() == whole


def test_engine_that_only_asks_for_models_is_refused():
    class Greedy(Descent):
        def model_point(self, state):
            return np.zeros(3)

        def inform(self, space, state, x, model):
            return state

    with pytest.raises(ValueError, match="spent its budget on local models alone"):
        minimize(Modeled(), Greedy(), seed=1, budget=10)


def test_engine_without_models_says_so():
    with pytest.raises(NotImplementedError, match="GA asks for no models"):
        make_engine("ga").inform(sphere(1).space, None, np.zeros(1), None)


# --- result ---


def test_digest_sees_every_field():
    result = minimize(g06(), make_engine("ga"), seed=1, budget=100)
    changed = {
        "x": result.x + 1e-15 * np.abs(result.x),
        "f": np.nextafter(result.f, 1.0),
        "g": -result.g,
        "violation": result.violation + 1.0,
        "is_feasible": not result.is_feasible,
        "n_evaluations": 99,
        "history": dataclasses.replace(result.history, f=result.history.f + 1.0),
        "seed": "2",
        "engine": "PSO()",
        "message": "",
    }
    assert set(changed) == {field.name for field in dataclasses.fields(result)}
    for name, value in changed.items():
        assert dataclasses.replace(result, **{name: value}).digest() != result.digest(), name
    assert pickle.loads(pickle.dumps(result)).digest() == result.digest()
