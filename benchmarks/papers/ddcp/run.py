"""Owns the reproduction as a whole: rows, figures and the page of results/papers/ddcp."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from benchmarks.papers.ddcp.diagnosis import diagnose_all, summary_rows, table_rows
from benchmarks.papers.ddcp.figures import draw_all
from benchmarks.papers.ddcp.page import method_rows, summary
from benchmarks.papers.ddcp.parts import makers, part_of, read_times
from benchmarks.papers.ddcp.tables import all_rows
from benchmarks.papers.rows import write_page, write_rows
from benchmarks.registry import Task
from problems.report.tables import write_table


def run(task: Task) -> dict[str, Any]:
    """Reproduce the paper and write rows.csv, tables, figures and the page.

    Parts that the folder holds already are read. A run that is interrupted leaves the page of the
    parts it has, which names those that are missing; the next run continues. The quick form does
    the diagnosis alone.

    Returns
    -------
    dict
        Rows as written, and how many printed figures have each verdict.
    """
    out = task.out
    task.say("tables II to IV: 90 cases in one batch")
    grid = diagnose_all()
    rows = table_rows(grid)
    write_table(out / "summary.csv", summary_rows(grid))
    if not task.is_quick:
        parts: dict[str, Any] = {}
        named = makers(task.seed, out / "runs")
        try:
            for name, make in named.items():
                task.say(name)
                parts[name] = part_of(out / "parts", name, make)
        except KeyboardInterrupt:
            task.say("interrupted: the page is written without the parts that are missing")
            for name in named:
                if (out / "parts" / f"{name}.json").exists():
                    parts[name] = part_of(out / "parts", name, dict)
        rows += all_rows(parts)
        draw_all(out, grid, parts)
        write_table(out / "methods.csv", method_rows(parts))
        missing = [name for name in named if name not in parts]
        cpu_s = {row["part"]: row["cpu_s"] for row in read_times(out / "timing.csv")}
        write_page(out / "README.md", summary(rows, parts, missing, cpu_s))
    write_rows(out / "rows.csv", rows)
    return {
        "rows": [asdict(row) for row in rows],
        "verdicts": dict(Counter(row.verdict for row in rows)),
    }
