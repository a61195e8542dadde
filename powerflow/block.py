"""Owns the DistFlow sweep on a block: LANES cases side by side, each frozen once it is done.

The state of a case is w = 1 / v (squared voltage) alone. A sweep goes up the tree with P and Q in
registers along the heavy chain, and down again with v; w becomes w (1 + u + u^2), u = 1 - v w,
instead of a division. `powerflow.kernels.distflow_case` is the portable twin.
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
from powerflow.units import AMP, KVA, V_SOURCE
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
    vsqrt,
)

Array = Any

P_LOAD, Q_LOAD, W, DROP, P_SIDE, Q_SIDE = 0, 1, 2, 3, 4, 5
"""Rows of a block's memory, each (n_bus, LANES); DROP ends as the squared currents."""

ERROR, SWEEPS, STATE, AT, FIRST_FIGURE = 0, 1, 2, 3, 4
LOSS_P, LOSS_Q, V_MIN, V_MAX, LOADING, SOURCE_P, SOURCE_Q, N_TALLY = 4, 5, 6, 7, 8, 9, 10, 11
"""Rows of a block's tally, each (LANES,); from FIRST_FIGURE on as `powerflow.kernels.FIGURES`."""

LOST, DONE, UNFINISHED = 0.0, 1.0, 2.0
"""Values of STATE. A case that a sweep loses goes on to `powerflow.newton`."""

CAUTION = 24.0
"""How much worse than its last two sweeps a case is taken to go on; 12 is just too little."""

SLOWEST_RATIO = 0.1
"""A case whose changes do not shrink to this share in a sweep is stressed and given up here."""


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
    error left is near c (c / c'). CAUTION times that is taken to be safe, with the slower of the
    last two sweeps (where errors of both signs meet, a sweep looks better than the next), plus the
    c^3 that the step for w leaves. The first sweep counts as having halved the error.
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
        error = mul(mul(half, change), fma(spread(CAUTION), slowest, mul(change, change)))
        # NaN anywhere below reaches the source's power, and every comparison with it is false.
        is_sane = both(less(change, half), less(add(vabs(p), vabs(q)), spread(1e300)))
        is_near = less(error, spread(tol))
        is_steady = less(ratio, spread(0.6))
        is_done = both(is_on, both(is_sane, both(is_near, is_steady)))
        store(tally, ERROR, select(is_on, error, load(tally, ERROR)))
        store(tally, SWEEPS, select(is_on, spread(float(sweep)), load(tally, SWEEPS)))
        store(tally, STATE, select(is_done, spread(DONE), load(tally, STATE)))
        is_slow = less(spread(SLOWEST_RATIO if sweep > 2 else 1e300), ratio)
        is_on = but_not(both(is_on, is_sane), either(is_done, is_slow))
        if not holds_any(is_on):
            break


@vector_kernel
def measure_block(
    step: Array,
    parent: Array,
    table: Array,
    inverse_ampacity: Array,
    scale: Array,
    memory: Array,
    tally: Array,
    is_full: bool,
) -> None:
    """Go up the tree once more with the final voltages and write the figures of the tally.

    Parameters
    ----------
    inverse_ampacity : (n_bus or 0,) array
        1 / ampacity_a^2, 0 where unknown; empty when no ampacity is known.
    scale : (N_SCALE, LANES) array
        As `powerflow.units.kernel_scales`.
    is_full : bool
        Whether the bus with the lowest voltage, the source's power and, in row DROP, the squared
        currents are wanted too.
    """
    p_load, q_load, w = memory[P_LOAD], memory[Q_LOAD], memory[W]
    drop, p_side, q_side = memory[DROP], memory[P_SIDE], memory[Q_SIDE]
    zero, one = spread(0.0), spread(1.0)
    loss_p, loss_q, load_p, load_q, loading, at = zero, zero, zero, zero, zero, zero
    w_max, w_min = one, one
    p, q = zero, zero
    for k in range(len(parent) - 1, 0, -1):
        bits = step[k]
        own_p, own_q = load(p_load, k), load(q_load, k)
        if bits & LEAF:
            p, q = own_p, own_q
        else:
            p, q = add(p, own_p), add(q, own_q)
        if bits & JOINS:
            p, q = add(p, load(p_side, k)), add(q, load(q_side, k))
        here = load(w, k)
        ell = mul(fma(q, q, mul(p, p)), here)
        r, x = coefficient(table, k, R), coefficient(table, k, X)
        loss_p, loss_q = fma(r, ell, loss_p), fma(x, ell, loss_q)
        p, q = fma(r, ell, p), fma(x, ell, q)
        if is_full:
            store(drop, k, ell)
            load_p, load_q = add(load_p, own_p), add(load_q, own_q)
            at = select(less(here, w_max), at, spread(float(k)))
        if len(inverse_ampacity) > 0:
            loading = vmax(mul(spread(inverse_ampacity[k]), ell), loading)
        w_max, w_min = vmax(here, w_max), vmin(here, w_min)
        if bits & (SENDS_FIRST | SENDS_MORE):
            above = parent[k]
            if bits & SENDS_MORE:
                p, q = add(p, load(p_side, above)), add(q, load(q_side, above))
            store(p_side, above, p)
            store(q_side, above, q)
    store(drop, 0, zero)
    kva, v_source = load(scale, KVA), load(scale, V_SOURCE)
    percent = mul(spread(100.0), load(scale, AMP))
    source_p = add(add(load_p, load(p_load, 0)), loss_p)
    source_q = add(add(load_q, load(q_load, 0)), loss_q)
    store(tally, AT, select(less(one, w_max), at, zero))
    store(tally, LOSS_P, mul(loss_p, kva))
    store(tally, LOSS_Q, mul(loss_q, kva))
    store(tally, V_MIN, div(v_source, vsqrt(w_max)))
    store(tally, V_MAX, div(v_source, vsqrt(w_min)))
    store(tally, LOADING, mul(percent, vsqrt(loading)))
    store(tally, SOURCE_P, mul(source_p, kva))
    store(tally, SOURCE_Q, mul(source_q, kva))
