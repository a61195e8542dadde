"""Owns what a comparison says over many targets and runs: running times, shares reached, ranks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heuristics.experiment import (
    GAPS,
    FriedmanTest,
    RunRow,
    critical_difference,
    evaluations_to_targets,
    friedman,
    outcomes,
    rank_groups,
    running_times,
    target_ecdf,
)
from problems.report.study import SitingStudy

GAP_WORDS = f"{len(GAPS)} gaps of {GAPS[0]:.0%} to {GAPS[-1]:.2%}"


def target_rows(study: SitingStudy) -> list[dict[str, Any]]:
    """Return one row a feeder, engine and gap: how many runs came so near, at what cost."""
    rows = []
    for feeder, target in study.targets.items():
        currency = study.problems[feeder].instance.conditions.prices.currency
        for engine in study.engines:
            runs = [run.row for run in study.of(feeder, engine)]
            for gap in GAPS:
                times = running_times(runs, target.objective(gap))
                reached = int(times.is_reached.sum())
                rows.append(
                    {
                        "feeder": feeder,
                        "engine": engine,
                        "target": target.kind,
                        "gap": gap,
                        f"npv_{currency}": -target.objective(gap),
                        "reached": reached,
                        "runs": len(runs),
                        "ert": times.expected if reached else None,
                    }
                )
    return rows


def reached_shares(
    study: SitingStudy, feeders: Sequence[str], evaluation: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """Return, by engine, the share of pairs of run and target reached on feeders with targets.

    Parameters
    ----------
    study : SitingStudy
    feeders : sequence of str
        Each must have a target.
    evaluation : (n,) int array
        Where to look.
    """
    gaps = {f: [study.targets[f].objective(gap) for gap in GAPS] for f in feeders}
    return {
        engine: target_ecdf(
            [
                evaluations_to_targets(run.row, gaps[feeder])
                for feeder in feeders
                for run in study.of(feeder, engine)
            ],
            evaluation,
        )
        for engine in study.engines
    }


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Hold the ranks of engines over blocks: the runs, paired by their seeds, on some feeders.

    Parameters
    ----------
    scope : str
        A feeder, or `all`.
    test : FriedmanTest
    difference : float
        Critical difference of mean ranks.
    groups : list of tuple of str
        Engines that do not differ.
    """

    scope: str
    test: FriedmanTest
    difference: float
    groups: list[tuple[str, ...]]


def rankings(study: SitingStudy) -> list[Ranking]:
    """Return the ranking over all feeders, then that on each; none for fewer than three engines."""
    if len(study.engines) < 3:
        return []
    rows: list[RunRow] = [run.row for run in study.runs]
    tables = {feeder: outcomes(rows, feeder) for feeder in study.problems}
    every = {e: np.concatenate([table[e] for table in tables.values()]) for e in study.engines}
    scopes = {"all": every, **(tables if len(tables) > 1 else {})}
    found = []
    for scope, table in scopes.items():
        test = friedman(table)
        difference = critical_difference(len(table), test.n_block)
        found.append(Ranking(scope, test, difference, rank_groups(test.mean_rank, difference)))
    return found


def ranking_rows(found: Sequence[Ranking]) -> list[dict[str, Any]]:
    """Return one row a scope and engine, best first."""
    return [
        {
            "scope": ranking.scope,
            "engine": engine,
            "mean_rank": rank,
            "blocks": ranking.test.n_block,
            "friedman": ranking.test.statistic,
            "p": ranking.test.p if math.isfinite(ranking.test.p) else None,
            "critical_difference": ranking.difference,
        }
        for ranking in found
        for engine, rank in sorted(ranking.test.mean_rank.items(), key=lambda item: item[1])
    ]
