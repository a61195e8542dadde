"""Owns our own side of the power flow race: both jobs, and what they cost beside the rates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmarks.peers.cases import Case, FloatArray, device_loads
from benchmarks.peers.contender import TOL_PU
from powerflow import PowerFlowResult, Score, power_flow, score

AGREEMENT_PU = 1e-7
"""Largest |V| by which two contenders may differ and still do the same job."""


def solve_voltages(case: Case, n_threads: int = 1) -> PowerFlowResult:
    """Return the voltages of every (case, bus): the peers' own job."""
    return power_flow(
        case.feeder,
        case.p_kw,
        case.q_kvar,
        tol_pu=TOL_PU,
        outputs=("v_pu",),
        n_threads=n_threads,
    )


def solve_siting(case: Case, n_threads: int = 1) -> Score:
    """Return losses, extreme voltages and greatest loading: the siting job."""
    return score(
        case.feeder,
        case.device_bus,
        case.device_p_kw,
        case.device_q_kvar,
        base_p_kw=case.state_p_kw,
        base_q_kvar=case.state_q_kvar,
        tol_pu=TOL_PU,
        n_threads=n_threads,
    )


class Check(NamedTuple):
    """Hold what was looked at before the clock starts."""

    v_pu: FloatArray
    deviation_pu: float
    voltage_iterations: float
    siting_iterations: float


def check(case: Case) -> Check:
    """Solve both jobs and compare the siting form with the loads spelled out.

    Returns
    -------
    Check
        ``v_pu`` of the voltages job, (n_case, n_bus); the largest difference of an extreme voltage
        of the siting job; and the sweeps that the mean power flow of either job takes.

    Raises
    ------
    RuntimeError
        If a power flow has no solution, or the two forms disagree: nothing is to be timed then.
    """
    voltages, siting = solve_voltages(case), solve_siting(case)
    if voltages.v_pu is None or not voltages.converged.all() or not siting.converged.all():
        raise RuntimeError(f"{case.name}: some power flows have no solution")
    p_kw, q_kvar = device_loads(case)
    spelled = power_flow(case.feeder, p_kw, q_kvar, tol_pu=TOL_PU, outputs=("v_min_pu", "v_max_pu"))
    assert spelled.v_min_pu is not None
    assert spelled.v_max_pu is not None
    deviation_pu = max(
        float(np.abs(siting.v_min_pu.ravel() - spelled.v_min_pu).max()),
        float(np.abs(siting.v_max_pu.ravel() - spelled.v_max_pu).max()),
    )
    if not deviation_pu < AGREEMENT_PU:
        raise RuntimeError(f"{case.name}: the siting form is {deviation_pu:.1e} p.u. off")
    return Check(
        voltages.v_pu,
        deviation_pu,
        float(voltages.iterations.mean()),
        float(siting.iterations.mean()),
    )
