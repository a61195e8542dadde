"""Owns small experiments and what their folders hold."""

import dataclasses
import os
import signal
from pathlib import Path

from heuristics.engine import make_engine
from heuristics.experiment import Experiment
from heuristics.functions import g06, sphere
from heuristics.testing.trials import Impossible


@dataclasses.dataclass(frozen=True)
class Deadly:
    """The sphere; at some points an exception, or the end of the process."""

    limit: float
    kills: bool = False
    space = sphere(3).space
    n_obj: int = 1
    n_con: int = 0

    def evaluate(self, x):
        if x[0, 0] > self.limit and self.kills:
            os.kill(os.getpid(), signal.SIGKILL)
        if x[0, 0] > self.limit:
            raise ZeroDivisionError("no answer\n  at this point")
        return sphere(3).evaluate(x)


def engines(*names: str):
    return {name: make_engine(name, population=10) for name in names}


def plan(**changes) -> Experiment:
    settings = {
        "problems": {"sphere": sphere, "g06": g06(), "nothing": Impossible()},
        "engines": engines("ga", "random"),
        "n_runs": 3,
        "budget": 105,
        "seed": 7,
    }
    return Experiment(**(settings | changes))


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file of a study but the times."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.parent.name != "times"
    }
