"""Tests of the nose against closed forms and a slow twin, and of synthetic feeders."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from powerflow import load_feeder, make_feeder, power_flow, synthetic_feeder
from powerflow.nose import nose_factor
from powerflow.topology import bus_depths


def two_bus(p_kw, q_kvar, r_ohm, x_ohm, base_kv=10.0, v_source_pu=1.0):
    return make_feeder(
        name="two",
        base_kv=base_kv,
        v_source_pu=v_source_pu,
        source=1,
        bus_id=[1, 2],
        p_kw=[0, p_kw],
        q_kvar=[0, q_kvar],
        from_bus=[1],
        to_bus=[2],
        r_ohm=[r_ohm],
        x_ohm=[x_ohm],
    )


@settings(deadline=None)  # the first call compiles
@example(p=1.0, q=0.0, r=0.0, x=1.0, v_source_pu=1.0)  # no drop but by the reactive losses
@given(
    p=st.floats(1.0, 1e4),
    q=st.floats(0.0, 1e4),
    r=st.floats(0.0, 5.0),
    x=st.floats(0.01, 5.0),
    v_source_pu=st.floats(0.5, 1.5),
)
def test_the_nose_of_one_branch_is_where_its_quadratic_loses_its_root(p, q, r, x, v_source_pu):
    # With the load k (p + j q), v^2 - (v0 - 2 k (r p + x q)) v + k^2 |z|^2 |s|^2 = 0 has a root
    # v > 0 until v0 = 2 k (r p + x q + |z| |s|).
    v0 = 1e3 * (10.0 * v_source_pu) ** 2  # V^2 / 1000, as ohm times kW
    exact = v0 / (2.0 * (r * p + x * q + math.hypot(r, x) * math.hypot(p, q)))
    feeder = two_bus(p, q, r, x, v_source_pu=v_source_pu)
    assert nose_factor(feeder, rel_tol=1e-7) == pytest.approx(exact, rel=1e-6)


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 40), st.data(), st.integers(0, 10**6), st.floats(0.1, 10.0))
def test_just_below_the_nose_there_is_a_power_flow_and_just_above_there_is_none(
    n_bus, data, seed, ratio
):
    depth = data.draw(st.integers(1, n_bus - 1))
    feeder = synthetic_feeder(n_bus=n_bus, depth=depth, seed=seed, r_over_x=(ratio, 2 * ratio))
    nose = nose_factor(feeder)
    scale = np.array([[0.999], [1.001]]) * nose
    result = power_flow(
        feeder, scale * feeder.p_kw, scale * feeder.q_kvar, max_iterations=20_000, n_threads=1
    )
    assert result.converged.tolist() == [True, False]


def test_the_nose_of_library_feeders_bounds_their_power_flow():
    for name in ("ieee33", "ieee85", "iowa240"):
        feeder = load_feeder(name)
        scale = np.array([[0.9999], [1.0001]]) * nose_factor(feeder, rel_tol=1e-6)
        result = power_flow(
            feeder, scale * feeder.p_kw, scale * feeder.q_kvar, max_iterations=50_000, n_threads=1
        )
        assert result.converged.tolist() == [True, False]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"p_kw": -1.0}, "p_kw: the nose is found for values >= 0, not as at bus 2"),
        ({"q_kvar": -1.0}, "q_kvar: .* bus 2"),
        ({"x_ohm": -1.0}, "x_ohm: .* bus 2"),
        ({"p_kw": 0.0, "q_kvar": 0.0}, "no load draws power through an impedance"),
        ({"r_ohm": 0.0, "x_ohm": 0.0}, "no load draws power through an impedance"),
    ],
)
def test_a_feeder_without_a_nose_says_so(changes, message):
    with pytest.raises(ValueError, match=message):
        nose_factor(two_bus(**({"p_kw": 1.0, "q_kvar": 1.0, "r_ohm": 1.0, "x_ohm": 1.0} | changes)))


@pytest.mark.parametrize("rel_tol", [0.0, 1e-12, 1.0, math.nan])
def test_a_tolerance_that_cannot_be_met_is_refused(rel_tol):
    with pytest.raises(ValueError, match="rel_tol: expected"):
        nose_factor(load_feeder("ieee33"), rel_tol=rel_tol)


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 120), st.data(), st.integers(0, 2**63), st.booleans())
def test_size_depth_and_loading_are_those_asked_for(n_bus, data, seed, is_scrambled):
    depth = data.draw(st.integers(1, n_bus - 1))
    loading = data.draw(st.floats(0.01, 0.99))
    feeder = synthetic_feeder(
        n_bus=n_bus, depth=depth, seed=seed, loading=loading, is_scrambled=is_scrambled
    )
    assert feeder.n_bus == n_bus
    assert bus_depths(feeder.parent).max() == depth
    assert nose_factor(feeder) == pytest.approx(1.0 / loading, rel=3e-5)
    assert (feeder.p_kw[1:] > 0.0).all()
    assert feeder.p_kw[0] == feeder.q_kvar[0] == 0.0
    assert (feeder.ampacity_a[1:] > 0.0).all()


@pytest.mark.parametrize("ratio", [(0.1, 0.1), (0.1, 10.0), (2.0, 3.0)])
def test_r_over_x_stays_in_its_range(ratio):
    feeder = synthetic_feeder(n_bus=300, depth=40, seed=1, r_over_x=ratio)
    found = feeder.r_ohm[1:] / feeder.x_ohm[1:]
    assert found.min() >= ratio[0] * (1 - 1e-12)
    assert found.max() <= ratio[1] * (1 + 1e-12)


def test_the_same_seed_gives_the_same_bits_and_another_seed_another_feeder():
    settings = {"n_bus": 60, "depth": 12, "loading": 0.4}
    first, again = (synthetic_feeder(seed=7, **settings) for _ in range(2))
    for field in fields(first):
        a, b = getattr(first, field.name), getattr(again, field.name)
        assert a.tobytes() == b.tobytes() if isinstance(a, np.ndarray) else a == b
    assert synthetic_feeder(seed=8, **settings).digest() != first.digest()


def test_scrambled_labels_are_numbers_and_words():
    feeder = synthetic_feeder(n_bus=60, depth=12, seed=7, is_scrambled=True)
    assert len(set(feeder.bus_id)) == 60
    assert 10 < sum(label.isdecimal() for label in feeder.bus_id) < 50
    plain = synthetic_feeder(n_bus=60, depth=12, seed=7)
    # the same tree with other labels: only the order among equal subtrees may differ
    assert sorted(feeder.r_ohm) == sorted(plain.r_ohm)
    assert sorted(bus_depths(feeder.parent)) == sorted(bus_depths(plain.parent))


@pytest.mark.parametrize(("n_bus", "depth"), [(1000, 110), (5000, 180)])
def test_the_large_feeders_of_races_are_sensible(n_bus, depth):
    feeder = synthetic_feeder(n_bus=n_bus, depth=depth, seed=1)
    assert bus_depths(feeder.parent).max() == depth
    result = power_flow(feeder, n_threads=1)
    # a single branch whose load has the angle of its impedance stands at
    # sqrt(3/8 + sqrt(1/8)) = 0.854 p.u. at half of its nose; loads along a path change that little
    assert result.converged[0]
    assert 0.8 < result.v_min_pu[0] < 0.9
    assert 0.05 < result.loss_kw[0] / feeder.p_kw.sum() < 0.2
    fed = np.bincount(feeder.parent[1:], minlength=n_bus)
    assert np.mean(fed == 1) > 0.5  # mostly lines, not a star
    assert fed.max() < 20
    assert 0.1 < np.mean(fed == 0) < 0.3


def test_the_loads_alone_carry_the_loading():
    light, heavy = (synthetic_feeder(n_bus=80, depth=20, seed=2, loading=k) for k in (0.2, 0.8))
    np.testing.assert_allclose(heavy.p_kw, 4.0 * light.p_kw, rtol=1e-12)
    np.testing.assert_allclose(heavy.ampacity_a, 4.0 * light.ampacity_a, rtol=1e-12)
    same = replace(heavy, p_kw=light.p_kw, q_kvar=light.q_kvar, ampacity_a=light.ampacity_a)
    np.testing.assert_array_equal(same.r_ohm, light.r_ohm)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_bus": 1}, "expected 1 <= depth < n_bus, not depth 3 and n_bus 1"),
        ({"depth": 0}, "expected 1 <= depth < n_bus"),
        ({"depth": 10}, "expected 1 <= depth < n_bus"),
        ({"loading": 0.0}, "loading is a share of the nose"),
        ({"loading": 1.0}, "loading is a share of the nose"),
        ({"loading": math.nan}, "loading is a share of the nose"),
        ({"r_over_x": (0.0, 1.0)}, "r_over_x: expected"),
        ({"r_over_x": (2.0, 1.0)}, "r_over_x: expected"),
        ({"base_kv": 0.0}, "base_kv: expected"),
        ({"v_source_pu": -1.0}, "v_source_pu: expected"),
        ({"seed": -1}, "expected non-negative"),
    ],
)
def test_an_argument_out_of_range_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        synthetic_feeder(**({"n_bus": 10, "depth": 3, "seed": 1} | changes))


def test_a_seed_is_required():
    with pytest.raises(TypeError, match="seed"):
        synthetic_feeder(n_bus=10, depth=3)
