"""The sweeps and Newton's method in lanes, run as plain Python: what every step of them does."""

import numpy as np
import pytest
from newton_by_complex_step import loads_by_voltage, newton_steps
from plain_python import LANES
from portable_kernels import portable_flow, random_loads, scales
from random_feeders import random_feeder

from powerflow import make_feeder, units
from powerflow.plan import N_SHARE, SHARE_I, SHARE_P, SHARE_Z

NEVER = -1.0
"""A tolerance that no step meets."""


class Block:
    """Hold a feeder's cases in the lanes of one block, as the batch loops lay them out."""

    def __init__(self, plain, feeder, p_kw, q_kvar, shares=None):
        self.plain, self.feeder, self.plan = plain, feeder, plain.plan.plan_of(feeder)
        self.shares = np.zeros((0, N_SHARE)) if shares is None else shares
        self.scale = np.repeat(scales(feeder)[:, None], LANES, axis=1)
        self.memory = np.full((plain.newton.N_ROWS, feeder.n_bus, LANES), np.nan)
        self.tally = np.full((plain.block.N_TALLY, LANES), np.nan)
        self.load = np.array([p_kw.T, q_kvar.T]) * self.scale[units.PER_KW, 0]
        rows = (plain.block.P_LOAD, plain.block.Q_LOAD)
        if shares is not None:
            rows = (plain.newton.P_NOMINAL, plain.newton.Q_NOMINAL)
        for row, load in zip(rows, self.load, strict=True):
            self.memory[row] = load

    def sweep(self, limit, tol=NEVER, table=None):
        """Sweep; return the squared voltages, (n_bus, LANES)."""
        self.plain.block.sweep_block(
            self.plan.steps, self.feeder.parent, self.plan.table if table is None else table,
            self.memory, self.tally, tol, limit, (), -1,
        )  # fmt: skip
        return 1.0 / self.memory[self.plain.block.W]

    def newton(self, limit, tol=NEVER):
        """Step; return the squared voltages, (n_bus, LANES)."""
        self.plain.newton.newton_block(
            self.plan.steps, self.feeder.parent, self.plan.table, self.shares, self.scale,
            self.memory, self.tally, tol, limit,
        )  # fmt: skip
        return 1.0 / self.memory[self.plain.block.W]

    def tallied(self, name):
        return self.tally[getattr(self.plain.block, name)]


def random_block(plain, n_bus, load_kw=70.0, highest=1.6, shares=None):
    feeder = random_feeder(n_bus, n_bus, load_kw=load_kw, r_over_x=1.4, reverse=0.1)
    return Block(plain, feeder, *random_loads(feeder, LANES, n_bus, highest), shares)


def guided_sweeps(block, sweeps):
    """Return 1 / v after each of some sweeps from the guide's voltages, and each largest change.

    The damped rule of `powerflow.plan.fill_guide`, and w (1 + u + u^2) for 1 / v.
    """
    feeder, table = block.feeder, block.plan.table
    r, x, parent = feeder.r_ohm, feeder.x_ohm, feeder.parent
    damp, start = table[:, block.plain.plan.DAMP], table[:, block.plain.plan.START]
    w = np.repeat(start[:, None], LANES, axis=1)
    states, changes = [w], []
    for _ in range(sweeps):
        p, q = block.load[0].copy(), block.load[1].copy()
        drop = np.zeros_like(p)
        for k in range(feeder.n_bus - 1, 0, -1):
            ell = (p[k] ** 2 + q[k] ** 2) * w[k]
            drop[k] = 2.0 * (r[k] * p[k] + x[k] * q[k]) + (r[k] ** 2 + x[k] ** 2) * ell
            p[parent[k]] += p[k] + r[k] * ell
            q[parent[k]] += q[k] + x[k] * ell
        v, new, change = np.ones_like(p), w.copy(), np.zeros(LANES)
        for k in range(1, feeder.n_bus):
            plain_v = v[parent[k]] - drop[k]
            v[k] = plain_v + damp[k] * (1.0 - plain_v * w[k])
            u = 1.0 - v[k] * w[k]
            new[k] = w[k] * (1.0 + u + u * u)
            change = np.maximum(change, np.abs(u))
        w = new
        states.append(w)
        changes.append(change)
    return states, changes


@pytest.mark.parametrize("n_bus", [2, 3, 6, 19])
@pytest.mark.parametrize("sweeps", [1, 2, 3])
def test_a_sweep_is_the_damped_rule(plain, n_bus, sweeps):
    block = random_block(plain, n_bus)
    w, _ = guided_sweeps(block, sweeps)
    assert 1.0 / block.sweep(sweeps) == pytest.approx(w[-1], rel=1e-12)
    assert (block.tallied("SWEEPS") == sweeps).all()


@pytest.mark.parametrize("sweeps", [1, 2, 3, 4])
def test_the_error_left_is_estimated_with_caution(plain, sweeps):
    """24 times c s + c^3 / 24, s the slower ratio of the last two; the first sweep halved."""
    block = random_block(plain, 12, highest=3.0)
    _, change = guided_sweeps(block, sweeps)
    ratios = [change[k] / (change[k - 1] if k else 2.0 * change[0]) for k in range(sweeps)]
    slower = np.maximum(ratios[-1], ratios[-2] if sweeps > 1 else 0.0)
    block.sweep(sweeps)
    expected = 0.5 * change[-1] * (24.0 * slower + change[-1] ** 2)
    assert block.tallied("ERROR") == pytest.approx(expected, rel=1e-5, abs=1e-16)


def mixed_block(plain):
    """Return a block whose lanes are done one after another: each further from the guide."""
    feeder = random_feeder(12, 12, load_kw=70.0)
    factor = np.array([1.0, 1.05, 1.6, 2.5])[:, None]
    return Block(plain, feeder, factor * feeder.p_kw, factor * feeder.q_kvar)


def test_a_lane_that_is_done_is_left_as_it_is(plain):
    """Done at its own sweep with the same bits, whatever its neighbors still need."""
    together = mixed_block(plain)
    v = together.sweep(50, 1e-9)
    assert (together.tallied("STATE") == plain.block.DONE).all()
    assert (together.tallied("ERROR") < 1e-9).all()
    sweeps = together.tallied("SWEEPS")
    assert len(set(sweeps)) > 1
    for lane in range(LANES):
        alone = mixed_block(plain)
        alone.memory[:2] = alone.memory[:2, :, lane : lane + 1]
        assert (alone.sweep(int(sweeps[lane]))[:, 0] == v[:, lane]).all()
        before = mixed_block(plain)
        before.sweep(int(sweeps[lane]) - 1)
        assert before.tallied("ERROR")[lane] > 1e-9


def test_the_limit_leaves_a_lane_to_newton(plain):
    block = random_block(plain, 9)
    block.sweep(1, 1e-12)
    assert (block.tallied("STATE") == plain.block.LOST).all()
    block.newton(1, 1e-12)
    assert (block.tallied("STATE") == plain.block.UNFINISHED).all()
    block.newton(0)
    assert (block.tallied("SWEEPS") == 0).all()
    assert (block.tallied("ERROR") == 1.0).all()


def test_a_stressed_lane_is_given_up_once_its_changes_hardly_shrink(plain):
    """Near the nose sweeps would settle, but not at a tenth a sweep."""
    feeder = random_feeder(9, 9, load_kw=2_800.0)
    nose = 1.0
    while portable_flow("newton", feeder, nose * feeder.p_kw[None], nose * feeder.q_kvar)[0][0]:
        nose *= 1.02
    factor = nose * np.array([0.3, 0.5, 0.85, 0.95])[:, None]
    block = Block(plain, feeder, factor * feeder.p_kw, factor * feeder.q_kvar)
    block.sweep(200, 1e-9)
    assert block.tallied("STATE").tolist() == [1.0, 1.0, 0.0, 0.0]
    assert (block.tallied("SWEEPS")[2:] == 3).all()


def test_a_lane_without_solution_is_given_up(plain):
    feeder = random_feeder(9, 9, load_kw=70.0)
    factor = np.array([1.0, 1.0, 1e4, np.inf])[:, None]
    load = np.nan_to_num(factor * feeder.p_kw, nan=0.0, posinf=np.inf)
    block = Block(plain, feeder, load, np.zeros_like(load))
    block.sweep(200, 1e-9)
    assert block.tallied("STATE").tolist() == [1.0, 1.0, 0.0, 0.0]
    assert (block.tallied("SWEEPS")[2:] == 1).all()
    block.newton(200, 1e-9)
    assert block.tallied("STATE").tolist() == [1.0, 1.0, 0.0, 0.0]
    assert (block.tallied("SWEEPS")[2:] == 1).all()


ZIPS = {"none": None, "mixed": (0.3, 0.3, 0.4), "impedance": (1.0, 0.0, 0.0)}


def table_of(n_bus, shares):
    if shares is None:
        return None
    table = np.zeros((n_bus, N_SHARE))
    table[:, SHARE_Z], table[:, SHARE_I], table[:, SHARE_P] = shares
    return table


def slow_newton(block, lane, steps, shares, **holds):
    feeder = block.feeder
    by_voltage = loads_by_voltage(block.load[:, :, lane], shares or (0.0, 0.0, 1.0), 1.0, 0j)
    return newton_steps(feeder.parent, feeder.r_ohm, feeder.x_ohm, by_voltage, steps, **holds)


@pytest.mark.parametrize("shares", ZIPS.values(), ids=ZIPS)
@pytest.mark.parametrize(("n_bus", "steps"), [(2, 1), (6, 2), (15, 1), (15, 3)])
def test_newton_steps_where_derivatives_by_complex_steps_lead(plain, shares, n_bus, steps):
    block = random_block(plain, n_bus, 400.0 / n_bus, shares=table_of(n_bus, shares))
    v = block.newton(steps)
    for lane in range(LANES):
        slow = slow_newton(block, lane, steps, shares)
        assert v[:, lane] == pytest.approx(slow[-1], rel=1e-11)
        change = [1.0, *np.abs(np.diff(slow, axis=0)).max(axis=1)]
        error = 0.5 * change[-1] * min(1.0, 4.0 * change[-1] / change[-2])
        assert block.tallied("ERROR")[lane] == pytest.approx(error, rel=1e-5, abs=1e-14)


@pytest.mark.parametrize(
    ("seed", "n_bus", "load_kw", "shares"),
    [(8, 9, 100_000.0, (0.1, 0.9, 0.0)), (31, 3, 100_000.0, (0.0, 1.0, 0.0))],
)
def test_newton_is_held_back_where_loads_depend_on_voltage(plain, seed, n_bus, load_kw, shares):
    feeder = random_feeder(seed, n_bus, load_kw=load_kw)
    loads = (np.repeat(column[None], LANES, axis=0) for column in (feeder.p_kw, feeder.q_kvar))
    block = Block(plain, feeder, *loads, table_of(n_bus, shares))
    slow = slow_newton(block, 0, 6, shares, least_growth=0.2, greatest_fall=0.1)
    for steps in range(1, 7):
        assert block.newton(steps)[:, 0] == pytest.approx(slow[steps], rel=1e-9)
    block.newton(30, 1e-9)
    assert (block.tallied("STATE") == plain.block.DONE).all()


def test_newton_loses_a_held_lane_after_25_steps(plain):
    feeder = random_feeder(5, 8, load_kw=60_000.0)
    factor = np.array([1e-4, 1e-3, 1.0, 1.0])[:, None]
    loads = (factor * feeder.p_kw, factor * feeder.q_kvar)
    block = Block(plain, feeder, *loads, table_of(8, (0.0, 1.0, 0.0)))
    block.newton(24, 1e-9)
    assert block.tallied("STATE").tolist() == [1.0, 1.0, 2.0, 2.0]
    block.newton(60, 1e-9)
    assert block.tallied("STATE").tolist() == [1.0, 1.0, 0.0, 0.0]
    assert (block.tallied("SWEEPS")[2:] == 25).all()
    assert (block.tallied("SWEEPS")[:2] < 6).all()


def tree(parents, r_ohm, p_kw):
    """Return a feeder at 1 kV, where 1 MW through 1 ohm is 1 per unit, without reactance."""
    n_bus = len(parents) + 1
    zeros = np.zeros(n_bus)
    return make_feeder(
        name="tree", base_kv=1.0, source="0", bus_id=[str(k) for k in range(n_bus)],
        p_kw=[0.0, *p_kw], q_kvar=zeros, from_bus=[str(up) for up in parents],
        to_bus=[str(k) for k in range(1, n_bus)], r_ohm=r_ohm, x_ohm=zeros[1:],
    )  # fmt: skip


def test_a_step_below_zero_loses_a_lane_of_constant_power(plain):
    """r p = 0.7: the slope 1 - (r p)^2 is positive, but v falls by 2 r p + (r p)^2 over it."""
    feeder = tree([0], [1.0], [0.7])
    block = Block(plain, feeder, np.full((LANES, 2), [0.0, 700.0]), np.zeros((LANES, 2)))
    block.newton(9, 1e-9)
    assert (block.tallied("STATE") == plain.block.LOST).all()
    assert (block.tallied("SWEEPS") == 1).all()


def test_slopes_of_constant_power_are_followed_as_they_are(plain):
    """Feeding in r p = -0.93: v = 1 + (2 r p - (r p)^2) / (1 - (r p)^2), a slope below 0.2."""
    feeder = tree([0], [1.0], [-0.93])
    block = Block(plain, feeder, np.full((LANES, 2), [0.0, -930.0]), np.zeros((LANES, 2)))
    expected = 1.0 + (2.0 * 0.93 - 0.93**2) / (1.0 - 0.93**2)
    assert block.newton(1)[1] == pytest.approx(np.full(LANES, expected), rel=1e-12)


@pytest.mark.parametrize("lost", [1, 3, 4])
def test_what_no_number_holds_is_found_on_every_lateral_of_the_source(plain, lost):
    feeder = tree([0, 1, 0, 0], [0.01, 0.01, 0.02, 0.02], [0.01, 0.01, 0.01, 0.01])
    loads = np.repeat(feeder.p_kw[None], LANES, axis=0)
    at = feeder.bus_id.index(str(lost))
    loads[2, at] = np.inf
    for method, steps in (("sweep", 9), ("newton", 9)):
        block = Block(plain, feeder, loads, np.zeros_like(loads))
        getattr(block, method)(steps, 1e-9)
        assert block.tallied("STATE").tolist() == [1.0, 1.0, 0.0, 1.0]
        assert block.tallied("SWEEPS")[2] == 1
