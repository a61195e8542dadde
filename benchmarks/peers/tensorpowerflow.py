"""Owns the adapter of tensorpowerflow: its dense tensor method at its best chunk size."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import numpy as np

from benchmarks.clock import cpu_seconds
from benchmarks.peers.contender import (
    MAX_ITERATIONS,
    TOL_PU,
    Contender,
    FloatArray,
    Prepared,
)
from powerflow.feeder import Feeder

CHUNKS = (100, 200, 400, 1000, 2000)


def contenders() -> list[Contender]:
    """Return its one contender.

    Its sparse methods (hp-tensor) came to 1 % of this rate at 33 buses and 40 % at 1000, with
    either of its solvers, and are left out.
    """
    return [Contender("tensorpowerflow", _prepare)]


def _prepare(feeder: Feeder, p_kw: FloatArray, q_kvar: FloatArray) -> Prepared:
    import pandas as pd
    from tensorpowerflow import GridTensor

    if feeder.v_source_pu != 1.0:
        raise ValueError("its source voltage is fixed at 1 p.u.")
    bus = np.arange(1, feeder.n_bus + 1)
    nodes = pd.DataFrame(
        {
            "NODES": bus,
            "Tb": [1] + [0] * (feeder.n_bus - 1),
            "PD": feeder.p_kw,
            "QD": feeder.q_kvar,
            "Pct": 1.0,
            "Ict": 0.0,
            "Zct": 0.0,
        }
    )
    lines = pd.DataFrame(
        {
            "FROM": feeder.parent[1:] + 1,
            "TO": bus[1:],
            "R": feeder.r_ohm[1:],
            "X": feeder.x_ohm[1:],
            "B": 0.0,
            "STATUS": 1,
            "TAP": 1.0,
        }
    )
    with warnings.catch_warnings():
        # Its tensor method is NumPy alone either way; numba would compile the others for minutes.
        warnings.simplefilter("ignore")
        grid = GridTensor(
            node_file_path="",
            lines_file_path="",
            from_file=False,
            nodes_frame=nodes,
            lines_frame=lines,
            s_base=1000,
            v_base=feeder.base_kv,
            numba=False,
        )
    p, q = np.ascontiguousarray(p_kw[:, 1:]), np.ascontiguousarray(q_kvar[:, 1:])
    n_tried = min(len(p), max(CHUNKS))
    chunks = [size for size in CHUNKS if size <= n_tried] or [n_tried]
    if feeder.n_bus > 500:
        # One matrix product fills the caches whatever the chunk; trying would take minutes.
        chunks = chunks[-1:]
    tried = {n: cpu_seconds(partial(_solve, grid, p, q, n, n_tried)) for n in chunks}
    chunk = min(tried, key=lambda size: tried[size])
    return Prepared(partial(_solve, grid, p, q, chunk, len(p)), f"chunks of {chunk} cases")


def _solve(grid: Any, p: FloatArray, q: FloatArray, chunk: int, n_case: int) -> FloatArray:
    v_pu = np.ones((n_case, p.shape[1] + 1))
    for first in range(0, n_case, chunk):
        part = slice(first, min(first + chunk, n_case))
        answer = grid.run_pf_tensor(
            active_power=p[part],
            reactive_power=q[part],
            iterations=MAX_ITERATIONS,
            tolerance=TOL_PU,
        )
        np.abs(answer["v"], out=v_pu[part, 1:])
    return v_pu
