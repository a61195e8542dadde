"""Power flows and scores as plain Python: figures, tolerances, and sweeps stopped by number."""

import numpy as np
import pytest
from portable_kernels import portable_flow, random_loads
from random_feeders import random_feeder
from slow_power_flow import textbook_sweeps

from powerflow.kernels import FIGURES

ZIPS = {"none": None, "mixed": (0.3, 0.3, 0.4), "impedance": (1.0, 0.0, 0.0)}


@pytest.mark.parametrize("n_bus", [2, 5, 18])
@pytest.mark.parametrize("shares", ZIPS.values(), ids=ZIPS)
def test_figures_are_those_of_the_portable_kernels(plain, n_bus, shares):
    feeder = random_feeder(n_bus, n_bus, load_kw=70.0, r_over_x=1.4, reverse=0.3)
    p_kw, q_kvar = random_loads(feeder, 6, n_bus)
    fast = plain.solve.power_flow(feeder, p_kw, q_kvar, zip_shares=shares, tol_pu=1e-12)
    _, v, i, figures = portable_flow("newton", feeder, p_kw, q_kvar, zip_shares=shares)
    assert fast.v_pu == pytest.approx(v, abs=1e-11)
    assert fast.i_a == pytest.approx(i, abs=1e-7, rel=1e-9)
    assert (fast.v_min_bus == v.argmin(axis=1)).all()
    for name, values in zip(FIGURES, figures, strict=True):
        assert getattr(fast, name) == pytest.approx(values, rel=1e-9, abs=1e-8), name


@pytest.mark.parametrize("tol_pu", [1e-4, 1e-7, 1e-10])
def test_the_error_left_is_below_the_tolerance(plain, tol_pu):
    feeder = random_feeder(20, 20, load_kw=60.0)
    p_kw, q_kvar = random_loads(feeder, 12, 3)
    _, v, _, _ = portable_flow("newton", feeder, p_kw, q_kvar)
    fast = plain.solve.power_flow(feeder, p_kw, q_kvar, tol_pu=tol_pu, outputs=("v_pu",))
    assert fast.converged.all()
    assert (np.abs(fast.v_pu - v).max(axis=1) <= tol_pu).all()
    assert (fast.mismatch_pu <= tol_pu).all()
    assert fast.iterations.max() <= 6


def test_a_source_alone_is_the_lowest_bus_where_all_others_feed_in(plain):
    feeder = random_feeder(4, 7, load_kw=70.0)
    result = plain.solve.power_flow(feeder, -np.abs(feeder.p_kw)[None], 0.0 * feeder.q_kvar)
    assert result.v_min_bus[0] == 0
    assert result.v_min_pu[0] == 1.0
    assert result.v_max_pu[0] > 1.0


@pytest.mark.parametrize("sweeps", [1, 2, 4])
def test_stopped_sweeps_are_the_textbook(plain, sweeps):
    feeder = random_feeder(11, 11, load_kw=70.0, reverse=0.2)
    p_kw, q_kvar = random_loads(feeder, 3, 1)
    v_source_pu = np.array([1.0, 0.97, 1.05])
    names = (*plain.result.OUTPUTS, "angle_rad")
    case = {"v_source_pu": v_source_pu, "sweeps": sweeps, "outputs": names}
    fast = plain.solve.power_flow(feeder, p_kw, q_kvar, **case)
    assert (fast.iterations == sweeps).all()
    for k in range(3):
        slow = textbook_sweeps(feeder, p_kw[k], q_kvar[k], sweeps, v_source_pu[k])
        before = textbook_sweeps(feeder, p_kw[k], q_kvar[k], sweeps - 1, v_source_pu[k])
        assert fast.v_pu[k] == pytest.approx(np.abs(slow.v_pu), rel=1e-12)
        assert fast.angle_rad[k] == pytest.approx(np.angle(slow.v_pu), abs=1e-12)
        assert fast.i_a[k] == pytest.approx(slow.i_a, rel=1e-10, abs=1e-9)
        assert fast.loss_kw[k] == pytest.approx(slow.loss_kw, rel=1e-10)
        assert fast.loss_kvar[k] == pytest.approx(slow.loss_kvar, rel=1e-10)
        assert fast.v_min_bus[k] == np.abs(slow.v_pu).argmin()
        assert fast.v_min_pu[k] == pytest.approx(np.abs(slow.v_pu).min(), rel=1e-12)
        assert fast.v_max_pu[k] == pytest.approx(np.abs(slow.v_pu).max(), rel=1e-12)
        loading = 100.0 * (slow.i_a / feeder.ampacity_a)[1:].max()
        assert fast.max_loading_pct[k] == pytest.approx(loading, rel=1e-10)
        drawn = p_kw[k].sum() + slow.loss_kw, q_kvar[k].sum() + slow.loss_kvar
        assert fast.substation_kw[k] == pytest.approx(drawn[0], rel=1e-10)
        assert fast.substation_kvar[k] == pytest.approx(drawn[1], rel=1e-10)
        squares = np.abs(slow.v_pu) ** 2 - np.abs(before.v_pu) ** 2
        change = 0.5 * np.abs(squares).max() / v_source_pu[k] ** 2
        assert fast.mismatch_pu[k] == pytest.approx(change, rel=1e-9)


@pytest.mark.parametrize("per", ["candidate", "state", "one"])
def test_stopped_scores_are_stopped_flows_with_the_devices_in_the_loads(plain, per):
    feeder = random_feeder(11, 11, load_kw=70.0)
    rng = np.random.default_rng(5)
    device_bus = rng.integers(1, 11, (3, 2))
    shape = {"candidate": (3, 1, 2), "state": (3, 2, 2), "one": (1, 1, 1)}[per]
    kw, kvar = rng.uniform(10.0, 200.0, shape), rng.uniform(-200.0, 100.0, shape)
    states = np.array([[0.6], [1.1]]) * feeder.p_kw
    v_source_pu = np.array([1.0, 1.03])
    case = {"base_p_kw": states, "v_source_pu": v_source_pu, "sweeps": 3}
    made = plain.scoring.score(feeder, device_bus, kw, kvar, **case)
    for candidate in range(3):
        for state in range(2):
            p_kw, q_kvar = states[state].copy(), feeder.q_kvar.copy()
            one = np.broadcast_to(kw, (3, 2, 2)), np.broadcast_to(kvar, (3, 2, 2))
            for device, bus in enumerate(device_bus[candidate]):
                p_kw[bus] += one[0][candidate, state, device]
                q_kvar[bus] += one[1][candidate, state, device]
            slow = textbook_sweeps(feeder, p_kw, q_kvar, 3, v_source_pu[state])
            assert made.loss_kw[candidate, state] == pytest.approx(slow.loss_kw, rel=1e-10)
            lowest = np.abs(slow.v_pu).min()
            assert made.v_min_pu[candidate, state] == pytest.approx(lowest, rel=1e-12)


def test_stopped_sweeps_flag_what_no_number_holds(plain):
    feeder = random_feeder(3, 5)
    huge = np.array([[1.0], [1e200]]) * feeder.p_kw
    result = plain.solve.power_flow(feeder, huge, feeder.q_kvar, sweeps=4)
    assert result.status_code.tolist() == [plain.result.STOPPED, plain.result.NO_SOLUTION]
    assert np.isnan(result.v_pu[1]).all()
    made = plain.scoring.score(feeder, np.array([[2]]), 0.0, 0.0, base_p_kw=huge, sweeps=4)
    assert np.isfinite(made.loss_kw).tolist() == [[True, False]]
