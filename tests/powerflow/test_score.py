"""score() is power_flow() for candidates times states, without ever holding their loads."""

import tracemalloc

import numpy as np
import pytest

from powerflow import load_feeder, power_flow, score

FIGURES = ("loss_kw", "loss_kvar", "v_min_pu", "v_max_pu", "max_loading_pct")


@pytest.fixture(scope="module")
def iowa240():
    return load_feeder("iowa240")


def slow_score(feeder, device_bus, device_p_kw, device_q_kvar, p_kw, q_kvar, v_source_pu, **more):
    """Spell out the loads of every candidate and state and ask power_flow for them one by one."""
    figures = {name: np.empty((len(device_bus), len(p_kw))) for name in FIGURES}
    for candidate, buses in enumerate(device_bus):
        for state in range(len(p_kw)):
            p, q = p_kw[state].copy(), q_kvar[state].copy()
            for device, bus in enumerate(buses):
                p[bus] += device_p_kw[candidate, state, device]
                q[bus] += device_q_kvar[candidate, state, device]
            result = power_flow(feeder, p, q, v_source_pu=v_source_pu[state], **more)
            for name in FIGURES:
                figures[name][candidate, state] = getattr(result, name)[0]
    return figures


@pytest.mark.parametrize("name", ["ieee33", "iowa240"])
@pytest.mark.parametrize("sweeps", [None, 2])
def test_agrees_with_power_flow_on_spelled_out_loads(name, sweeps):
    feeder = load_feeder(name)
    rng = np.random.default_rng(11)
    n_candidate, n_state, n_device = 13, 3, 4
    device_bus = rng.integers(0, feeder.n_bus, (n_candidate, n_device))
    device_bus[2] = device_bus[2, 0]
    device_p = rng.uniform(-200.0, 500.0, (n_candidate, n_state, n_device))
    device_q = rng.uniform(-500.0, 100.0, (n_candidate, n_state, n_device))
    factor = rng.uniform(0.3, 1.2, (n_state, 1))
    p_kw, q_kvar = feeder.p_kw * factor, feeder.q_kvar * factor
    v_source_pu = np.array([1.0, 1.02, 0.98])
    fast = score(
        feeder, device_bus, device_p, device_q,
        base_p_kw=p_kw, base_q_kvar=q_kvar, v_source_pu=v_source_pu, sweeps=sweeps,
    )  # fmt: skip
    slow = slow_score(
        feeder, device_bus, device_p, device_q, p_kw, q_kvar, v_source_pu, sweeps=sweeps
    )
    assert fast.converged.all()
    for figure in FIGURES:
        assert getattr(fast, figure) == pytest.approx(slow[figure], rel=1e-7, nan_ok=True)


def test_powers_broadcast_over_candidate_state_and_device(iowa240):
    rng = np.random.default_rng(2)
    device_bus = rng.integers(1, 240, (5, 3))
    full_p = np.broadcast_to(np.array([100.0, 200.0, 50.0]), (5, 2, 3))
    full_q = np.broadcast_to(-30.0, (5, 2, 3))
    full = score(iowa240, device_bus, full_p, full_q)
    short = score(iowa240, device_bus, [100.0, 200.0, 50.0], -30.0)
    assert full.loss_kw.shape == (5, 2)
    assert short.loss_kw.shape == (5, 1)
    assert np.array_equal(full.loss_kw, np.repeat(short.loss_kw, 2, axis=1))


def test_no_devices_is_the_base_case(iowa240):
    result = score(iowa240, np.zeros((2, 0), dtype=int), 0.0, 0.0)
    base = power_flow(iowa240)
    for figure in FIGURES:
        assert getattr(result, figure)[:, 0] == pytest.approx(
            np.repeat(getattr(base, figure), 2), rel=1e-7
        )


def test_a_candidate_without_solution_is_flagged_alone(iowa240):
    device_bus = np.full((200, 1), 150)
    device_p = np.zeros((200, 1, 1))
    device_p[::7] = 1e7
    result = score(iowa240, device_bus, device_p, 0.0)
    assert np.array_equal(~result.converged[:, 0], np.arange(200) % 7 == 0)
    alone = score(iowa240, device_bus[:1], 0.0, 0.0)
    for figure in FIGURES:
        values = getattr(result, figure)[:, 0]
        assert np.isnan(values[::7]).all()
        assert (values[result.converged[:, 0]] == getattr(alone, figure)[0, 0]).all()


def test_threads_and_splits_give_the_same_bits(iowa240):
    rng = np.random.default_rng(4)
    device_bus = rng.integers(1, 240, (500, 3))
    device_p = rng.uniform(0.0, 3000.0, (500, 2, 3))
    whole = score(iowa240, device_bus, device_p, 0.0, n_threads=1)
    threaded = score(iowa240, device_bus, device_p, 0.0, n_threads=3)
    parts = [
        score(iowa240, device_bus[a:b], device_p[a:b], 0.0)
        for a, b in ((0, 7), (7, 300), (300, 500))
    ]
    for figure in (*FIGURES, "iterations", "converged"):
        expected = getattr(whole, figure)
        assert np.array_equal(getattr(threaded, figure), expected, equal_nan=True)
        joined = np.concatenate([getattr(part, figure) for part in parts])
        assert np.array_equal(joined, expected, equal_nan=True)


def test_memory_does_not_grow_with_buses(iowa240):
    n_candidate = 20_000
    device_bus = np.full((n_candidate, 1), 100)
    score(iowa240, device_bus[:100], 100.0, 0.0)
    tracemalloc.start()
    score(iowa240, device_bus, 100.0, 0.0, n_threads=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < n_candidate * 240 * 8 / 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], 0.0, 0.0), r"device_bus must have shape \(n_candidate, n_device\), not \(2,\)"),
        (([[1.5]], 0.0, 0.0), "device_bus must hold integer bus indices"),
        (([[1], [240]], 0.0, 0.0), r"device_bus must lie in 0..239, not 240 \(candidate 1"),
        (([[1], [-1]], 0.0, 0.0), "device_bus must lie in 0..239"),
        (([[1, 2]], np.zeros(3), 0.0), r"device_p_kw must broadcast"),
        (([[1, 2]], 0.0, np.zeros((1, 1, 1, 2))), r"device_q_kvar must broadcast"),
        (([[1, 2]], np.nan, 0.0), r"device_p_kw must be finite, not nan \(candidate 0"),
        (([[1, 2]], np.zeros((2, 2)), np.zeros((3, 2))), "number of states"),
    ],
)
def test_bad_input_is_one_clear_error(iowa240, arguments, message):
    with pytest.raises(ValueError, match=message):
        score(iowa240, *arguments)
