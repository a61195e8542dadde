"""Sensitivities against finite differences of the power flow itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from random_feeders import feeders

from powerflow import load_feeder, power_flow
from powerflow.sensitivity import sensitivity

few = settings(max_examples=25, deadline=None, derandomize=True)


def flows(feeder, p_kw, q_kvar, **more):
    result = power_flow(feeder, p_kw, q_kvar, tol_pu=1e-13, outputs=("v_pu", "loss_kw"), **more)
    assert result.converged.all()
    return result


def assert_first_derivatives(feeder, step=2.0, **more):
    answer = sensitivity(feeder, **more)
    n = feeder.n_bus
    for by_p in (True, False):
        moved = step * np.vstack([np.eye(n), -np.eye(n)])
        p_kw = feeder.p_kw + (moved if by_p else 0.0)
        q_kvar = feeder.q_kvar + (0.0 if by_p else moved)
        result = flows(feeder, np.atleast_2d(p_kw), np.atleast_2d(q_kvar), **more)
        dv = (result.v_pu[:n] - result.v_pu[n:]).T / (2.0 * step)
        dloss = (result.loss_kw[:n] - result.loss_kw[n:]) / (2.0 * step)
        ours = answer.dv_dp_pu_per_kw if by_p else answer.dv_dq_pu_per_kvar
        assert ours == pytest.approx(dv, rel=1e-4, abs=1e-10)
        ours = answer.dloss_dp_kw_per_kw if by_p else answer.dloss_dq_kw_per_kvar
        assert ours == pytest.approx(dloss, rel=1e-4, abs=1e-7)
    return answer


@few
@given(feeders(max_bus=15, reverse=0.2))
def test_voltages_and_losses_by_each_load(feeder):
    assert_first_derivatives(feeder)


@pytest.mark.parametrize("name", ["ieee33", "ieee69", "ieee85"])
def test_library_feeders(name):
    answer = assert_first_derivatives(load_feeder(name))
    assert np.abs(answer.d2loss_dp2 - answer.d2loss_dp2.T).max() < 1e-15
    assert (np.linalg.eigvalsh(answer.d2loss_dq2)[1:] > -1e-12).all()


def test_another_source_and_base_voltage():
    assert_first_derivatives(load_feeder("ieee33"), v_source_pu=1.03, base_kv=11.0)


@few
@given(feeders(max_bus=12, reverse=0.2))
def test_curvature_is_the_change_of_the_gradient(feeder):
    """Hessian times a direction against central differences of the (tested) gradient."""
    answer = sensitivity(feeder)
    n, step = feeder.n_bus, 0.5
    rng = np.random.default_rng(n)
    dp, dq = rng.normal(size=n), rng.normal(size=n)
    up = sensitivity(feeder, feeder.p_kw + step * dp, feeder.q_kvar + step * dq)
    down = sensitivity(feeder, feeder.p_kw - step * dp, feeder.q_kvar - step * dq)
    by_p = (up.dloss_dp_kw_per_kw - down.dloss_dp_kw_per_kw) / (2.0 * step)
    by_q = (up.dloss_dq_kw_per_kvar - down.dloss_dq_kw_per_kvar) / (2.0 * step)
    scale = np.abs(answer.d2loss_dp2).max() + 1e-12
    ours_p = answer.d2loss_dp2 @ dp + answer.d2loss_dpdq @ dq
    ours_q = answer.d2loss_dpdq.T @ dp + answer.d2loss_dq2 @ dq
    assert ours_p == pytest.approx(by_p, rel=1e-4, abs=1e-4 * scale)
    assert ours_q == pytest.approx(by_q, rel=1e-4, abs=1e-4 * scale)


def test_some_buses_are_a_part_of_all():
    feeder = load_feeder("ieee33")
    whole, part = sensitivity(feeder), sensitivity(feeder, bus=[5, 30, 17])
    assert part.dv_dp_pu_per_kw == pytest.approx(whole.dv_dp_pu_per_kw[:, [5, 30, 17]])
    assert part.d2loss_dq2 == pytest.approx(whole.d2loss_dq2[np.ix_([5, 30, 17], [5, 30, 17])])
    assert part.d2loss_dpdq == pytest.approx(whole.d2loss_dpdq[np.ix_([5, 30, 17], [5, 30, 17])])


def test_no_solution_is_nan_and_a_flag():
    feeder = load_feeder("ieee33")
    answer = sensitivity(feeder, 10.0 * feeder.p_kw)
    assert not answer.converged
    assert np.isnan(answer.dloss_dq_kw_per_kvar).all()
    assert np.isnan(answer.d2loss_dp2).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bus": [33]}, r"bus must lie in 0..32"),
        ({"bus": [0.5]}, "bus must be a list of integer"),
        ({"p_kw": np.zeros((2, 33))}, "sensitivity takes one case, not 2"),
    ],
)
def test_bad_input_is_one_clear_error(arguments, message):
    with pytest.raises(ValueError, match=message):
        sensitivity(load_feeder("ieee33"), **arguments)
