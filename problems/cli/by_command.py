"""Owns how a study of any other command than site, compare and pareto is repeated: by its command.

A study that leaves a record.json and, by `write_page`, the command that repeats it, needs nothing
more for `feederlab resume` and `feederlab rerun`.
"""

from __future__ import annotations

import contextlib
import io
import shlex
from pathlib import Path

from problems.core.errors import ContentError

SITING = ("site", "compare", "pareto")


def repeats_by_command(folder: Path) -> bool:
    """Return whether the study in a folder is one that is repeated by its command.

    Raises
    ------
    ContentError
        If the folder holds no study.
    """
    from problems.cli.request import read_record

    record, _ = read_record(folder)
    return record.get("command") not in SITING


def run_again(folder: Path, out: Path, *extra: str) -> int:
    """Run the command that a study's report names, into another folder; return its exit code.

    Parameters
    ----------
    folder : Path
        Of the study.
    out : Path
        Folder for the repetition.
    *extra : str
        Further words of the command.

    Raises
    ------
    ContentError
        If the report does not name a command of feederlab.
    """
    from typer.main import get_command

    from problems.cli.app import app
    from problems.report.page import read_page

    command = read_page(folder).command
    name, *words = shlex.split(command)
    if name != "feederlab":
        raise ContentError(f"{folder}: expected a command of feederlab in report.json: {command}")
    code = get_command(app).main(
        [*words, "--out", str(out), *extra], prog_name=name, standalone_mode=False
    )
    return code if isinstance(code, int) else 0


def run_again_silently(folder: Path, out: Path) -> int:
    """Run a study's command into another folder and drop what it prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        return run_again(folder, out)
