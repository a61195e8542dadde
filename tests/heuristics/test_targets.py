"""Targets, running times and ranks against hand counts, published tables and slow twins."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from heuristics.experiment import (
    GAPS,
    RunRow,
    critical_difference,
    evaluations_to_targets,
    objective_at_gap,
    rank_groups,
    running_times,
    summarize,
    target_ecdf,
)
from heuristics.experiment.targets import RunningTimes

HISTORY = ((1, 0.0, 1.0), (7, None, None), (9, 5.0, 0.0), (12, 3.0, 0.0), (30, 1.0, 0.0))


def row(run=0, history=HISTORY, n_evaluations=100, **changes) -> RunRow:
    settings = {"n_evaluations": n_evaluations, **changes}
    return RunRow("p", "a", run, "E()", 200, str(run), history=tuple(history), **settings)


# --- gaps ---


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 0.5))
def test_objective_at_gap_has_that_gap(reference, gap):
    assume(abs(reference) > 1e-3)
    objective = objective_at_gap(reference, gap)
    assert objective > reference
    assert abs(reference - objective) / abs(objective) == pytest.approx(gap, rel=1e-6)


def test_objective_at_gap_of_zero_is_zero():
    assert objective_at_gap(0.0, 0.1) == 0.0


def test_gaps_fall_from_ten_percent_to_a_hundredth():
    assert GAPS[0] == pytest.approx(0.1)
    assert GAPS[-1] == pytest.approx(1e-4)
    assert np.diff(np.log10(GAPS)) == pytest.approx(-0.1)


# --- evaluations ---


def spent_twin(history, target) -> float:
    for evaluation, f, violation in history:
        if violation == 0.0 and f is not None and f <= target:
            return evaluation
    return math.inf


def test_targets_are_reached_by_feasible_points_only():
    spent = evaluations_to_targets(row(), [9.0, 5.0, 3.0, 2.9, 1.0, 0.5])
    assert spent.tolist() == [9, 9, 12, 30, 30, math.inf]
    assert evaluations_to_targets(row(history=()), [1.0]).tolist() == [math.inf]


improvements = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 5)), max_size=6)


@st.composite
def histories(draw):
    """Improving steps: some infeasible first, then falling feasible objectives."""
    steps, at, f = [], 0, 50.0
    for gap, fall in draw(improvements):
        at, f = at + gap, f - fall
        steps.append((at, f, 0.0))
    head = draw(st.integers(0, 2))
    return tuple((e, v, 0.5 if k < head else 0.0) for k, (e, v, _) in enumerate(steps))


targets_of = st.lists(st.integers(30, 51).map(float), min_size=1, max_size=5)


@given(st.lists(histories(), min_size=1, max_size=4), targets_of)
def test_ecdf_is_the_share_of_pairs(runs, targets):
    spent = [evaluations_to_targets(row(history=history), targets) for history in runs]
    pairs = [spent_twin(history, target) for history in runs for target in targets]
    assert np.concatenate(spent).tolist() == pairs
    grid = np.arange(0, 60)
    shares = [sum(p <= at for p in pairs) / len(pairs) for at in grid]
    assert target_ecdf(spent, grid).tolist() == shares


# --- running times ---


def test_expected_running_time_by_hand():
    rows = [row(0), row(1, history=()), row(2, history=(), is_failed=True, n_evaluations=0)]
    times = running_times(rows, 3.0)
    assert times.spent.tolist() == [12.0, 100.0, 200.0]
    assert times.is_reached.tolist() == [True, False, False]
    assert times.expected == 312.0
    assert running_times(rows, 0.0).expected == math.inf


def test_bootstrap_twin():
    """The same draws, one by one; an end beyond the draws with a success is infinite."""
    times = RunningTimes(np.array([10.0, 20.0, 30.0, 90.0]), np.array([True, True, False, False]))
    found = times.interval(np.random.Generator(np.random.PCG64(4)))
    rng = np.random.Generator(np.random.PCG64(4))
    expected = []
    for drawn in rng.integers(4, size=(1000, 4)):
        reached = sum(bool(times.is_reached[k]) for k in drawn)
        total = sum(float(times.spent[k]) for k in drawn)
        expected.append(total / reached if reached else math.inf)
    expected.sort()
    # the least draw that 2.5 % and 97.5 % of all draws do not exceed
    assert found == (expected[24], expected[974])
    assert found[1] == math.inf  # (2/4)^4 = 6 % of the draws have no success


def test_interval_covers_the_truth_as_often_as_it_says():
    """Geometric trials: the truth is 1 / p tries of one evaluation each."""
    rng = np.random.Generator(np.random.PCG64(8))
    hits = 0
    for _ in range(300):
        spent = rng.geometric(0.2, size=60).astype(float)
        low, high = RunningTimes(spent, np.full(60, True)).interval(rng)
        hits += low <= 5.0 <= high
    # 95 % of 300 = 285, standard deviation 3.8; the percentile bootstrap is a little narrow
    assert 265 <= hits <= 300


def test_summary_repeats_its_interval():
    rows = [row(k, history=((5 + k, 1.0, 0.0),)) for k in range(12)]
    (one,), (two,) = summarize(rows, {"p": 1.0}), summarize(rows, {"p": 1.0})
    assert one == two
    assert one.ert == pytest.approx(10.5)
    assert one.ert_low is not None
    assert one.ert_high is not None
    assert 5.0 <= one.ert_low < 10.5 < one.ert_high <= 16.0


# --- ranks ---


# Demsar, "Statistical comparisons of classifiers over multiple data sets", Journal of Machine
# Learning Research 7 (2006) 1-30, Table 5(a): critical values of the two-tailed Nemenyi test.
@pytest.mark.parametrize(
    ("significance", "values"),
    [
        (0.05, (1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164)),
        (0.10, (1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920)),
    ],
)
def test_critical_differences_of_the_literature(significance, values):
    for n_engine, value in enumerate(values, start=2):
        # so many blocks that the factor of the critical value is 1/60
        n_block = 600 * n_engine * (n_engine + 1)
        found = critical_difference(n_engine, n_block, significance) * 60.0
        assert found == pytest.approx(value, abs=1.1e-3)


def test_critical_difference_agrees_with_scikit_posthocs():
    posthocs = pytest.importorskip("scikit_posthocs")
    rng = np.random.Generator(np.random.PCG64(3))
    table = rng.normal(size=(14, 4)) + np.array([0.0, 0.4, 0.9, 1.6])
    p = posthocs.posthoc_nemenyi_friedman(table).to_numpy()
    ranks = table.argsort(axis=1).argsort(axis=1).mean(axis=0)
    difference = np.abs(ranks[:, None] - ranks[None, :])
    apart = ~np.eye(4, dtype=bool)
    assert ((p < 0.05) == (difference > critical_difference(4, 14)))[apart].all()
    assert (p < 0.05)[apart].any()
    assert (p > 0.05)[apart].any()


@given(st.lists(st.integers(10, 60), min_size=1, max_size=7), st.integers(1, 20))
def test_rank_groups_are_the_maximal_ones(ranks, difference):
    """Every two of a group are close, and every close two share a group."""
    mean_rank = {f"e{k}": float(rank) for k, rank in enumerate(ranks)}
    groups = [set(group) for group in rank_groups(mean_rank, float(difference))]
    for a in mean_rank:
        for b in mean_rank:
            is_close = abs(mean_rank[a] - mean_rank[b]) <= difference
            assert a == b or is_close == any({a, b} <= group for group in groups)
    assert not any(a < b for a in groups for b in groups)
