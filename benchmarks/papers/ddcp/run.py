"""Owns the reproduction as a whole: rows, figures and the page of results/papers/ddcp."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from benchmarks.papers.ddcp.diagnosis import diagnose_all, summary_rows, table_rows
from benchmarks.papers.ddcp.figures import draw_all
from benchmarks.papers.ddcp.page import method_rows, summary
from benchmarks.papers.ddcp.parts import all_parts
from benchmarks.papers.ddcp.tables import all_rows
from benchmarks.papers.rows import write_page, write_rows
from benchmarks.registry import Task
from problems.report.tables import write_table


def run(task: Task) -> dict[str, Any]:
    """Reproduce the paper and write rows.csv, tables, figures and the page.

    Parts that the folder holds already are read, so that an interrupted run continues. The quick
    form does the diagnosis alone.

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
        parts = all_parts(out / "parts", task.seed, task.say)
        rows += all_rows(parts)
        task.say("figures and page")
        draw_all(out, grid, parts)
        write_table(out / "methods.csv", method_rows(parts))
        write_page(out / "README.md", summary(rows, parts))
    write_rows(out / "rows.csv", rows)
    return {
        "rows": [asdict(row) for row in rows],
        "verdicts": dict(Counter(row.verdict for row in rows)),
    }
