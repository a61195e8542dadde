"""What every problem must do: the checks of `heuristics.problem.Problem`'s promises."""

import pickle

import numpy as np

from heuristics.jit import BoolArray, FloatArray, IntArray
from heuristics.problem import Evaluation, LocalModelProblem, Problem, Space
from heuristics.sampling import Seed, make_generator

N_MODELED = 3
"""Points whose local models are checked."""
EXACT = 1e-6
"""Relative difference allowed between a model at its own point and the problem."""


def check_problem(problem: Problem, *, seed: Seed, n: int = 24) -> None:
    """Raise AssertionError, with the reason, unless a problem keeps every promise of `Problem`.

    Parameters
    ----------
    problem : Problem
    seed : int or numpy.random.SeedSequence
        Draws the points that are tried.
    n : int
        Points tried, beside the corners of the box where everything is least and greatest.

    Examples
    --------
    >>> from heuristics.functions import g06
    >>> check_problem(g06(), seed=1)
    """
    rng = make_generator(seed)
    space = problem.space
    check_space(space, rng, n)
    x = np.concatenate((space.sample(n, rng), space.snap(np.stack((space.lower, space.upper)))))
    points = x.copy()
    whole = problem.evaluate(x)
    assert np.array_equal(x, points), "evaluate changes the points it is given"
    check_shapes(problem, whole, len(x))
    again = problem.evaluate(points)
    assert is_same(whole, again, np.arange(len(x))), "the same points give other bits"
    check_rows(problem, x, whole)
    copy = pickle.loads(pickle.dumps(problem))
    assert is_same(whole, copy.evaluate(points), np.arange(len(x))), (
        "the problem changes by a pickle, so it cannot go to another process"
    )
    if isinstance(problem, LocalModelProblem):
        check_local_model(problem, x, whole)
        assert is_same(whole, problem.evaluate(points), np.arange(len(x))), (
            "a local model changes later evaluations"
        )


def check_local_model(problem: LocalModelProblem, x: FloatArray, e: Evaluation) -> None:
    """Check models at the points that could be evaluated: exact there, and points of the space."""
    space = problem.space
    for i in np.flatnonzero(np.isfinite(e.violation))[:N_MODELED]:
        model = problem.local_model(x[i])
        assert model is not None, f"no local model at a point that can be evaluated: {x[i]}"
        here = model.predict(x[i : i + 1])
        check_shapes(problem, here, 1)
        for name, seen, exact in (("f", here.f, e.f[i]), ("g", here.g, e.g[i])):
            off = np.abs(seen - exact).max(initial=0.0)
            assert off <= EXACT * (1.0 + np.abs(exact).max(initial=0.0)), (
                f"the model's {name} at its own point is {seen[0]}, the problem's {exact}"
            )
        around = model.neighbors(x[i], 7)
        assert len(around) <= 7, f"asked for 7 neighbors, got {len(around)}"
        refined = model.refine(np.concatenate((x[i : i + 1], around)))
        assert len(refined) == 1 + len(around), "refine changes the number of points"
        for how, points in (("neighbors", around), ("refine", refined)):
            assert np.array_equal(points, space.snap(points)), f"{how} leaves the space"
        copy = pickle.loads(pickle.dumps(model))
        again = copy.refine(np.concatenate((x[i : i + 1], copy.neighbors(x[i], 7))))
        assert np.array_equal(refined, again), "a pickled model gives other points"


def check_space(space: Space, rng: np.random.Generator, n: int) -> None:
    """Check that samples and snapped points are points of the space, and stay as they are."""
    width = space.upper - space.lower + 1.0
    wild = space.lower + width * rng.uniform(-1.0, 2.0, (n, space.n_var))
    for how, x in (("sample", space.sample(n, rng)), ("snap", space.snap(wild))):
        is_inside = (space.lower <= x) & (x <= space.upper)
        assert is_inside.all(), f"{how} leaves the bounds, in columns {_columns(~is_inside)}"
        is_whole = (x == np.rint(x)) | ~space.is_integer
        assert is_whole.all(), f"{how} gives fractions in integer columns {_columns(~is_whole)}"
        is_kept = x == space.snap(x)
        assert is_kept.all(), f"snapping again changes columns {_columns(~is_kept)} after {how}"
    together = space.snap(wild)
    alone = np.concatenate([space.snap(row[np.newaxis]) for row in wild])
    assert np.array_equal(together, alone), "repair of a row depends on the other rows"


def check_shapes(problem: Problem, evaluation: Evaluation, n: int) -> None:
    """Check that the evaluation has the rows asked and the columns stated."""
    shapes = (evaluation.f.shape, evaluation.g.shape)
    expected = ((n, problem.n_obj), (n, problem.n_con))
    assert shapes == expected, f"expected f and g of shapes {expected}, got {shapes}"


def check_rows(problem: Problem, x: FloatArray, whole: Evaluation) -> None:
    """Check that a point is worth the same alone, among others and in another order."""
    for i in range(len(x)):
        alone = problem.evaluate(x[i : i + 1].copy())
        assert is_same(whole, alone, np.array([i])), f"point {i} alone gives other bits: {x[i]}"
    order = np.arange(len(x))[::-1]
    backwards = problem.evaluate(x[order].copy())
    assert is_same(whole, backwards, order), "points in reverse order give other bits"


def is_same(whole: Evaluation, part: Evaluation, rows: IntArray) -> bool:
    """Return whether `part` is bit for bit the given rows of `whole`."""
    return (
        whole.f[rows].tobytes() == part.f.tobytes() and whole.g[rows].tobytes() == part.g.tobytes()
    )


def _columns(is_wrong: BoolArray) -> list[int]:
    return [int(j) for j in np.flatnonzero(is_wrong.any(axis=0))]
