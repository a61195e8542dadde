"""Owns Newton's method on the tree: no matrix, O(n_bus) a step, a block of cases side by side.

Seen from its own bus, all that lies below is a power that depends on that bus's voltage: to first
order P = P0 + P' dv. Going up the tree these affine forms are passed through each branch; going
down, each voltage follows from its parent's. That is Newton's method on the branch flow equations
with the elimination order of the tree. It takes the cases a sweep gives up and every case with
loads that depend on voltage. `powerflow.kernels.newton_case` is the portable twin.

A case starts flat. On a feeder of loads the steps then fall monotonically to the solution with the
high voltages if there is one; otherwise a branch's slope dv_parent / dv, positive there, changes
sign on the way and the case has no solution. Loads that depend on voltage spoil that proof: a step
may go too far down. There, steps are held back for a while before a case counts as lost.
"""

from __future__ import annotations

from typing import Any

from powerflow.block import (
    DONE,
    DROP,
    ERROR,
    LOST,
    P_LOAD,
    P_SIDE,
    Q_LOAD,
    Q_SIDE,
    STATE,
    SWEEPS,
    UNFINISHED,
    W,
)
from powerflow.jit import vector_kernel
from powerflow.kernels import GREATEST_FALL, LEAST_GROWTH, PATIENCE
from powerflow.plan import (
    DROP_ELL,
    DROP_P,
    DROP_Q,
    JOINS,
    LEAF,
    SENDS_FIRST,
    SENDS_MORE,
    SHARE_I,
    SHARE_P,
    SHARE_Z,
    SHUNT_P,
    SHUNT_Q,
    R,
    X,
)
from powerflow.units import PER_KW, V_SOURCE
from powerflow.vector import (
    add,
    both,
    but_not,
    coefficient,
    div,
    either,
    fma,
    fnma,
    holds_any,
    less,
    load,
    mul,
    select,
    spread,
    store,
    vabs,
    vmax,
    vmin,
    vsqrt,
)

Array = Any

SLOPE, DP_SIDE, DQ_SIDE, P_NOMINAL, Q_NOMINAL, DP_LOAD, DQ_LOAD, N_ROWS = 6, 7, 8, 9, 10, 11, 12, 13
"""Further rows of a block's memory: slopes by a bus's own squared voltage, loads at nominal."""


@vector_kernel
def _load_at_voltage(shares: Array, scale: Array, memory: Array) -> None:
    """Write the loads, and their slopes, at the voltages that row W holds."""
    v, nominal = memory[W], load(scale, V_SOURCE)
    squared = mul(nominal, nominal)
    for k in range(len(shares)):
        v_pu = mul(vsqrt(load(v, k)), nominal)
        v_squared = mul(v_pu, v_pu)
        z, i, p = spread(shares[k, SHARE_Z]), spread(shares[k, SHARE_I]), spread(shares[k, SHARE_P])
        factor = fma(z, v_squared, fma(i, v_pu, p))
        # d V / d v = 1 / (2 V) in p.u. of the source.
        d_factor = mul(squared, add(z, div(mul(spread(0.5), i), v_pu)))
        for at_nominal, shunt, total, d_total in (
            (P_NOMINAL, SHUNT_P, P_LOAD, DP_LOAD),
            (Q_NOMINAL, SHUNT_Q, Q_LOAD, DQ_LOAD),
        ):
            own = load(memory[at_nominal], k)
            fixed = mul(spread(shares[k, shunt]), load(scale, PER_KW))
            store(memory[total], k, fma(own, factor, mul(fixed, v_squared)))
            store(memory[d_total], k, fma(own, d_factor, mul(fixed, squared)))


@vector_kernel
def newton_block(
    step: Array,
    parent: Array,
    table: Array,
    shares: Array,
    scale: Array,
    memory: Array,
    tally: Array,
    tol: float,
    limit: int,
) -> None:
    """Step until every lane is done or lost; as `sweep_block`, which it follows.

    Parameters
    ----------
    shares : (n_bus or 0, N_SHARE) array
        Empty when all loads are constant power; otherwise P_NOMINAL and Q_NOMINAL hold the loads
        at nominal voltage, and P_LOAD and Q_LOAD what they take on return.
    scale : (N_SCALE, LANES) array
        As `powerflow.units.kernel_scales`.
    """
    p_load, q_load, state = memory[P_LOAD], memory[Q_LOAD], memory[W]
    offset, slope = memory[DROP], memory[SLOPE]
    p_side, q_side, dp_side, dq_side = (
        memory[P_SIDE],
        memory[Q_SIDE],
        memory[DP_SIDE],
        memory[DQ_SIDE],
    )
    n_bus = len(parent)
    zero, half, one, two = spread(0.0), spread(0.5), spread(1.0), spread(2.0)
    # Row W holds v while the method runs.
    for k in range(n_bus):
        store(state, k, one)
    store(tally, ERROR, one)
    store(tally, SWEEPS, spread(float(limit)))
    store(tally, STATE, spread(UNFINISHED))
    before = one
    is_on = less(zero, one)
    for count in range(1, limit + 1):
        if len(shares) > 0:
            _load_at_voltage(shares, scale, memory)
        p, q, dp, dq, flattest = zero, zero, zero, zero, one
        for k in range(n_bus - 1, 0, -1):
            bits = step[k]
            if bits & LEAF:
                p, q, dp, dq = zero, zero, zero, zero
            p, q = add(p, load(p_load, k)), add(q, load(q_load, k))
            if len(shares) > 0:
                dp, dq = add(dp, load(memory[DP_LOAD], k)), add(dq, load(memory[DQ_LOAD], k))
            if bits & JOINS:
                p, q = add(p, load(p_side, k)), add(q, load(q_side, k))
                dp, dq = add(dp, load(dp_side, k)), add(dq, load(dq_side, k))
            r, x = coefficient(table, k, R), coefficient(table, k, X)
            r2, x2 = coefficient(table, k, DROP_P), coefficient(table, k, DROP_Q)
            z_squared = coefficient(table, k, DROP_ELL)
            v, above = load(state, k), parent[k]
            w = div(one, v)
            ell = mul(fma(q, q, mul(p, p)), w)
            d_ell = mul(fnma(one, ell, mul(two, fma(q, dq, mul(p, dp)))), w)
            # The parent's voltage that v needs, and how it grows with v.
            needed = add(v, fma(z_squared, ell, fma(x2, q, mul(r2, p))))
            growth = fma(z_squared, d_ell, fma(x2, dq, fma(r2, dp, one)))
            flattest = vmin(growth, flattest)
            if len(shares) > 0:
                growth = vmax(growth, spread(LEAST_GROWTH))
            back = div(one, growth)
            store(slope, k, back)
            store(offset, k, fnma(needed, back, v))
            # What is sent, moved to the parent's present voltage.
            moved = mul(fnma(one, needed, load(state, above)), back)
            dp, dq = fma(r, d_ell, dp), fma(x, d_ell, dq)
            p, q = fma(dp, moved, fma(r, ell, p)), fma(dq, moved, fma(x, ell, q))
            dp, dq = mul(dp, back), mul(dq, back)
            if bits & (SENDS_FIRST | SENDS_MORE):
                if bits & SENDS_MORE:
                    p, q = add(p, load(p_side, above)), add(q, load(q_side, above))
                    dp, dq = add(dp, load(dp_side, above)), add(dq, load(dq_side, above))
                store(p_side, above, p)
                store(q_side, above, q)
                store(dp_side, above, dp)
                store(dq_side, above, dq)
        if step[0] & JOINS:
            p, q = add(p, load(p_side, 0)), add(q, load(q_side, 0))
        v, change, lowest = one, zero, one
        for k in range(1, n_bus):
            if parent[k] != k - 1:
                v = load(state, parent[k])
            v = fma(load(slope, k), v, load(offset, k))
            old = load(state, k)
            if len(shares) > 0:
                v = vmax(mul(spread(GREATEST_FALL), old), v)
            change = vmax(vabs(fnma(one, old, v)), change)
            lowest = vmin(v, lowest)
            store(state, k, select(is_on, v, old))
        ratio = div(change, before)
        before = change
        error = mul(mul(half, change), vmin(one, mul(spread(4.0), ratio)))
        is_sane = both(less(zero, flattest), less(zero, lowest))
        # NaN anywhere below reaches the source's power, and every comparison with it is false.
        is_finite = less(add(vabs(p), vabs(q)), spread(1e300))
        is_sane = both(is_sane, is_finite)
        is_done = both(both(is_on, is_sane), less(error, spread(tol)))
        is_lost = but_not(is_on, is_sane)
        if len(shares) > 0 and count < PATIENCE:
            is_lost = but_not(is_on, is_finite)
        store(tally, ERROR, select(is_on, error, load(tally, ERROR)))
        store(tally, SWEEPS, select(is_on, spread(float(count)), load(tally, SWEEPS)))
        store(tally, STATE, select(is_done, spread(DONE), load(tally, STATE)))
        store(tally, STATE, select(is_lost, spread(LOST), load(tally, STATE)))
        is_on = but_not(is_on, either(is_done, is_lost))
        if not holds_any(is_on):
            break
    if len(shares) > 0:
        _load_at_voltage(shares, scale, memory)
    for k in range(n_bus):
        store(state, k, div(one, load(state, k)))
