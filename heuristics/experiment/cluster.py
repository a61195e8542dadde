"""Runs on an existing Dask cluster: rows as they are finished, and what happens to deadly runs."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import numba

from heuristics.experiment.row import RunRow
from heuristics.experiment.task import Task, run_task

CONNECT_S = 20


def run_on_cluster(tasks: Sequence[Task], scheduler: str) -> Iterator[RunRow]:
    """Yield rows as a cluster finishes them; this process keeps them.

    The cluster's machines need not see the folder of the study: rows come back over the network,
    and long runs leave no checkpoints. joblib's back end for Dask is passed over, for it loses
    which run killed its worker. A worker process runs one run at a time on one thread, so start
    as many workers as runs shall go on at once, each with one thread.

    Parameters
    ----------
    tasks : sequence of Task
    scheduler : str
        Address of the scheduler, as `tcp://host:8786`. Its workers must have this package.

    Yields
    ------
    RunRow
        A run that kills as many workers as the cluster allows, twice, is a failed row.

    Raises
    ------
    ValueError
        distributed is not installed, or there is no scheduler at the address.
    """
    try:
        from distributed import Client, as_completed
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise ValueError("a Dask cluster needs the package distributed: extra dask") from None
    try:
        client = Client(scheduler, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ValueError(f"no Dask scheduler answers at {scheduler}: {error}") from None
    with client:
        sent = {client.submit(_run_alone, _bare(task), pure=False): task for task in tasks}
        suspects = []
        for future in as_completed(list(sent), loop=client.loop):
            task = sent.pop(future)
            try:
                row = future.result()
            except KilledWorker:
                # It may have waited at a worker that another run killed.
                suspects.append(task)
                continue
            yield _kept(row, task)
            future.release()
        for task in suspects:
            try:
                row = client.submit(_run_alone, _bare(task), pure=False).result()
            except KilledWorker:
                row = task.row.failed("its worker process died twice")
            yield _kept(row, task)


# Engines that adapt other libraries draw from generators that the process shares.
_turn = threading.Lock()


def _run_alone(task: Task) -> RunRow:
    with _turn:
        config = cast(Any, numba.config)
        n_threads = config.NUMBA_NUM_THREADS
        config.NUMBA_NUM_THREADS = 1
        try:
            return run_task(task)
        finally:
            config.NUMBA_NUM_THREADS = n_threads


def _bare(task: Task) -> Task:
    return replace(task, folder=None)


def _kept(row: RunRow, task: Task) -> RunRow:
    if task.folder is not None:
        task.folder.write(row)
    return row
