"""Owns the figure of the contest of engines: expected evaluations by contender and case."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

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
        1, len(panels), figsize=(1.5 + 2.0 * len(panels), 4.2), sharey=True, sharex=True,
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
        axis.set_title(f"{case}, {job}", fontsize=9)
        axis.grid(axis="x", which="major", alpha=0.3)
    axes[0][0].set_yticks(range(len(names)), names)
    axes[0][0].invert_yaxis()
    figure.supxlabel("expected evaluations to 0.1 % of the certified bound (hollow: no success)")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
    plt.close(figure)
