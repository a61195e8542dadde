"""Operators of the engines: properties, and plain twins that get the same uniform draws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heuristics.constraints import Deb
from heuristics.problem import Evaluation, Space
from heuristics.pso import Flight, moved
from heuristics.sampling import make_generator, uniform_points
from heuristics.selection import check_population, evaluated, survivors, tournament
from heuristics.variation import Variation, crossed, mutated

seeds = st.integers(0, 2**32)
LOWER = np.array([-1.0, 0.0, 1.0, 3.0])
UPPER = np.array([2.0, 1.0, 33.0, 3.0])
IS_INTEGER = np.array([False, True, True, True])
SPACE = Space(LOWER, UPPER, IS_INTEGER)


def box(n: int, seed: int) -> np.ndarray:
    return SPACE.sample(n, make_generator(seed))


# --- twins: one value at a time, as the papers write it ---


def sbx_twin(a: float, b: float, u: float, exponent: float) -> tuple[float, float]:
    beta = (2 * u) ** exponent if u <= 0.5 else (1 / (2 * (1 - u))) ** exponent
    return 0.5 * ((1 + beta) * a + (1 - beta) * b), 0.5 * ((1 - beta) * a + (1 + beta) * b)


@pytest.mark.parametrize("is_printed", [False, True])
@given(seed=seeds)
def test_crossover_twin(is_printed, seed):
    rng = make_generator(seed)
    parents = box(6, seed)
    draws = rng.random((3, 1 + 3 * 4))
    children = crossed(parents, draws, 0.8, 20.0, is_printed)
    for k in range(3):
        for j in range(4):
            a, b = parents[2 * k, j], parents[2 * k + 1, j]
            is_kept, spread, is_swapped = draws[k, 1 + 3 * j : 4 + 3 * j]
            expected = (a, b)
            if draws[k, 0] < 0.8 and is_printed:
                expected = sbx_twin(a, b, spread, 1 / 19)
            elif draws[k, 0] < 0.8 and is_kept < 0.5:
                expected = sbx_twin(a, b, spread, 1 / 21)
                expected = expected[::-1] if is_swapped < 0.5 else expected
            assert children[2 * k : 2 * k + 2, j] == pytest.approx(expected, rel=1e-14, abs=1e-14)


@pytest.mark.parametrize("is_printed", [False, True])
@given(seed=seeds)
def test_mutation_twin(is_printed, seed):
    rng = make_generator(seed)
    x = box(5, seed)
    draws = rng.random((5, 8))
    mutants = mutated(x, draws, LOWER, UPPER, IS_INTEGER, 0.5, 20.0, is_printed)
    for i in range(5):
        for j in range(4):
            u = draws[i, 2 * j + 1]
            delta = (2 * u) ** (1 / 21) - 1 if u <= 0.5 else 1 - (2 * (1 - u)) ** (1 / 21)
            if is_printed and u <= 0.5:
                delta = (2 * u) ** (1 / 21)
            expected = x[i, j] + delta * (UPPER[j] - LOWER[j])
            is_undone = round(max(LOWER[j], min(UPPER[j], expected))) == x[i, j]
            if IS_INTEGER[j] and not is_printed and is_undone:
                options = [x[i, j] + s for s in ((-1, 1) if delta < 0 else (1, -1))]
                inside = [o for o in options if LOWER[j] <= o <= UPPER[j]]
                expected = inside[0] if inside else expected
            if draws[i, 2 * j] >= 0.5:
                expected = x[i, j]
            snapped = SPACE.snap(mutants)[i, j]
            assert snapped == pytest.approx(
                SPACE.snap(np.full((1, 4), expected))[0, j], rel=1e-13, abs=1e-13
            )


@pytest.mark.parametrize("is_printed", [False, True])
@given(seed=seeds)
def test_flight_twin(is_printed, seed):
    rng = make_generator(seed)
    position, own = box(5, seed), box(5, seed + 1)
    swarm = box(1, seed + 2)[0]
    velocity = rng.normal(size=(5, 4))
    draws = rng.random((5, 2, 1 if is_printed else 4))
    new_position, new_velocity = moved(
        position, velocity, own, swarm, draws, LOWER, UPPER, 0.7, 2.01, 2.02, 0.2
    )
    for i in range(5):
        for j in range(4):
            r1, r2 = draws[i, :, 0 if is_printed else j]
            v = 0.7 * velocity[i, j] + 2.01 * r1 * (own[i, j] - position[i, j])
            v += 2.02 * r2 * (swarm[j] - position[i, j])
            largest = 0.2 * (UPPER[j] - LOWER[j])
            v = max(-largest, min(largest, v))
            p = position[i, j] + v
            if not LOWER[j] <= p <= UPPER[j]:
                p, v = max(LOWER[j], min(UPPER[j], p)), 0.0
            assert new_position[i, j] == pytest.approx(p, rel=1e-14, abs=1e-14)
            assert new_velocity[i, j] == pytest.approx(v, rel=1e-13, abs=1e-14)


@given(seeds, st.integers(1, 30), st.integers(1, 4))
def test_tournament_twin(seed, n, size):
    draws = make_generator(seed).random((20, size))
    expected = [min(math.floor(u * n) for u in row) for row in draws]
    assert tournament(n, draws).tolist() == expected


@given(seeds)
def test_uniform_points_twin(seed):
    draws = make_generator(seed).random((7, 4))
    x = uniform_points(draws, LOWER, UPPER, IS_INTEGER)
    for i in range(7):
        for j in range(4):
            low, high, u = LOWER[j], UPPER[j], draws[i, j]
            options = np.arange(low, high + 1)
            expected = options[int(u * len(options))] if IS_INTEGER[j] else low + u * (high - low)
            assert x[i, j] == expected


# --- properties ---


@pytest.mark.parametrize("is_printed", [False, True])
@given(seed=seeds)
def test_crossover_keeps_the_mean_of_its_parents(is_printed, seed):
    parents = box(40, seed)
    children = crossed(parents, make_generator(seed).random((20, 13)), 1.0, 20.0, is_printed)
    means = parents.reshape(20, 2, 4).mean(axis=1)
    assert children.reshape(20, 2, 4).mean(axis=1) == pytest.approx(means, abs=1e-12)


def test_crossover_spreads_children_as_its_density_says():
    # Share of contracting crossovers (beta <= 1) is 1/2; P(beta <= b) = b^21 / 2 below 1
    # (Deb and Agrawal 1995, the polynomial density of index 20).
    n = 20_000
    parents = np.tile([[0.0], [1.0]], (n, 1))
    draws = make_generator(1).random((n, 4))
    draws[:, 1] = 0.0
    children = crossed(parents, draws, 1.0, 20.0, False).reshape(n, 2)
    beta = np.abs(children[:, 1] - children[:, 0])
    for b in (0.95, 0.98, 1.0):
        expected = b**21 / 2
        tolerance = 5 * math.sqrt(expected * (1 - expected) / n)
        assert np.mean(beta <= b) == pytest.approx(expected, abs=tolerance)


def test_uncrossed_pairs_are_copied():
    parents = box(10, 3)
    children = crossed(parents, make_generator(1).random((5, 13)), 0.0, 20.0, False)
    assert np.array_equal(children, parents)


@pytest.mark.parametrize("is_printed", [False, True])
@given(seed=seeds)
def test_mutation_stays_within_one_box_width_and_bounds_after_snapping(is_printed, seed):
    x = box(20, seed)
    draws = make_generator(seed).random((20, 8))
    mutants = mutated(x, draws, LOWER, UPPER, IS_INTEGER, 1.0, 20.0, is_printed)
    assert np.all(np.abs(mutants - x) <= np.maximum(UPPER - LOWER, 1.0))
    snapped = SPACE.snap(mutants)
    assert np.all((snapped >= LOWER) & (snapped <= UPPER))


def test_mutation_steps_have_their_density():
    # P(|delta| <= d) = 1 - (1 - d)^21, both signs alike (Deb and Goyal 1996, index 20).
    n = 20_000
    x = np.zeros((n, 1))
    one = np.ones(1)
    draws = make_generator(2).random((n, 2))
    steps = mutated(x, draws, -one, one, one < 0, 1.0, 20.0, False)[:, 0] / 2.0
    assert np.mean(steps > 0) == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(n))
    for d in (0.01, 0.05, 0.2):
        expected = 1 - (1 - d) ** 21
        tolerance = 5 * math.sqrt(expected * (1 - expected) / n)
        assert np.mean(np.abs(steps) <= d) == pytest.approx(expected, abs=tolerance)


def test_printed_mutation_never_goes_down():
    x = box(50, 4)
    draws = make_generator(5).random((50, 8))
    mutants = mutated(x, draws, LOWER, UPPER, IS_INTEGER, 1.0, 20.0, True)
    assert np.all(mutants >= x)


@given(seeds)
def test_mutated_whole_numbers_move(seed):
    x = box(20, seed)
    draws = make_generator(seed).random((20, 8))
    snapped = SPACE.snap(mutated(x, draws, LOWER, UPPER, IS_INTEGER, 1.0, 20.0, False))
    assert np.all(snapped[:, 1:3] != x[:, 1:3])  # the last column has one value only


@given(seeds)
def test_fixed_variables_stay_fixed(seed):
    children = Variation(mutation_probability=1.0).offspring(
        SPACE, box(20, seed), make_generator(seed)
    )
    assert np.all(children[:, 3] == 3.0)


@given(seed=seeds, n=st.integers(2, 9))
def test_offspring_are_as_many_as_parents_and_in_the_space(seed, n):
    children = Variation().offspring(SPACE, box(n, seed), make_generator(seed))
    assert children.shape == (n, 4)
    assert np.array_equal(children, SPACE.snap(children))


@given(seed=seeds)
def test_tournament_never_prefers_infeasible(seed):
    rng = make_generator(seed)
    g = rng.choice([-1.0, 0.5, np.nan], (20, 1))
    population = evaluated(box(20, seed), Evaluation(rng.normal(size=(20, 1)), g))
    ranked = population.take(survivors(population, 20, Deb(), 0.0))
    draws = rng.random((200, 2))
    contestants = ranked.violation[(draws * 20).astype(int)]
    winners = ranked.violation[tournament(20, draws)]
    assert np.array_equal(winners, contestants.min(axis=1))


@given(seed=seeds, n=st.integers(1, 20))
def test_survivors_are_the_best(seed, n):
    rng = make_generator(seed)
    e = Evaluation(rng.normal(size=(20, 1)), rng.normal(size=(20, 1)))
    population = evaluated(box(20, seed), e)
    kept = survivors(population, n, Deb(), 0.0)
    rank = sorted(range(20), key=lambda i: (e.violation[i], e.f[i, 0] * (e.violation[i] == 0)))
    assert kept.tolist() == rank[:n]


def test_inertia_falls_over_the_budget():
    flight = Flight(cognitive=0.0, social=0.0, velocity_limit=1.0)
    space = Space(np.array([-10.0]), np.array([10.0]), np.array([False]))
    zero, one = np.zeros((1, 1)), np.ones((1, 1))
    for progress, inertia in ((0.0, 0.9), (0.5, 0.65), (1.0, 0.4)):
        _, velocity = flight.move(space, zero, one, zero, zero[0], progress, make_generator(1))
        assert velocity[0, 0] == pytest.approx(inertia)


@pytest.mark.parametrize("n", [1, 0, -3, 2.0, True, None])
def test_population_sizes_are_checked(n):
    with pytest.raises(ValueError, match="population: expected a whole number of at least 2"):
        check_population(n)
