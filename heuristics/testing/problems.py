"""What every problem must do: the checks of `heuristics.problem.Problem`'s promises."""

import pickle

import numpy as np

from heuristics.jit import BoolArray, FloatArray, IntArray
from heuristics.problem import Evaluation, LocalModelProblem, Problem, Space
from heuristics.sampling import Seed, make_generator


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
        problem.local_model(x[0])
        assert is_same(whole, problem.evaluate(points), np.arange(len(x))), (
            "a local model changes later evaluations"
        )


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
