"""Owns Newton's step on a tree with every derivative by a complex step, to judge the fast one by.

A complex step reads the derivative of an analytic function off its imaginary part, exact to
rounding, so that no formula of a derivative is written here.
"""

from __future__ import annotations

import numpy as np

H = 1e-40


def newton_step(parent, r, x, load_of, v, least_growth=-np.inf, greatest_fall=-np.inf):
    """Return the squared voltages after one step from `v`, all per unit of the source.

    `load_of(k, v_k)` gives a bus's active and reactive load at its squared voltage. A branch's
    slope is taken as at least `least_growth`, a voltage as at least `greatest_fall` of the old.
    """
    n_bus = len(v)
    sent = [[] for _ in range(n_bus)]  # what each child draws: power and slope by this bus's v
    guess, back = np.zeros(n_bus), np.zeros(n_bus)
    for k in range(n_bus - 1, 0, -1):
        here = v[k] + 1j * H
        p, q = load_of(k, here)
        for (p_child, q_child), (dp_child, dq_child) in sent[k]:
            p = p + p_child + dp_child * (here - v[k])
            q = q + q_child + dq_child * (here - v[k])
        ell = (p * p + q * q) / here
        above = here + 2.0 * (r[k] * p + x[k] * q) + (r[k] ** 2 + x[k] ** 2) * ell
        growth = max(above.imag / H, least_growth)
        moved = (v[parent[k]] - above.real) / growth
        powers = np.array([p + r[k] * ell, q + x[k] * ell])
        slopes = powers.imag / H
        sent[parent[k]].append((powers.real + slopes * moved, slopes / growth))
        guess[k], back[k] = v[k] - above.real / growth, 1.0 / growth
    new = np.ones(n_bus)
    for k in range(1, n_bus):
        new[k] = max(guess[k] + back[k] * new[parent[k]], greatest_fall * v[k])
    return new


def newton_steps(parent, r, x, load_of, steps, **holds):
    """Return the squared voltages of a flat start and after each of some steps."""
    found = [np.ones(len(parent))]
    for _ in range(steps):
        found.append(newton_step(parent, r, x, load_of, found[-1], **holds))
    return np.array(found)


def loads_by_voltage(nominal, shares, v_source_pu, shunt):
    """Return `load_of` for loads (2, n_bus) by (z, i, p) shares and a shunt of p + jq at 1 p.u."""
    z, i, p = shares

    def load_of(k, v_k):
        v_pu = np.sqrt(v_k) * v_source_pu
        factor = z * v_pu * v_pu + i * v_pu + p
        return tuple(
            nominal[row, k] * factor + part * v_pu * v_pu
            for row, part in enumerate((shunt.real, shunt.imag))
        )

    return load_of
