"""The tree program against its obvious twin: every plan of a small tree, one by one."""

import itertools

import numpy as np
import pytest
from siting_cases import make_case, small_feeder

from problems.siting.certificate.ac import judge
from problems.siting.certificate.case import SitePlan, make_model
from problems.siting.certificate.grid import make_grid
from problems.siting.certificate.intervals import propagate
from problems.siting.certificate.program import make_program
from problems.siting.certificate.ranges import make_ranges
from problems.siting.certificate.remainder import Reference, make_remainder
from problems.siting.certificate.rounds import run_round

N_CELL = 3


def small_model(seed):
    """Make a model with sizes in steps, and all it takes to run a round on it."""
    rng = np.random.default_rng(seed)
    n_bus = int(rng.integers(3, 7))
    feeder = small_feeder(seed, n_bus, load_kw=500.0, reverse=0.2)
    case = make_case(
        feeder,
        n_stations=int(rng.integers(0, 3)),
        station_kw=float(rng.choice([800.0, -300.0])),
        max_banks=int(rng.integers(0, 3)),
        exactly=bool(rng.random() < 0.3),
        kvar_min=200.0,
        kvar_max=800.0,
        kvar_step=200.0,
        kvar_sizes=(200.0, 600.0, 800.0) if seed % 3 == 0 else None,
        allowed_bank_bus=np.append(rng.random(n_bus - 2) < 0.8, [True, True]),
        v_max_pu=np.inf,
        usd_station_at=rng.integers(0, 2, n_bus) * rng.uniform(0.0, 5e5, n_bus),
        usd_bank_at=rng.integers(0, 2, n_bus) * rng.uniform(0.0, 5e4, n_bus),
    )
    model = make_model(case)
    sites = tuple(range(1, 1 + model.n_free))
    trial = judge(model, SitePlan(sites, (n_bus - 1,), (0.4,)))
    nothing = np.zeros(n_bus)
    remainder = make_remainder(model, Reference(trial.alpha, trial.beta, nothing, nothing))
    ranges = make_ranges(model)
    s_low, s_high, e_low, e_high = ranges.envelope(model.q_min)
    intervals = propagate(model, s_low, s_high, e_low, e_high, 3.0 * trial.loss_pu)
    assert intervals.is_feasible
    return model, ranges, remainder, intervals


def every_plan(model):
    """Yield (stations, banks, steps) of every plan of the model."""
    station_buses = np.flatnonzero(model.may_station).tolist()
    bank_buses = np.flatnonzero(model.may_bank).tolist()
    counts = [model.n_bank] if model.exactly else range(model.n_bank + 1)
    for stations in itertools.combinations(station_buses, model.n_free):
        for count in counts:
            for banks in itertools.combinations(bank_buses, count):
                allowed = model.cells.tolist() or range(N_CELL + 1)
                for steps in itertools.product(allowed, repeat=count):
                    yield stations, banks, steps


def states_of(model, stations, banks, steps):
    """Return stations, banks and steps behind each branch."""
    e, k, m = (np.zeros(model.n_bus, dtype=int) for _ in range(3))
    e[list(stations)] = 1
    k[list(banks)] = 1
    m[list(banks)] = steps
    for array in (e, k, m):
        for j in range(model.n_bus - 1, 0, -1):
            array[model.parent[j]] += array[j]
    return e, k, m


def cost_of(model, remainder, intervals, stations, banks, e, k, m):
    """Return the bound's cost of one plan, branch by branch as the documentation has it."""
    at = model.usd_station_at[list(stations)].sum() + model.usd_bank_at[list(banks)].sum()
    p_load, q_load = model.p.copy(), model.q.copy()
    for j in range(model.n_bus - 1, 0, -1):
        p_load[model.parent[j]] += p_load[j]
        q_load[model.parent[j]] += q_load[j]
    cost = model.usd_loss * remainder.constant + model.usd_bank * k[0]
    cost += at + model.usd_q * (k[0] * model.q_min + m[0] * model.q_span / N_CELL)
    for j in range(1, model.n_bus):
        up = model.parent[j]
        p = p_load[j] + model.station * e[j]
        q = q_load[j] - k[j] * model.q_min - m[j] * model.q_span / N_CELL
        cost += model.usd_loss * (remainder.p_cost[j] * p + remainder.q_cost[j] * q)
        for net, low, high, ratio in (
            (p, intervals.a_low[j], intervals.a_high[j], remainder.reference.alpha[j]),
            (q, intervals.b_low[j], intervals.b_high[j], remainder.reference.beta[j]),
        ):
            drift = [ratio * intervals.v_low[up], ratio * intervals.v_high[up]]
            least = max(0.0, net + low - max(drift), -(net + high - min(drift)))
            cost += model.usd_loss * remainder.weight[j] / intervals.v_high[up] * least**2
    return cost


@pytest.mark.parametrize("seed", range(25))
def test_round_finds_the_least_cost_and_the_states_below_the_cutoff(seed):
    model, ranges, remainder, intervals = small_model(seed)
    plans = list(every_plan(model))
    states = [states_of(model, *plan) for plan in plans]
    costs = np.array(
        [
            cost_of(model, remainder, intervals, *plan[:2], *state)
            for plan, state in zip(plans, states, strict=True)
        ]
    )
    steps_up = np.unique(np.append(costs, costs.max() + 2.0))
    steps_up = steps_up[np.append(True, np.diff(steps_up) > 1e-3)]
    cutoff = float(steps_up[len(steps_up) // 5 : len(steps_up) // 5 + 2].mean())
    one = make_grid(model, make_program(model.parent), ranges, N_CELL)
    outcome = run_round(one, remainder, intervals, cutoff)
    assert outcome.cost_usd == pytest.approx(costs.min(), rel=1e-11)

    found = outcome.plan
    steps = [round((q - model.q_min) / model.q_span * N_CELL) for q in found.kvar]
    where = (found.station_buses, found.bank_buses)
    state = states_of(model, *where, steps)
    assert cost_of(model, remainder, intervals, *where, *state) == pytest.approx(
        costs.min(), rel=1e-11
    )

    expected_low = np.full(ranges.u_low.shape, np.inf)
    expected_high = np.full(ranges.u_low.shape, -np.inf)
    for (e, k, m), cost in zip(states, costs, strict=True):
        if cost <= cutoff:
            for j in range(1, model.n_bus):
                u = m[j] * model.q_span / N_CELL
                expected_low[j, e[j], k[j]] = min(expected_low[j, e[j], k[j]], u)
                expected_high[j, e[j], k[j]] = max(expected_high[j, e[j], k[j]], u)
    kept = outcome.ranges.u_low <= outcome.ranges.u_high
    expected = expected_low <= expected_high
    assert (kept[1:] == expected[1:]).all()
    at = expected.copy()
    at[0] = False
    assert outcome.ranges.u_low[at] == pytest.approx(expected_low[at], abs=1e-12)
    assert outcome.ranges.u_high[at] == pytest.approx(expected_high[at], abs=1e-12)


@pytest.mark.parametrize("n_cell", [1, 2, 5])
@pytest.mark.parametrize("seed", range(10))
def test_a_coarse_grid_bounds_every_size_between_its_points(seed, n_cell):
    """Convex costs on a grid overstate what lies between: the slack must pay for it."""
    stepped, _, remainder, intervals = small_model(seed)
    old = stepped.case
    settings = {
        "n_stations": stepped.n_free,
        "station_kw": old.station_kw,
        "max_banks": old.max_banks,
        "exactly": old.exactly,
        "kvar_min": 200.0,
        "kvar_max": 800.0,
        "allowed_bank_bus": old.allowed_bank_bus,
        "v_max_pu": np.inf,
    }
    costs = {}
    for name, cells, step in (("coarse", n_cell, None), ("all", 300, 2.0)):
        model = make_model(make_case(old.feeder, **settings, kvar_step=step))
        one = make_grid(model, make_program(model.parent), make_ranges(model), cells)
        costs[name] = run_round(one, remainder, intervals, np.inf).cost_usd
    assert costs["coarse"] <= costs["all"] + 1e-6
