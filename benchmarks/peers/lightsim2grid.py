"""Owns the adapter of lightsim2grid: its batch solvers, chained and not, full Newton and chord."""

from __future__ import annotations

import warnings
from functools import partial
from itertools import product

import numpy as np

from benchmarks.peers.contender import (
    MAX_ITERATIONS,
    TOL_PU,
    Contender,
    FloatArray,
    Prepared,
)
from powerflow.feeder import Feeder
from powerflow.writers.pandapower import to_pandapower

BATCHES = ("TimeSeries", "InjectionSweep")
"""Each case starts from the last one's voltages, or all from the base case's."""

REFACTOR = ("AlwaysRefactor", "Chord")
"""A Jacobian for every step, or one for all steps of a case."""


def contenders() -> list[Contender]:
    """Return one contender a batch solver and refactorization policy."""
    return [
        Contender(f"lightsim2grid {batch} {policy}", partial(_prepare, batch=batch, policy=policy))
        for batch, policy in product(BATCHES, REFACTOR)
    ]


def _prepare(
    feeder: Feeder, p_kw: FloatArray, q_kvar: FloatArray, *, batch: str, policy: str
) -> Prepared:
    with warnings.catch_warnings():
        # It says that it makes a generator of pandapower's external grid: that is what we want.
        warnings.simplefilter("ignore")
        import lightsim2grid.lightsim2grid_cpp as cpp
        from lightsim2grid.network import init_from_pandapower

        grid = init_from_pandapower(to_pandapower(feeder))
    solver = getattr(cpp, f"{batch}CPP")(grid)
    known = solver.available_default_algorithms()
    # The Newton method for a single slack bus; KLU is several times faster than SparseLU.
    fastest = cpp.AlgorithmType.NRSing_KLU
    solver.change_algorithm(fastest if fastest in known else cpp.AlgorithmType.NRSing_SparseLU)
    config = solver.get_algo_config()
    numbers = list(config.int_params)
    numbers[1] = int(getattr(cpp.RefactorPolicyType, policy))
    config.int_params = numbers
    solver.set_algo_config(config)
    p_mw, q_mvar = p_kw / 1e3, q_kvar / 1e3
    flat = np.full(grid.total_bus(), feeder.v_source_pu, dtype=np.complex128)

    def solve() -> FloatArray:
        solver.clear()
        # From the base case, which it solves first: faster than from a flat start for both.
        solver.init_from_n_powerflow = True
        solver.modify_load_p(p_mw)
        solver.modify_load_q(q_mvar)
        solver.compute(flat, MAX_ITERATIONS, TOL_PU)
        v_pu: FloatArray = np.abs(solver.get_voltages())
        return v_pu[:, : feeder.n_bus]

    return Prepared(solve)
