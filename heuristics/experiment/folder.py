"""The folder of an experiment: one file a run, written atomically, times apart."""

import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from heuristics.experiment.plan import RunKey
from heuristics.experiment.row import RunRow, row_from_json

LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where finished runs are kept.

    `runs/NAME.json` holds a row and is the same to the byte whenever it is made; `times/NAME.json`
    holds its seconds; `checkpoints/NAME` exists while a long run is unfinished.

    Attributes
    ----------
    path : Path
        Made when first needed.
    """

    path: Path

    def checkpoint(self, key: RunKey) -> Path:
        """Return the path of the run's checkpoint."""
        return self.path / "checkpoints" / file_name(key)

    def write(self, row: RunRow) -> None:
        """Keep a row. An interruption leaves the whole file or none."""
        name = file_name(row.key) + ".json"
        # The row comes last: its file says that the run is finished.
        _write_atomically(self.path / "times" / name, json.dumps({"seconds": row.seconds}) + "\n")
        _write_atomically(self.path / "runs" / name, row.to_json())

    def read(self, planned: RunRow) -> RunRow | None:
        """Return the kept row of a planned run, None if there is none or if it failed.

        Raises
        ------
        ValueError
            The file is damaged, or its run had another engine, budget or seed.
        """
        name = file_name(planned.key) + ".json"
        path = self.path / "runs" / name
        if not path.exists():
            return None
        try:
            row = row_from_json(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        for what in ("problem", "engine", "run", "settings", "budget", "seed"):
            kept, expected = getattr(row, what), getattr(planned, what)
            if kept != expected:
                raise ValueError(
                    f"{path}: belongs to another experiment: its {what} is {kept}, "
                    f"expected {expected}"
                )
        # What failed once (no memory left, say) may succeed now, and gives the same row if not.
        return None if row.is_failed else replace(row, seconds=self._read_seconds(name))

    def clean(self) -> None:
        """Remove what only an unfinished experiment needs: checkpoints and unfinished drafts."""
        shutil.rmtree(self.path / "checkpoints", ignore_errors=True)
        for draft in self.path.glob("*/*.tmp"):
            draft.unlink(missing_ok=True)

    def _read_seconds(self, name: str) -> float | None:
        path = self.path / "times" / name
        seconds = json.loads(path.read_text(encoding="utf-8"))["seconds"] if path.exists() else None
        return None if seconds is None else float(seconds)


def file_name(key: RunKey) -> str:
    """Return the name of a run's files, without ending: letters that every file system takes."""
    return f"{plain_name(key.problem)}--{plain_name(key.engine)}--{key.run:04d}"


def plain_name(name: str) -> str:
    """Return a name in letters that every file system takes, different for different names."""
    plain = re.sub(r"[^A-Za-z0-9_.]+", "_", name).strip(".")[:LONGEST_NAME]
    if plain == name:
        return name
    # Names that differ only in letters that were replaced must not share a file.
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _write_atomically(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    draft.write_text(text, encoding="utf-8", newline="\n")
    draft.replace(path)
