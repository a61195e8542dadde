"""Owns the operation of a finished plan: every scenario of every stage dispatched."""

from __future__ import annotations

from collections.abc import Sequence

import cvxpy as cp
import numpy as np
from joblib import Parallel, delayed

from powerflow.units import S_BASE_KVA
from problems.conic.network import Network
from problems.conic.recheck import AC_TOL
from problems.staged.clock import timed
from problems.staged.day import Day, read_day
from problems.staged.dispatch import build_stage
from problems.staged.retry import solve_steadily
from problems.staged.scenarios import Scenario, ScenarioSet
from problems.staged.solving import stage_scheme
from problems.staged.state import Bits, StageModel


def operate(
    model: StageModel,
    chain: Sequence[Bits],
    capacity: Sequence[dict[str, list[float]]],
    seen: ScenarioSet,
    n_jobs: int = 1,
) -> tuple[list[Day], float]:
    """Dispatch every scenario of every stage with what is built, and recheck it by AC power flow.

    Parameters
    ----------
    model : StageModel
    chain : sequence of Bits
        Discrete investments present in each stage.
    capacity : sequence of dict
        Capacities present in each stage, as of `StateResult`.
    seen : ScenarioSet
    n_jobs : int

    Returns
    -------
    days : list of Day
    cpu_s : float
        Processor time of all workers.
    """
    tasks = [
        (model, k, bits, capacity[k], scenario, float(weight))
        for k, bits in enumerate(chain)
        for scenario, weight in zip(seen.scenarios, seen.weight, strict=True)
    ]
    run = Parallel(n_jobs=n_jobs)
    found = list(run(delayed(timed)(operate_day, *task) for task in tasks))
    return [day for day, _ in found], sum(cpu_s for _, cpu_s in found)


def operate_day(
    model: StageModel,
    k_stage: int,
    bits: Bits,
    capacity: dict[str, list[float]],
    scenario: Scenario,
    probability: float,
) -> Day:
    """Dispatch one scenario; a failure of the solver is a status.

    Where AC power flow finds a limit exceeded, the relaxation has burned PV as losses that do not
    exist, for a kWh lost costs less than a kWh curtailed. It is then dispatched again with losses
    steered by the price of curtailment; what the day costs stays at its own prices.
    """
    day = _dispatched(model, k_stage, bits, capacity, scenario, probability)
    if day.status != "optimal" or (day.violation is not None and day.violation <= AC_TOL):
        return day
    tight = _dispatched(model, k_stage, bits, capacity, scenario, probability, is_tight=True)
    is_better = tight.violation is not None and (
        day.violation is None or tight.violation < day.violation
    )
    return tight if is_better else day


def _dispatched(
    model: StageModel,
    k_stage: int,
    bits: Bits,
    capacity: dict[str, list[float]],
    scenario: Scenario,
    probability: float,
    is_tight: bool = False,
) -> Day:
    study = model.study
    present = np.array(bits, dtype=np.float64)
    flexibility = model.flexibility(k_stage)
    network = Network.of(study.with_segments(present[: model.n_segment] > 0.5))
    rating = float(model.rating_mva(present))
    program = build_stage(
        study,
        k_stage,
        ScenarioSet((scenario,), np.ones(1)),
        stage_scheme(flexibility),
        network,
        rating,
        present[model.steps.stop :],
        sizes={name: np.array(sizes) for name, sizes in capacity.items()},
    )
    daily = sum(program.terms.values())
    if is_tight:
        prices = study.data.prices
        more = max(prices.curtailment_per_kwh - prices.loss_per_kwh, 0.0)
        daily = daily + S_BASE_KVA * more * program.energy["loss"]
    outcome = solve_steadily(cp.Problem(cp.Minimize(daily / 1000.0), program.all_rows()))
    if outcome.value is None or outcome.status != "optimal":
        empty = np.full(24, np.nan)
        grid = np.full((24, study.feeder.n_bus), np.nan)
        return Day(
            k_stage, scenario.number, probability, outcome.status, outcome.message, {}, {},
            np.nan, np.nan, None, None, None, grid, grid, empty, empty, empty, empty, empty,
        )  # fmt: skip
    return read_day(study, program, k_stage, scenario, probability, rating, outcome.message)
