"""Owns the certificates of five feeders: bound, gap and time of each proof, held to its target."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from benchmarks.page import markdown_table, short, yes_no
from benchmarks.registry import Task
from benchmarks.resume import Parts
from benchmarks.search.cases import FEEDERS, FLOORS, PAPER_STATIONS, compile_proofs, make_problem
from problems.core.content import json_text, write_text
from problems.report.tables import write_table
from problems.siting.certified import certify_problem

SOURCES = ("problems/siting", "powerflow")


@dataclass(frozen=True, slots=True)
class Goal:
    """Hold what a proof is asked for.

    Parameters
    ----------
    gap : float
        To be proven, a fraction.
    seconds : float or None
        Of one core that it may take to be called fast; None where no time is set.
    limit_s : float
        When it is stopped.
    """

    gap: float
    seconds: float | None
    limit_s: float


def goal_of(feeder: str, floor: str, is_fixed: bool) -> Goal | None:
    """Return the target of a proof; None where only a bound is asked for, within ten minutes."""
    if floor == "floor-off":
        return Goal(1e-5, 5.0, 60.0) if is_fixed else Goal(1e-4, 60.0, 120.0)
    if feeder == "ieee118":
        return None
    if not is_fixed:
        return Goal(1e-4, None, 600.0)
    return Goal(1e-4, 30.0 if feeder == "ieee85" else 5.0, 120.0)


def run(task: Task) -> Mapping[str, Any]:
    """Prove a bound for every case and write certificates.csv and certificates.md."""
    feeders = FEEDERS[:1] if task.is_quick else FEEDERS
    parts = Parts(task.out, "certificates", {"feeders": list(feeders)}, SOURCES)
    compile_proofs()
    rows = []
    for floor in FLOORS:
        for is_fixed in (True, False):
            for feeder in feeders:
                stations = "fixed" if is_fixed else "free"
                task.say(f"{feeder} {floor} stations {stations}")
                make = partial(prove, feeder, floor, is_fixed)
                rows.append(parts.get(f"{feeder}-{floor}-{stations}", make))
    write_table(task.out / "certificates.csv", rows)
    write_text(task.out / "certificates.md", _page(rows))
    content = {"rows": rows}
    write_text(task.out / "certificates.json", json_text(content))
    parts.remove()
    return content


def prove(feeder: str, floor: str, is_fixed: bool) -> dict[str, Any]:
    """Return one row: the certificate of one case and whether it met its target."""
    goal = goal_of(feeder, floor, is_fixed)
    asked = goal or Goal(1e-4, None, 600.0)
    problem = make_problem(feeder, floor, PAPER_STATIONS[feeder] if is_fixed else ())
    begun = time.process_time()
    found = certify_problem(problem, gap=asked.gap, limit_s=asked.limit_s)
    seconds = time.process_time() - begun
    return {
        "feeder": feeder,
        "floor": floor,
        "stations": "fixed" if is_fixed else "free",
        "banks": problem.equipment.capacitors,
        "bound_usd": found.bound_usd,
        "npv_usd": found.npv_usd,
        "gap": found.gap,
        "status": found.status,
        "cpu_seconds": seconds,
        **{f"target_{name}": value for name, value in asdict(asked).items()},
        "is_met": is_met(goal, found.bound_usd, found.gap, seconds),
    }


def is_met(goal: Goal | None, bound: float | None, gap: float | None, seconds: float) -> bool:
    """Return whether a proof has its gap in its time; without a goal, whether there is a bound."""
    if goal is None:
        return bound is not None
    is_fast = goal.seconds is None or seconds <= goal.seconds
    return gap is not None and gap <= goal.gap and is_fast


def _page(rows: list[dict[str, Any]]) -> str:
    lines = (
        (
            row["feeder"],
            row["floor"],
            row["stations"],
            str(row["banks"]),
            "-" if row["bound_usd"] is None else f"{row['bound_usd']:,.0f}",
            "-" if row["gap"] is None else f"{row['gap']:.1e}",
            row["status"],
            short(row["cpu_seconds"]),
            f"{row['target_gap']:.0e}"
            + ("" if row["target_seconds"] is None else f" in {row['target_seconds']:g} s"),
            yes_no(row["is_met"]),
        )
        for row in rows
    )
    header = (
        *("feeder", "floor", "stations", "banks", "bound, USD", "gap", "status", "CPU s"),
        *("asked for", "met"),
    )
    return (
        "# Certificates\n\nWritten by `python -m benchmarks search certificates`: proven upper "
        "bounds on NPV, two stations of 1500 kW at the buses of the HGAPSO paper or free, at most "
        "so many banks of 150 to 1200 kvar. The gap is that of the proof's own plan. On ieee118 "
        "with the floor ten minutes are given and any bound meets the target. A proof ends when "
        "it has the gap asked for; kernels are compiled before the clock runs.\n\n"
        + markdown_table(header, lines)
    )
