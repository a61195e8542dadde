"""One run as it is sent to a worker, and what the worker does with it."""

import time
from dataclasses import dataclass, replace

from heuristics.engine import Engine
from heuristics.experiment.folder import RunFolder
from heuristics.experiment.plan import Source
from heuristics.experiment.row import RunRow
from heuristics.loop import minimize
from heuristics.problem import Problem
from heuristics.sampling import Seed


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One run, as it is sent to a worker.

    Attributes
    ----------
    row : RunRow
        What is planned.
    source : Problem or callable
        The problem, or what makes it.
    study : str
        Distinguishes this call of `run_experiment` from others in the same worker.
    engine : Engine
    seed : int or SeedSequence
    folder : RunFolder or None
        Where the row is kept.
    """

    row: RunRow
    source: Source
    study: str
    engine: Engine
    seed: Seed
    folder: RunFolder | None


def run_task(task: Task) -> RunRow:
    """Run one run and keep its row; an exception makes a failed row."""
    began = time.perf_counter()
    checkpoint = None if task.folder is None else task.folder.checkpoint(task.row.key)
    try:
        result = minimize(
            _problem(task),
            task.engine,
            seed=task.seed,
            budget=task.row.budget,
            checkpoint=checkpoint,
        )
    except Exception as error:
        text = " ".join(str(error).split())
        row = task.row.failed(f"{type(error).__name__}: {text}" if text else type(error).__name__)
        if checkpoint is not None:
            checkpoint.unlink(missing_ok=True)
    else:
        row = task.row.finished(result)
    row = replace(row, seconds=time.perf_counter() - began)
    if task.folder is not None:
        task.folder.write(row)
    return row


# Made once a worker, not once a run: reading a feeder may take longer than a run on it.
_made: dict[tuple[str, str], Problem] = {}


def _problem(task: Task) -> Problem:
    if not callable(task.source):
        return task.source
    name = (task.study, task.row.problem)
    if name not in _made:
        for other in [other for other in _made if other[0] != task.study]:
            del _made[other]
        _made[name] = task.source()
    return _made[name]
