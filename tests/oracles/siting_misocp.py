"""Owns the branch-flow MISOCP of siting (Farivar and Low 2013), solved by SCIP through cvxpy.

It shares no code and no idea with the certificate: binaries for places, cones for currents, a
branch-and-cut solver. Relaxing the cones only lowers the cost, so its bound is a bound as well;
where the cones are tight at its optimum the two must agree.
"""

from __future__ import annotations

import warnings

import cvxpy as cp
import numpy as np


def solve_misocp(case, *, gap=1e-5, limit_s=120.0):
    """Return (bound_usd, relaxed_npv_usd, cone_gap) of a case without steps in its sizes.

    `bound_usd` is SCIP's dual bound as an NPV, `relaxed_npv_usd` the NPV of its best relaxed
    plan, `cone_gap` the largest slack of a cone there, per unit.
    """
    assert case.kvar_step is None
    feeder = case.feeder
    n = feeder.n_bus
    z_base = feeder.base_kv**2
    r, x = feeder.r_ohm / z_base, feeder.x_ohm / z_base
    up = feeder.parent
    scale = 1e-5  # cost in 100,000 usd: one unit of everything is of the order of one

    p, q, square = cp.Variable(n), cp.Variable(n), cp.Variable(n, nonneg=True)
    v = cp.Variable(n)
    has_bank, has_station = cp.Variable(n, boolean=True), cp.Variable(n, boolean=True)
    size = cp.Variable(n, nonneg=True)
    rules = [
        v[0] == feeder.v_source_pu**2,
        p[0] == 0,
        q[0] == 0,
        square[0] == 0,
        v <= case.v_max_pu**2,
        v >= max(case.v_min_pu, 0.5) ** 2,
        size >= case.kvar_min / 1e3 * has_bank,
        size <= case.kvar_max / 1e3 * has_bank,
        has_bank <= np.where(case.allowed_bank_bus & (np.arange(n) > 0), 1.0, 0.0),
        cp.sum(has_bank) <= case.max_banks,
        cp.sum(has_station) == case.n_stations,
    ]
    if case.exactly:
        rules.append(cp.sum(has_bank) == case.max_banks)
    if case.station_buses is not None:
        fixed = np.zeros(n)
        fixed[list(case.station_buses)] = 1.0
        rules.append(has_station == fixed)
    else:
        rules.append(
            has_station <= np.where(case.allowed_station_bus & (np.arange(n) > 0), 1.0, 0.0)
        )
    for k in range(1, n):
        children = np.flatnonzero(up == k).tolist()
        p_out = sum((p[c] for c in children), 0.0)
        q_out = sum((q[c] for c in children), 0.0)
        load = feeder.p_kw[k] / 1e3 + case.station_kw / 1e3 * has_station[k]
        rules += [
            p[k] - r[k] * square[k] == load + p_out,
            q[k] - x[k] * square[k] == feeder.q_kvar[k] / 1e3 - size[k] + q_out,
            v[k]
            == v[up[k]] - 2 * (r[k] * p[k] + x[k] * q[k]) + (r[k] ** 2 + x[k] ** 2) * square[k],
            cp.SOC(v[up[k]] + square[k], cp.hstack([2 * p[k], 2 * q[k], v[up[k]] - square[k]])),
        ]
    cost = (
        case.usd_per_loss_kw * 1e3 * (r @ square)
        + case.usd_per_bank * cp.sum(has_bank)
        + case.usd_per_kvar * 1e3 * cp.sum(size)
    )
    problem = cp.Problem(cp.Minimize(scale * cost), rules)
    with warnings.catch_warnings():
        # a gap limit counts as inaccurate; the dual bound read below is what is compared
        warnings.simplefilter("ignore", UserWarning)
        problem.solve(
            solver=cp.SCIP,
            scip_params={"limits/gap": gap, "limits/time": limit_s, "numerics/feastol": 1e-8},
        )
    offset = case.constant_usd - case.n_stations * case.usd_per_station
    dual = problem.solver_stats.extra_stats["model"].getDualbound() / scale
    sending = v.value[np.maximum(up, 0)]
    cone_gap = np.abs(square.value * sending - p.value**2 - q.value**2)[1:].max()
    return offset - dual, offset - problem.value / scale, float(cone_gap)
