"""Owns small convex quadratic programs with elastic rows: the sizes of banks on a local model."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from powerflow.jit import kernel

Array: TypeAlias = Any
"""Arrays inside kernels: numba has no types for a checker to follow."""

_MAX_STEP = 60
_CLOSE = 1e-12
_SHORT = 0.3


@kernel
def _factor(a: Array) -> bool:
    """Replace the lower triangle of a by its Cholesky factor; False if a is not positive."""
    n = a.shape[0]
    for i in range(n):
        for j in range(i + 1):
            total = a[i, j]
            for k in range(j):
                total -= a[i, k] * a[j, k]
            if i > j:
                a[i, j] = total / a[j, j]
            elif total > 0.0:
                a[i, i] = np.sqrt(total)
            else:
                return False
    return True


@kernel
def _substitute(factor: Array, b: Array) -> None:
    """Replace b by the solution of the factored system."""
    n = b.shape[0]
    for i in range(n):
        for k in range(i):
            b[i] -= factor[i, k] * b[k]
        b[i] /= factor[i, i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            b[i] -= factor[k, i] * b[k]
        b[i] /= factor[i, i]


@kernel
def elastic_qp(
    hessian: Array, gradient: Array, rows: Array, right: Array, lower: float, upper: float,
    dear: float,
) -> tuple[Array, Array]:  # fmt: skip
    """Minimize half x'Hx + c'x + dear * t subject to rows @ x + t >= right, t >= 0, box.

    Assumes a positive semidefinite Hessian, figures of order one and lower < upper. One slack t
    serves all rows, so that rows that cannot be met together leave the least largest miss.
    Mehrotra's predictor-corrector method; O(n_row n^2 + n^3) a step.

    Parameters
    ----------
    hessian : (n, n) float array
    gradient : (n,) float array
    rows : (n_row, n) float array
    right : (n_row,) float array
    lower, upper : float
        Box of every variable.
    dear : float
        Price of a unit of t.

    Returns
    -------
    (n,) float array
        Minimizer; exact to rounding where the method converged, inside the box always.
    (n_row,) float array
        Multipliers of the rows.

    References
    ----------
    S. Mehrotra, SIAM Journal on Optimization 2 (1992) 575-601.
    """
    n, n_row = gradient.shape[0], right.shape[0]
    has_t = n_row > 0
    n_z = n + 1 if has_t else n
    n_all = n_row + 2 * n + (1 if has_t else 0)
    a = np.zeros((n_all, n_z))
    b = np.zeros(n_all)
    a[:n_row, :n] = rows
    b[:n_row] = right
    for i in range(n):
        a[n_row + 2 * i, i], b[n_row + 2 * i] = 1.0, lower
        a[n_row + 2 * i + 1, i], b[n_row + 2 * i + 1] = -1.0, -upper
    h = np.zeros((n_z, n_z))
    h[:n, :n] = hessian
    c = np.zeros(n_z)
    c[:n] = gradient
    z = np.full(n_z, 0.5 * (lower + upper))
    if has_t:
        a[:n_row, n] = 1.0
        a[n_all - 1, n] = 1.0
        c[n] = dear
        worst = 0.0
        for i in range(n_row):
            miss = right[i]
            for j in range(n):
                miss -= rows[i, j] * z[j]
            worst = max(worst, miss)
        z[n] = worst + 1.0
    for i in range(n_z):
        h[i, i] += 1e-12
    slack, price = np.empty(n_all), np.empty(n_all)
    room, matrix = np.empty(n_all), np.empty((n_z, n_z))
    step, right_z = np.empty(n_z), np.empty(n_z)
    d_slack, d_price, aim = np.empty(n_all), np.empty(n_all), np.empty(n_all)
    _set_room(a, b, z, room)
    for i in range(n_all):
        slack[i] = max(room[i], 1e-3)
        # the prices of what t loosens add up to the price of t: a start near the central path
        is_loosened = has_t and (i < n_row or i == n_all - 1)
        price[i] = dear / (n_row + 1) if is_loosened else 1.0
    for _ in range(_MAX_STEP):
        gap, off = 0.0, 0.0
        for i in range(n_all):
            gap += slack[i] * price[i] / n_all
            off = max(off, abs(slack[i] - room[i]))
        for j in range(n_z):
            right_z[j] = -c[j]
            for i in range(n_z):
                right_z[j] -= h[j, i] * z[i]
            for i in range(n_all):
                right_z[j] += a[i, j] * price[i]
            off = max(off, abs(right_z[j]) / (1.0 + abs(c[j])))
        if gap < _CLOSE and off < 1e-9:
            break
        matrix[:] = h
        for k in range(n_all):
            stiff = price[k] / slack[k]
            for i in range(n_z):
                if a[k, i] != 0.0:
                    for j in range(i + 1):
                        matrix[i, j] += stiff * a[k, i] * a[k, j]
        if not _factor(matrix):  # rounding has the last word; NaN ends here as well
            break
        # the predictor aims at complementarity, and how far it gets sets the corrector's aim
        for k in range(n_all):
            aim[k] = -slack[k] * price[k]
        far = _direction(a, matrix, right_z, room, slack, price, aim, step, d_slack, d_price)
        after = 0.0
        for k in range(n_all):
            after += (slack[k] + far * d_slack[k]) * (price[k] + far * d_price[k]) / n_all
        center = gap * (after / gap) ** 3
        for k in range(n_all):
            aim[k] = center - slack[k] * price[k] - d_slack[k] * d_price[k]
        far = _direction(a, matrix, right_z, room, slack, price, aim, step, d_slack, d_price)
        if far < _SHORT:  # a correction that blocks itself may do so forever
            for k in range(n_all):
                aim[k] = 0.3 * gap - slack[k] * price[k]
            far = _direction(a, matrix, right_z, room, slack, price, aim, step, d_slack, d_price)
        far = 0.995 * far if far < 1.0 else 1.0
        is_finite = np.isfinite(far)
        for j in range(n_z):
            is_finite = is_finite and np.isfinite(step[j])
        if not is_finite:
            break
        for j in range(n_z):
            z[j] += far * step[j]
        for k in range(n_all):
            slack[k] += far * d_slack[k]
            price[k] += far * d_price[k]
        _set_room(a, b, z, room)
    x = np.empty(n)
    for i in range(n):
        x[i] = min(max(z[i], lower), upper)
    return x, price[:n_row].copy()


@kernel
def _set_room(a: Array, b: Array, z: Array, room: Array) -> None:
    """Fill what each row leaves: a z - b."""
    for i in range(b.shape[0]):
        room[i] = -b[i]
        for j in range(z.shape[0]):
            room[i] += a[i, j] * z[j]


@kernel
def _direction(
    a: Array, factor: Array, right_z: Array, room: Array, slack: Array, price: Array, aim: Array,
    step: Array, d_slack: Array, d_price: Array,
) -> float:  # fmt: skip
    """Fill the Newton direction for an aim of slack times price; return the share that fits."""
    for j in range(step.shape[0]):
        step[j] = right_z[j]
        for k in range(aim.shape[0]):
            step[j] += a[k, j] * (aim[k] + price[k] * (slack[k] - room[k])) / slack[k]
    _substitute(factor, step)
    far = 1.0
    for k in range(aim.shape[0]):
        d_slack[k] = room[k] - slack[k]
        for j in range(step.shape[0]):
            d_slack[k] += a[k, j] * step[j]
        d_price[k] = (aim[k] - price[k] * d_slack[k]) / slack[k]
        if d_slack[k] < 0.0:
            far = min(far, -slack[k] / d_slack[k])
        if d_price[k] < 0.0:
            far = min(far, -price[k] / d_price[k])
    return far
