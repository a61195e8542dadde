"""The vector kernels line by line: run as plain Python, they agree with their compiled selves."""

import numpy as np
import pytest
from random_feeders import random_feeder

import powerflow
from powerflow.nose import nose_factor
from powerflow.result import OUTPUTS
from powerflow.sensitivity import sensitivity

EVERY = (*OUTPUTS, "angle_rad")
SCORED = ("loss_kw", "loss_kvar", "v_min_pu", "v_max_pu", "max_loading_pct")


def agree(slow, fast, names):
    for name in (*names, "converged", "iterations"):
        ours, theirs = getattr(slow, name), getattr(fast, name)
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9, nan_ok=True), name


def loads(feeder, n_case, highest=2.0, seed=1):
    rng = np.random.default_rng(seed)
    return feeder.p_kw * rng.uniform(0.0, highest, (n_case, feeder.n_bus)), feeder.q_kvar


@pytest.mark.parametrize("n_bus", [2, 3, 4, 14])
def test_power_flows(plain, n_bus):
    feeder = random_feeder(n_bus, n_bus, load_kw=70.0, with_zero=True, reverse=0.2)
    p_kw, q_kvar = loads(feeder, 7)
    agree(
        plain.solve.power_flow(feeder, p_kw, q_kvar, outputs=EVERY),
        powerflow.power_flow(feeder, p_kw, q_kvar, outputs=EVERY),
        EVERY,
    )


@pytest.mark.parametrize("sweeps", [None, 3])
def test_cases_with_branches_of_their_own_and_lost_ones(plain, sweeps):
    feeder = random_feeder(4, 11, load_kw=70.0)
    p_kw, q_kvar = loads(feeder, 6)
    p_kw[2] *= 3_000.0
    factor = np.linspace(0.5, 1.5, 6)[:, None]
    case = {"r_ohm": factor * feeder.r_ohm, "x_ohm": factor * feeder.x_ohm, "sweeps": sweeps}
    case |= {"v_source_pu": np.linspace(0.98, 1.04, 6), "outputs": EVERY}
    slow = plain.solve.power_flow(feeder, p_kw, q_kvar, **case)
    agree(slow, powerflow.power_flow(feeder, p_kw, q_kvar, **case), EVERY)
    assert slow.converged[2] == (sweeps is not None)


def test_loads_that_depend_on_voltage(plain):
    feeder = random_feeder(5, 9, load_kw=70.0)
    case = {"zip_shares": (0.3, 0.3, 0.4), "shunt_q_kvar": -20.0, "outputs": EVERY}
    p_kw, q_kvar = loads(feeder, 5)
    slow = plain.solve.power_flow(feeder, p_kw, q_kvar, **case)
    agree(slow, powerflow.power_flow(feeder, p_kw, q_kvar, **case), EVERY)


def test_a_guide_without_solution(plain):
    """A feeder whose own loads are too many: lighter cases still have their power flows."""
    feeder = random_feeder(3, 12, load_kw=60_000.0)
    p_kw = np.array([[0.001], [0.01], [1.0]]) * feeder.p_kw
    slow = plain.solve.power_flow(feeder, p_kw, p_kw / 4.0, outputs=EVERY)
    agree(slow, powerflow.power_flow(feeder, p_kw, p_kw / 4.0, outputs=EVERY), EVERY)
    assert slow.converged.tolist() == [True, True, False]


@pytest.mark.parametrize("sweeps", [None, 2])
def test_scores(plain, sweeps):
    feeder = random_feeder(6, 10, load_kw=70.0)
    rng = np.random.default_rng(2)
    device_bus = rng.integers(1, 10, (6, 3))
    kw = rng.uniform(0.0, 300.0, (6, 1, 3))
    kw[4] = 1e7
    states = np.array([[0.4], [1.0], [1.3]]) * feeder.p_kw
    case = {"base_p_kw": states, "v_source_pu": np.array([1.0, 1.01, 1.02]), "sweeps": sweeps}
    slow = plain.scoring.score(feeder, device_bus, kw, -40.0, **case)
    fast = powerflow.score(feeder, device_bus, kw, -40.0, **case)
    agree(slow, fast, SCORED)


def test_sensitivities_and_the_nose(plain):
    feeder = random_feeder(7, 8, load_kw=90.0)
    slow, fast = plain.sensitivity.sensitivity(feeder, bus=[3, 6]), sensitivity(feeder, bus=[3, 6])
    for name in fast.__slots__:
        assert getattr(slow, name) == pytest.approx(getattr(fast, name), rel=1e-9), name
    forward = powerflow.synthetic_feeder(n_bus=9, depth=5, seed=1, loading=0.5)
    assert plain.nose.nose_factor(forward) == pytest.approx(nose_factor(forward), rel=1e-9)
