"""Owns what `feederlab` says when it is given nothing: what one can do next."""

from __future__ import annotations

import shlex
from pathlib import Path

RUNS_FOLDER = Path("results") / "runs"
RECENT = 3

FIRST = """Plan EV charging, capacitors, storage and staged investment on distribution feeders.

A first hour:
  feederlab feeders                           list the feeders of the library
  feederlab flow ieee33                       compute one power flow
  feederlab site ieee33 --seed 1 --certify    site stations and banks, with a proven bound
  feederlab compare ieee33 --seed 1           race search engines on equal terms
  feederlab flow path/to/feeder               the same on a feeder of your own

Every study leaves a folder with report.html in it.
"""

LAST = """feederlab --help lists all commands, feederlab COMMAND --help the options of one;
feederlab --install-completion completes words by the Tab key."""


def words(runs: Path = RUNS_FOLDER) -> str:
    """Return first steps, and what to do with the latest studies.

    Parameters
    ----------
    runs : Path
        Where studies are that were given no folder.
    """
    found = sorted(runs.glob("*/record.json"), key=lambda file: (-file.stat().st_mtime, file))
    lines = [_study(file.parent) for file in found[:RECENT]]
    latest = "\n".join(["\nYour latest studies:", *lines, ""]) if lines else ""
    return f"{FIRST}{latest}\n{LAST}"


def _study(folder: Path) -> str:
    is_finished = (folder / "report.json").exists()
    return f"  feederlab {'show' if is_finished else 'resume'} {shlex.quote(str(folder))}"
