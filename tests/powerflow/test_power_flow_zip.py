"""Loads that depend on voltage, fixed shunts, reverse flow and angles, against dense oracles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_feeders import feeders
from slow_power_flow import dense_power_flow, textbook_sweeps

from powerflow import load_feeder, make_feeder, nose, power_flow

few = settings(max_examples=40, deadline=None, derandomize=True)
WITH_ANGLES = ("v_pu", "angle_rad", "i_a", "loss_kw", "loss_kvar", "substation_kw")


@st.composite
def zip_shares(draw):
    z = draw(st.floats(0.0, 1.0))
    i = draw(st.floats(0.0, 1.0)) * (1.0 - z)
    return z, i, 1.0 - z - i


@few
@given(feeders(max_bus=20, reverse=0.3), zip_shares(), st.floats(0.95, 1.05))
def test_any_mixture_agrees_with_the_dense_oracle(feeder, shares, v_source_pu):
    shunt = np.zeros(feeder.n_bus, dtype=complex)
    shunt[-1] = 3.0 - 20.0j
    oracle = dense_power_flow(
        feeder, feeder.p_kw, feeder.q_kvar, v_source_pu, zip_shares=shares, shunt=shunt
    )
    result = power_flow(
        feeder, zip_shares=shares, shunt_p_kw=shunt.real, shunt_q_kvar=shunt.imag,
        v_source_pu=v_source_pu, outputs=WITH_ANGLES, tol_pu=1e-12,
    )  # fmt: skip
    assert result.converged.all()
    assert result.v_pu[0] == pytest.approx(np.abs(oracle.v_pu), abs=1e-9)
    assert result.angle_rad[0] == pytest.approx(np.angle(oracle.v_pu), abs=1e-9)
    assert result.i_a[0] == pytest.approx(oracle.i_a, rel=1e-7, abs=1e-7)
    assert result.loss_kw[0] == pytest.approx(oracle.loss_kw, rel=1e-8, abs=1e-9)
    v = result.v_pu[0]
    z, i, p = shares
    taken = feeder.p_kw * (z * v**2 + i * v + p) + shunt.real * v**2
    assert result.substation_kw[0] == pytest.approx(taken.sum() + result.loss_kw[0], abs=1e-6)


@few
@given(feeders(max_bus=20), st.floats(0.9, 1.1))
def test_constant_impedance_is_a_linear_circuit(feeder, v_source_pu):
    """V = V_source - Z Y V has a direct solution, and scales with the source."""
    z = feeder.r_ohm + 1j * feeder.x_ohm
    paths = []
    for bus in range(feeder.n_bus):
        path = set()
        while bus > 0:
            path.add(bus)
            bus = feeder.parent[bus]
        paths.append(path)
    z_bus = np.array([[z[sorted(a & b)].sum() for b in paths] for a in paths])
    y_siemens = np.conj(feeder.p_kw + 1j * feeder.q_kvar) / (1e3 * feeder.base_kv**2)
    v = np.linalg.solve(
        np.eye(feeder.n_bus) + z_bus * y_siemens, np.full(feeder.n_bus, v_source_pu)
    )
    result = power_flow(feeder, zip_shares=(1, 0, 0), v_source_pu=v_source_pu, tol_pu=1e-12)
    assert result.v_pu[0] == pytest.approx(np.abs(v), abs=1e-10)


@few
@given(feeders(max_bus=20, reverse=0.3))
def test_constant_power_by_shares_is_the_plain_power_flow(feeder):
    plain = power_flow(feeder, outputs=WITH_ANGLES, tol_pu=1e-12)
    shared = power_flow(feeder, zip_shares=(0, 0, 1), outputs=WITH_ANGLES, tol_pu=1e-12)
    for name in WITH_ANGLES:
        assert getattr(shared, name) == pytest.approx(getattr(plain, name), rel=1e-8, abs=1e-9)


@few
@given(feeders(max_bus=20, reverse=0.3), st.integers(1, 4))
def test_angles_of_stopped_sweeps_are_those_of_the_textbook(feeder, sweeps):
    oracle = textbook_sweeps(feeder, feeder.p_kw, feeder.q_kvar, sweeps)
    result = power_flow(feeder, sweeps=sweeps, outputs=("angle_rad",))
    assert result.angle_rad[0] == pytest.approx(np.angle(oracle.v_pu), abs=1e-12)
    assert result.v_pu is None


def test_shares_may_differ_from_bus_to_bus():
    feeder = load_feeder("ieee33")
    z = np.linspace(0.0, 1.0, 33)
    mixed = power_flow(feeder, zip_shares=(z, 0.0, 1.0 - z))
    oracle = dense_power_flow(feeder, feeder.p_kw, feeder.q_kvar, zip_shares=(z, 0.0, 1.0 - z))
    assert mixed.v_pu[0] == pytest.approx(np.abs(oracle.v_pu), abs=1e-8)
    assert power_flow(feeder, zip_shares=(1, 0, 0)).loss_kw[0] < mixed.loss_kw[0]


def test_constant_impedance_has_no_nose():
    feeder = load_feeder("ieee33")
    factor = 3.0 * nose.nose_factor(feeder)
    p_kw, q_kvar = factor * feeder.p_kw, factor * feeder.q_kvar
    assert not power_flow(feeder, p_kw, q_kvar).converged[0]
    assert power_flow(feeder, p_kw, q_kvar, zip_shares=(1, 0, 0)).converged[0]


def test_generation_raises_the_voltage_and_sends_power_back():
    feeder = load_feeder("ieee33")
    p_kw = feeder.p_kw.copy()
    p_kw[feeder.bus_index("18")] -= 6000.0
    result = power_flow(feeder, p_kw)
    oracle = dense_power_flow(feeder, p_kw, feeder.q_kvar)
    assert result.v_pu[0] == pytest.approx(np.abs(oracle.v_pu), abs=1e-8)
    assert result.v_max_pu[0] > 1.0
    assert result.substation_kw[0] < 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"zip_shares": (0.5, 0.5)}, r"zip_shares must be \(z, i, p\)"),
        ({"zip_shares": (0.5, 0.5, 0.5)}, r"zip_shares must add up to 1, not to 1.5 \(bus 1\)"),
        ({"zip_shares": (np.zeros(4), 0, 1)}, r"zip_shares z must be a number or have shape"),
        ({"shunt_q_kvar": np.full(33, np.nan)}, "shunt_q_kvar must be finite"),
        ({"zip_shares": (1, 0, 0), "sweeps": 2}, "sweeps stops a constant-power sweep"),
    ],
)
def test_bad_input_is_one_clear_error(arguments, message):
    with pytest.raises(ValueError, match=message):
        power_flow(load_feeder("ieee33"), **arguments)


@pytest.mark.parametrize(
    "shares", [(0.0, 0.9, 0.1), (0.0, 0.6, 0.4), (0.3, 0.3, 0.4), (0.8, 0, 0.2)]
)
@pytest.mark.parametrize(("r_ohm", "x_ohm"), [(0.9, 0.4), (0.05, 0.8)])
def test_two_buses_near_their_own_nose(shares, r_ohm, x_ohm):
    """The load that a voltage belongs to is the root of a quadratic; its maximum is the nose."""
    p_kw, q_kvar, base_kv = 100.0, 60.0, 10.0
    z, i, p = shares
    v = np.linspace(1e-3, 1.0, 200_001)
    per_kw = (z * v**2 + i * v + p) / (1e3 * base_kv**2)
    linear = 2.0 * (r_ohm * p_kw + x_ohm * q_kvar) * per_kw
    square = (r_ohm**2 + x_ohm**2) * (p_kw**2 + q_kvar**2) * (per_kw / v) ** 2
    gap = 1.0 - v**2
    factor = 2.0 * gap / (linear + np.sqrt(linear**2 + 4.0 * square * gap))
    at = int(np.argmax(factor))
    upper = slice(at, None)
    feeder = make_feeder(
        name="two", base_kv=base_kv, source="s", bus_id=["s", "a"], p_kw=[0.0, p_kw],
        q_kvar=[0.0, q_kvar], from_bus=["s"], to_bus=["a"], r_ohm=[r_ohm], x_ohm=[x_ohm],
    )  # fmt: skip
    asked = factor[at] * np.array([0.5, 0.9, 0.99, 1.01, 1.5, 5.0])
    result = power_flow(
        feeder, np.outer(asked, feeder.p_kw), np.outer(asked, feeder.q_kvar), zip_shares=shares
    )
    assert result.converged.tolist() == [True] * 3 + [False] * 3
    expected = np.interp(-asked[:3], -factor[upper], v[upper])
    assert result.v_pu[:3, 1] == pytest.approx(expected, abs=1e-6)


def test_deep_voltages_of_loads_that_shed_themselves_are_found():
    """Newton's plain steps leave the operating range at three quarters of this feeder's nose."""
    feeder, shares, factor = load_feeder("ieee33"), (0.0, 0.9, 0.1), 7.8
    result = power_flow(
        feeder, factor * feeder.p_kw, factor * feeder.q_kvar, zip_shares=shares,
        outputs=WITH_ANGLES,
    )  # fmt: skip
    assert result.converged.all()
    v = result.v_pu[0] * np.exp(1j * result.angle_rad[0])
    drop = v[feeder.parent[1:]] - v[1:]
    # per unit on 1000 kVA
    flow = np.conj(drop / (feeder.r_ohm + 1j * feeder.x_ohm)[1:] * feeder.base_kv**2)
    balance = -factor * (feeder.p_kw + 1j * feeder.q_kvar) * 1e-3
    balance *= shares[1] * np.abs(v) + shares[2]
    np.add.at(balance, np.arange(1, feeder.n_bus), v[1:] * flow)
    np.subtract.at(balance, feeder.parent[1:], v[feeder.parent[1:]] * flow)
    assert np.abs(balance[1:]).max() < 1e-6
