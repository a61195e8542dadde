"""Owns the intervals: what losses and voltages can be, given what stands behind each branch.

Derivation: docs/certificate.md, section 3. Every rule drops part of an equality or inequality
that holds for each AC-feasible plan, so an interval is never too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from powerflow.jit import kernel
from problems.siting.certificate.case import Model

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """Hold bounds per branch: series losses `a` (active), `b` (reactive) and squared voltage `v`.

    Losses are those in and behind the branch, v belongs to the bus it enters; per unit, (n_bus,).
    """

    a_low: Floats
    a_high: Floats
    b_low: Floats
    b_high: Floats
    v_low: Floats
    v_high: Floats
    is_feasible: bool


_MARGIN = 1e-12
"""Widens every new bound (times 1/z in rules that divide by z), so that the rounding of one step
cannot grow through the many rounds of propagation."""

_SLACK = 1e-9
"""How far bounds must cross before a range counts as infeasible."""

Array: TypeAlias = Any
"""Arrays inside kernels: numba has no types for a checker to follow."""


@kernel
def _square_low(low: float, high: float) -> float:
    """Least square of a number in an interval."""
    if low > 0.0:
        return low * low
    if high < 0.0:
        return high * high
    return 0.0


@kernel
def _propagate(
    parent: Array,
    r: Array,
    x: Array,
    p_low: Array,
    p_high: Array,
    q_low: Array,
    q_high: Array,
    v_source: float,
    v_min: float,
    v_max: float,
    l_max: Array,
    loss_max: float,
    out: Array,
    max_round: int,
) -> bool:
    """Fill `out` (8, n_bus) and return False if no plan within the ranges can be feasible."""
    n_bus = parent.shape[0]
    a_low, a_high, b_low, b_high = out[0], out[1], out[2], out[3]
    v_low, v_high, l_low, l_high = out[4], out[5], out[6], out[7]
    a_rec_high = np.full(n_bus, np.inf)
    b_rec_high = np.full(n_bus, np.inf)
    a_cap = np.full(n_bus, np.inf)
    b_cap = np.full(n_bus, np.inf)
    for k in range(n_bus):
        l_low[k] = 0.0
        l_high[k] = l_max[k]
        v_low[k] = v_min
        v_high[k] = v_max
    v_low[0] = v_high[0] = v_source
    for _ in range(max_round):
        moved = 0.0
        for k in range(n_bus):
            a_low[k] = r[k] * l_low[k]
            b_low[k] = x[k] * l_low[k] if x[k] >= 0.0 else x[k] * l_high[k]
            a_rec_high[k] = 0.0
            b_rec_high[k] = 0.0
        for k in range(n_bus - 1, 0, -1):
            a_low[parent[k]] += a_low[k]
            b_low[parent[k]] += b_low[k]
        for k in range(n_bus - 1, 0, -1):
            own_high = r[k] * l_high[k] if r[k] > 0.0 else 0.0
            if a_rec_high[k] > a_cap[k]:
                a_rec_high[k] = a_cap[k]
            if b_rec_high[k] > b_cap[k]:
                b_rec_high[k] = b_cap[k]
            a_high[k] = a_rec_high[k] + own_high
            rest = loss_max - (a_low[0] - a_low[k])
            if rest < a_high[k]:
                a_high[k] = rest
            if x[k] > 0.0:
                b_high[k] = b_rec_high[k] + x[k] * l_high[k]
            else:
                b_high[k] = b_rec_high[k] + x[k] * l_low[k]
            a_rec_high[parent[k]] += a_high[k]
            b_rec_high[parent[k]] += b_high[k]
        a_high[0] = a_rec_high[0]
        b_high[0] = b_rec_high[0]
        for k in range(1, n_bus):
            p = parent[k]
            own_low = r[k] * l_low[k]
            b_own_low = x[k] * l_low[k] if x[k] >= 0.0 else x[k] * l_high[k]
            ps_low = p_low[k] + a_low[k]
            ps_high = p_high[k] + a_high[k]
            qs_low = q_low[k] + b_low[k]
            qs_high = q_high[k] + b_high[k]
            pr_low = ps_low - own_low
            pr_high = p_high[k] + min(a_rec_high[k], a_high[k])
            qr_low = qs_low - b_own_low
            qr_high = q_high[k] + b_rec_high[k]
            low = max(
                (_square_low(ps_low, ps_high) + _square_low(qs_low, qs_high)) / v_high[p],
                (_square_low(pr_low, pr_high) + _square_low(qr_low, qr_high)) / v_high[k],
            )
            low -= _MARGIN * (1.0 + low)
            if low > l_low[k]:
                l_low[k] = low
            high = (
                max(ps_low * ps_low, ps_high * ps_high) + max(qs_low * qs_low, qs_high * qs_high)
            ) / v_low[p]
            high_rec = (
                max(pr_low * pr_low, pr_high * pr_high) + max(qr_low * qr_low, qr_high * qr_high)
            ) / v_low[k]
            if high_rec < high:
                high = high_rec
            if r[k] > 0.0:
                by_loss = (a_high[k] - (a_low[k] - own_low) + _MARGIN) / r[k]
                if by_loss < high:
                    high = by_loss
            z2 = r[k] * r[k] + x[k] * x[k]
            x_low = x[k] * (qr_low if x[k] >= 0.0 else qr_high)
            x_high = x[k] * (qr_high if x[k] >= 0.0 else qr_low)
            drop = 2.0 * (r[k] * pr_low + x_low)
            room = v_high[p] - v_low[k] - drop + _MARGIN
            if z2 > 0.0 and room / z2 < high:
                high = room / z2
            high += _MARGIN * (1.0 + high)
            if high < l_high[k]:
                moved = max(moved, 1.0 if l_high[k] == np.inf else l_high[k] - high)
                l_high[k] = high
            if x[k] >= 0.0:
                # what is left of the drop after the net load is left for the losses behind
                room -= z2 * l_low[k]
                if r[k] > 0.0:
                    cap = room / (2.0 * r[k]) + (pr_low - p_low[k])
                    if cap < a_cap[k]:
                        a_cap[k] = cap
                if x[k] > 0.0:
                    cap = room / (2.0 * x[k]) + (qr_low - q_low[k])
                    if cap < b_cap[k]:
                        b_cap[k] = cap
            drop_low = drop + z2 * l_low[k] - _MARGIN
            drop_high = 2.0 * (r[k] * pr_high + x_high) + z2 * l_high[k] + _MARGIN
            if v_high[p] - drop_low < v_high[k]:
                moved = max(moved, min(1.0, v_high[k] - (v_high[p] - drop_low)))
                v_high[k] = v_high[p] - drop_low
            if v_low[p] - drop_high > v_low[k]:
                moved = max(moved, v_low[p] - drop_high - v_low[k])
                v_low[k] = v_low[p] - drop_high
            # the floor at a far bus lifts the buses on its way
            if v_low[k] + drop_low > v_low[p]:
                v_low[p] = v_low[k] + drop_low
            if v_high[k] + drop_high < v_high[p]:
                v_high[p] = v_high[k] + drop_high
            if v_low[k] > v_high[k] + _SLACK or v_low[p] > v_high[p] + _SLACK:
                return False
            if l_low[k] > l_high[k] + _SLACK * (1.0 + l_high[k]) or a_low[k] > a_high[k] + _SLACK:
                return False
        if moved < 1e-7:
            break
    return True


def propagate(
    model: Model,
    s_low: Floats,
    s_high: Floats,
    e_low: Floats,
    e_high: Floats,
    loss_max: float,
    max_round: int = 60,
) -> Intervals:
    """Return intervals of losses and voltages for every plan within the ranges.

    Parameters
    ----------
    model : Model
        The case per unit.
    s_low, s_high, e_low, e_high : (n_bus,) float array
        Capacitor power and number of free stations behind each branch.
    loss_max : float
        Losses of a plan worth finding; infinity when none is known.
    max_round : int
        Rounds of propagation; stopping early only leaves wider intervals.
    """
    n_bus = model.n_bus
    p_net, q_net = model.p.copy(), model.q.copy()
    for k in range(n_bus - 1, 0, -1):
        p_net[model.parent[k]] += p_net[k]
        q_net[model.parent[k]] += q_net[k]
    ends = np.stack([model.station * e_low, model.station * e_high])
    out = np.zeros((8, n_bus))
    is_feasible = _propagate(
        model.parent, model.r, model.x,
        p_net + ends.min(axis=0), p_net + ends.max(axis=0), q_net - s_high, q_net - s_low,
        model.v_source, model.v_min, model.v_max, model.l_max, loss_max,
        out, max_round,
    )  # fmt: skip
    return Intervals(out[0], out[1], out[2], out[3], out[4], out[5], bool(is_feasible))
