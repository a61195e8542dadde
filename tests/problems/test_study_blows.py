"""Studies that survive: killed, interrupted, on a cluster, always to the byte."""

import contextlib
import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from study_blows import START

from problems.cli.study import Workers
from problems.core.errors import SettingError
from problems.report.agree import differing_files

STUDY = ("compare", "ieee33", "--engines", "ga,hgapso:printed", "--runs", "4")
STUDY += ("--evaluations", "30000", "--seed", "5", "--v-min", "0")
N_RUNS = 8


def begin(*words: str) -> subprocess.Popen[str]:
    """Start the command in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", START, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(folder: Path, n_jobs: int) -> None:
    """Resume a study, or begin it if it was struck before it had a record."""
    words = ("resume", str(folder)) if (folder / "record.json").exists() else (*STUDY, "--out")
    words += () if words[0] == "resume" else (str(folder),)
    with begin(*words, "--jobs", str(n_jobs)) as process:
        _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err


def stage(folder: Path) -> str:
    """Return how far a study has come."""
    for name, file in (("files", "runs.csv"), ("proof", "certificate.json")):
        if (folder / file).exists():
            return name
    return "record" if (folder / "record.json").exists() else "start"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the undisturbed study."""
    folder = tmp_path_factory.mktemp("undisturbed") / "study"
    finish(folder, 1)
    return folder


def await_runs(process: subprocess.Popen[str], folder: Path, n_runs: int) -> None:
    """Wait until a study has its record and so many finished runs, or has ended."""
    deadline = time.monotonic() + 300.0
    while process.poll() is None and time.monotonic() < deadline:
        if (folder / "record.json").exists() and n_finished(folder) >= n_runs:
            return
        time.sleep(0.01)


def n_finished(folder: Path) -> int:
    return len(list((folder / "runs").glob("*.json")))


def kill_and_resume(folder: Path, n_jobs: int, n_runs: int, wait_s: float) -> tuple[str, int]:
    """Kill a study some time after so many runs, resume it, and return where it stood."""
    with begin(*STUDY, "--jobs", str(n_jobs), "--out", str(folder)) as process:
        await_runs(process, folder, n_runs)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(wait_s)
        process.kill()
        process.communicate()
    stood = "finished" if process.returncode == 0 else stage(folder), n_finished(folder)
    finish(folder, n_jobs)
    return stood


@pytest.mark.parametrize(("n_jobs", "n_runs"), [(1, 3), (2, 0), (4, 1)])
def test_killed_study_resumes_to_the_same_bytes(
    tmp_path: Path, undisturbed: Path, n_jobs: int, n_runs: int
) -> None:
    wait_s = float(np.random.Generator(np.random.PCG64(n_jobs)).uniform(0.0, 0.5))
    stood, n_kept = kill_and_resume(tmp_path / "study", n_jobs, n_runs, wait_s)
    assert stood != "finished"
    assert n_kept >= n_runs
    assert differing_files(undisturbed, tmp_path / "study") == []


@pytest.mark.slow
def test_twenty_kills(tmp_path: Path, undisturbed: Path) -> None:
    """Set FEEDERLAB_KILLS to a file for a row a kill."""
    rng = np.random.Generator(np.random.PCG64(20))
    rows = []
    for k in range(20):
        n_jobs, n_runs = (1, 2, 4)[k % 3], int(rng.integers(N_RUNS + 1))
        wait_s = float(rng.uniform(0.0, 0.5))
        folder = tmp_path / f"study{k}"
        stood, n_kept = kill_and_resume(folder, n_jobs, n_runs, wait_s)
        files = sum(path.is_file() for path in folder.rglob("*"))
        differ = differing_files(undisturbed, folder)
        rows.append((k + 1, n_jobs, n_runs, f"{wait_s:.3f}", stood, n_kept, files, len(differ)))
        assert differ == []
    if "FEEDERLAB_KILLS" in os.environ:
        with Path(os.environ["FEEDERLAB_KILLS"]).open("w", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            columns = ("kill", "workers", "after_runs", "and_s", "stage", "runs_kept", "files")
            writer.writerows([(*columns, "differing"), *rows])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_interrupted_study_says_how_to_go_on(
    tmp_path: Path, undisturbed: Path, n_jobs: int
) -> None:
    folder = tmp_path / "study"
    with begin(*STUDY, "--jobs", str(n_jobs), "--out", str(folder)) as process:
        await_runs(process, folder, 1)
        os.killpg(process.pid, signal.SIGINT)  # a terminal interrupts the workers too
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert err == f"interrupted; continue with: feederlab resume {folder}\n"
    assert n_finished(folder) < N_RUNS
    finish(folder, n_jobs)
    assert differing_files(undisturbed, folder) == []


def test_study_survives_a_killed_worker(tmp_path: Path, undisturbed: Path) -> None:
    folder = tmp_path / "study"
    with begin(*STUDY, "--jobs", "2", "--out", str(folder)) as process:
        await_runs(process, folder, 1)
        os.kill(workers_of(process.pid)[0], signal.SIGKILL)
        _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert differing_files(undisturbed, folder) == []


def workers_of(parent: int) -> list[int]:
    """Return the worker processes of joblib that a process has started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text().rpartition(")")[2].split()
                command = (entry / "cmdline").read_text()
            except OSError:
                continue
            if int(status[1]) == parent and "popen_loky" in command:
                found.append(int(entry.name))
    return found


@pytest.fixture
def scheduler() -> Iterator[str]:
    """Return the address of a cluster of two workers over loopback."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


@pytest.mark.filterwarnings("ignore")
def test_study_on_a_cluster_has_the_same_bytes(
    tmp_path: Path, undisturbed: Path, scheduler: str
) -> None:
    folder = tmp_path / "study"
    words = ("--backend", "dask", "--scheduler", scheduler, "--out", str(folder))
    with begin(*STUDY, *words) as process:
        _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert differing_files(undisturbed, folder) == []


def test_workers_of_a_study() -> None:
    assert Workers().n_jobs == 1
    with pytest.raises(SettingError, match="needs --scheduler"):
        Workers(backend="dask")
