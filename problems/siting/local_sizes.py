"""Owns the loops that size banks on the local model: best sizes, and the promise of neighbors.

Arrays as in `problems.siting.local_kernels`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from powerflow.jit import kernel
from problems.siting.local_kernels import devices, excess_of, limited_of
from problems.siting.sizing import elastic_qp

Array: TypeAlias = Any
"""Arrays inside kernels: numba has no types for a checker to follow."""

N_PASS = 6
"""Passes of sequential quadratic programming; each starts from the last one's sizes."""
N_NEAR = 16
"""Limits held in one pass, the nearest ones."""
NEAR = 0.03
"""Only limits that are less than this from being reached, per unit of the limit, are held."""
DEAR = 1e5
"""Price of missing a limit by its own size, in units of the curvature of money by bank size."""
SETTLED = 1e-5
"""Sizes that move less than this (Mvar) in a pass are final."""
N_TURN = 8
"""Turns of coordinate descent on the sizes of a neighbor before it is ranked."""


@kernel
def refine(
    x: Array, n_station: int, n_bank: int, slope: Array, bend: Array, flow: Array, seen: Array,
    of_rest: Array, v_sending: Array, flow_0: Array, seen_0: Array, limit: Array, kind: Array,
    margin: float, q_min: float, q_max: float,
) -> tuple[Array, Array]:  # fmt: skip
    """Return the rows with the sizes of their banks where the model is best; arrays as above.

    Also returns what one unit of each limited quantity costs at the last row's optimum,
    (n_state, n_row), by the multipliers of the limits.
    """
    n_candidate = slope.shape[0] // 2
    refined = x.copy()
    push = np.zeros(seen_0.shape)
    for i in range(x.shape[0]):
        column, amount = devices(x[i], n_station, n_bank, n_candidate)
        if column.shape[0] > n_station:
            _refine_one(
                column, amount, n_station, slope, bend, flow, seen, of_rest, v_sending, flow_0,
                seen_0, limit, kind, margin, q_min, q_max, push,
            )  # fmt: skip
            at = n_station
            for j in range(n_station + n_bank, n_station + 2 * n_bank):
                if x[i, j] > 0.0:
                    refined[i, j] = 1e3 * amount[at]
                    at += 1
    return refined, push


@kernel
def _refine_one(
    column: Array, amount: Array, first: int, slope: Array, bend: Array, flow: Array, seen: Array,
    of_rest: Array, v_sending: Array, flow_0: Array, seen_0: Array, limit: Array, kind: Array,
    margin: float, q_min: float, q_max: float, push: Array,
) -> None:  # fmt: skip
    """Move the amounts from `first` on to the model's constrained optimum; fill `push`."""
    n_device, n_bus, n_state = column.shape[0], v_sending.shape[1], v_sending.shape[0]
    n = n_device - first
    scale = 0.0
    for a in range(first, n_device):
        scale = max(scale, bend[column[a], column[a]])
    if not scale > 0.0:
        scale = 1.0
    gradient, square = np.empty(n), np.empty((n, n))
    part, row = np.empty((n_state, 2, n_bus)), np.empty((n_state, seen_0.shape[1]))
    near, near_state = np.empty(N_NEAR, dtype=np.int64), np.empty(N_NEAR, dtype=np.int64)
    near_over = np.empty(N_NEAR)
    rows, right, answer = np.empty((n, N_NEAR)), np.empty(N_NEAR), np.zeros(N_NEAR)
    push[:] = 0.0
    for _ in range(N_PASS):
        n_near = 0
        for s in range(n_state):
            limited_of(
                column, amount, flow[s], seen[s], of_rest[s], v_sending[s], flow_0[s], seen_0[s],
                part[s], row[s],
            )  # fmt: skip
            for m in range(kind.shape[0]):
                over = excess_of(row[s, np.int64(limit[m, 0])], limit[m, 1], kind[m, 1] == 1)
                if over > -NEAR and (n_near < N_NEAR or over > near_over[n_near - 1]):
                    at = n_near if n_near < N_NEAR else N_NEAR - 1
                    while at > 0 and near_over[at - 1] < over:
                        near_over[at] = near_over[at - 1]
                        near[at], near_state[at] = near[at - 1], near_state[at - 1]
                        at -= 1
                    near_over[at], near[at], near_state[at] = over, m, s
                    n_near = min(n_near + 1, N_NEAR)
        # what curved limits add to the curvature of the objective, by the last multipliers
        bent = rest_price(push, of_rest)
        for a in range(n):
            c = column[first + a]
            gradient[a] = slope[c] / scale
            for j in range(n_device):
                gradient[a] += bend[c, column[j]] * amount[j] / scale
                if j >= first:
                    square[a, j - first] = bend[c, column[j]] / scale
                    square[a, j - first] += curved(c, column[j], bent, flow, v_sending) / scale
            for b in range(n):
                gradient[a] -= square[a, b] * amount[first + b]
        rows[:] = 0.0
        for h in range(n_near):
            watched = np.int64(limit[near[h], 0])
            for a in range(n):
                rows[a, h] = seen[near_state[h], column[first + a], watched]
        for s in range(n_state):
            for k in range(1, n_bus):
                for h in range(n_near):
                    answer[h] = 0.0
                    if near_state[h] == s:
                        answer[h] = of_rest[s, k, np.int64(limit[near[h], 0])]
                for a in range(n):
                    c = column[first + a]
                    by = part[s, 0, k] * flow[s, 0, c, k] + part[s, 1, k] * flow[s, 1, c, k]
                    by *= 2.0 / v_sending[s, k]
                    for h in range(N_NEAR):
                        rows[a, h] += by * answer[h]
        for h in range(n_near):
            m, s = near[h], near_state[h]
            sign = 0.5 / limit[m, 1] if kind[m, 1] == 1 else -0.5 / limit[m, 1]
            right[h] = sign * (limit[m, 1] - row[s, np.int64(limit[m, 0])]) + margin
            for a in range(n):
                rows[a, h] *= sign
                right[h] += rows[a, h] * amount[first + a]
        sizes, price = elastic_qp(
            square, gradient, rows[:, :n_near].T, right[:n_near], q_min, q_max, DEAR
        )
        moved = 0.0
        for a in range(n):
            moved = max(moved, abs(sizes[a] - amount[first + a]))
            amount[first + a] = sizes[a]
        push[:] = 0.0
        for h in range(n_near):
            if price[h] > 1e-9:
                m = near[h]
                sign = 0.5 / limit[m, 1] if kind[m, 1] == 1 else -0.5 / limit[m, 1]
                push[near_state[h], np.int64(limit[m, 0])] -= sign * price[h] * scale
        if moved < SETTLED:
            break


@kernel
def rest_price(push: Array, of_rest: Array) -> Array:
    """Return what one unit of each rest costs through the limits, (n_state, n_bus)."""
    price = np.zeros((of_rest.shape[0], of_rest.shape[1]))
    for s in range(push.shape[0]):
        for i in range(push.shape[1]):
            if push[s, i] != 0.0:
                for k in range(1, of_rest.shape[1]):
                    price[s, k] += push[s, i] * of_rest[s, k, i]
    return price


@kernel
def curved(i: int, j: int, price: Array, flow: Array, v_sending: Array) -> float:
    """Return the second derivative of priced rests by two columns."""
    total = 0.0
    for s in range(price.shape[0]):
        for k in range(1, price.shape[1]):
            if price[s, k] != 0.0:
                total += (
                    2.0 * price[s, k] / v_sending[s, k]
                    * (flow[s, 0, i, k] * flow[s, 0, j, k] + flow[s, 1, i, k] * flow[s, 1, j, k])
                )  # fmt: skip
    return total


@kernel
def promise(
    rows: Array, x: Array, n_station: int, n_bank: int, slope: Array, bend: Array, upkeep: float,
    land: Array, flow: Array, seen: Array, of_rest: Array, v_sending: Array, flow_0: Array,
    push: Array, q_min: float, q_max: float,
) -> Array:  # fmt: skip
    """Return about what each neighbor of x can be worth, limits priced as they are at x.

    Money plus priced limits (the Lagrangian at the multipliers of x) is a quadratic of which the
    sizes in their box are improved by `N_TURN` turns of coordinate descent. A constant is left
    out. A neighbor shares most devices with x, so their curvature is worked out once.
    """
    n_candidate = slope.shape[0] // 2
    n_column = 2 * n_candidate
    price = rest_price(push, of_rest)
    own, _ = devices(x, n_station, n_bank, n_candidate)
    place = np.full(n_column, -1)
    tilt, own_bend, diagonal = slope.copy(), np.empty((own.shape[0], n_column)), np.empty(n_column)
    for c in range(n_column):
        diagonal[c] = bend[c, c] + curved(c, c, price, flow, v_sending)
        for s in range(price.shape[0]):
            for i in range(push.shape[1]):
                tilt[c] += push[s, i] * seen[s, c, i]
            for k in range(1, price.shape[1]):
                tilt[c] += (
                    2.0 * price[s, k] / v_sending[s, k]
                    * (flow_0[s, 0, k] * flow[s, 0, c, k] + flow_0[s, 1, k] * flow[s, 1, c, k])
                )  # fmt: skip
    for i in range(own.shape[0]):
        place[own[i]] = i
        for c in range(n_column):
            own_bend[i, c] = bend[own[i], c] + curved(own[i], c, price, flow, v_sending)
    worth = np.empty(rows.shape[0])
    for at in range(rows.shape[0]):
        column, amount = devices(rows[at], n_station, n_bank, n_candidate)
        n = column.shape[0]
        square = np.empty((n, n))
        gradient = np.empty(n)
        for i in range(n):
            for j in range(n):
                if i == j:
                    square[i, i] = diagonal[column[i]]
                elif place[column[i]] >= 0:
                    square[i, j] = own_bend[place[column[i]], column[j]]
                elif place[column[j]] >= 0:
                    square[i, j] = own_bend[place[column[j]], column[i]]
                else:
                    square[i, j] = bend[column[i], column[j]]
                    square[i, j] += curved(column[i], column[j], price, flow, v_sending)
        for i in range(n):
            gradient[i] = tilt[column[i]]
            for j in range(n):
                gradient[i] += square[i, j] * amount[j]
        for _ in range(N_TURN):
            for i in range(n_station, n):
                if square[i, i] > 0.0:
                    size = min(max(amount[i] - gradient[i] / square[i, i], q_min), q_max)
                    for j in range(n):
                        gradient[j] += square[j, i] * (size - amount[i])
                    amount[i] = size
        worth[at] = upkeep * (n - n_station)
        for i in range(n_station, n):
            worth[at] += land[column[i] - n_candidate]
        for i in range(n):
            worth[at] += 0.5 * (gradient[i] + tilt[column[i]]) * amount[i]
    return worth
