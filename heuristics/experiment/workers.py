"""Worker processes: rows as they are finished, and what happens when a worker dies."""

import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from pathlib import Path
from typing import Any

import joblib

from heuristics.experiment.folder import file_name
from heuristics.experiment.row import RunRow
from heuristics.experiment.task import Task, run_task

MAX_BREAKS = 3
PARENT_PERIOD_S = 0.5


def run_in_workers(tasks: Sequence[Task], n_workers: int) -> Iterator[RunRow]:
    """Yield rows as they are finished; redo runs that were in flight when a worker died.

    Parameters
    ----------
    tasks : sequence of Task
    n_workers : int
        At least 2; each uses one thread.

    Yields
    ------
    RunRow
        A run that kills its worker twice is a failed row.

    Raises
    ------
    BrokenProcessPool
        Workers die before they begin a run.
    """
    waiting = {task.row.key: task for task in tasks}
    n_breaks = 0
    with tempfile.TemporaryDirectory() as marks:
        while waiting:
            try:
                calls = [_call(task, Path(marks)) for task in waiting.values()]
                for row in _pool(n_workers)(calls):
                    del waiting[row.key]
                    yield row
            except BrokenProcessPool:
                # One death ends all workers, so the guilty run is among those in flight. Alone in
                # a pool, it shows itself by killing its worker a second time.
                suspects = [task for task in waiting.values() if _mark(task, Path(marks)).exists()]
                n_breaks = 0 if suspects else n_breaks + 1
                if n_breaks == MAX_BREAKS:
                    raise
                for task in suspects:
                    del waiting[task.row.key]
                    yield _run_alone(task, Path(marks))


def _run_alone(task: Task, marks: Path) -> RunRow:
    try:
        rows: list[RunRow] = list(_pool(2)([_call(task, marks)]))
    except BrokenProcessPool:
        rows = [task.row.failed("its worker process died twice")]
        if task.folder is not None:
            task.folder.write(rows[0])
    return rows[0]


def _call(task: Task, marks: Path) -> Any:
    return joblib.delayed(_run_marked)(task, marks, os.getpid())


def _run_marked(task: Task, marks: Path, parent: int) -> RunRow:
    _end_with(parent)
    mark = _mark(task, marks)
    mark.touch()
    row = run_task(task)
    mark.unlink()
    return row


@cache
def _end_with(parent: int) -> None:
    """Let this worker end soon after its parent: a killed study must not go on in the dark."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_PERIOD_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _mark(task: Task, marks: Path) -> Path:
    return marks / file_name(task.row.key)


def _pool(n_workers: int) -> joblib.Parallel:
    with joblib.parallel_config(backend="loky", n_jobs=n_workers, inner_max_num_threads=1):
        # One run a message, and a row as soon as it is there: progress is live.
        return joblib.Parallel(batch_size=1, return_as="generator_unordered")
