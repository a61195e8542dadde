"""The same experiment on a Dask cluster: rows to the bit, deadly runs as failed rows."""

import dataclasses
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from heuristics.engine import make_engine
from heuristics.experiment import Experiment, run_experiment
from heuristics.functions import g06, mixed_sphere, sphere
from heuristics.testing.trials import Impossible

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of the cluster's own start and end


@dataclasses.dataclass(frozen=True)
class Deadly:
    """The sphere; beyond a limit, the end of the process."""

    limit: float
    space = sphere(3).space
    n_obj: int = 1
    n_con: int = 0

    def evaluate(self, x):
        if x[:, 0].max() > self.limit:
            os.kill(os.getpid(), signal.SIGKILL)
        return sphere(3).evaluate(x)


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Return the address of a cluster of two workers over loopback, each with two threads."""
    cloudpickle = pytest.importorskip("cloudpickle")
    # workers cannot import a test's module
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, host="127.0.0.1", dashboard_address=None
        ) as cluster,
    ):
        yield cluster.scheduler_address


def plan(**changes) -> Experiment:
    settings = {
        "problems": {"mixed": mixed_sphere, "g06": g06(), "nothing": Impossible()},
        "engines": {name: make_engine(name, population=10) for name in ("ga", "pso", "random")},
        "n_runs": 3,
        "budget": 105,
        "seed": 7,
    }
    return Experiment(**(settings | changes))


def runs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "runs").glob("*.json"))}


def test_a_cluster_gives_the_same_rows_and_files(scheduler, tmp_path):
    seen = []
    here = run_experiment(plan(), 1, tmp_path / "here")
    there = run_experiment(
        plan(), out=tmp_path / "there", scheduler=scheduler, progress=lambda *p: seen.append(p)
    )
    assert there == here
    assert runs(tmp_path / "there") == runs(tmp_path / "here")
    assert sorted(n_done for _, n_done, _ in seen) == list(range(1, 28))
    assert not (tmp_path / "there" / "checkpoints").exists()


def test_a_cluster_does_only_what_is_missing(scheduler, tmp_path):
    run_experiment(plan(), 1, tmp_path)
    whole = runs(tmp_path)
    for name in list(whole)[::5]:
        (tmp_path / "runs" / name).unlink()
    seen = []
    run_experiment(plan(), out=tmp_path, scheduler=scheduler, progress=lambda r, *_: seen.append(r))
    assert len(seen) == len(list(whole)[::5])
    assert runs(tmp_path) == whole
    # nothing is missing any more: no cluster is needed
    assert len(run_experiment(plan(), out=tmp_path, scheduler="tcp://127.0.0.1:9")) == 27


def test_a_run_that_kills_its_worker_is_a_failed_row(scheduler, tmp_path):
    engines = {"random": make_engine("random", population=10)}
    problems = {"sphere": sphere(3), "deadly": Deadly(limit=5.0)}
    deadly = plan(problems=problems, engines=engines, n_runs=3, budget=40)
    rows = run_experiment(deadly, out=tmp_path, scheduler=scheduler)
    # the same in worker processes of this machine, which see the same points
    assert rows == run_experiment(deadly, 2)
    assert {row.message for row in rows if row.is_failed} == {"its worker process died twice"}
    assert len(runs(tmp_path)) == 6


def test_no_scheduler_is_one_clear_error(monkeypatch):
    monkeypatch.setattr("heuristics.experiment.cluster.CONNECT_S", 1)
    with pytest.raises(ValueError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        run_experiment(plan(), scheduler="tcp://127.0.0.1:9")
