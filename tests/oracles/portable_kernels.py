"""Owns the portable kernels as plain Python, and one way to call them with a feeder."""

from __future__ import annotations

import importlib.util
from functools import cache
from types import ModuleType

import numpy as np
import pytest

import powerflow.kernels
from powerflow import jit, kernels, units
from powerflow.inputs import check_inputs
from powerflow.plan import N_SHARE


@cache
def plain_kernels() -> ModuleType:
    """Return `powerflow.kernels` with functions that no compiler has touched."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jit, "kernel", lambda function: function)
        spec = importlib.util.spec_from_file_location("plain_kernels", powerflow.kernels.__file__)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


def scales(feeder, v_source_pu=1.0):
    kv = feeder.base_kv * v_source_pu
    scale = np.empty(units.N_SCALE)
    scale[units.PER_KW] = 1.0 / units.one_ohm_kva(kv)
    scale[units.V_SOURCE] = v_source_pu
    scale[units.AMP] = units.one_ohm_a(kv)
    scale[units.KVA] = units.one_ohm_kva(kv)
    return scale


def nominal(feeder, scale):
    return np.array([feeder.p_kw, feeder.q_kvar]) * scale[units.PER_KW]


def run(feeder, method, shares=None, v_source_pu=1.0, tol=1e-13, limit=200):
    """Return the answer, the load (2, n_bus) and the work rows, which start as NaN."""
    scale = scales(feeder, v_source_pu)
    load, work = nominal(feeder, scale), np.full((8, feeder.n_bus), np.nan)
    branches = (feeder.parent, feeder.r_ohm, feeder.x_ohm)
    if method == "sweep":
        answer = plain_kernels().distflow_case(*branches, load, work, tol, limit)
    else:
        table = np.zeros((0, N_SHARE)) if shares is None else shares
        case = (*branches, load.copy(), table, scale)
        answer = plain_kernels().newton_case(*case, load, work, tol, limit)
    return answer, load, work


def solve(feeder, method, shares=None, v_source_pu=1.0, tol=1e-13, limit=200):
    """Return the answer, the voltages in p.u. and the currents in A."""
    answer, _, work = run(feeder, method, shares, v_source_pu, tol, limit)
    scale = scales(feeder, v_source_pu)
    with np.errstate(invalid="ignore"):  # a lost case leaves any number behind
        return answer, np.sqrt(work[0]) * v_source_pu, np.sqrt(work[1]) * scale[units.AMP]


def portable_flow(method, feeder, p_kw, q_kvar, tol_pu=1e-12, zip_shares=None, shunt_q_kvar=None):
    """Return voltages, currents and figures of the portable twin, case by case."""
    inputs = check_inputs(
        feeder, p_kw, q_kvar, None, None, None, None, zip_shares, None, shunt_q_kvar
    )
    r, x = inputs.branches[:, 0]
    scale = inputs.scales[:, 0]
    is_solved = np.zeros(inputs.n_case, dtype=bool)
    v, i = np.full((2, inputs.n_case, feeder.n_bus), np.nan)
    figures = np.full((len(kernels.FIGURES), inputs.n_case), np.nan)
    load, work = np.empty((2, feeder.n_bus)), np.zeros((8, feeder.n_bus))
    for case in range(inputs.n_case):
        nominal = np.array([inputs.p[case], inputs.q[case]]) * scale[units.PER_KW]
        if method == "sweep":
            status, _, _ = kernels.distflow_case(feeder.parent, r, x, nominal, work, tol_pu, 10_000)
            load[:] = nominal
        else:
            status, _, _ = kernels.newton_case(
                feeder.parent, r, x, nominal, inputs.shares, scale, load, work, tol_pu, 100
            )
        is_solved[case] = status == 0
        if not is_solved[case]:
            continue
        v[case] = np.sqrt(work[0]) * scale[units.V_SOURCE]
        i[case] = np.sqrt(work[1]) * scale[units.AMP]
        loss = np.array([r @ work[1], x @ work[1]]) * scale[units.KVA]
        loading = (100.0 * i[case] / feeder.ampacity_a)[1:].max()
        source = load.sum(axis=1) * scale[units.KVA] + loss
        figures[:, case] = [*loss, v[case].min(), v[case].max(), loading, *source]
    return is_solved, v, i, figures


def random_loads(feeder, n_case, seed, highest=2.0):
    rng = np.random.default_rng(seed)
    factor = rng.uniform(0.0, highest, (2, n_case, feeder.n_bus))
    return feeder.p_kw * factor[0], feeder.q_kvar * factor[1]
