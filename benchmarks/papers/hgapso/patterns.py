"""Owns what the text says of Figures 3 to 5, whose curves are not printed as figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from statistics import median
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.papers.hgapso.engines import Contest
from benchmarks.papers.hgapso.printed import Printed, printed
from benchmarks.papers.hgapso.readings import PAPER
from benchmarks.papers.hgapso.verdicts import (
    LIST_MISSING,
    NOT_REPRODUCED,
    REPRODUCED,
    agrees,
    order_verdict,
    tolerance,
)
from benchmarks.papers.rows import Row
from heuristics.experiment.statistics import a12, holm, wilcoxon_p
from problems.core.assess import Assessment, required
from problems.report.study import JudgedRun
from problems.siting.sensitivity import Swing

Floats: TypeAlias = NDArray[np.float64]
Pair: TypeAlias = tuple[str, str]

PRINTED_ENGINES = ("ga", "pso", "hgapso")
NEAR = 1e-3
SAME_PU = 1e-9
TEXT_RANKS = {"discount_rate": 1, "energy_per_kwh": 2, "station_install_per_site": 3}
"""Order of influence in the text of Figure 5, most influential first."""


def profile_rows(tables: Printed | None = None, share: float | None = None) -> Iterator[Row]:
    """Yield, of Figure 3, the shares of buses that stations lower and capacitors raise again.

    With a share, the vehicles feed the grid, as of `Reading.judge`.
    """
    tables = tables or printed()
    for feeder in tables.feeder:
        banks = tables.capacitors_of(feeder.name, "HGAPSO").banks
        base = _v_pu(PAPER.judge(feeder.name, ()))
        stations = _v_pu(PAPER.judge(feeder.name, feeder.station_buses, (), share))
        lowered = float(np.mean(stations[1:] <= base[1:] + SAME_PU))
        yield _pattern("Fig. 3", feeder.name, "share of buses not raised by stations", 1.0, lowered)
        if not banks:
            yield Row(
                "Fig. 3", feeder.name, "share of buses raised by capacitors", 1.0, None, "none",
                0.0, LIST_MISSING, "the paper prints no buses and sizes for this feeder",
            )  # fmt: skip
            continue
        with_banks = _v_pu(PAPER.judge(feeder.name, feeder.station_buses, banks, share))
        raised = float(np.mean(with_banks[1:] >= stations[1:] - SAME_PU))
        yield _pattern("Fig. 3", feeder.name, "share of buses raised by capacitors", 1.0, raised)


def convergence_rows(contest: Contest) -> Iterator[Row]:
    """Yield, of Figure 4, whether HGAPSO ends above GA and PSO: paired runs, tested."""
    ends, p = _against_others(contest, lambda run: math.inf if run.npv is None else -run.npv)
    for (feeder, other), (ours, theirs) in ends.items():
        better = a12(ours, theirs)
        verdict = order_verdict(f"HGAPSO ends above {other.upper()}", p[feeder, other], better)
        yield Row(
            "Fig. 4", f"{feeder}, {contest.reading.name}", f"HGAPSO ends above {other.upper()}",
            1.0, better, contest.reading.name, None, verdict.verdict, verdict.reason,
        )  # fmt: skip


def speed_rows(contest: Contest) -> Iterator[Row]:
    """Yield, of Table VI's CT, how HGAPSO's time compares to GA's and PSO's.

    Ours are evaluations until a run is within `NEAR` of its own end, which no machine changes; the
    seconds are `time_rows`.
    """
    spent, p = _against_others(contest, evaluations_to_end)
    for (feeder, other), (ours, theirs) in spent.items():
        paper = _seconds(feeder, "hgapso") / _seconds(feeder, other)
        is_less = paper < 1.0
        claimed = f"HGAPSO takes {'less' if is_less else 'more'} than {other.upper()}"
        better = a12(ours, theirs) if is_less else a12(theirs, ours)
        verdict = order_verdict(claimed, p[feeder, other], better)
        yield Row(
            "VI", feeder, f"CT of HGAPSO by CT of {other.upper()}", paper,
            float(np.median(ours) / np.median(theirs)),
            f"median evaluations to within {NEAR:.1%} of a run's end", None,
            verdict.verdict, verdict.reason,
        )  # fmt: skip


def time_rows(contest: Contest) -> Iterator[Row]:
    """Yield the printed convergence times beside the seconds that our runs took."""
    for feeder in contest.study.problems:
        for engine in PRINTED_ENGINES:
            runs = contest.study.of(feeder, engine)
            seconds = median(r.row.seconds for r in runs if r.row.seconds is not None)
            paper = _seconds(feeder, engine)
            is_same = agrees(paper, seconds)
            yield Row(
                "VI", f"{feeder}, {engine.upper()}", "CT in seconds", paper, seconds,
                f"median run of {runs[0].row.budget} evaluations, one core", tolerance(paper),
                REPRODUCED if is_same else NOT_REPRODUCED,
                "same to the printed digits" if is_same else "another machine and program: ours "
                f"takes {seconds / paper:.1%} of it; the paper does not say how long it searched",
            )  # fmt: skip


def evaluations_to_end(run: JudgedRun) -> float:
    """Return the evaluations after which a run is within `NEAR` of its own end; inf if never."""
    last = run.row.f
    if last is None or not run.row.is_feasible:
        return math.inf
    for evaluation, f, violation in run.row.history:
        if f is not None and not violation and f <= last + NEAR * abs(last):
            return float(evaluation)
    return math.inf


def _against_others(
    contest: Contest, figure: Callable[[JudgedRun], float]
) -> tuple[dict[Pair, tuple[Floats, Floats]], dict[Pair, float]]:
    """Return HGAPSO's and the other's figures by feeder and other engine, and Holm's p-values."""
    figures = {}
    for feeder in contest.study.problems:
        by_engine = {
            engine: np.array([figure(run) for run in contest.study.of(feeder, engine)])
            for engine in PRINTED_ENGINES
        }
        for other in ("ga", "pso"):
            figures[feeder, other] = (by_engine["hgapso"], by_engine[other])
    raw = [wilcoxon_p(ours, theirs) for ours, theirs in figures.values()]
    return figures, dict(zip(figures, holm(raw), strict=True))


def _seconds(feeder: str, engine: str) -> float:
    return printed().capacitors_of(feeder, engine.upper()).seconds


def tornado_rows(feeder: str, swings: list[Swing]) -> Iterator[Row]:
    """Yield, of Figure 5, the ranks of the prices that the text names."""
    order = [swing.parameter for swing in swings]
    for parameter, rank in TEXT_RANKS.items():
        ours = order.index(parameter) + 1
        verdict = REPRODUCED if ours == rank else NOT_REPRODUCED
        yield Row(
            "Fig. 5", feeder, f"rank of {parameter}", float(rank), float(ours), PAPER.name, 0.0,
            verdict, f"the widest swings are others: {', '.join(order[:3])}",
        )  # fmt: skip


def _pattern(table: str, row: str, quantity: str, paper: float, ours: float) -> Row:
    verdict = REPRODUCED if ours >= paper else NOT_REPRODUCED
    return Row(
        table, row, quantity, paper, ours, PAPER.name, 0.0, verdict,
        f"holds at {ours:.1%} of the buses",
    )  # fmt: skip


def _v_pu(assessment: Assessment) -> Floats:
    return np.asarray(required(assessment.flow.v_pu)[0])
