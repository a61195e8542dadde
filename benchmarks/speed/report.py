"""Owns the speed benchmark: every item, speed.csv, speed.md and machine.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from benchmarks.machine import Bystanders, in_words, load_average, machine_class, versions
from benchmarks.page import markdown_table, short, yes_no
from benchmarks.registry import Task
from benchmarks.speed import engines, siting, startup, workers
from benchmarks.speed.item import Item
from problems.core.content import json_text, write_text
from problems.report.tables import write_table

PACKAGES = ("numpy", "numba", "pymoo", "typer")


def run(task: Task) -> Mapping[str, Any]:
    """Take every figure and write the files."""
    runs, n_evaluation = (1, 1_000) if task.is_quick else (7, 20_000)
    others = Bystanders()
    found: list[Item] = []
    task.say("engines")
    found += engines.items(runs, n_evaluation, task.seed)
    task.say("siting")
    found += siting.items(runs, n_evaluation // 4, task.seed)
    task.say("workers")
    found += workers.items(runs, n_evaluation, task.seed)
    task.say("start-up")
    found += startup.items(runs)
    about = {
        "seed": task.seed,
        "runs": runs,
        "machine": {**machine_class(), "versions": versions(PACKAGES)},
        "load_average_at_end": load_average(),
        "cores_busy_with_others": others.cores(),
    }
    write_table(task.out / "speed.csv", [asdict(item) for item in found])
    write_text(task.out / "speed.md", _page(found, about))
    write_text(task.out / "machine.json", json_text(about))
    return {**about, "rows": [asdict(item) for item in found]}


def _page(found: list[Item], about: dict[str, Any]) -> str:
    lines = (
        (
            item.figure,
            short(item.value),
            item.unit,
            "" if item.at_most is None else f"< {item.at_most:g}",
            yes_no(item.is_met),
            item.note,
        )
        for item in found
    )
    parts = (
        "# Speed",
        f"Written by `python -m benchmarks speed`; medians of {about['runs']} runs (cold starts: a "
        "third as many).",
        markdown_table(("figure", "value", "unit", "target", "met", "note"), lines).strip(),
        in_words(about),
    )
    return "\n\n".join(parts) + "\n"
