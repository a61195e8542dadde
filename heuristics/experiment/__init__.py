"""Comparisons: engines x problems x seeds, run in parallel, kept as rows, judged by statistics."""

from heuristics.experiment.convergence import Band, convergence_band
from heuristics.experiment.plan import Experiment, RunKey, run_seed
from heuristics.experiment.row import RunRow
from heuristics.experiment.run import run_experiment
from heuristics.experiment.statistics import FriedmanTest, friedman
from heuristics.experiment.summary import (
    PairTest,
    Summary,
    compare_pairs,
    outcomes,
    summarize,
    target_within,
)

__all__ = [
    "Band",
    "Experiment",
    "FriedmanTest",
    "PairTest",
    "RunKey",
    "RunRow",
    "Summary",
    "compare_pairs",
    "convergence_band",
    "friedman",
    "outcomes",
    "run_experiment",
    "run_seed",
    "summarize",
    "target_within",
]
