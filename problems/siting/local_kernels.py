"""Owns the loops of the local siting model: predicted money and limits.

A device column is a station at a candidate bus or a bank of 1 Mvar there. `flow` (2, n_column,
n_bus) holds what each column adds to P - alpha v and Q - beta v of every branch, `seen`
(n_column, n_row) what it adds, to first order, to every limited quantity; stations are columns 0
to n_candidate - 1, banks follow. Squares of the branch columns over `v_sending` are the rests that
`of_rest` (n_bus, n_row) turns into the second-order part.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from powerflow.jit import kernel

Array: TypeAlias = Any
"""Arrays inside kernels: numba has no types for a checker to follow."""

NEGLIGIBLE = 1e-11
"""Rests below this (squared per unit) are left out of voltages and currents."""


@kernel
def hessian(flow: Array, weight: Array) -> Array:
    """Return sum_k 2 weight_k (p_ik p_jk + q_ik q_jk) of all columns i, j, in a fixed order."""
    n_column, n_bus = flow.shape[1], flow.shape[2]
    total = np.zeros((n_column, n_column))
    turned = np.empty((n_bus, n_column))
    for part in range(2):
        for i in range(n_column):
            for k in range(n_bus):
                turned[k, i] = flow[part, i, k]
        for i in range(n_column):
            for k in range(n_bus):
                scaled = 2.0 * weight[k] * flow[part, i, k]
                if scaled != 0.0:
                    for j in range(n_column):
                        total[i, j] += scaled * turned[k, j]
    return total


@kernel
def devices(x: Array, n_station: int, n_bank: int, n_candidate: int) -> tuple[Array, Array]:
    """Return device columns and amounts (1 for a station, Mvar for a bank) of a row that exist."""
    column = np.empty(n_station + n_bank, dtype=np.int64)
    amount = np.empty(n_station + n_bank)
    n = 0
    for j in range(n_station + n_bank):
        size = 1.0 if j < n_station else 1e-3 * x[j + n_bank]
        if size > 0.0:
            column[n] = np.int64(x[j]) + (0 if j < n_station else n_candidate)
            amount[n] = size
            n += 1
    return column[:n], amount[:n]


@kernel
def money_of(column: Array, amount: Array, constant: float, slope: Array, bend: Array) -> float:
    """Return the quadratic in the devices' amounts."""
    total = constant
    for i in range(column.shape[0]):
        total += slope[column[i]] * amount[i]
        for j in range(column.shape[0]):
            total += 0.5 * bend[column[i], column[j]] * amount[i] * amount[j]
    return total


@kernel
def limited_of(
    column: Array, amount: Array, flow: Array, seen: Array, of_rest: Array, v_sending: Array,
    flow_0: Array, seen_0: Array, part: Array, row: Array,
) -> None:  # fmt: skip
    """Fill branch columns `part` (2, n_bus) and limited quantities `row` (n_row) of one state."""
    part[:] = flow_0
    row[:] = seen_0
    for i in range(column.shape[0]):
        c, a = column[i], amount[i]
        for k in range(part.shape[1]):
            part[0, k] += a * flow[0, c, k]
            part[1, k] += a * flow[1, c, k]
        for k in range(row.shape[0]):
            row[k] += a * seen[c, k]
    for k in range(1, part.shape[1]):
        rest = (part[0, k] ** 2 + part[1, k] ** 2) / v_sending[k]
        if rest > NEGLIGIBLE:
            for i in range(row.shape[0]):
                row[i] += rest * of_rest[k, i]


@kernel
def excess_of(value: float, limit: float, is_floor: bool) -> float:
    """Return by how much a squared quantity exceeds its squared limit, per unit, unsquared."""
    ratio = float(np.sqrt(max(value, 0.0) / limit))
    return 1.0 - ratio if is_floor else ratio - 1.0


@kernel
def predict(
    x: Array, n_station: int, n_bank: int, constant: float, slope: Array, bend: Array,
    upkeep: float, land: Array, flow: Array, seen: Array, of_rest: Array, v_sending: Array,
    flow_0: Array, seen_0: Array, limit: Array, kind: Array, n_con: int,
) -> tuple[Array, Array]:  # fmt: skip
    """Return objective (n, 1) and constraints (n, n_con) of rows.

    A bank costs `upkeep` anywhere and `land` (n_candidate,) where it stands. `limit` (n_limit, 2)
    holds each limit's row of quantities and its square; `kind` (n_limit, 2) its constraint column
    and whether it is a floor. Leading axes of the others: load state.
    """
    n_candidate = slope.shape[0] // 2
    f, g = np.empty((x.shape[0], 1)), np.full((x.shape[0], n_con), -np.inf)
    part, row = np.empty((2, v_sending.shape[1])), np.empty(seen_0.shape[1])
    for i in range(x.shape[0]):
        column, amount = devices(x[i], n_station, n_bank, n_candidate)
        f[i, 0] = money_of(column, amount, constant, slope, bend)
        f[i, 0] += upkeep * (column.shape[0] - n_station)
        for b in range(n_station, column.shape[0]):
            f[i, 0] += land[column[b] - n_candidate]
        for s in range(v_sending.shape[0]):
            limited_of(
                column, amount, flow[s], seen[s], of_rest[s], v_sending[s], flow_0[s], seen_0[s],
                part, row,
            )  # fmt: skip
            for m in range(kind.shape[0]):
                over = excess_of(row[np.int64(limit[m, 0])], limit[m, 1], kind[m, 1] == 1)
                g[i, kind[m, 0]] = max(g[i, kind[m, 0]], over)
    return f, g
