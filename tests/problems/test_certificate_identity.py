"""The remainder identity and the intervals hold for every AC power flow, whatever the reference."""

import numpy as np
import pytest
from random_feeders import random_feeder
from siting_cases import make_case, small_feeder

from powerflow import power_flow
from powerflow.units import i_base_a, z_base_ohm
from problems.siting.certificate.ac import judge, net_load
from problems.siting.certificate.case import SitePlan, make_model
from problems.siting.certificate.intervals import propagate
from problems.siting.certificate.remainder import Reference, make_remainder


def behind(parent, x):
    """Sum a bus quantity over everything behind each branch."""
    total = np.array(x, dtype=float)
    for k in range(len(parent) - 1, 0, -1):
        total[parent[k]] += total[k]
    return total


def random_trial(model, rng):
    """Judge a random plan of the model."""
    banks = tuple(sorted((1 + rng.permutation(model.n_bus - 1)[: model.n_bank]).tolist()))
    stations = tuple(sorted((1 + rng.permutation(model.n_bus - 1)[: model.n_free]).tolist()))
    sizes = rng.uniform(model.q_min, model.q_min + model.q_span, len(banks))
    return judge(model, SitePlan(stations, banks, tuple(sizes.tolist())))


def random_reference(model, trial, rng):
    """Draw a reference near a flow, with prices and rents large enough to matter."""
    n_bus = model.n_bus
    return Reference(
        trial.alpha + 0.3 * rng.normal(size=n_bus) * np.abs(trial.alpha).max(),
        trial.beta + 0.3 * rng.normal(size=n_bus) * np.abs(trial.beta).max(),
        rng.normal(size=n_bus) * 0.1,
        rng.uniform(0.0, 0.01, n_bus),
    )


def both_sides(model, remainder, trial):
    """Return the two sides of the identity for an AC solution."""
    p_net, q_net = net_load(model, trial.plan, np.array([trial.plan.kvar]))
    p_net, q_net = behind(model.parent, p_net), behind(model.parent, q_net[0])
    sending = trial.v[np.maximum(model.parent, 0)]
    at = remainder.reference
    squares = (trial.alpha - at.alpha) ** 2 + (trial.beta - at.beta) ** 2
    linear = remainder.p_cost * p_net + remainder.q_cost * q_net
    right = remainder.constant + (linear + remainder.weight * squares * sending)[1:].sum()
    return trial.loss_pu + at.rent @ trial.current - at.price @ trial.v, right


@pytest.mark.parametrize("seed", range(40))
def test_identity_holds_for_any_reference_and_any_power_flow(seed):
    rng = np.random.default_rng(seed)
    feeder = random_feeder(seed, int(rng.integers(2, 40)), load_kw=60.0, reverse=0.3)
    case = make_case(
        feeder,
        n_stations=min(2, feeder.n_bus - 1),
        station_kw=float(rng.choice([400.0, -400.0])),
        max_banks=min(3, feeder.n_bus - 1),
    )
    model = make_model(case)
    first, second = random_trial(model, rng), random_trial(model, rng)
    assert np.isfinite([first.cost_usd, second.cost_usd]).all()
    remainder = make_remainder(model, random_reference(model, first, rng))
    assert remainder is not None
    left, right = both_sides(model, remainder, second)
    assert left == pytest.approx(right, abs=1e-10)


def test_weights_do_not_settle_far_from_any_flow():
    model = make_model(make_case(small_feeder(1, 5), n_stations=1, max_banks=1))
    far = np.full(model.n_bus, -1e4)
    nothing = np.zeros(model.n_bus)
    assert make_remainder(model, Reference(far, far, nothing, nothing)) is None


def test_judge_agrees_with_the_power_flow():
    feeder = random_feeder(3, 20, load_kw=60.0)
    case = make_case(feeder, n_stations=1, max_banks=2)
    trial = judge(make_model(case), SitePlan((4,), (2, 9), (0.3, 0.6)))
    p_kw, q_kvar = feeder.p_kw.copy(), feeder.q_kvar.copy()
    p_kw[4] += case.station_kw
    q_kvar[[2, 9]] -= [300.0, 600.0]
    flow = power_flow(feeder, p_kw, q_kvar, tol_pu=1e-11)
    assert 1e3 * trial.loss_pu == pytest.approx(flow.loss_kw[0], rel=1e-8)
    assert np.sqrt(trial.v) == pytest.approx(flow.v_pu[0], abs=1e-9)
    current = flow.i_a[0] / i_base_a(feeder.base_kv)
    r_pu = feeder.r_ohm / z_base_ohm(feeder.base_kv)
    sending = current * np.sqrt(trial.v[np.maximum(feeder.parent, 0)])
    flows = np.hypot(trial.alpha, trial.beta) * trial.v[np.maximum(feeder.parent, 0)]
    assert flows[1:] == pytest.approx(sending[1:], abs=1e-8)
    assert current**2 @ r_pu == pytest.approx(trial.loss_pu, rel=1e-8)


@pytest.mark.parametrize("width", [0.0, 1e-9, 0.05, 1.0])
@pytest.mark.parametrize("seed", range(15))
def test_intervals_contain_the_power_flow(seed, width):
    """Zero width matters: rounding must not empty an interval that is one point."""
    rng = np.random.default_rng(1000 + seed)
    feeder = small_feeder(seed, int(rng.integers(2, 9)), load_kw=300.0, reverse=0.3)
    case = make_case(feeder, n_stations=1, station_kw=-200.0, max_banks=2, v_max_pu=2.0)
    model = make_model(case)
    trial = random_trial(model, rng)
    assert np.isfinite(trial.cost_usd)
    s, e = np.zeros(model.n_bus), np.zeros(model.n_bus)
    s[list(trial.plan.bank_buses)] = trial.plan.kvar
    e[list(trial.plan.station_buses)] = 1.0
    s, e = behind(model.parent, s), behind(model.parent, e)
    loss_max = trial.loss_pu * (1.0 + 1e-9 + width)
    e_low = e if width < 0.05 else np.zeros_like(e)
    intervals = propagate(model, s - width, s + width, e_low, e, loss_max, max_round=500)
    assert intervals.is_feasible
    a, b = (
        behind(model.parent, model.r * trial.current),
        behind(model.parent, model.x * trial.current),
    )
    slack = 1e-9
    for low, value, high in (
        (intervals.a_low, a, intervals.a_high),
        (intervals.b_low, b, intervals.b_high),
        (intervals.v_low, trial.v, intervals.v_high),
    ):
        assert (low[1:] <= value[1:] + slack).all()
        assert (value[1:] <= high[1:] + slack).all()
    if width == 0.0:
        assert (intervals.a_high - intervals.a_low)[1:].max() < 0.2 * trial.loss_pu + 1e-6
