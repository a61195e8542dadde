"""The portable kernels as plain Python, without the compiler: by hand and against slow oracles."""

import numpy as np
import pytest
from portable_kernels import nominal, plain_kernels, scales, solve
from random_feeders import random_feeder
from slow_power_flow import dense_power_flow, textbook_sweeps

import powerflow.kernels
from powerflow import load_feeder
from powerflow.plan import N_SHARE, SHARE_I, SHARE_P, SHARE_Z, SHUNT_P, SHUNT_Q

SIZES = (2, 3, 9, 17)


@pytest.mark.parametrize("method", ["sweep", "newton"])
@pytest.mark.parametrize("n_bus", SIZES)
def test_agree_with_the_dense_oracle(method, n_bus):
    feeder = random_feeder(n_bus, n_bus, load_kw=60.0, r_over_x=1.7, reverse=0.2)
    (status, steps, change), v_pu, i_a = solve(feeder, method)
    slow = dense_power_flow(feeder, feeder.p_kw, feeder.q_kvar)
    assert status == powerflow.kernels.CONVERGED
    assert 0.0 <= change <= 1e-13
    assert 1 < steps < 60
    assert v_pu == pytest.approx(np.abs(slow.v_pu), abs=1e-11)
    assert i_a == pytest.approx(slow.i_a, abs=1e-6)


def test_two_buses_by_hand():
    """One branch, r = 0.1, x = 0.05, load 1 + 0.5j: v solves v^2 - (1 - 0.25) v + |z|^2 |s|^2 = 0.

    2 (r P_end + x Q_end) = 0.25 and v = 1 - 0.25 - |z|^2 |s|^2 / v from the receiving end.
    """
    z_squared, s_squared = 0.1**2 + 0.05**2, 1.0 + 0.5**2
    expected = (0.75 + np.sqrt(0.75**2 - 4.0 * z_squared * s_squared)) / 2.0
    parent, r, x = np.array([-1, 0]), np.array([0.0, 0.1]), np.array([0.0, 0.05])
    load, work = np.array([[0.0, 1.0], [0.0, 0.5]]), np.zeros((5, 2))
    status, _, _ = plain_kernels().distflow_case(parent, r, x, load, work, 1e-14, 500)
    assert status == powerflow.kernels.CONVERGED
    assert work[0] == pytest.approx([1.0, expected], abs=1e-13)
    assert work[1, 1] == pytest.approx(s_squared / expected, rel=1e-12)


def test_stopped_sweeps_are_counted():
    feeder = load_feeder("ieee33")
    (status, steps, change), v_pu, _ = solve(feeder, "sweep", limit=3)
    (_, _, _), before, _ = solve(feeder, "sweep", limit=2)
    assert (status, steps) == (powerflow.kernels.ITERATION_LIMIT, 3)
    assert change == pytest.approx(0.5 * np.abs(v_pu**2 - before**2).max(), rel=1e-9)
    # the first sweep of both is from a flat start without losses in the voltages
    textbook = textbook_sweeps(feeder, feeder.p_kw, feeder.q_kvar, 200)
    assert solve(feeder, "sweep")[1] == pytest.approx(np.abs(textbook.v_pu), abs=1e-11)


@pytest.mark.parametrize("method", ["sweep", "newton"])
def test_the_limit_counts_whole_steps(method):
    feeder = load_feeder("ieee33")
    (status, steps, _), _, _ = solve(feeder, method, tol=1e-9)
    assert status == powerflow.kernels.CONVERGED
    enough, _, _ = solve(feeder, method, tol=1e-9, limit=steps)
    short, _, _ = solve(feeder, method, tol=1e-9, limit=steps - 1)
    assert enough[:2] == (powerflow.kernels.CONVERGED, steps)
    assert short[:2] == (powerflow.kernels.ITERATION_LIMIT, steps - 1)


@pytest.mark.parametrize("method", ["sweep", "newton"])
def test_collapse_is_a_status(method):
    heavy = random_feeder(3, 12, load_kw=60_000.0)
    (status, steps, change), _, _ = solve(heavy, method)
    assert status == powerflow.kernels.NO_SOLUTION
    assert steps >= 1
    assert np.isnan(change)
    never = {"tol": -1.0, "limit": 4}
    (status, steps, _), _, _ = solve(load_feeder("ieee33"), method, **never)
    assert (status, steps) == (powerflow.kernels.ITERATION_LIMIT, 4)


@pytest.mark.parametrize("zip_shares", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.3, 0.3, 0.4)])
@pytest.mark.parametrize("v_source_pu", [1.0, 1.04])
def test_loads_that_depend_on_voltage(zip_shares, v_source_pu):
    feeder = random_feeder(5, 13, load_kw=50.0, r_over_x=0.8)
    shares = np.zeros((feeder.n_bus, N_SHARE))
    for column, share in zip((SHARE_Z, SHARE_I, SHARE_P), zip_shares, strict=True):
        shares[:, column] = share
    shares[:, SHUNT_P], shares[:, SHUNT_Q] = 2.0, -9.0
    (status, _, _), v_pu, i_a = solve(feeder, "newton", shares, v_source_pu)
    slow = dense_power_flow(
        feeder, feeder.p_kw, feeder.q_kvar, v_source_pu, zip_shares=zip_shares, shunt=2.0 - 9.0j
    )
    assert status == powerflow.kernels.CONVERGED
    assert v_pu == pytest.approx(np.abs(slow.v_pu), abs=1e-11)
    assert i_a == pytest.approx(slow.i_a, abs=1e-6)


def test_slopes_of_loads_are_their_derivatives():
    feeder = random_feeder(8, 5)
    scale = scales(feeder, 1.03)
    shares = np.zeros((feeder.n_bus, N_SHARE))
    shares[:, SHARE_Z], shares[:, SHARE_I], shares[:, SHARE_P] = 0.5, 0.2, 0.3
    shares[:, SHUNT_P], shares[:, SHUNT_Q] = 3.0, -7.0
    v, step = np.linspace(0.8, 1.05, feeder.n_bus), 1e-6
    loads, slopes = np.empty((3, 2, feeder.n_bus)), np.empty((3, 2, feeder.n_bus))
    for k, shift in enumerate((-step, 0.0, step)):
        at = (nominal(feeder, scale), shares, scale, v + shift, loads[k], slopes[k])
        plain_kernels().load_at_voltage(*at)
    assert slopes[1] == pytest.approx((loads[2] - loads[0]) / (2.0 * step), rel=1e-6)
    plain_kernels().load_at_voltage(
        nominal(feeder, scale), shares[:0], scale, v, loads[0], slopes[0]
    )  # all constant power
    assert loads[0] == pytest.approx(nominal(feeder, scale))
    assert not slopes[0].any()


def test_newton_takes_few_steps():
    """Quadratic: the error squares at each step, so that a dozen digits take five."""
    (_, steps, _), _, _ = solve(load_feeder("ieee33"), "newton", tol=1e-10)
    assert steps <= 5
