"""Owns what the text says of Figures 3 to 5, whose curves are not printed as figures."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import numpy as np
from numpy.typing import NDArray

from benchmarks.papers.hgapso.engines import Contest
from benchmarks.papers.hgapso.printed import printed
from benchmarks.papers.hgapso.readings import PAPER
from benchmarks.papers.hgapso.verdicts import LIST_MISSING, NOT_REPRODUCED, REPRODUCED
from benchmarks.papers.rows import Row
from problems.core.assess import Assessment, required
from problems.siting.sensitivity import Swing

SAME_PU = 1e-9
TEXT_RANKS = {"discount_rate": 1, "energy_per_kwh": 2, "station_install_per_site": 3}
"""Order of influence in the text of Figure 5, most influential first."""


def profile_rows() -> Iterator[Row]:
    """Yield, of Figure 3, the shares of buses that stations lower and capacitors raise again."""
    tables = printed()
    for feeder in tables.feeder:
        banks = tables.capacitors_of(feeder.name, "HGAPSO").banks
        base = _v_pu(PAPER.judge(feeder.name, ()))
        stations = _v_pu(PAPER.judge(feeder.name, feeder.station_buses))
        lowered = float(np.mean(stations[1:] <= base[1:] + SAME_PU))
        yield _pattern("Fig. 3", feeder.name, "share of buses not raised by stations", 1.0, lowered)
        if not banks:
            yield Row(
                "Fig. 3", feeder.name, "share of buses raised by capacitors", 1.0, None, "none",
                0.0, LIST_MISSING, "the paper prints no buses and sizes for this feeder",
            )  # fmt: skip
            continue
        with_banks = _v_pu(PAPER.judge(feeder.name, feeder.station_buses, banks))
        raised = float(np.mean(with_banks[1:] >= stations[1:] - SAME_PU))
        yield _pattern("Fig. 3", feeder.name, "share of buses raised by capacitors", 1.0, raised)


def convergence_rows(contest: Contest) -> Iterator[Row]:
    """Yield, of Figure 4, whether HGAPSO ends above GA and PSO: medians of our runs."""
    for feeder in contest.study.problems:
        ends = {
            engine: median(
                run.npv for run in contest.study.of(feeder, engine) if run.npv is not None
            )
            for engine in ("ga", "pso", "hgapso")
        }
        rank = 1.0 + sum(value > ends["hgapso"] for value in ends.values())
        words = ", ".join(f"{engine} {value:,.0f}" for engine, value in ends.items())
        verdict = REPRODUCED if rank == 1.0 else NOT_REPRODUCED
        yield Row(
            "Fig. 4", f"{feeder}, {contest.reading.name}", "rank of HGAPSO by median NPV",
            1.0, rank, contest.reading.name, 0.0,
            verdict, f"medians of {words} USD at equal budgets",
        )  # fmt: skip


def tornado_rows(feeder: str, swings: list[Swing]) -> Iterator[Row]:
    """Yield, of Figure 5, the ranks of the prices that the text names."""
    order = [swing.parameter for swing in swings]
    for parameter, rank in TEXT_RANKS.items():
        ours = order.index(parameter) + 1
        verdict = REPRODUCED if ours == rank else NOT_REPRODUCED
        yield Row(
            "Fig. 5", feeder, f"rank of {parameter}", float(rank), float(ours), PAPER.name, 0.0,
            verdict, f"the widest swings are {', '.join(order[:3])}",
        )  # fmt: skip


def _pattern(table: str, row: str, quantity: str, paper: float, ours: float) -> Row:
    verdict = REPRODUCED if ours >= paper else NOT_REPRODUCED
    return Row(
        table, row, quantity, paper, ours, PAPER.name, 0.0, verdict,
        f"holds at {ours:.1%} of the buses",
    )  # fmt: skip


def _v_pu(assessment: Assessment) -> NDArray[np.float64]:
    return np.asarray(required(assessment.flow.v_pu)[0])
