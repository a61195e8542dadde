"""Owns how the local model of a siting problem is made: a differentiated flow a load state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from powerflow.units import S_BASE_KVA
from problems.siting.local_kernels import devices, hessian
from problems.siting.local_model import SitingModel
from problems.siting.local_task import SitingTask, watched_limits
from problems.siting.tangent import tangent

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def make_siting_model(task: SitingTask, x: Floats) -> SitingModel | None:
    """Return the model around the row x (n_var,); None where a load state has no power flow."""
    n_candidate = len(task.candidates)
    n_state = len(task.station_kw)
    column, amount = devices(x, task.n_station, task.n_bank, n_candidate)
    bus = task.candidates[column % n_candidate]
    is_station = column < n_candidate
    limit, kind, branches, n_con = watched_limits(task)
    constant, slope = task.usd_fixed, np.zeros(2 * n_candidate)
    bend = np.zeros((2 * n_candidate, 2 * n_candidate))
    kept = []
    for s in range(n_state):
        p_kw, q_kvar = task.base_p_kw[s].copy(), task.base_q_kvar[s].copy()
        np.add.at(p_kw, bus[is_station], task.station_kw[s])
        np.add.at(q_kvar, bus[~is_station], -S_BASE_KVA * amount[~is_station])
        at = tangent(task.feeder, p_kw, q_kvar)
        if at is None:
            return None
        station = task.station_kw[s] / S_BASE_KVA
        flow = np.stack([_columns(by, task.candidates, station) for by in (at.p_by, at.q_by)])
        seen = np.concatenate(
            [
                _columns(at.v_by, task.candidates, station),
                _columns(at.current_by, task.candidates, station)[:, branches],
            ],
            axis=1,
        )
        loss_by = _columns(at.loss_by[:, :, np.newaxis], task.candidates, station)[:, 0]
        usd = task.usd_per_loss_kw[s] * S_BASE_KVA
        bend_s = hessian(flow, at.loss_of_rest / at.v_sending)
        back = np.zeros(2 * n_candidate)
        flow_0, seen_0 = np.zeros_like(flow[:, 0]), np.concatenate([at.v, at.current[branches]])
        for c, a in zip(column, amount, strict=True):
            back += a * bend_s[c]
            flow_0 -= a * flow[:, c]
            seen_0 -= a * seen[c]
        constant += usd * (at.loss - task.base_loss_kw[s] / S_BASE_KVA)
        for c, a in zip(column, amount, strict=True):
            constant += usd * a * (0.5 * back[c] - loss_by[c])
        slope += usd * (loss_by - back)
        bend += usd * bend_s
        of_rest = np.concatenate([at.v_of_rest, at.current_of_rest[:, branches]], axis=1)
        kept.append((flow, seen, of_rest, at.v_sending, flow_0, seen_0))
    slope[:n_candidate] += task.land_station
    slope[n_candidate:] += S_BASE_KVA * task.usd_per_kvar
    flow, seen, of_rest, v_sending, flow_0, seen_0 = (
        np.stack(parts) for parts in zip(*kept, strict=True)
    )
    return SitingModel(
        task=task,
        constant=float(constant),
        slope=slope,
        bend=bend,
        flow=flow,
        seen=seen,
        of_rest=of_rest,
        v_sending=v_sending,
        flow_0=flow_0,
        seen_0=seen_0,
        limit=limit,
        kind=kind,
        n_con=n_con,
    )


def _columns(by: Floats, candidates: Ints, station: float) -> Floats:
    """Return derivatives by device columns: stations, then banks of one unit."""
    return np.concatenate([station * by[0, candidates], -by[1, candidates]])
