"""Owns the portable kernels as plain Python, and one way to call them with a feeder."""

from __future__ import annotations

import importlib.util
from functools import cache
from types import ModuleType

import numpy as np
import pytest

import powerflow.kernels
from powerflow import jit, units
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
