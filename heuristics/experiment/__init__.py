"""Comparisons: engines x problems x seeds, run in parallel, kept as rows, judged by statistics."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heuristics.experiment.convergence import Band as Band
    from heuristics.experiment.convergence import convergence_band as convergence_band
    from heuristics.experiment.plan import Experiment as Experiment
    from heuristics.experiment.plan import RunKey as RunKey
    from heuristics.experiment.plan import run_seed as run_seed
    from heuristics.experiment.ranks import critical_difference as critical_difference
    from heuristics.experiment.ranks import rank_groups as rank_groups
    from heuristics.experiment.row import RunRow as RunRow
    from heuristics.experiment.run import run_experiment as run_experiment
    from heuristics.experiment.statistics import FriedmanTest as FriedmanTest
    from heuristics.experiment.statistics import friedman as friedman
    from heuristics.experiment.summary import PairTest as PairTest
    from heuristics.experiment.summary import Summary as Summary
    from heuristics.experiment.summary import compare_pairs as compare_pairs
    from heuristics.experiment.summary import outcomes as outcomes
    from heuristics.experiment.summary import summarize as summarize
    from heuristics.experiment.targets import GAPS as GAPS
    from heuristics.experiment.targets import evaluations_to_targets as evaluations_to_targets
    from heuristics.experiment.targets import objective_at_gap as objective_at_gap
    from heuristics.experiment.targets import running_times as running_times
    from heuristics.experiment.targets import target_ecdf as target_ecdf

# Resolved on first use: statistics alone take SciPy half a second to load.
_HOME = {
    "Band": "convergence",
    "GAPS": "targets",
    "Experiment": "plan",
    "FriedmanTest": "statistics",
    "PairTest": "summary",
    "RunKey": "plan",
    "RunRow": "row",
    "Summary": "summary",
    "compare_pairs": "summary",
    "convergence_band": "convergence",
    "critical_difference": "ranks",
    "evaluations_to_targets": "targets",
    "friedman": "statistics",
    "objective_at_gap": "targets",
    "outcomes": "summary",
    "rank_groups": "ranks",
    "run_experiment": "run",
    "run_seed": "plan",
    "running_times": "targets",
    "summarize": "summary",
    "target_ecdf": "targets",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'heuristics.experiment' has no attribute {name!r}")
    return getattr(importlib.import_module(f"heuristics.experiment.{_HOME[name]}"), name)
