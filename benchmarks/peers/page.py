"""Owns the files of the power flow race: race.csv, race.md, power_flows.png and machine.json."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from benchmarks.machine import in_words
from benchmarks.page import markdown_table, short, yes_no
from benchmarks.peers.bound import bound_cycles
from benchmarks.peers.cases import race_feeder
from benchmarks.race import OURS, Row, write_race
from problems.core.content import json_text, write_text
from problems.report.style import COLORS, STYLE, save_figure

PEERS = ("power-grid-model", "lightsim2grid", "tensorpowerflow")
JOBS = ("voltages", "siting")


def write_results(out: Path, rows: Sequence[Row], content: dict[str, Any]) -> None:
    """Write every file of the race.

    Parameters
    ----------
    content : dict
        What ``--json`` prints; all but its rows goes into machine.json.
    """
    about = {key: value for key, value in content.items() if key != "rows"}
    write_race(out / "race.csv", rows)
    write_text(out / "machine.json", json_text(about))
    write_text(out / "race.md", _page(rows, about))
    _draw(out / "power_flows.png", rows, content["settings"]["seed"])


def cases_of(rows: Sequence[Row]) -> list[str]:
    """Return the cases of the race in their order."""
    return list(dict.fromkeys(row.case for row in rows if row.job == "voltages"))


def best_of(rows: Sequence[Row], case: str, package: str) -> Row | None:
    """Return the fastest method of a package in the voltages job, None if none took part."""
    timed = [
        row
        for row in rows
        if (row.job, row.case) == ("voltages", case)
        and row.contender.startswith(package)
        and row.figure is not None
    ]
    return max(timed, key=lambda row: row.figure or 0.0, default=None)


def _page(rows: Sequence[Row], about: dict[str, Any]) -> str:
    parts = [
        "# Batch power flow against its peers",
        "Written by `python -m benchmarks peers power-flow`; what the jobs are and how they are "
        "timed stands in README.md beside this file. Rates are power flows per CPU second on one "
        "core, medians of several rounds taken by turns.",
        markdown_table(
            ("case", "best peer", "its rate", "job", "our rate", "ratio", "target", "met"),
            _ratio_lines(rows),
        ),
        "## Every contender, voltages job",
        markdown_table(
            ("case", "contender", "power flows per CPU s", "ratio to best peer", "note"),
            _contender_lines(rows),
        ),
        "## Beside the race",
        f"Cycles per bus and iteration, end to end; the instruction bound is {bound_cycles():.2f}. "
        "Two threads on the wall clock, in times of one. A batch with 5 % of its cases past the "
        "nose, in times of a clean one. Targets: two threads at least 1.8, divergent at most 1.5.",
        markdown_table(_COSTS_HEADER, _cost_lines(rows)),
        _memory(rows),
        "## Targets missed",
        _misses(rows),
        "## Machine",
        in_words(about),
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _ratio_lines(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    for case in cases_of(rows):
        peers = [row for package in PEERS if (row := best_of(rows, case, package))]
        best = max(peers, key=lambda row: row.figure or 0.0, default=None)
        for job in JOBS:
            for row in rows:
                if (row.job, row.case, row.contender) == (job, case, OURS):
                    yield (
                        case,
                        best.contender if best else "none took part",
                        short(best.figure if best else None),
                        job,
                        short(row.figure),
                        short(row.ratio_to_best_peer),
                        row.target.removeprefix("ratio "),
                        yes_no(row.is_met),
                    )


def _contender_lines(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    for row in rows:
        if row.job == "voltages":
            ratio = short(row.ratio_to_best_peer)
            yield row.case, row.contender, short(row.figure), ratio, row.note


_COSTS = ("cycles", "two threads", "5 % divergent")
_COSTS_HEADER = ("case", *(f"{cost}, {job}" for cost in _COSTS for job in JOBS))


def _cost_lines(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    found = {(row.case, row.job): row.figure for row in rows if row.contender == OURS}
    for case in cases_of(rows):
        jobs = (f"{job}, {cost}" for cost in _COSTS for job in JOBS)
        yield case, *(short(found.get((case, job))) for job in jobs)


def _memory(rows: Sequence[Row]) -> str:
    row = next(row for row in rows if row.job == "siting, memory")
    said = f"{short(row.figure)} MiB, target at most 1024 ({row.note})"
    return f"Memory of the siting job on {row.case}: {said}."


def _misses(rows: Sequence[Row]) -> str:
    missed = [row for row in rows if row.is_met is False]
    if not missed:
        return "None."
    return "\n".join(
        f"- {row.job}, {row.case}: "
        f"{short(row.ratio_to_best_peer if row.target.startswith('ratio') else row.figure)} "
        f"against {row.target}"
        for row in missed
    )


def _draw(path: Path, rows: Sequence[Row], seed: int) -> None:
    """Draw power flows per CPU second over buses, a line each for our jobs and for each peer."""
    n_bus = {case: race_feeder(case, seed).n_bus for case in cases_of(rows)}
    lines: dict[str, list[tuple[int, float]]] = {}
    for job in reversed(JOBS):
        lines[f"feederlab, {job} job"] = [
            (n_bus[row.case], row.figure)
            for row in rows
            if (row.job, row.contender) == (job, OURS) and row.figure
        ]
    for package in PEERS:
        found = ((n_bus[case], best_of(rows, case, package)) for case in n_bus)
        lines[package] = [(n, row.figure) for n, row in found if row and row.figure]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 4.6), layout="constrained")
        axes = figure.subplots()
        for k, (name, points) in enumerate(lines.items()):
            if points:
                x, y = zip(*points, strict=True)
                dash = "-" if name.startswith("feederlab") else "--"
                axes.plot(x, y, dash, color=COLORS[k], marker="os^Dv"[k], markersize=5, label=name)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        ticks = sorted(set(n_bus.values()))
        axes.set_xticks(ticks, [str(n) for n in ticks], rotation=90)
        axes.set_xticks([], minor=True)
        axes.set_xlabel("buses")
        axes.set_ylabel("power flows per CPU second, one core")
        axes.set_title("Batch power flow, tolerance 1e-8 p.u., each peer's fastest method")
        axes.legend()
        save_figure(figure, path)
