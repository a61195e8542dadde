"""What power_flow promises at its door: shapes, broadcasting, outputs, failure as a flag."""

import numpy as np
import pytest

from powerflow import load_feeder, make_feeder, power_flow
from powerflow.result import OUTPUTS


@pytest.fixture(scope="module")
def ieee33():
    return load_feeder("ieee33")


def two_bus(r_ohm=1.0, x_ohm=0.5, p_kw=1000.0, q_kvar=500.0, **more):
    return make_feeder(
        name="two", base_kv=10.0, source="a", bus_id=["a", "b"], p_kw=[0.0, p_kw],
        q_kvar=[0.0, q_kvar], from_bus=["a"], to_bus=["b"], r_ohm=[r_ohm], x_ohm=[x_ohm], **more,
    )  # fmt: skip


def nose_kva(z_ohm, power_factor_angle, kv):
    """Return the greatest power of that angle: V^2 / (2 (|z| + Re(z conj(s)))), s a unit phasor."""
    s = np.exp(1j * power_factor_angle)
    return kv**2 * 1e3 / (2.0 * (abs(z_ohm) + (z_ohm * np.conj(s)).real))


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9, -0.9])
@pytest.mark.parametrize("z_ohm", [1 + 0.5j, 0.3 + 3j, 2 + 0j, 1e-9 + 1e-9j])
def test_two_buses_have_a_closed_form(share, z_ohm):
    angle = 0.4
    s_kva = share * nose_kva(z_ohm, angle, 10.0) * np.exp(1j * angle)
    feeder = two_bus(z_ohm.real, z_ohm.imag, s_kva.real, s_kva.imag, ampacity_a=[250.0])
    # v^2 - (1 - 2 Re(z conj(s))) v + |z s|^2 = 0 per unit on 10 kV and 1 ohm.
    s = s_kva / 1e5
    b = 1.0 - 2.0 * (z_ohm * np.conj(s)).real
    v = 0.5 * (b + np.sqrt(b * b - 4.0 * abs(z_ohm * s) ** 2))
    i_a = abs(s_kva) / (np.sqrt(3.0) * 10.0 * np.sqrt(v))
    result = power_flow(feeder, tol_pu=1e-11)
    assert result.v_pu[0] == pytest.approx([1.0, np.sqrt(v)], abs=1e-9)
    assert result.i_a[0] == pytest.approx([0.0, i_a], rel=1e-8)
    assert result.loading_pct[0, 1] == pytest.approx(i_a / 2.5, rel=1e-8)
    assert result.max_loading_pct[0] == pytest.approx(i_a / 2.5, rel=1e-8)
    assert result.loss_kw[0] == pytest.approx(3e-3 * z_ohm.real * i_a**2, rel=1e-8)
    assert result.loss_kvar[0] == pytest.approx(3e-3 * z_ohm.imag * i_a**2, rel=1e-8)
    assert result.v_min_bus[0] == (1 if share > 0 else 0)


def test_past_the_nose_is_flagged_alone_and_never_a_number():
    z_ohm, angle = 1 + 0.5j, 0.4
    s_kva = nose_kva(z_ohm, angle, 10.0) * np.exp(1j * angle)
    share = np.array([0.5, 1.01, 0.5, 50.0, 1e9])
    p_kw = np.column_stack([np.zeros(5), share * s_kva.real])
    q_kvar = np.column_stack([np.zeros(5), share * s_kva.imag])
    feeder = two_bus(z_ohm.real, z_ohm.imag, ampacity_a=[250.0])
    result = power_flow(feeder, p_kw, q_kvar, max_iterations=1000)
    assert result.converged.tolist() == [True, False, True, False, False]
    alone = power_flow(feeder, p_kw[0], q_kvar[0])
    for name in OUTPUTS:
        figure = getattr(result, name)
        for case in (0, 2):
            assert np.array_equal(figure[case], getattr(alone, name)[0], equal_nan=True)
        failed = figure[~result.converged]
        assert (failed == -1).all() if name == "v_min_bus" else np.isnan(failed).all()
    assert result.status[0] == "converged"
    assert "no solution" in result.status[3]


def test_every_input_broadcasts_over_cases(ieee33):
    rng = np.random.default_rng(5)
    n_case, n_bus = 7, ieee33.n_bus
    inputs = {
        "p_kw": ieee33.p_kw * rng.uniform(0.2, 1.5, (n_case, n_bus)),
        "q_kvar": ieee33.q_kvar * rng.uniform(0.2, 1.5, (n_case, n_bus)),
        "v_source_pu": rng.uniform(0.95, 1.05, n_case),
        "base_kv": rng.uniform(11.0, 14.0, n_case),
        "r_ohm": ieee33.r_ohm * rng.uniform(0.5, 1.5, (n_case, n_bus)),
        "x_ohm": ieee33.x_ohm * rng.uniform(0.5, 1.5, (n_case, n_bus)),
    }
    together = power_flow(ieee33, **inputs)
    for case in range(n_case):
        alone = power_flow(ieee33, **{name: a[case] for name, a in inputs.items()})
        for name in OUTPUTS:
            assert np.array_equal(
                getattr(together, name)[case], getattr(alone, name)[0], equal_nan=True
            )
    for name, array in inputs.items():
        one = power_flow(ieee33, **{name: array})
        assert one.n_case == n_case
        assert one.loss_kw[3] == power_flow(ieee33, **{name: array[3]}).loss_kw[0]
        assert len(set(one.loss_kw)) == n_case


@pytest.mark.parametrize("n_threads", [2, 3, 8])
def test_threads_and_splits_give_the_same_bits(ieee33, n_threads):
    rng = np.random.default_rng(1)
    p_kw = ieee33.p_kw * rng.uniform(0.0, 8.0, (700, 1)) * rng.uniform(0.5, 1.5, (700, 33))
    whole = power_flow(ieee33, p_kw, n_threads=1)
    assert 0 < whole.converged.sum() < 700
    threaded = power_flow(ieee33, p_kw, n_threads=n_threads)
    parts = [power_flow(ieee33, p_kw[a:b], n_threads=1) for a, b in ((0, 1), (1, 333), (333, 700))]
    for name in (*OUTPUTS, "iterations", "mismatch_pu", "status_code"):
        expected = getattr(whole, name)
        assert np.array_equal(getattr(threaded, name), expected, equal_nan=True)
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert np.array_equal(joined, expected, equal_nan=True)


def test_outputs_nobody_asked_for_are_not_held(ieee33):
    result = power_flow(ieee33, outputs=("loss_kw",))
    assert result.loss_kw[0] == power_flow(ieee33).loss_kw[0]
    assert [name for name in OUTPUTS if getattr(result, name) is not None] == ["loss_kw"]
    assert result.converged.all()
    for name in OUTPUTS:
        assert getattr(power_flow(ieee33, outputs=[name]), name) is not None


def test_stopped_sweeps_say_so(ieee33):
    result = power_flow(ieee33, sweeps=3)
    assert result.status.tolist() == ["stopped after 3 sweeps"]
    assert result.iterations.tolist() == [3]
    assert result.converged.all()


def test_loading_is_unknown_where_the_ampacity_is():
    feeder = make_feeder(
        name="three", base_kv=10.0, source="a", bus_id=["a", "b", "c"], p_kw=[0, 100, 100],
        q_kvar=[0, 0, 0], from_bus=["a", "b"], to_bus=["b", "c"], r_ohm=[1, 1], x_ohm=[1, 1],
        ampacity_a=[np.nan, 10.0],
    )  # fmt: skip
    result = power_flow(feeder)
    assert np.isnan(result.loading_pct[0]).tolist() == [True, True, False]
    assert result.loading_pct[0, 2] == pytest.approx(result.i_a[0, 2] * 10.0)
    assert result.max_loading_pct[0] == pytest.approx(result.loading_pct[0, 2])
    assert np.isnan(power_flow(two_bus()).max_loading_pct).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"p_kw": np.zeros(5)}, r"p_kw must have shape \(33,\) or \(n_case, 33\), not \(5,\)"),
        ({"p_kw": np.zeros((2, 33)), "q_kvar": np.zeros((3, 33))}, "p_kw has 2, q_kvar has 3"),
        ({"v_source_pu": 0.0}, "v_source_pu must be between"),
        ({"base_kv": [12.66, np.nan]}, r"base_kv must be between .*, not nan \(case 1\)"),
        ({"r_ohm": np.full(33, -1.0)}, "r_ohm must not be negative"),
        ({"x_ohm": np.full(33, np.inf)}, "x_ohm must be finite"),
        ({"tol_pu": 0.0}, "tol_pu"),
        ({"max_iterations": 0}, "max_iterations"),
        ({"sweeps": 0}, "sweeps"),
        ({"n_threads": 0}, "n_threads"),
        ({"outputs": ("volts",)}, "outputs must be a collection out of"),
        ({"outputs": "v_pu"}, "outputs must be a collection out of"),
    ],
)
def test_bad_input_is_one_clear_error(ieee33, arguments, message):
    with pytest.raises(ValueError, match=message):
        power_flow(ieee33, **arguments)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["p_kw", "q_kvar"])
@pytest.mark.parametrize("sweeps", [None, 2])
def test_a_load_that_is_no_number_names_case_and_bus(ieee33, name, value, sweeps):
    loads = np.zeros((3, 33))
    loads[1, ieee33.bus_index("22")] = value
    with pytest.raises(ValueError, match=rf"{name} must be finite, not .* \(case 1, bus 22\)"):
        power_flow(ieee33, **{name: loads}, sweeps=sweeps)
