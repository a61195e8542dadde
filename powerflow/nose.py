"""Owns the nose: the greatest factor of all loads for which a feeder has a power flow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from powerflow import units
from powerflow.feeder import Feeder
from powerflow.jit import kernel

#: A voltage has settled when a sweep moves its square by less than this.
_TOL_PU = 1e-10
_MAX_SWEEPS = 100_000


def nose_factor(feeder: Feeder, *, rel_tol: float = 1e-5) -> float:
    """Return the greatest factor by which all base loads can grow before no solution is left.

    Sweeps start from voltages that are too high and powers that are too low, and branches are
    solved one at a time in closed form (DistFlow). With loads, resistances and reactances that are
    not negative every sweep lowers all voltages, never below those of the solution. So the sweeps
    either settle on the solution or, in finite time, meet a branch that cannot carry its power;
    bisection between the two cases finds the nose.

    Cost is O(n_bus) a sweep, and about 1 / sqrt(rel_tol) sweeps in each of the last bisections.

    Parameters
    ----------
    feeder : Feeder
        Its loads, resistances and reactances must not be negative.
    rel_tol : float
        Width of the last bracket relative to the factor, at least 1e-8: nearer to the nose the
        sweeps are no longer told apart.

    Returns
    -------
    float
        The lower end of the bracket: a factor with a solution.

    Raises
    ------
    ValueError
        If a load, resistance or reactance is negative, or no load draws power through any
        impedance, so that there is no nose; or if `rel_tol` is out of its range.

    References
    ----------
    M. E. Baran and F. F. Wu, IEEE Trans. Power Delivery 4(1), 1989, 725-734 (DistFlow).

    Examples
    --------
    >>> from powerflow import load_feeder
    >>> print(f"{nose_factor(load_feeder('ieee33')):.2f}")
    3.62
    """
    if not 1e-8 <= rel_tol < 1.0:
        raise ValueError(f"rel_tol: expected 1e-8 <= rel_tol < 1, not {rel_tol}")
    base_kva = units.one_ohm_kva(feeder.base_kv * feeder.v_source_pu)
    load = np.array([feeder.p_kw, feeder.q_kvar]) / base_kva
    impedance = np.array([feeder.r_ohm, feeder.x_ohm])
    for name, column in (
        ("p_kw", load[0]),
        ("q_kvar", load[1]),
        ("r_ohm", impedance[0]),
        ("x_ohm", impedance[1]),
    ):
        if (column < 0.0).any():
            bus = feeder.bus_id[int(np.argmax(column < 0.0))]
            raise ValueError(f"{name}: the nose is found for values >= 0, not as at bus {bus}")
    need = _greatest_need(feeder.parent, impedance, load)
    high = 1.0 / need if need > 0.0 else math.inf
    if math.isinf(high):
        raise ValueError(f"feeder {feeder.name}: no load draws power through an impedance")
    v = np.ones(feeder.n_bus)
    trial = np.empty_like(v)
    power = np.empty_like(load)
    low = 0.0
    while high - low > rel_tol * low:
        factor = 0.5 * (low + high)
        trial[:] = v
        if _settles(feeder.parent, impedance, load * factor, trial, power, _TOL_PU, _MAX_SWEEPS):
            low = factor
            v[:] = trial
        else:
            high = factor
    return low


@kernel
def _greatest_need(parent: Any, impedance: Any, load: Any) -> float:
    """Return the greatest squared voltage that any branch needs at its sending end.

    A branch z carries S at factor k only if v_parent >= 2 k (r P + x Q + |z| |S|). Losses behind
    it are left out, so that 1 / need is a factor at or above the nose.
    """
    power = load.copy()
    need = 0.0
    for k in range(len(parent) - 1, 0, -1):
        r, x, p, q = impedance[0, k], impedance[1, k], power[0, k], power[1, k]
        power[0, parent[k]] += p
        power[1, parent[k]] += q
        need = max(need, 2.0 * (r * p + x * q + np.hypot(r, x) * np.hypot(p, q)))
    return need


@kernel
def _settles(
    parent: Any, impedance: Any, load: Any, v: Any, power: Any, tol: float, max_sweeps: int
) -> bool:
    """Sweep down from the squared voltages `v` and say whether there is a solution.

    `v` must not be below the solution, which it holds afterwards. All is per unit on the source
    voltage and one ohm.
    """
    r, x, p, q = impedance[0], impedance[1], power[0], power[1]
    n_bus = len(parent)
    for _ in range(max_sweeps):
        for k in range(n_bus):
            p[k] = load[0, k]
            q[k] = load[1, k]
        for k in range(n_bus - 1, 0, -1):
            squared = (p[k] * p[k] + q[k] * q[k]) / v[k]
            p[parent[k]] += p[k] + r[k] * squared
            q[parent[k]] += q[k] + x[k] * squared
        change = 0.0
        for k in range(1, n_bus):
            # v (v - v_parent + 2 (r P + x Q)) + (r^2 + x^2) (P^2 + Q^2) = 0, the upper root
            half = 0.5 * v[parent[k]] - r[k] * p[k] - x[k] * q[k]
            z_squared = r[k] * r[k] + x[k] * x[k]
            inside = half * half - z_squared * (p[k] * p[k] + q[k] * q[k])
            if not (half > 0.0 and inside >= 0.0):
                return False
            new = half + np.sqrt(inside)
            change = max(change, v[k] - new)
            v[k] = new
        if change <= tol:
            return True
    return False
