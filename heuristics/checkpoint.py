"""The file an unfinished run leaves behind: whose it is, where it stands, written atomically."""

import hashlib
import json
import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from heuristics.engine import Engine, State
from heuristics.problem import Problem
from heuristics.record import Best

FORMAT = "feederlab checkpoint 1"


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Where a run stands between two batches: all that the rest of it depends on.

    Attributes
    ----------
    state : object
        State of the engine.
    rng_state : dict
        State of the bit generator.
    n_evaluations : int
        Spent so far.
    steps : tuple of (evaluation, f, violation)
        Improvements so far.
    best : Best or None
        Best point so far.
    """

    state: State
    rng_state: dict[str, Any]
    n_evaluations: int
    steps: tuple[tuple[int, float, float], ...]
    best: Best | None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint file and the run it belongs to.

    The first line is JSON and says whose run it is; the rest is a pickle, which is read only if
    the line fits and its hash is right.

    Attributes
    ----------
    path : Path
    identity : tuple of (str, str)
        What must agree, as (name, value), for the run to be continued.
    """

    path: Path
    identity: tuple[tuple[str, str], ...]

    def write(self, snapshot: Snapshot) -> None:
        """Replace the file: at any moment it is the old one or the new one, complete."""
        body = pickle.dumps(snapshot, protocol=pickle.HIGHEST_PROTOCOL)
        header = {"format": FORMAT, "sha256": _sha256(body), **dict(self.identity)}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
        draft.write_bytes(json.dumps(header).encode() + b"\n" + body)
        draft.replace(self.path)

    def read(self, problem: Problem) -> Snapshot | None:
        """Return the snapshot, None if there is no file.

        Raises
        ------
        ValueError
            The file is damaged or belongs to another run. Two problems may look alike and differ
            in their data, so the best point is evaluated once more and must be worth the same.
        """
        try:
            line, _, body = self.path.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        try:
            header = json.loads(line)
            is_ours = header["format"] == FORMAT and header["sha256"] == _sha256(body)
        except (ValueError, TypeError, KeyError):
            is_ours = False
        if not is_ours:
            raise ValueError(f"checkpoint {self.path}: expected '{FORMAT}', undamaged")
        for name, value in self.identity:
            if header.get(name) != value:
                raise ValueError(
                    f"checkpoint {self.path}: belongs to another run: its {name} is "
                    f"{header.get(name)}, expected {value}"
                )
        snapshot = pickle.loads(body)
        assert isinstance(snapshot, Snapshot)
        if snapshot.best is not None and not _is_worth_the_same(problem, snapshot.best):
            raise ValueError(
                f"checkpoint {self.path}: belongs to another run: its best point has another "
                "value in this problem"
            )
        return snapshot

    def remove(self) -> None:
        """Remove the file if it exists."""
        self.path.unlink(missing_ok=True)


def run_identity(
    problem: Problem, engine: Engine, seed: str, budget: int
) -> tuple[tuple[str, str], ...]:
    """Return what two runs must share to be the same run, as (name, value) pairs."""
    space = problem.space
    columns = (space.lower, space.upper, space.is_integer)
    box = _sha256(b"".join(column.tobytes() for column in columns))
    return (
        ("problem", f"n_obj={problem.n_obj}, n_con={problem.n_con}, space {box[:16]}"),
        ("engine", repr(engine)),
        ("seed", seed),
        ("budget", str(budget)),
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _is_worth_the_same(problem: Problem, best: Best) -> bool:
    again = problem.evaluate(best.x[np.newaxis].copy())
    return np.array_equal(again.f[0], [best.f], equal_nan=True) and np.array_equal(
        again.g[0], best.g, equal_nan=True
    )
