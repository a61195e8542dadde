"""Owns the DistFlow sweep on a block: LANES cases side by side, each frozen once it is done.

The state of a case is w = 1 / v (squared voltage) alone. A sweep goes up the tree with P and Q in
registers along the heavy chain, and down again with v; w follows v by one Newton step,
w (2 - v w), instead of a division. `powerflow.kernels.distflow_case` is the portable twin.
"""

from __future__ import annotations

from typing import Any

from powerflow.jit import vector_kernel
from powerflow.plan import (
    DAMP,
    DROP_ELL,
    DROP_P,
    DROP_Q,
    JOINS,
    LEAF,
    SENDS_FIRST,
    SENDS_MORE,
    START,
    R,
    X,
)
from powerflow.vector import (
    LANES,
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
    prefetch,
    select,
    spread,
    store,
    vabs,
    vmax,
    vmin,
)

Array = Any

P_LOAD, Q_LOAD, W, DROP, P_SIDE, Q_SIDE = 0, 1, 2, 3, 4, 5
"""Rows of a block's memory, each (n_bus, LANES); DROP ends as the squared currents."""

ERROR, SWEEPS, STATE = 0, 1, 2
LOSS_P, LOSS_Q, W_MAX, W_MIN, LOADING, LOAD_P, LOAD_Q, AT, N_TALLY = 3, 4, 5, 6, 7, 8, 9, 10, 11
"""Rows of a block's tally, each (LANES,)."""

LOST, DONE, UNFINISHED = 0.0, 1.0, 2.0
"""Values of STATE. A case that a sweep loses goes on to `powerflow.newton`."""

FASTEST_LOSS = 0.3
"""A case whose errors shrink by less than this factor a sweep is stressed and given up here."""


@vector_kernel
def sweep_block(
    step: Array,
    parent: Array,
    table: Array,
    memory: Array,
    tally: Array,
    tol: float,
    limit: int,
    streams: Array,
    ahead: int,
) -> None:
    """Sweep until every lane is done (its remaining error is below `tol`) or lost.

    With c the largest relative change of a voltage in this sweep and c' in the one before, the
    error left is near c (c / c') / (1 - c / c'); four times the first factor is taken to be safe,
    plus the c^2 that the Newton step for w leaves.
    """
    p_load, q_load, w = memory[P_LOAD], memory[Q_LOAD], memory[W]
    drop, p_side, q_side = memory[DROP], memory[P_SIDE], memory[Q_SIDE]
    n_bus = len(parent)
    zero, half, one = spread(0.0), spread(0.5), spread(1.0)
    for k in range(n_bus):
        store(w, k, coefficient(table, k, START))
    store(drop, 0, one)
    store(tally, ERROR, one)
    store(tally, SWEEPS, spread(float(limit)))
    store(tally, STATE, spread(LOST))
    before, ratio_before = zero, zero
    is_on = less(zero, one)
    for sweep in range(1, limit + 1):
        p, q = zero, zero
        for k in range(n_bus - 1, 0, -1):
            bits = step[k]
            if ahead >= 0:
                if sweep == 1:
                    prefetch(streams[0], ahead + k * LANES)
                elif sweep == 2:
                    prefetch(streams[1], ahead + k * LANES)
                elif sweep == 3:
                    prefetch(streams[2], ahead + k * LANES)
            if bits & LEAF:
                p, q = load(p_load, k), load(q_load, k)
            if bits & JOINS:
                p, q = add(p, load(p_side, k)), add(q, load(q_side, k))
            ell = mul(fma(q, q, mul(p, p)), load(w, k))
            linear = fma(coefficient(table, k, DROP_Q), q, mul(coefficient(table, k, DROP_P), p))
            store(drop, k, fma(coefficient(table, k, DROP_ELL), ell, linear))
            r, x = coefficient(table, k, R), coefficient(table, k, X)
            if bits & (SENDS_FIRST | SENDS_MORE):
                p, q = fma(r, ell, p), fma(x, ell, q)
                above = parent[k]
                if bits & SENDS_MORE:
                    p, q = add(p, load(p_side, above)), add(q, load(q_side, above))
                store(p_side, above, p)
                store(q_side, above, q)
            else:
                # The parent's own load joins here, off the path of ell.
                p, q = add(p, load(p_load, k - 1)), add(q, load(q_load, k - 1))
                p, q = fma(r, ell, p), fma(x, ell, q)
        if step[0] & JOINS:
            p, q = add(p, load(p_side, 0)), add(q, load(q_side, 0))
        v, change = one, zero
        for k in range(1, n_bus):
            if parent[k] != k - 1:
                v = load(drop, parent[k])
            old = load(w, k)
            damp = coefficient(table, k, DAMP)
            # v_parent - drop + damp (1 - (v_parent - drop) w), arranged for a short chain in v.
            weight = fnma(damp, old, one)
            v = fma(v, weight, fnma(load(drop, k), weight, damp))
            if step[k] & JOINS:
                store(drop, k, v)
            moved = fnma(v, old, one)
            store(w, k, select(is_on, fma(old, fma(moved, moved, moved), old), old))
            change = vmax(vabs(moved), change)
        if sweep == 1:
            before = fma(spread(2.0), change, spread(1e-300))
        ratio = div(change, before)
        before = change
        slowest = vmax(ratio, ratio_before)
        ratio_before = ratio
        error = mul(mul(half, change), fma(spread(4.0), slowest, mul(change, change)))
        # NaN anywhere below reaches the source's power, and every comparison with it is false.
        is_sane = both(less(change, half), less(add(vabs(p), vabs(q)), spread(1e300)))
        is_near = less(error, spread(tol))
        is_steady = less(ratio, spread(0.6))
        is_done = both(is_on, both(is_sane, both(is_near, is_steady)))
        store(tally, ERROR, select(is_on, error, load(tally, ERROR)))
        store(tally, SWEEPS, select(is_on, spread(float(sweep)), load(tally, SWEEPS)))
        store(tally, STATE, select(is_done, spread(DONE), load(tally, STATE)))
        is_slow = less(spread(FASTEST_LOSS if sweep > 2 else 1e300), ratio)
        is_on = but_not(both(is_on, is_sane), either(is_done, is_slow))
        if not holds_any(is_on):
            break


@vector_kernel
def measure_block(
    step: Array, parent: Array, table: Array, inverse_ampacity: Array, memory: Array, tally: Array
) -> None:
    """Go up the tree once more with the final voltages; write the tally and the currents.

    On return DROP holds the squared currents.
    """
    p_load, q_load, w = memory[P_LOAD], memory[Q_LOAD], memory[W]
    drop, p_side, q_side = memory[DROP], memory[P_SIDE], memory[Q_SIDE]
    zero = spread(0.0)
    loss_p, loss_q, load_p, load_q, loading = zero, zero, zero, zero, zero
    w_max, w_min, at = spread(1.0), spread(1.0), zero
    p, q = zero, zero
    for k in range(len(parent) - 1, 0, -1):
        bits = step[k]
        own_p, own_q = load(p_load, k), load(q_load, k)
        load_p, load_q = add(load_p, own_p), add(load_q, own_q)
        if bits & LEAF:
            p, q = own_p, own_q
        else:
            p, q = add(p, own_p), add(q, own_q)
        if bits & JOINS:
            p, q = add(p, load(p_side, k)), add(q, load(q_side, k))
        here = load(w, k)
        ell = mul(fma(q, q, mul(p, p)), here)
        store(drop, k, ell)
        r, x = coefficient(table, k, R), coefficient(table, k, X)
        loss_p, loss_q = fma(r, ell, loss_p), fma(x, ell, loss_q)
        loading = vmax(mul(spread(inverse_ampacity[k]), ell), loading)
        at = select(less(here, w_max), at, spread(float(k)))
        w_max, w_min = vmax(here, w_max), vmin(here, w_min)
        p, q = fma(r, ell, p), fma(x, ell, q)
        if bits & (SENDS_FIRST | SENDS_MORE):
            above = parent[k]
            if bits & SENDS_MORE:
                p, q = add(p, load(p_side, above)), add(q, load(q_side, above))
            store(p_side, above, p)
            store(q_side, above, q)
    store(drop, 0, zero)
    store(tally, LOSS_P, loss_p)
    store(tally, LOSS_Q, loss_q)
    store(tally, W_MAX, w_max)
    store(tally, W_MIN, w_min)
    store(tally, LOADING, loading)
    store(tally, LOAD_P, add(load_p, load(p_load, 0)))
    store(tally, LOAD_Q, add(load_q, load(q_load, 0)))
    store(tally, AT, select(less(spread(1.0), w_max), at, zero))
