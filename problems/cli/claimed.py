"""Owns the folder of a study that its own command repeats: whose it is, by words and files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from problems.cli.asked import asked

if TYPE_CHECKING:
    from powerflow.feeder import Feeder


def claim(command: str, feeder: Feeder, out: str | None, files: Sequence[str | None] = ()) -> Path:
    """Return the folder of a study, its record written; files given are known by their content.

    Raises
    ------
    ContentError
        If the folder holds another study.
    """
    from problems.cli.study import RUNS_FOLDER
    from problems.report.record import claim_folder, make_record, study_name

    given = {name: hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in files if name}
    settings = {"asked": asked(), "files": given}
    record = make_record(command, settings, {feeder.name: feeder.digest()})
    folder = Path(out) if out else RUNS_FOLDER / study_name(record)
    claim_folder(folder, record)
    return folder
