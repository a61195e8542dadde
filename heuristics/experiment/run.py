"""Run an experiment: what is not finished yet, in parallel, rows in the order of the plan."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import joblib

from heuristics.experiment.cluster import run_on_cluster
from heuristics.experiment.folder import RunFolder
from heuristics.experiment.plan import Experiment, run_seed
from heuristics.experiment.row import RunRow, planned_row
from heuristics.experiment.task import Task, run_task
from heuristics.experiment.workers import run_in_workers


def run_experiment(
    plan: Experiment,
    n_jobs: int = 1,
    out: str | Path | None = None,
    progress: Callable[[RunRow, int, int], None] | None = None,
    scheduler: str | None = None,
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
    scheduler : str, optional
        Address of a Dask cluster that runs the runs in place of worker processes.

    Returns
    -------
    list of RunRow
        In the order of `plan.run_keys()`. A run that raises an exception, or whose worker dies
        twice, is a failed row.

    Raises
    ------
    ValueError
        A file in `out` is damaged or belongs to another experiment, or no scheduler answers.
    """
    keys = plan.run_keys()
    # Workers outlive a study and do not follow its process into another working directory.
    folder = None if out is None else RunFolder(Path(out).absolute())
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
    for row in _run(tasks, n_jobs, scheduler):
        rows[row.key] = row
        if progress is not None:
            progress(row, len(rows), len(keys))
    if folder is not None:
        folder.clean()
    return [rows[key] for key in keys]


def _run(tasks: list[Task], n_jobs: int, scheduler: str | None) -> Iterator[RunRow]:
    if scheduler is not None:
        return run_on_cluster(tasks, scheduler) if tasks else iter(())
    n_workers = joblib.effective_n_jobs(n_jobs)
    return map(run_task, tasks) if n_workers == 1 else run_in_workers(tasks, n_workers)
