"""The portable kernels step by step: what each sweep and Newton step does, and when they stop."""

import numpy as np
import pytest
from newton_by_complex_step import loads_by_voltage, newton_steps
from portable_kernels import nominal, plain_kernels, run, scales
from random_feeders import random_feeder

from powerflow import load_feeder, units
from powerflow.kernels import CONVERGED, ITERATION_LIMIT, NO_SOLUTION
from powerflow.plan import N_SHARE, SHARE_I, SHARE_P, SHARE_Z, SHUNT_P, SHUNT_Q

NEVER = -1.0
"""A tolerance that no step meets."""


def one_branch(r, x, p, q, tol=NEVER, limit=9):
    """Return the sweep's answer and the squared voltages of a load behind one branch."""
    parent, work = np.array([-1, 0]), np.full((5, 2), np.nan)
    load = np.array([[0.0, p], [0.0, q]])
    r, x = np.array([0.0, r]), np.array([0.0, x])
    return plain_kernels().distflow_case(parent, r, x, load, work, tol, limit), work


def table_of(feeder, zip_shares, shunt=0.0 + 0.0j):
    shares = np.zeros((feeder.n_bus, N_SHARE))
    for column, share in zip((SHARE_Z, SHARE_I, SHARE_P), zip_shares, strict=True):
        shares[:, column] = share
    shares[:, SHUNT_P], shares[:, SHUNT_Q] = shunt.real, shunt.imag
    return shares


def slow_steps(feeder, steps, zip_shares=(0.0, 0.0, 1.0), v_source_pu=1.0, shunt=0j, **holds):
    scale = scales(feeder, v_source_pu)
    by_voltage = loads_by_voltage(
        nominal(feeder, scale), zip_shares, v_source_pu, shunt * scale[units.PER_KW]
    )
    return newton_steps(feeder.parent, feeder.r_ohm, feeder.x_ohm, by_voltage, steps, **holds)


def test_without_loads_the_first_sweep_is_the_last():
    (status, sweeps, change), work = one_branch(0.1, 0.2, 0.0, 0.0, tol=0.0)
    assert (status, sweeps, change) == (CONVERGED, 1, 0.0)
    assert work[0].tolist() == [1.0, 1.0]
    assert work[1].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_sweeps_of_one_branch_by_hand(steps):
    """v becomes 1 - 2 (r p + x q) - (r^2 + x^2) (p^2 + q^2) / v, from v = 1."""
    r, x, p, q = 0.11, 0.07, 0.6, -0.3
    v = [1.0]
    for _ in range(steps):
        v.append(1.0 - 2.0 * (r * p + x * q) - (r * r + x * x) * (p * p + q * q) / v[-1])
    (status, sweeps, change), work = one_branch(r, x, p, q, limit=steps)
    assert (status, sweeps) == (ITERATION_LIMIT, steps)
    assert work[0, 1] == pytest.approx(v[-1], rel=1e-14)
    assert work[1, 1] == pytest.approx((p * p + q * q) / v[-2], rel=1e-14)
    # dv = 2 V dV with V near 1
    assert change == pytest.approx(abs(v[-1] - v[-2]) / 2.0, rel=1e-9)


def test_a_voltage_of_nothing_is_lost_at_once():
    """r = q = 1: the branch takes all of the source's voltage, v = 1 - (r^2) (q^2) = 0."""
    (status, sweeps, change), _ = one_branch(1.0, 0.0, 0.0, 1.0)
    assert (status, sweeps) == (NO_SOLUTION, 1)
    assert np.isnan(change)


def test_the_greatest_change_of_any_bus_counts():
    """The far bus moves most in the first sweep; the error is half its squared voltage's change."""
    feeder = load_feeder("ieee33")
    _, _, first = run(feeder, "sweep", tol=NEVER, limit=1)
    (_, _, change), _, _ = run(feeder, "sweep", tol=NEVER, limit=1)
    assert change == pytest.approx(np.abs(first[0] - 1.0).max() / 2.0, rel=1e-12)


@pytest.mark.parametrize("method", ["sweep", "newton"])
def test_a_tolerance_just_met_ends_the_sweep_and_not_newton(method):
    """A sweep's change may be the tolerance itself; Newton's estimated error must lie below it."""
    feeder = random_feeder(2, 6, load_kw=40.0)
    (_, _, at_two), _, _ = run(feeder, method, tol=NEVER, limit=2)
    (status, steps, _), _, _ = run(feeder, method, tol=at_two, limit=9)
    assert (status, steps) == (CONVERGED, 2 if method == "sweep" else 3)


@pytest.mark.parametrize("method", ["sweep", "newton"])
def test_no_step_leaves_the_flat_start(method):
    answer, _, work = run(load_feeder("ieee33"), method, limit=0)
    assert answer[:2] == (ITERATION_LIMIT, 0)
    assert (work[0] == 1.0).all()
    # a sweep has seen no change yet, Newton's method supposes the worst
    assert answer[2] == (0.0 if method == "sweep" else 1.0)


@pytest.mark.parametrize("n_bus", [2, 3, 9, 17])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_newton_steps_where_derivatives_by_complex_steps_lead(n_bus, steps):
    feeder = random_feeder(n_bus, n_bus, load_kw=40_000.0 / n_bus**1.5, r_over_x=1.7, reverse=0.2)
    slow = slow_steps(feeder, steps)
    (status, count, error), _, work = run(feeder, "newton", tol=NEVER, limit=steps)
    assert (status, count) == (ITERATION_LIMIT, steps)
    assert work[0] == pytest.approx(slow[-1], rel=1e-12)
    # four times quadratic, and never more than the step itself
    change = [1.0, *np.abs(np.diff(slow, axis=0)).max(axis=1)]
    expected = 0.5 * change[-1] * min(1.0, 4.0 * change[-1] / change[-2])
    assert error == pytest.approx(expected, rel=1e-6, abs=1e-18)


@pytest.mark.parametrize("zip_shares", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.3, 0.3, 0.4)])
@pytest.mark.parametrize("steps", [1, 2])
def test_newton_follows_loads_by_their_slopes(zip_shares, steps):
    feeder = random_feeder(5, 13, load_kw=50.0, r_over_x=0.8)
    shunt = 2.0 - 9.0j
    slow = slow_steps(feeder, steps, zip_shares, 1.04, shunt)
    shares = table_of(feeder, zip_shares, shunt)
    _, _, work = run(feeder, "newton", shares, 1.04, tol=NEVER, limit=steps)
    assert work[0] == pytest.approx(slow[-1], rel=1e-12)


HEAVY = [(8, 9, 100_000.0, (0.1, 0.9, 0.0)), (31, 3, 100_000.0, (0.0, 1.0, 0.0))]
"""Loads that depend on voltage, solvable, far past where a step may go its whole way."""


@pytest.mark.parametrize(("seed", "n_bus", "load_kw", "zip_shares"), HEAVY)
def test_steps_are_held_back_where_loads_depend_on_voltage(seed, n_bus, load_kw, zip_shares):
    """Slopes below 0.2 are followed as 0.2, and a step leaves at least a tenth of a voltage."""
    feeder = random_feeder(seed, n_bus, load_kw=load_kw)
    slow = slow_steps(feeder, 6, zip_shares, least_growth=0.2, greatest_fall=0.1)
    for growth, fall in ((-np.inf, 0.1), (0.2, 0.05)):
        other = slow_steps(feeder, 6, zip_shares, least_growth=growth, greatest_fall=fall)
        assert not np.allclose(slow, other)
    shares = table_of(feeder, zip_shares)
    for steps, expected in enumerate(slow):
        (status, count, _), _, work = run(feeder, "newton", shares, tol=NEVER, limit=steps)
        assert (status, count) == (ITERATION_LIMIT, steps)
        assert work[0] == pytest.approx(expected, rel=1e-9)
    (status, _, _), _, _ = run(feeder, "newton", shares)
    assert status == CONVERGED


def test_a_case_that_stays_insane_is_lost_after_25_steps():
    feeder = random_feeder(5, 8, load_kw=60_000.0)
    shares = table_of(feeder, (0.0, 1.0, 0.0))
    assert run(feeder, "newton", shares, limit=24)[0][:2] == (ITERATION_LIMIT, 24)
    (status, steps, error), _, _ = run(feeder, "newton", shares)
    assert (status, steps) == (NO_SOLUTION, 25)
    assert np.isnan(error)
    # without shares nothing is held: the first slope of the wrong sign ends it
    (status, steps, _), _, _ = run(feeder, "newton")
    assert (status, steps) == (NO_SOLUTION, 1)


def test_a_resistor_however_large_has_a_voltage():
    """Constant impedance is a divider, V = 1 / |1 + Z / Z_load|, far past any constant power."""
    r, x, p, q = 0.4, 0.3, 30.0, 12.0
    parent, shares = np.array([-1, 0]), np.zeros((2, N_SHARE))
    shares[:, SHARE_Z] = 1.0
    scale, work = np.ones(units.N_SCALE), np.full((8, 2), np.nan)
    load = np.array([[0.0, p], [0.0, q]])
    case = (parent, np.array([0.0, r]), np.array([0.0, x]), load.copy(), shares, scale)
    status, steps, _ = plain_kernels().newton_case(*case, load, work, 1e-12, 60)
    expected = 1.0 / abs(1.0 + (r + 1j * x) * (p - 1j * q)) ** 2
    assert status == CONVERGED
    assert 2 < steps < 20
    assert work[0, 1] == pytest.approx(expected, rel=1e-9)
    assert load[:, 1] == pytest.approx([p * expected, q * expected], rel=1e-9)
    assert work[1, 1] == pytest.approx((p * p + q * q) * expected, rel=1e-9)


@pytest.mark.parametrize("zip_shares", [None, (0.3, 0.3, 0.4)])
def test_currents_belong_to_the_voltages_found_however_loose_the_tolerance(zip_shares):
    """l v = P^2 + Q^2 at every branch, with the power that arrives at these very voltages."""
    feeder = load_feeder("ieee33")
    shares = None if zip_shares is None else table_of(feeder, zip_shares)
    (status, steps, _), load, work = run(feeder, "newton", shares, tol=0.003)
    v, ell = work[0], work[1]
    assert (status, steps) == (CONVERGED, 2)
    z, i, p = zip_shares or (0.0, 0.0, 1.0)
    at_nominal = nominal(feeder, scales(feeder))
    assert load == pytest.approx(at_nominal * (z * v + i * np.sqrt(v) + p), rel=1e-14)
    arriving = load.copy()
    assert ell[0] == 0.0
    for k in range(feeder.n_bus - 1, 0, -1):
        p_k, q_k = arriving[:, k]
        assert ell[k] == pytest.approx((p_k**2 + q_k**2) / v[k], rel=1e-13)
        arriving[0, feeder.parent[k]] += p_k + feeder.r_ohm[k] * ell[k]
        arriving[1, feeder.parent[k]] += q_k + feeder.x_ohm[k] * ell[k]


def one_newton(r, p, q, shares, tol, limit=9):
    """Return Newton's answer for a load behind one resistance."""
    parent, work = np.array([-1, 0]), np.full((8, 2), np.nan)
    load = np.array([[0.0, p], [0.0, q]])
    case = (parent, np.array([0.0, r]), np.zeros(2), load.copy(), shares, np.ones(units.N_SCALE))
    return plain_kernels().newton_case(*case, load, work, tol, limit)


@pytest.mark.parametrize("p", [0.4, 0.7])
def test_a_first_step_below_zero_loses_a_case_of_constant_power(p):
    """The slope 1 - (r p)^2 is positive, but v falls by (2 r p + (r p)^2) over it, beyond 1."""
    assert one_newton(1.0, p, 0.0, np.zeros((0, N_SHARE)), 1e-9)[:2] == (NO_SOLUTION, 1)


@pytest.mark.parametrize("q", [1.0, 1.2])
def test_a_slope_that_is_not_positive_is_no_end(q):
    """The slope is 1 - (r q)^2: 0 and less. However loose the tolerance, the case goes on."""
    shares = np.zeros((2, N_SHARE))
    shares[:, SHARE_P] = 1.0
    status, steps, _ = one_newton(1.0, 0.0, q, shares, tol=10.0)
    assert (status, steps) != (CONVERGED, 1)


def test_an_estimate_is_at_most_the_step():
    """r p = 0.2: v falls by (0.4 + 0.04) / 0.96, more than a quarter; the error is half of that."""
    _, _, error = one_newton(1.0, 0.2, 0.0, np.zeros((0, N_SHARE)), NEVER, limit=1)
    assert error == pytest.approx(0.5 * 0.44 / 0.96, rel=1e-12)


def test_only_a_finite_case_goes_on():
    """What no number can hold ends the case, whether its steps are held back or not."""
    feeder = load_feeder("ieee33")
    scale = scales(feeder)
    for shares in (np.zeros((0, N_SHARE)), table_of(feeder, (0.0, 0.0, 1.0))):
        load, work = nominal(feeder, scale), np.full((8, feeder.n_bus), np.nan)
        load[0, 20] = np.inf
        case = (feeder.parent, feeder.r_ohm, feeder.x_ohm, load.copy(), shares, scale)
        with np.errstate(invalid="ignore"):
            answer = plain_kernels().newton_case(*case, load, work, 1e-9, 60)
        assert answer[:2] == (NO_SOLUTION, 1)
