"""Points and evaluations: what a space lets through, and what counts as feasible."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from heuristics.problem import Evaluation, Space
from heuristics.sampling import make_generator, seed_label

anything = st.floats(allow_nan=False, allow_infinity=True)


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    n_var = draw(st.integers(1, 6))
    is_integer = draw(hnp.arrays(bool, n_var))
    reals = hnp.arrays(float, (2, n_var), elements=st.floats(-1e6, 1e6))
    bounds = np.sort(draw(reals), axis=0)
    bounds[:, is_integer] = np.rint(bounds[:, is_integer])
    return Space(bounds[0], bounds[1], is_integer)


@st.composite
def spaces_and_points(draw: st.DrawFn) -> tuple[Space, np.ndarray]:
    space = draw(spaces())
    shape = (draw(st.integers(0, 5)), space.n_var)
    return space, draw(hnp.arrays(float, shape, elements=anything))


@given(spaces_and_points())
def test_snapped_points_are_in_the_space_and_stay(case):
    space, x = case
    before = x.copy()
    snapped = space.snap(x)
    assert np.all((space.lower <= snapped) & (snapped <= space.upper))
    assert np.array_equal(snapped[:, space.is_integer], np.rint(snapped[:, space.is_integer]))
    assert snapped.tobytes() == space.snap(snapped).tobytes()
    assert np.array_equal(x, before)


@given(spaces_and_points())
def test_snap_does_what_numpy_says(case):
    space, x = case
    twin = np.clip(x, space.lower, space.upper)
    twin[:, space.is_integer] = np.rint(twin[:, space.is_integer])
    assert np.array_equal(space.snap(x), twin)


@given(spaces(), st.integers(0, 2**32), st.integers(0, 20))
def test_samples_are_points_of_the_space(space, seed, n):
    x = space.sample(n, make_generator(seed))
    assert x.shape == (n, space.n_var)
    assert np.array_equal(x, space.snap(x))


def test_whole_numbers_are_equally_likely_at_the_ends_too():
    space = Space(np.array([2.0]), np.array([5.0]), np.array([True]))
    values, counts = np.unique(space.sample(40_000, make_generator(1)), return_counts=True)
    assert values.tolist() == [2.0, 3.0, 4.0, 5.0]
    # Binomial with p = 1/4: standard deviation 87.
    assert np.abs(counts - 10_000).max() < 5 * 87


def test_negative_zero_and_zero_are_one_whole_number():
    space = Space(np.array([-1.0]), np.array([1.0]), np.array([True]))
    assert space.snap([[-0.3]]).tobytes() == space.snap([[0.3]]).tobytes()


def test_repair_is_applied_last():
    space = Space(np.zeros(2), np.full(2, 9.0), np.ones(2, bool), lambda x: np.sort(x, axis=1))
    assert space.snap([[8.7, 3.2]]).tolist() == [[3.0, 9.0]]


def test_repair_of_another_shape_is_refused():
    space = Space(np.zeros(2), np.ones(2), np.zeros(2, bool), lambda x: x[:, :1])
    with pytest.raises(ValueError, match=r"repair: expected shape \(1, 2\) back, got \(1, 1\)"):
        space.snap([[0.0, 0.0]])


@pytest.mark.parametrize(
    ("lower", "upper", "is_integer", "message"),
    [
        ([], [], [], "lower: expected shape"),
        ([[0.0]], [[1.0]], [[False]], "lower: expected shape"),
        ([0.0], [1.0, 2.0], [False], "upper: expected shape"),
        ([0.0], [1.0], [False, True], "is_integer: expected shape"),
        ([0.0, 2.0], [1.0, 1.0], [False, False], "variable 1: expected finite bounds"),
        ([0.0], [np.inf], [False], "variable 0: expected finite bounds"),
        ([np.nan], [1.0], [False], "variable 0: expected finite bounds"),
        ([0.5], [1.0], [True], "variable 0: expected whole-number bounds"),
    ],
)
def test_bad_bounds_are_refused(lower, upper, is_integer, message):
    with pytest.raises(ValueError, match=message):
        Space(lower, upper, is_integer)


def test_nan_and_wrong_shapes_are_refused():
    space = Space(np.zeros(2), np.ones(2), np.zeros(2, bool))
    with pytest.raises(ValueError, match="NaN in row 1"):
        space.snap([[0.0, 0.0], [0.0, np.nan]])
    for x in ([0.0, 0.0], [[0.0]], [[0.0, 0.0, 0.0]]):
        with pytest.raises(ValueError, match=r"expected shape \(n, 2\)"):
            space.snap(x)


def test_spaces_and_evaluations_cannot_be_changed():
    bounds = np.zeros(2)
    space = Space(bounds, bounds + 1.0, np.zeros(2, bool))
    bounds[0] = 7.0
    assert space.lower[0] == 0.0
    figures = np.zeros((1, 1))
    evaluation = Evaluation(figures, figures)
    figures[0] = 7.0
    assert evaluation.f[0, 0] == 0.0
    for array in (space.lower, space.upper, space.is_integer, *vars_of(evaluation)):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def vars_of(evaluation: Evaluation) -> tuple[np.ndarray, ...]:
    return evaluation.f, evaluation.g, evaluation.violation


def test_space_survives_a_pickle():
    space = Space(np.zeros(2), np.ones(2), np.array([True, False]))
    copy = pickle.loads(pickle.dumps(space))
    assert np.array_equal(copy.upper, space.upper)
    assert np.array_equal(copy.is_integer, space.is_integer)


figures = st.floats(allow_nan=True, allow_infinity=True)


@given(hnp.arrays(float, (4, 1), elements=figures), hnp.arrays(float, (4, 3), elements=figures))
def test_violation_is_what_a_plain_loop_says(f, g):
    expected = []
    for row_f, row_g in zip(f.tolist(), g.tolist(), strict=True):
        if all(np.isfinite(row_f + row_g)):
            expected.append(max([0.0, *row_g]))
        else:
            expected.append(np.inf)
    assert Evaluation(f, g).violation.tolist() == expected


def test_without_constraints_all_that_is_finite_is_feasible():
    f = np.array([[1.0], [np.nan], [np.inf], [-np.inf]])
    violation = Evaluation(f, np.empty((4, 0))).violation
    assert violation.tolist() == [0.0, np.inf, np.inf, np.inf]


@pytest.mark.parametrize(
    ("f", "g"),
    [
        (np.zeros(3), np.zeros((3, 1))),
        (np.zeros((3, 1)), np.zeros(3)),
        (np.zeros((3, 1)), np.zeros((2, 1))),
        (np.zeros((3, 0)), np.zeros((3, 1))),
    ],
)
def test_evaluations_of_wrong_shape_are_refused(f, g):
    with pytest.raises(ValueError, match="evaluation: expected f"):
        Evaluation(f, g)


def test_seeds_are_required_and_checked():
    for seed in (None, True, 1.0, "1"):
        with pytest.raises(TypeError, match="seed: expected"):
            make_generator(seed)
    with pytest.raises(ValueError, match="seed: expected a non-negative int, got -1"):
        make_generator(-1)


def test_equal_seeds_have_equal_labels_and_streams():
    sequence = np.random.SeedSequence(5, spawn_key=(1, 2))
    same = np.random.SeedSequence(5, spawn_key=(1, 2))
    other = np.random.SeedSequence(5, spawn_key=(1, 3))
    assert seed_label(sequence) == seed_label(same) != seed_label(other)
    draws = [make_generator(seed).random() for seed in (sequence, same, other)]
    assert draws[0] == draws[1] != draws[2]
    assert make_generator(5).random() == make_generator(np.random.SeedSequence(5)).random()
