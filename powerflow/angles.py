"""Owns voltage angles: they follow from the magnitudes and the loads, in one pass of the tree."""

from __future__ import annotations

from typing import Any

import numpy as np

from powerflow.jit import kernel
from powerflow.kernels import measure_currents
from powerflow.units import N_SCALE, PER_KW, V_SOURCE

Array = Any


@kernel
def angle_batch(
    parent: Array,
    branches: Array,
    shares: Array,
    p: Array,
    q: Array,
    scales: Array,
    first: int,
    last: int,
    v_pu: Array,
    angle_out: Array,
) -> None:
    """Write the angles in rad of cases `first` to `last` (excluded), the source's being 0.

    With P + jQ arriving at a bus, V_parent / V = 1 + (r + jx) (P - jQ) / v. Other arguments as in
    `powerflow.stream.stream_batch`.
    """
    n_bus = len(parent)
    nominal, load, work = np.empty((2, n_bus)), np.empty((2, n_bus)), np.empty((8, n_bus))
    scale = np.empty(N_SCALE)
    for case in range(first, last):
        for i in range(N_SCALE):
            scale[i] = scales[i, case if scales.shape[1] > 1 else 0]
        row = case if branches.shape[1] > 1 else 0
        r, x = branches[0, row], branches[1, row]
        p_row, q_row = p[case if len(p) > 1 else 0], q[case if len(q) > 1 else 0]
        for k in range(n_bus):
            nominal[0, k] = p_row[k] * scale[PER_KW]
            nominal[1, k] = q_row[k] * scale[PER_KW]
            work[0, k] = (v_pu[case, k] / scale[V_SOURCE]) ** 2
        measure_currents(parent, r, x, nominal, shares, scale, load, work)
        angle_out[case, 0] = 0.0
        for k in range(1, n_bus):
            across = x[k] * work[2, k] - r[k] * work[3, k]
            along = work[0, k] + r[k] * work[2, k] + x[k] * work[3, k]
            angle_out[case, k] = angle_out[case, parent[k]] - np.arctan2(across, along)
