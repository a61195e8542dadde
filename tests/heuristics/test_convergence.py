"""Convergence bands: quartiles of the best so far, honest about runs that are not feasible yet."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heuristics.engine import make_engine
from heuristics.experiment import Experiment, convergence_band, run_experiment
from heuristics.functions import g06


@st.composite
def histories(draw):
    at = sorted(draw(st.sets(st.integers(1, 40), min_size=1, max_size=6)))
    n_infeasible = draw(st.integers(0, len(at)))
    f = sorted(draw(st.lists(st.integers(-9, 9), min_size=len(at), max_size=len(at))))[::-1]
    return tuple(
        (a, float(v), 1.0 if i < n_infeasible else 0.0)
        for i, (a, v) in enumerate(zip(at, f, strict=True))
    )


def twin(runs, at: int) -> list[float]:
    values = []
    for history in runs:
        reached = [f for evaluation, f, v in history if evaluation <= at and v == 0.0]
        values.append(min(reached, default=math.inf))
    return sorted(values)


@given(st.lists(histories(), min_size=1, max_size=8))
def test_band_twin(runs):
    grid = np.arange(0, 45, 3)
    band = convergence_band(runs, grid)
    for k, at in enumerate(grid):
        values = twin(runs, at)
        feasible = [v for v in values if math.isfinite(v)]
        assert band.n_feasible[k] == len(feasible)
        for share, curve in ((0.25, band.q1), (0.5, band.median), (0.75, band.q3)):
            # A quantile exists if the values it lies between exist.
            last = math.ceil(share * (len(values) - 1))
            expected = math.nan
            if last < len(feasible):
                big = [v if math.isfinite(v) else 1e6 for v in values]
                expected = float(np.quantile(big, share))
            assert curve[k] == pytest.approx(expected, nan_ok=True)
    assert band.n_run == len(runs)


@given(st.lists(histories(), min_size=1, max_size=8))
def test_curves_never_rise_nor_cross(runs):
    band = convergence_band(runs, np.arange(45))
    for curve in (band.q1, band.median, band.q3):
        exists = ~np.isnan(curve)
        assert np.all(np.diff(exists.astype(int)) >= 0)
        assert np.all(np.diff(curve[exists]) <= 0)
    both = ~np.isnan(band.q3)
    assert np.all((band.q1 <= band.median)[both] & (band.median <= band.q3)[both])


def test_before_the_first_evaluation_there_is_nothing():
    band = convergence_band([((1, 5.0, 0.0),)], [0, 1, 99])
    assert np.isnan(band.median[0])
    assert band.median[1:].tolist() == [5.0, 5.0]
    assert band.n_feasible.tolist() == [0, 1, 1]


def test_half_of_the_runs_without_answer_leaves_no_upper_quartile():
    runs = [((1, float(f), 0.0),) for f in range(3)] + [((1, None, None),)] * 2
    band = convergence_band(runs, [1])
    assert (band.q1[0], band.median[0]) == (1.0, 2.0)
    assert np.isnan(band.q3[0])


def test_no_runs_are_refused():
    with pytest.raises(ValueError, match="histories: expected at least one run"):
        convergence_band([], [1])


def test_bands_of_an_experiment_end_at_its_results():
    engines = {"hgapso": make_engine("hgapso")}
    rows = run_experiment(Experiment({"g06": g06()}, engines, 5, 1500, seed=1))
    band = convergence_band([row.history for row in rows], [1500])
    assert band.median[0] == np.median([row.f for row in rows])
