"""Owns the dynamic program over the tree: least cost through every state of every branch.

A state (e, k, m) of a branch says that e free stations and k banks of together ``k q_min + m step``
stand behind it. A bank has 0 to `width` steps, or those of `cells` if it names any. What a device
costs at its bus, `station_at` and `bank_at` (n_bus,), is counted where it is put. Derivation:
docs/certificate.md, section 2.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from powerflow.jit import kernel

Array: TypeAlias = Any
"""Arrays inside kernels: numba has no types for a checker to follow."""


@kernel
def _window_min(
    source: Array,
    s_low: int,
    s_high: int,
    target: Array,
    t_low: int,
    t_high: int,
    width: int,
    usd: float,
    queue: Array,
) -> None:
    """target[m] = min(target[m], source[m - t] + usd for t in 0..width); ranges are inclusive."""
    head = 0
    tail = 0
    nxt = max(s_low, t_low - width)
    for m in range(max(t_low, s_low), min(t_high, s_high + width) + 1):
        while nxt <= s_high and nxt <= m:
            value = source[nxt - s_low]
            while tail > head and source[queue[tail - 1] - s_low] >= value:
                tail -= 1
            queue[tail] = nxt
            tail += 1
            nxt += 1
        while queue[head] < m - width:
            head += 1
        value = source[queue[head] - s_low] + usd
        if value < target[m - t_low]:
            target[m - t_low] = value


@kernel
def _window_min_back(
    source: Array,
    s_low: int,
    s_high: int,
    target: Array,
    t_low: int,
    t_high: int,
    width: int,
    usd: float,
    queue: Array,
) -> None:
    """target[m] = min(target[m], source[m + t] + usd for t in 0..width); ranges are inclusive."""
    head = 0
    tail = 0
    nxt = min(s_high, t_high + width)
    for m in range(min(t_high, s_high), max(t_low, s_low - width) - 1, -1):
        while nxt >= s_low and nxt >= m:
            value = source[nxt - s_low]
            while tail > head and source[queue[tail - 1] - s_low] >= value:
                tail -= 1
            queue[tail] = nxt
            tail += 1
            nxt -= 1
        while queue[head] > m + width:
            head += 1
        value = source[queue[head] - s_low] + usd
        if value < target[m - t_low]:
            target[m - t_low] = value


@kernel
def inside(
    left: Array,
    right: Array,
    bus: Array,
    low: Array,
    high: Array,
    offset: Array,
    may_station: Array,
    may_bank: Array,
    station_at: Array,
    bank_at: Array,
    width: int,
    cells: Array,
    stage: Array,
    table: Array,
    queue: Array,
) -> None:
    """Fill `table` with the least cost behind each node (its branch included)."""
    n_node, n_e, n_k = low.shape
    table[:] = np.inf
    for n in range(n_node):
        a, b, j = left[n], right[n], bus[n]
        for e in range(n_e):
            for k in range(n_k):
                t_low, t_high = low[n, e, k], high[n, e, k]
                if t_low > t_high:
                    continue
                target = table[offset[n, e, k] : offset[n, e, k] + t_high - t_low + 1]
                if j < 0:
                    for ea in range(e + 1):
                        for ka in range(k + 1):
                            eb, kb = e - ea, k - ka
                            b_low, b_high = low[b, eb, kb], high[b, eb, kb]
                            if b_low > b_high:
                                continue
                            row = table[offset[b, eb, kb] : offset[b, eb, kb] + b_high - b_low + 1]
                            for ma in range(low[a, ea, ka], high[a, ea, ka] + 1):
                                value = table[offset[a, ea, ka] + ma - low[a, ea, ka]]
                                if value == np.inf:
                                    continue
                                part = target[ma + b_low - t_low :]
                                for i in range(row.shape[0]):
                                    part[i] = min(part[i], value + row[i])
                    continue
                for z in range(2):
                    if z > e or (z == 1 and not may_station[j]):
                        continue
                    usd = station_at[j] if z == 1 else 0.0
                    if a < 0:
                        if e == z and t_low == 0 and k == 0:
                            target[0] = usd
                        if e == z and k == 1 and may_bank[j]:
                            if cells.shape[0] == 0:
                                for m in range(t_low, min(t_high, width) + 1):
                                    target[m - t_low] = usd + bank_at[j]
                            for m in cells:
                                if t_low <= m <= t_high:
                                    target[m - t_low] = usd + bank_at[j]
                        continue
                    s_low, s_high = low[a, e - z, k], high[a, e - z, k]
                    at = offset[a, e - z, k]
                    for m in range(max(s_low, t_low), min(s_high, t_high) + 1):
                        target[m - t_low] = min(target[m - t_low], table[at + m - s_low] + usd)
                    if k > 0 and may_bank[j]:
                        s_low, s_high = low[a, e - z, k - 1], high[a, e - z, k - 1]
                        if s_low <= s_high:
                            at = offset[a, e - z, k - 1]
                            source = table[at : at + s_high - s_low + 1]
                            if cells.shape[0] == 0:
                                _window_min(
                                    source, s_low, s_high, target, t_low, t_high, width,
                                    usd + bank_at[j], queue,
                                )  # fmt: skip
                            for t in cells:
                                for m in range(max(t_low, s_low + t), min(t_high, s_high + t) + 1):
                                    value = source[m - t - s_low] + usd + bank_at[j]
                                    target[m - t_low] = min(target[m - t_low], value)
                for i in range(target.shape[0]):
                    target[i] += stage[offset[n, e, k] + i]


@kernel
def outside(
    left: Array,
    right: Array,
    bus: Array,
    low: Array,
    high: Array,
    offset: Array,
    may_station: Array,
    may_bank: Array,
    station_at: Array,
    bank_at: Array,
    width: int,
    cells: Array,
    stage: Array,
    table: Array,
    rest: Array,
    queue: Array,
) -> None:
    """Fill `rest` with the least cost of all that is not behind a node, per state of the node.

    The entries of the last node (the source) must hold its own costs; all others are overwritten.
    """
    n_node, n_e, n_k = low.shape
    root = offset[n_node - 1, 0, 0]
    rest[:root] = np.inf
    for n in range(n_node - 1, -1, -1):
        a, b, j = left[n], right[n], bus[n]
        if j >= 0 and a < 0:
            continue
        for e in range(n_e):
            for k in range(n_k):
                s_low, s_high = low[n, e, k], high[n, e, k]
                if s_low > s_high:
                    continue
                source = rest[offset[n, e, k] : offset[n, e, k] + s_high - s_low + 1]
                if j < 0:
                    for ea in range(e + 1):
                        for ka in range(k + 1):
                            eb, kb = e - ea, k - ka
                            b_low, b_high = low[b, eb, kb], high[b, eb, kb]
                            if b_low > b_high:
                                continue
                            at = offset[b, eb, kb]
                            row = table[at : at + b_high - b_low + 1]
                            row_rest = rest[at : at + b_high - b_low + 1]
                            for ma in range(low[a, ea, ka], high[a, ea, ka] + 1):
                                i_a = offset[a, ea, ka] + ma - low[a, ea, ka]
                                value = table[i_a]
                                if value == np.inf:
                                    continue
                                part = source[ma + b_low - s_low :]
                                best = rest[i_a]
                                for i in range(row.shape[0]):
                                    row_rest[i] = min(row_rest[i], value + part[i])
                                    best = min(best, row[i] + part[i])
                                rest[i_a] = best
                    continue
                # the branch's own cost belongs to the rest of whatever stands behind it
                for i in range(source.shape[0]):
                    source[i] += stage[offset[n, e, k] + i]
                for z in range(2):
                    if z > e or (z == 1 and not may_station[j]):
                        continue
                    usd = station_at[j] if z == 1 else 0.0
                    t_low, t_high = low[a, e - z, k], high[a, e - z, k]
                    at = offset[a, e - z, k]
                    for m in range(max(s_low, t_low), min(s_high, t_high) + 1):
                        rest[at + m - t_low] = min(rest[at + m - t_low], source[m - s_low] + usd)
                    if k > 0 and may_bank[j]:
                        t_low, t_high = low[a, e - z, k - 1], high[a, e - z, k - 1]
                        if t_low <= t_high:
                            at = offset[a, e - z, k - 1]
                            target = rest[at : at + t_high - t_low + 1]
                            if cells.shape[0] == 0:
                                _window_min_back(
                                    source, s_low, s_high, target, t_low, t_high, width,
                                    usd + bank_at[j], queue,
                                )  # fmt: skip
                            for t in cells:
                                for m in range(max(t_low, s_low - t), min(t_high, s_high - t) + 1):
                                    value = source[m + t - s_low] + usd + bank_at[j]
                                    target[m - t_low] = min(target[m - t_low], value)
                for i in range(source.shape[0]):
                    source[i] -= stage[offset[n, e, k] + i]
