"""Owns the reproduction as a whole: rows, figures and the page of results/papers/acceptance."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.papers.acceptance import page
from benchmarks.papers.acceptance.cases import (
    SOME_BUSES,
    TYPES,
    Capacities,
    all_capacities,
    assumed,
    families,
    study,
)
from benchmarks.papers.acceptance.dispatch import dispatch_claims, without_charging
from benchmarks.papers.acceptance.figures import draw_capacities, draw_dispatch
from benchmarks.papers.acceptance.growth import READINGS, growth_by_unit
from benchmarks.papers.acceptance.patterns import FAILS, HOLDS, Claim, claims
from benchmarks.papers.acceptance.printed import (
    COLUMNS,
    LARGEST_GROWTH,
    LARGEST_MW,
    TABLE_1,
    TABLE_2_3,
)
from benchmarks.papers.rows import Row, write_page, write_rows
from benchmarks.registry import Task
from powerflow.library import load_feeder
from problems.acceptance.capacity import accept_all
from problems.acceptance.scenarios import FEEDER, scenario_devices
from problems.report.acceptance import capacity_row
from problems.report.tables import write_table

REPRODUCED, NOT_REPRODUCED = "reproduced", "not reproduced"
GROWTH_TOL = 0.005
QUICK_BUSES = ("2", "18", "19", "22", "25", "33")
N_JOBS = min(2, os.cpu_count() or 1)
TARGET_S = 180.0


def run(task: Task) -> dict[str, Any]:
    """Reproduce the paper and write rows.csv, tables, figures and the page.

    Returns
    -------
    dict
        Rows as written, how many have each verdict, seconds of all capacities.
    """
    out, courses = task.out, assumed()
    task.say("8 scenarios x 2 curves x 32 buses")
    begun = time.perf_counter()
    found = all_capacities(courses, QUICK_BUSES if task.is_quick else None, n_jobs=N_JOBS)
    seconds = time.perf_counter() - begun
    task.say(f"{seconds:.0f} s on {N_JOBS} cores; families of curves")
    others: list[tuple[str, Capacities]] = []
    if not task.is_quick:
        for other in families():
            others.append((other.name, all_capacities(other, SOME_BUSES, n_jobs=N_JOBS)))
            task.say(other.name)
    dispatch = without_charging(courses)
    said = [*claims(found), *dispatch_claims(dispatch)]
    rows = [
        *table_1_rows(),
        *growth_rows(found),
        *largest_rows(found),
        *(claim_row(claim) for claim in said),
        *substation_rows(found),
        *exactness_rows(found),
    ]
    write_rows(out / "rows.csv", rows)
    write_table(out / "capacities.csv", capacity_rows(found))
    if others:
        write_table(out / "families.csv", page.family_rows(found, others))
    write_table(out / "timing.csv", timing_rows(found, seconds))
    draw_all(out, found)
    if dispatch is not None:
        draw_dispatch(out / "figure_6_7.png", dispatch)
    write_page(out / "README.md", page.summary(rows, found, others))
    return {
        "rows": [asdict(row) for row in rows],
        "verdicts": dict(Counter(row.verdict for row in rows)),
        "seconds": seconds,
    }


def table_1_rows() -> Iterator[Row]:
    """Yield Table 1 against the scenarios that come with the package."""
    feeder = load_feeder(FEEDER)
    for number, printed in TABLE_1.items():
        devices = scenario_devices(number, feeder)
        ours = (
            devices.svg[0].kvar, devices.svg[1].kvar, devices.storage[0].energy_kwh,
            devices.storage[0].power_kw, devices.pv[0].kw, devices.pv[2].kw, devices.line_kw or 0.0,
        )  # fmt: skip
        for column, paper, value in zip(COLUMNS, printed, ours, strict=True):
            same = abs(paper - value / 1e3) < 1e-9
            yield Row(
                "1", f"scenario {number}", f"{column}, MW, Mvar or MWh", paper, value / 1e3,
                "data file", 0.0, REPRODUCED if same else NOT_REPRODUCED, "",
            )  # fmt: skip


def growth_rows(found: Capacities) -> Iterator[Row]:
    """Yield Tables 2 and 3 in both readings of the mean."""
    for (table, kind), printed in TABLE_2_3.items():
        for reading in READINGS:
            ours = growth_by_unit(found, table, kind, reading)
            for unit, paper in printed.items():
                same = abs(ours[unit] - paper) <= GROWTH_TOL
                yield Row(
                    str(table + 2), f"type {kind}, more {unit}", "mean growth, percent", paper,
                    ours[unit], reading, GROWTH_TOL, REPRODUCED if same else NOT_REPRODUCED,
                    "" if same else "the curves are assumed: the paper shows them in figures only",
                )  # fmt: skip


def largest_rows(found: Capacities) -> Iterator[Row]:
    """Yield the largest capacity of the first four scenarios, printed with one digit."""
    for kind, paper in LARGEST_MW.items():
        ours = float(np.nanmax(found.kw(1, kind))) / 1e3
        same = abs(ours - paper) <= 0.05
        yield Row(
            "text", f"type {kind}, scenario 1", "largest capacity, MW", paper, ours, "as assumed",
            0.05, REPRODUCED if same else NOT_REPRODUCED,
            "levels of the assumed curves were chosen for this"
            if same
            else "the text has one or two digits and the level of the curve is assumed",
        )  # fmt: skip


def claim_row(claim: Claim) -> Row:
    """Return a claim as a row; there is no number to compare."""
    return Row(
        claim.where, claim.kind, claim.claim, None, None, "as assumed", None,
        HOLDS if claim.holds else FAILS, claim.found,
    )  # fmt: skip


def substation_rows(found: Capacities) -> Iterator[Row]:
    """Yield the growth of the largest capacities if the substation stays at 4 MW in scenario 5."""
    for kind in TYPES:
        kept = study(assumed(), 5, kind, substation_kw=4000.0)
        (row,) = accept_all([(kept, "2")])
        if row.capacity_kw is None:
            continue
        growth = row.capacity_kw / found.of(1, kind, "2") - 1.0
        yield Row(
            f"Figure {9 + kind}", f"type {kind}", "growth of the largest, substation kept at 4 MW",
            LARGEST_GROWTH, growth, "substation does not follow the line limit", None,
            REPRODUCED if growth > LARGEST_GROWTH else NOT_REPRODUCED,
            "" if growth > LARGEST_GROWTH else "the substation must follow the line limit",
        )  # fmt: skip


def exactness_rows(found: Capacities) -> Iterator[Row]:
    """Yield how exact the relaxation was over all solves."""
    every = [row for rows in found.found.values() for row in rows]
    solved = [row.solution for row in every if row.solution is not None]
    figures = (
        ("largest cone gap, p.u.", max(s.cone_gap for s in solved), 1e-6),
        ("largest AC voltage error, p.u.", max(s.ac.voltage_error_pu or 0.0 for s in solved), 1e-5),
        ("largest AC loss error, kW", max(s.ac.loss_error_kw or 0.0 for s in solved), 1e-2),
        ("largest simultaneous charge and discharge, kW",
         max(s.simultaneity_kw for s in solved), 1e-2),
        ("answers that are not exact", float(sum(r.capacity_kw is None for r in every)), 0.0),
    )  # fmt: skip
    for quantity, value, most in figures:
        yield Row(
            "ours", f"{len(every)} solves", quantity, None, value, "as assumed", most,
            HOLDS if value <= most else FAILS, "",
        )  # fmt: skip


def capacity_rows(found: Capacities) -> list[dict[str, Any]]:
    """Return one row a scenario, type and bus."""
    return [
        {"scenario": scenario, "type": kind, **capacity_row(row)}
        for (scenario, kind), rows in found.found.items()
        for row in rows
    ]


def timing_rows(found: Capacities, seconds: float) -> list[dict[str, Any]]:
    """Return the time of all capacities against its target."""
    n_solve = sum(len(rows) for rows in found.found.values())
    return [{"solves": n_solve, "cores": N_JOBS, "seconds": seconds, "target_seconds": TARGET_S}]


def draw_all(out: Path, found: Capacities) -> None:
    """Draw what Figures 8 to 11 must have shown."""
    for number, scenarios, kind in (
        (8, (1, 2, 3, 4), 1), (9, (1, 2, 3, 4), 2), (10, (5, 6, 7, 8), 1), (11, (5, 6, 7, 8), 2),
    ):  # fmt: skip
        draw_capacities(out / f"figure_{number}.png", found, scenarios, kind)
