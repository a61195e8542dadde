"""Owns what a second worker brings to a study whose runs last over a second."""

from __future__ import annotations

from functools import partial

from benchmarks.clock import wall_seconds
from benchmarks.speed.item import Item, measured
from heuristics import make_engine
from heuristics.experiment import Experiment, run_experiment
from powerflow import load_feeder
from problems.core.instance import Instance
from problems.siting.equipment import SitingEquipment
from problems.siting.problem import SitingProblem

LEAST_GAIN = 1.8
RUN_S = 1.5
N_RUN = 12
FEEDER, ENGINE = "brazil136", "hgapso"


def items(runs: int, n_calibration: int, seed: int) -> list[Item]:
    """Return the wall time of two workers over that of one, to be below 1 / 1.8.

    Parameters
    ----------
    runs : int
        Repetitions; at most three are made, for each takes half a minute.
    n_calibration : int
        Evaluations that the length of a run is measured with; few make short runs.
    seed : int
    """
    short = study(N_RUN, n_calibration, seed)
    run_experiment(short)  # compiled before the clock runs
    one_s = wall_seconds(partial(run_experiment, short)) / N_RUN
    share = RUN_S / one_s if runs > 1 else 1.0
    budget = max(n_calibration, round(n_calibration * share))
    take = partial(share_of_time, study(N_RUN, budget, seed))
    name = f"time of two workers over that of one, {FEEDER}, {ENGINE}"
    note = f"{N_RUN} runs of {budget:,} evaluations, workers started before"
    return [measured(name, "", take, min(runs, 3), 1.0 / LEAST_GAIN, note)]


def study(n_run: int, budget: int, seed: int) -> Experiment:
    """Return a study of one engine on one feeder."""
    problem = SitingProblem(Instance(load_feeder(FEEDER)), SitingEquipment())
    return Experiment({FEEDER: problem}, {ENGINE: make_engine(ENGINE)}, n_run, budget, seed)


def share_of_time(plan: Experiment) -> float:
    """Return the wall time of a study with two workers over that with one."""
    run_experiment(study(2, 100, plan.seed), n_jobs=2)  # starts the workers
    two_s = wall_seconds(partial(run_experiment, plan, n_jobs=2))
    return two_s / wall_seconds(partial(run_experiment, plan))
