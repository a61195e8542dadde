"""Physics on random trees, and agreement with two slow, obvious power flows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_feeders import feeders, random_feeder
from slow_power_flow import dense_power_flow, textbook_sweeps

from powerflow import power_flow

few = settings(max_examples=60, deadline=None, derandomize=True)


def solved(feeder, **arguments):
    result = power_flow(feeder, tol_pu=1e-11, **arguments)
    assert result.converged.all()
    return result


@few
@given(feeders(reverse=0.2))
def test_substation_delivers_loads_plus_losses(feeder):
    result = solved(feeder)
    branch_loss_kw = 3e-3 * feeder.r_ohm * result.i_a[0] ** 2
    branch_loss_kvar = 3e-3 * feeder.x_ohm * result.i_a[0] ** 2
    assert result.loss_kw[0] == pytest.approx(branch_loss_kw.sum(), rel=1e-9, abs=1e-12)
    assert result.loss_kvar[0] == pytest.approx(branch_loss_kvar.sum(), rel=1e-9, abs=1e-12)
    assert result.substation_kw[0] == pytest.approx(feeder.p_kw.sum() + branch_loss_kw.sum())
    assert result.substation_kvar[0] == pytest.approx(
        feeder.q_kvar.sum() + branch_loss_kvar.sum(), abs=1e-9
    )


@few
@given(feeders(reverse=0.2))
def test_each_branch_obeys_ohm_and_kirchhoff(feeder):
    """Power into each bus from its own voltage and current equals its load and what leaves it."""
    result = solved(feeder)
    v_kv = result.v_pu[0] * feeder.base_kv
    z = feeder.r_ohm + 1j * feeder.x_ohm
    loss_kva = 3e-3 * z * result.i_a[0] ** 2
    arriving = feeder.p_kw + 1j * feeder.q_kvar
    for bus in range(feeder.n_bus - 1, 0, -1):
        arriving[feeder.parent[bus]] += arriving[bus] + loss_kva[bus]
    i_a = np.abs(arriving) / (np.sqrt(3.0) * v_kv)
    assert result.i_a[0, 1:] == pytest.approx(i_a[1:], rel=1e-8, abs=1e-9)
    drop = 1e-3 * z * np.conj(arriving / v_kv)
    sending_kv = np.abs(v_kv + drop)
    assert v_kv[feeder.parent[1:]] == pytest.approx(sending_kv[1:], rel=1e-9)


@few
@given(feeders(), st.floats(0.1, 10.0), st.floats(0.2, 5.0))
def test_scaling_impedance_and_voltage_leaves_per_unit_alone(feeder, impedance, load):
    """(r, x) times a, loads times b, kV times sqrt(a b): same p.u. voltages, losses times b."""
    base = solved(feeder)
    scaled = solved(
        feeder,
        p_kw=feeder.p_kw * load,
        q_kvar=feeder.q_kvar * load,
        r_ohm=feeder.r_ohm * impedance,
        x_ohm=feeder.x_ohm * impedance,
        base_kv=feeder.base_kv * np.sqrt(impedance * load),
    )
    assert scaled.v_pu == pytest.approx(base.v_pu, abs=1e-9)
    assert scaled.loss_kw == pytest.approx(base.loss_kw * load, rel=1e-7, abs=1e-9)
    assert scaled.i_a == pytest.approx(base.i_a * np.sqrt(load / impedance), rel=1e-7, abs=1e-9)


@few
@given(feeders(), st.floats(0.9, 1.1))
def test_source_voltage_and_base_voltage_are_one_knob(feeder, v_source_pu):
    base = solved(feeder, base_kv=feeder.base_kv * v_source_pu)
    raised = solved(feeder, v_source_pu=v_source_pu)
    assert raised.v_pu == pytest.approx(base.v_pu * v_source_pu, rel=1e-9)
    assert raised.loss_kw == pytest.approx(base.loss_kw, rel=1e-9, abs=1e-12)


@few
@given(feeders(with_zero=False), st.floats(1.01, 1.5))
def test_more_inductive_load_means_more_loss_and_less_voltage(feeder, factor):
    q_kvar = np.abs(feeder.q_kvar)
    base = solved(feeder, q_kvar=q_kvar)
    more = solved(feeder, p_kw=feeder.p_kw * factor, q_kvar=q_kvar * factor)
    assert more.loss_kw[0] > base.loss_kw[0]
    assert (more.v_pu[0, 1:] < base.v_pu[0, 1:]).all()
    assert more.i_a[0, 1:].max() > base.i_a[0, 1:].max()


@few
@given(feeders(), st.floats(0.9, 1.1))
def test_no_load_is_the_source_voltage_and_no_loss(feeder, v_source_pu):
    zero = np.zeros(feeder.n_bus)
    result = power_flow(feeder, zero, zero, v_source_pu=v_source_pu)
    assert np.abs(result.v_pu - v_source_pu).max() < 1e-13
    for name in ("loss_kw", "loss_kvar", "substation_kw", "max_loading_pct"):
        assert getattr(result, name)[0] == 0.0


@few
@given(feeders())
def test_branches_without_impedance_join_their_buses_exactly(feeder):
    result = solved(feeder)
    joined = np.flatnonzero((feeder.r_ohm == 0.0) & (feeder.x_ohm == 0.0))[1:]
    assert np.array_equal(result.v_pu[0, joined], result.v_pu[0, feeder.parent[joined]])


@few
@given(feeders(max_bus=25, reverse=0.3), st.floats(0.95, 1.05))
def test_agrees_with_the_dense_impedance_matrix(feeder, v_source_pu):
    oracle = dense_power_flow(feeder, feeder.p_kw, feeder.q_kvar, v_source_pu)
    result = solved(feeder, v_source_pu=v_source_pu)
    assert result.v_pu[0] == pytest.approx(np.abs(oracle.v_pu), abs=1e-9)
    assert result.i_a[0] == pytest.approx(oracle.i_a, rel=1e-7, abs=1e-7)
    assert result.loss_kw[0] == pytest.approx(oracle.loss_kw, rel=1e-8, abs=1e-9)
    assert result.loss_kvar[0] == pytest.approx(oracle.loss_kvar, rel=1e-8, abs=1e-9)


@few
@given(feeders(max_bus=25, reverse=0.3), st.integers(1, 6), st.floats(0.95, 1.05))
def test_stopped_sweeps_agree_with_the_textbook_sweep(feeder, sweeps, v_source_pu):
    oracle = textbook_sweeps(feeder, feeder.p_kw, feeder.q_kvar, sweeps, v_source_pu)
    result = power_flow(feeder, sweeps=sweeps, v_source_pu=v_source_pu)
    assert result.v_pu[0] == pytest.approx(np.abs(oracle.v_pu), abs=1e-12)
    assert result.i_a[0] == pytest.approx(oracle.i_a, rel=1e-10, abs=1e-9)
    assert result.loss_kw[0] == pytest.approx(oracle.loss_kw, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("tol_pu", [1e-4, 1e-6, 1e-8, 1e-10])
def test_the_answer_is_as_close_as_the_tolerance_says(tol_pu):
    feeder = random_feeder(3, 60, load_kw=60.0)
    exact = np.abs(dense_power_flow(feeder, feeder.p_kw, feeder.q_kvar).v_pu)
    result = power_flow(feeder, tol_pu=tol_pu)
    assert result.mismatch_pu[0] <= tol_pu
    assert np.abs(result.v_pu[0] - exact).max() <= tol_pu
