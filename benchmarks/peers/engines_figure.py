"""Owns figure and page of the contest of engines: expected evaluations by contender and case."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

from benchmarks.page import markdown_table, short

if TYPE_CHECKING:
    from benchmarks.peers.engines import EngineRow


def draw(path: Path, rows: Sequence[EngineRow]) -> None:
    """Draw a panel a job and case; hollow marks: no success, what all runs spent at least."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    panels = list(dict.fromkeys((row.job, row.case) for row in rows))
    names = [
        name
        for name in dict.fromkeys(row.contender for row in rows)
        if any(row.runs for row in rows if row.contender == name)
    ]
    figure, axes = plt.subplots(
        1, len(panels), figsize=(2.5 + 1.8 * len(panels), 4.2), sharey=True, sharex=True,
        squeeze=False, layout="constrained",
    )  # fmt: skip
    for axis, (job, case) in zip(axes[0], panels, strict=True):
        for row in rows:
            if (row.job, row.case) != (job, case) or not row.runs:
                continue
            is_ours = row.contender == names[0]
            axis.plot(
                row.figure if row.figure is not None else row.spent,
                names.index(row.contender),
                marker="o" if row.figure is not None else ">",
                color="tab:red" if is_ours else "tab:blue",
                fillstyle="full" if row.figure is not None else "none",
            )
        axis.set_xscale("log")
        axis.set_title(f"{case}, {job.replace('-', ' ')}", fontsize=9)
        axis.grid(axis="x", which="major", alpha=0.3)
    axes[0][0].set_yticks(range(len(names)), names)
    axes[0][0].invert_yaxis()
    figure.supxlabel(
        "expected evaluations to 0.1 % of the certified bound\n"
        "(hollow: no success, what all runs spent)",
        fontsize=9,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def page(rows: Sequence[EngineRow]) -> str:
    """Return the contest as Markdown: ERT, successes, and the ratio of ours to each peer's."""
    header = (
        *("job", "case", "contender", "ERT", "successes", "budget"),
        *("ours / this", "95 % interval", "below 1", "note"),
    )
    lines = (
        (
            row.job,
            row.case,
            row.contender,
            short(row.figure),
            f"{row.successes} of {row.runs}" if row.runs else "-",
            f"{row.budget:,}" if row.runs else "-",
            short(row.ours_over_this),
            "-" if row.low is None else f"{short(row.low)} to {short(row.high)}",
            _verdict(row),
            row.note,
        )
        for row in rows
    )
    return (
        "# The hybrid against other engines\n\nWritten by `python -m benchmarks peers engines`: "
        "expected evaluations (ERT) until a feasible plan is within 0.1 % of the certified bound: "
        "what all runs spent, divided by the runs that got there. Ratios are those of the hybrid's "
        "ERT to the contender's, with bootstrap intervals over runs; a contender without success "
        "is counted as if one run had succeeded at its very end.\n\n"
        + markdown_table(header, lines)
    )


def _verdict(row: EngineRow) -> str:
    """Return whether ours is ahead for sure, in words; nothing for ours and for absentees."""
    if row.ours_over_this is None and row.low is None:
        return "" if row.contender == "hybrid" or not row.runs else "**no**"
    return "yes" if row.high is not None and row.high < 1.0 else "**no**"
