"""Studies killed or interrupted from outside resume to the bytes of an undisturbed study."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from heuristics.engine import make_engine
from heuristics.experiment import Experiment, run_experiment
from heuristics.functions import mixed_sphere, rastrigin


def study() -> Experiment:
    engines = {name: make_engine(name) for name in ("ga", "hgapso:printed")}
    return Experiment({"mixed": mixed_sphere, "rastrigin": rastrigin}, engines, 3, 100_000, seed=2)


SCRIPT = textwrap.dedent(
    """
    import sys
    sys.path.insert(0, sys.argv[1])
    from heuristics.experiment import run_experiment
    from test_killed_studies import study

    if __name__ == "__main__":
        run_experiment(study(), int(sys.argv[2]), sys.argv[3])
    """
)


def runs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "runs").glob("*.json"))}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed")
    run_experiment(study(), 1, folder)
    return runs(folder)


def disturb(folder: Path, n_jobs: int, blow: signal.Signals, after_s: float) -> None:
    """Start the study in a process of its own and strike it."""
    script = folder.parent / "script.py"
    script.write_text(SCRIPT)
    arguments = [sys.executable, script, Path(__file__).parent, str(n_jobs), folder]
    with subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        deadline = time.monotonic() + 60.0
        while not list((folder / "runs").glob("*.json")) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(after_s)
        if process.poll() is None:
            if blow == signal.SIGINT:  # a terminal interrupts the workers too
                os.killpg(process.pid, blow)
            else:
                process.send_signal(blow)
        process.communicate(timeout=60)


def check_resumed(folder: Path, n_jobs: int, undisturbed: dict[str, bytes]) -> None:
    kept = runs(folder)
    assert kept.items() <= undisturbed.items()  # nothing half-written
    run_experiment(study(), n_jobs, folder)
    assert runs(folder) == undisturbed
    assert sorted(path.name for path in folder.iterdir()) == ["runs", "times"]


@pytest.mark.parametrize(("blow", "n_jobs"), [("SIGINT", 1), ("SIGINT", 2), ("SIGKILL", 2)])
def test_disturbed_study_resumes(tmp_path, undisturbed, blow, n_jobs):
    folder = tmp_path / "study"
    disturb(folder, n_jobs, signal.Signals[blow], after_s=0.05)
    assert 1 <= len(runs(folder)) < 12
    check_resumed(folder, 1, undisturbed)


@pytest.mark.slow
def test_study_killed_again_and_again_resumes(tmp_path, undisturbed):
    rng = np.random.Generator(np.random.PCG64(1))
    for n_jobs in (1, 2, 4):
        folder = tmp_path / f"study{n_jobs}"
        for _ in range(7):
            disturb(folder, n_jobs, signal.SIGKILL, after_s=float(rng.uniform(0.0, 0.4)))
        check_resumed(folder, n_jobs, undisturbed)
