"""Local models in the loop: counted, kept in checkpoints, or not there."""

import dataclasses
import pickle

import numpy as np
import pytest

from heuristics.engine import Engine, make_engine
from heuristics.functions import g06, sphere
from heuristics.loop import minimize


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
