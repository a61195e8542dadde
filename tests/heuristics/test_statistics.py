"""Statistics against textbook values and slow obvious twins."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from heuristics.experiment import RunRow, compare_pairs, friedman, outcomes, summarize
from heuristics.experiment.statistics import a12, holm, wilcoxon_p, wilson_interval

# Few values, so that ties are common; inf is a run without feasible answer.
outcome = st.sampled_from([1.0, 2.0, 2.5, 4.0, math.inf])
sample = st.lists(outcome, min_size=1, max_size=9).map(np.array)


def row(problem="p", engine="a", run=0, f=None, history=(), budget=100, **changes) -> RunRow:
    settings = {"is_feasible": f is not None, "violation": None if f is None else 0.0}
    settings |= {"n_evaluations": budget, **changes}
    return RunRow(problem, engine, run, "E()", budget, "1", f=f, history=tuple(history), **settings)


# --- intervals ---


# Newcombe, "Two-sided confidence intervals for the single proportion: comparison of seven
# methods", Statistics in Medicine 17 (1998) 857-872, Table I, method 3 (score, not corrected).
@pytest.mark.parametrize(
    ("n_success", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_of_the_literature(n_success, n, low, high):
    assert wilson_interval(n_success, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 60), st.data())
def test_wilson_interval_twin(n, data):
    n_success = data.draw(st.integers(0, n))
    low, high = wilson_interval(n_success, n)
    assert 0.0 <= low <= n_success / n <= high <= 1.0
    reference = stats.binomtest(n_success, n).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((reference.low, reference.high), abs=1e-12)


# --- tests ---


def wilcoxon_twin(a, b) -> float:
    """Two-sided exact p-value by all 2^n signs; for pairs without ties."""
    d = [x - y for x, y in zip(a, b, strict=True) if x != y]
    size = [abs(x) for x in d]
    rank = [1 + sum(other < s for other in size) for s in size]
    mean = sum(rank) / 2
    seen = abs(sum(r for r, x in zip(rank, d, strict=True) if x > 0) - mean)
    signs = list(itertools.product((0, 1), repeat=len(d)))
    extreme = sum(
        abs(sum(s * r for s, r in zip(sign, rank, strict=True)) - mean) >= seen for sign in signs
    )
    return extreme / len(signs)


@given(st.permutations([0.3, -0.7, 1.1, 1.9, -2.3, 3.7, 4.1, 5.9]), st.integers(3, 8))
def test_wilcoxon_is_exact_without_ties(differences, n):
    b = np.linspace(1.0, 2.0, n)
    a = b + np.array(differences[:n])
    assert wilcoxon_p(a, b) == pytest.approx(wilcoxon_twin(a.tolist(), b.tolist()))


def test_wilcoxon_of_the_tables():
    # Eight pairs, smaller rank sum 3, the printed two-sided 5 % limit: of 2^8 sign patterns five
    # ({}, {1}, {2}, {3}, {1, 2}) have a rank sum of at most 3, and as many at the other end.
    differences = np.array([1.0, 2.0, -3.0, -4.0, -5.0, -6.0, -7.0, -8.0])
    assert wilcoxon_p(differences, np.zeros(8)) == pytest.approx(2 * 5 / 256)


def test_wilcoxon_of_equal_runs_is_one():
    same = np.array([1.0, math.inf, 2.0])
    assert wilcoxon_p(same, same) == 1.0


def test_infeasible_runs_are_the_largest_differences():
    a = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    b = np.array([1.5, 1.0, 4.7, 6.1, math.inf, math.inf])
    large = np.where(np.isinf(b), 1e9, b)
    assert wilcoxon_p(a, b) == pytest.approx(wilcoxon_p(a, large))
    assert wilcoxon_p(a, b) == pytest.approx(wilcoxon_p(b, a))


@given(st.lists(st.floats(0.0, 1.0), max_size=7))
def test_holm_twin(p):
    m = len(p)
    order = sorted(range(m), key=lambda i: p[i])
    expected = [0.0] * m
    for k, i in enumerate(order):
        expected[i] = max(min(1.0, (m - j) * p[order[j]]) for j in range(k + 1))
    assert holm(p) == pytest.approx(expected)


def test_holm_by_hand():
    # 4 x 0.005 = 0.02, 3 x 0.01 = 0.03, 2 x 0.03 = 0.06, and 1 x 0.04 may not fall below 0.06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(sample, sample)
def test_a12_is_the_share_of_pairs(a, b):
    pairs = [(x, y) for x in a for y in b]
    expected = sum((x < y) + 0.5 * (x == y) for x, y in pairs) / len(pairs)
    assert a12(a, b) == pytest.approx(expected)
    assert a12(a, b) + a12(b, a) == pytest.approx(1.0)


def friedman_twin(table: list[list[float]]) -> tuple[list[float], float]:
    """Mean ranks and tie-corrected chi-square from their definitions; rows are blocks."""
    n, k = len(table), len(table[0])
    ranks = [
        [1 + sum(y < x for y in block) + (sum(y == x for y in block) - 1) / 2 for x in block]
        for block in table
    ]
    mean = [sum(block[j] for block in ranks) / n for j in range(k)]
    between = n * sum((m - (k + 1) / 2) ** 2 for m in mean)
    within = sum((r - (k + 1) / 2) ** 2 for block in ranks for r in block) / (n * (k - 1))
    return mean, between / within if within else 0.0


@given(st.integers(3, 5), st.integers(2, 8), st.data())
def test_friedman_twin(n_engine, n_block, data):
    table = data.draw(
        st.lists(
            st.lists(outcome, min_size=n_engine, max_size=n_engine),
            min_size=n_block,
            max_size=n_block,
        )
    )
    names = [f"e{j}" for j in range(n_engine)]
    test = friedman({name: np.array([b[j] for b in table]) for j, name in enumerate(names)})
    mean, statistic = friedman_twin(table)
    assert list(test.mean_rank.values()) == pytest.approx(mean)
    assert test.statistic == pytest.approx(statistic)
    assert test.p == pytest.approx(stats.chi2.sf(statistic, n_engine - 1))
    assert test.n_block == n_block


def test_friedman_needs_three_engines():
    with pytest.raises(ValueError, match="expected at least three engines, got 2"):
        friedman({"a": np.ones(3), "b": np.ones(3)})


# --- summaries ---


def test_summary_by_hand():
    rows = [
        row(run=0, f=1.0, history=[(10, 3.0, 0.0), (40, 1.0, 0.0)]),
        row(run=1, f=2.0, history=[(5, 9.0, 0.5), (20, 2.0, 0.0)]),
        row(run=2, f=4.0, history=[(1, 4.0, 0.0)]),
        row(run=3, history=[(1, 0.1, 0.5)]),  # never feasible, however low its objective
        row(run=4, is_failed=True, n_evaluations=0),
    ]
    (summary,) = summarize(rows, {"p": 2.0})
    assert (summary.runs, summary.failed, summary.feasible) == (5, 1, 3)
    assert (summary.q1, summary.median, summary.q3, summary.best) == (1.5, 2.0, 3.0, 1.0)
    assert summary.success_rate == 2 / 5
    assert (summary.success_low, summary.success_high) == wilson_interval(2, 5)
    # To the target 40 and 20; without success 100, 100, and the failed run's budget of 100.
    assert summary.ert == (40 + 20 + 100 + 100 + 100) / 2


def test_summary_without_target_or_feasible_runs():
    (summary,) = summarize([row(history=[(1, 5.0, 2.0)])])
    assert (summary.median, summary.q1, summary.q3, summary.best) == (None, None, None, None)
    assert (summary.success_rate, summary.success_low, summary.ert) == (None, None, None)
    (summary,) = summarize([row(history=[(1, 5.0, 2.0)])], {"p": 9.0, "other": 1.0})
    assert (summary.success_rate, summary.ert) == (0.0, None)


def test_summaries_come_in_the_order_of_the_rows():
    rows = [row(p, e, r, f=1.0) for p in "ba" for e in "yx" for r in range(2)]
    assert [(s.problem, s.engine) for s in summarize(rows)] == [
        ("b", "y"),
        ("b", "x"),
        ("a", "y"),
        ("a", "x"),
    ]


def test_pairs_are_tested_problem_by_problem():
    rng = np.random.Generator(np.random.PCG64(1))
    values = {(p, e): rng.normal(size=12) for p in "pq" for e in "abc"}
    rows = [row(p, e, run, f=float(f)) for (p, e), fs in values.items() for run, f in enumerate(fs)]
    tests = compare_pairs(rows)
    assert [(t.problem, t.engine_a, t.engine_b) for t in tests] == [
        (p, a, b) for p in "pq" for a, b in ("ab", "ac", "bc")
    ]
    for group in (tests[:3], tests[3:]):
        raw = [
            wilcoxon_p(values[t.problem, t.engine_a], values[t.problem, t.engine_b]) for t in group
        ]
        assert [t.p for t in group] == raw
        assert [t.p_holm for t in group] == holm(raw)
        assert {t.pairs for t in group} == {12}
    assert tests[0].a12 == a12(values["p", "a"], values["p", "b"])


def test_outcomes_are_paired_by_run_number():
    rows = [row(engine="a", run=1, f=1.0), row(engine="a", run=0), row(engine="b", run=0, f=2.0)]
    with pytest.raises(ValueError, match="problem 'p': expected the same runs of every engine"):
        outcomes(rows, "p")
    table = outcomes([*rows, row(engine="b", run=1, is_failed=True)], "p")
    assert {engine: values.tolist() for engine, values in table.items()} == {
        "a": [math.inf, 1.0],
        "b": [2.0, math.inf],
    }
