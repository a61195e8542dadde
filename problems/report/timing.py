"""Owns the seconds of a siting study: one file each while it runs, in the end timing.csv alone."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from problems.core.errors import ContentError
from problems.report.tables import write_table

if TYPE_CHECKING:
    from problems.report.study import SitingStudy

FILE = "timing.csv"
UNFINISHED = "times"
"""Folder of the seconds of single runs and proofs while a study is unfinished."""
PROOF = "certificate"

Key = tuple[str, str, str]
"""Feeder, engine or `certificate`, number of the run or nothing."""


def read_seconds(folder: Path) -> dict[Key, float]:
    """Return the seconds that a finished study's folder holds; none if it has no timing.csv.

    Raises
    ------
    ContentError
        Naming the file if it is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return {
                (row["feeder"], row["engine"], row["run"]): float(row["seconds"])
                for row in csv.DictReader(stream)
                if row["seconds"]
            }
    except (KeyError, TypeError, ValueError):
        raise ContentError(
            f"{path}: damaged: expected the columns feeder, engine, run, seconds; "
            "the study does without it, remove it"
        ) from None


def write_seconds(folder: Path, study: SitingStudy) -> None:
    """Write timing.csv, then remove the files it was gathered from: only it differs by machine."""
    proofs = [
        {"feeder": feeder, "engine": PROOF, "run": "", "seconds": bound.seconds}
        for feeder, bound in study.bounds.items()
    ]
    runs = [
        {
            "feeder": run.row.problem,
            "engine": run.row.engine,
            "run": str(run.row.run),
            "seconds": run.row.seconds,
        }
        for run in study.runs
    ]
    write_table(folder / FILE, proofs + runs)
    shutil.rmtree(folder / UNFINISHED, ignore_errors=True)
