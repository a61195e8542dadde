"""Run an experiment: in parallel, each finished run kept, whatever happens to the others."""

import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path

import joblib

from heuristics.engine import Engine
from heuristics.experiment.folder import RunFolder, file_name
from heuristics.experiment.plan import Experiment, Source, run_seed
from heuristics.experiment.row import RunRow, planned_row
from heuristics.loop import minimize
from heuristics.problem import Problem
from heuristics.sampling import Seed

MAX_BREAKS = 3


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


def run_experiment(
    plan: Experiment,
    n_jobs: int = 1,
    out: str | Path | None = None,
    progress: Callable[[RunRow, int, int], None] | None = None,
) -> list[RunRow]:
    """Run every run of a plan that is not finished yet.

    Parameters
    ----------
    plan : Experiment
    n_jobs : int
        Worker processes, -1 for one a core; each uses one thread. 1 runs in this process. Rows
        are the same for any number.
    out : path, optional
        Folder that keeps each finished run. A second call with the same plan and folder, after
        an interruption of any kind, runs what is missing or failed, and long runs go on from
        their checkpoints.
    progress : callable, optional
        Called with each row as it is finished, the number of finished rows and of all rows.

    Returns
    -------
    list of RunRow
        In the order of `plan.keys()`. A run that raises an exception, or whose worker dies twice,
        is a failed row.

    Raises
    ------
    ValueError
        A file in `out` is damaged or belongs to another experiment.
    """
    keys = plan.keys()
    folder = None if out is None else RunFolder(Path(out))
    planned = {key: planned_row(plan, key) for key in keys}
    rows = {}
    if folder is not None:
        kept = {key: folder.read(planned[key]) for key in keys}
        rows = {key: row for key, row in kept.items() if row is not None}
    study = uuid.uuid4().hex
    tasks = [
        Task(
            planned[key],
            plan.problems[key.problem],
            study,
            plan.engines[key.engine],
            run_seed(plan.seed, key.problem, key.run),
            folder,
        )
        for key in keys
        if key not in rows
    ]
    n_workers = joblib.effective_n_jobs(n_jobs)
    for row in map(run_task, tasks) if n_workers == 1 else _in_workers(tasks, n_workers):
        rows[row.key] = row
        if progress is not None:
            progress(row, len(rows), len(keys))
    if folder is not None:
        folder.clean()
    return [rows[key] for key in keys]


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


def _in_workers(tasks: list[Task], n_workers: int) -> Iterator[RunRow]:
    """Yield rows as they are finished; redo runs that were in flight when a worker died."""
    waiting = {task.row.key: task for task in tasks}
    n_breaks = 0
    with tempfile.TemporaryDirectory() as marks:
        while waiting:
            try:
                for row in _pool(n_workers)(
                    joblib.delayed(_run_marked)(task, Path(marks))
                    for task in list(waiting.values())
                ):
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
        (row,) = _pool(2)([joblib.delayed(_run_marked)(task, marks)])
    except BrokenProcessPool:
        row = task.row.failed("its worker process died twice")
        if task.folder is not None:
            task.folder.write(row)
    return row


def _run_marked(task: Task, marks: Path) -> RunRow:
    mark = _mark(task, marks)
    mark.touch()
    row = run_task(task)
    mark.unlink()
    return row


def _mark(task: Task, marks: Path) -> Path:
    return marks / file_name(task.row.key)


def _pool(n_workers: int) -> joblib.Parallel:
    with joblib.parallel_config(backend="loky", n_jobs=n_workers, inner_max_num_threads=1):
        # One run a message, and a row as soon as it is there: progress is live.
        return joblib.Parallel(batch_size=1, return_as="generator_unordered")
