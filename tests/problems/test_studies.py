"""Studies that survive: resumed, rerun, killed, interrupted, on a cluster, always to the byte."""

import contextlib
import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heuristics.engine import list_engines
from heuristics.problem import Evaluation
from problems.cli.siting_options import SitingOptions
from problems.cli.study import ENGINES, Workers, pace
from problems.core.errors import SettingError
from problems.report.agree import differing_files
from problems.report.folder import write_study
from problems.report.study import run_study, study_engine

QUICK = ("--runs", "3", "--evaluations", "120", "--seed", "7", "--engines", "ga,pso")

# Checkpoints every fifth of a second, so that runs in this process leave some behind.
START = "import heuristics.loop as loop; loop.CHECKPOINT_PERIOD_S = 0.2; "
START += "from problems.cli import main; main()"


# --- resume and rerun ---


def test_resume_prints_what_the_command_would(feederlab: Any) -> None:
    words = ("compare", "ieee33", *QUICK, "--out", "study", "--json")
    whole = feederlab(*words).json
    feederlab("compare", "ieee33", *QUICK, "--out", "other")
    for lost in ("runs/ieee33--pso--0001.json", "summary.csv", "plan.json", "certificate.json"):
        (Path("study") / lost).unlink()
    again = feederlab("resume", "study", "--json")
    assert again.code == 0
    found = again.json
    for row in (*whole["summary"], *found["summary"]):
        del row["seconds"]
    assert found == whole
    assert differing_files(Path("study"), Path("other")) == []
    table = feederlab("resume", "study").out
    assert "Best NPV of each run, USD" in table
    assert "certified bound" in table
    assert feederlab("resume", "study", "--quiet") == (0, "", "")


def test_resume_of_a_search(feederlab: Any) -> None:
    words = ("--seed", "3", "--evaluations", "300", "--v-min", "0", "--certify", "--json")
    whole = feederlab("site", "ieee33", *words, "--out", "one").json
    again = feederlab("resume", "one", "--json").json
    assert again == whole
    assert whole["bound_usd"] >= whole["npv_usd"]
    assert json.loads(Path("one/certificate.json").read_text())["ieee33"]["status"] == "optimal"


def test_resume_does_without_the_files_it_was_given(feederlab: Any) -> None:
    Path("states.csv").write_text("name,hours,load_factor\npeak,760,1.0\nnight,8000,0.4\n")
    Path("prices.csv").write_text("price,value\ncurrency,BRL\nenergy_per_kwh,0.6\n")
    words = ("site", "ieee33", "--seed", "1", "--evaluations", "50", "--v-min", "0", "--out", "a")
    given = ("--states", "states.csv", "--prices", "prices.csv", "--exclude-buses", "5,6")
    whole = feederlab(*words, *given, "--json").json
    for name in ("states.csv", "prices.csv", "a/runs.csv", "a/runs/ieee33--hgapso--0000.json"):
        Path(name).unlink()
    again = feederlab("resume", "a", "--json").json
    assert "npv_brl" in again
    assert {**again, "seconds": 0} == {**whole, "seconds": 0}
    assert feederlab("rerun", "a").code == 0


def test_rerun_agrees_or_names_what_differs(feederlab: Any) -> None:
    feederlab("compare", "ieee33", *QUICK, "--out", "study")
    answer = feederlab("rerun", "study", "--json", "--jobs", "2")
    assert answer.code == 0
    assert answer.json == {"agree": True, "differences": []}
    Path("study/summary.csv").write_text("feeder\n")
    Path("study/notes.txt").write_text("mine")
    Path("study/timing.csv").unlink()
    answer = feederlab("rerun", "study", "--json")
    assert answer.code == 1
    assert answer.json == {"agree": False, "differences": ["notes.txt", "summary.csv"]}
    assert "differs: summary.csv" in feederlab("rerun", "study").out


def test_a_bound_that_a_time_limit_cut_is_taken_over(feederlab: Any) -> None:
    words = ("compare", "ieee33", *QUICK, "--out", "study")
    feederlab(*words)
    file = Path("study/certificate.json")
    content = json.loads(file.read_text())
    # what a slower machine would have left behind
    content["ieee33"] |= {"status": "time_limit", "bound_usd": 9e6, "npv_usd": None, "gap": None}
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    feederlab("resume", "study")
    with Path("study/summary.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    # a bound that no plan comes near is no target
    assert {row["target"] for row in rows} <= {"best_known", ""}
    assert feederlab("rerun", "study").code == 0


@pytest.mark.parametrize("command", ["resume", "rerun"])
def test_what_is_no_study_is_one_clear_error(feederlab: Any, command: str) -> None:
    Path("empty").mkdir()
    answer = feederlab(command, "empty")
    assert (answer.code, answer.out) == (1, "")
    assert "holds no study" in answer.err
    Path("empty/summary.csv").touch()
    Path("empty/record.json").write_text('{"command": "compare", "settings": {}, "feeders": {}}')
    answer = feederlab(command, "empty")
    assert answer.code == 1
    assert "not the record of a siting study of this version" in answer.err


def test_unfinished_study_is_not_rerun(feederlab: Any) -> None:
    feederlab("site", "ieee33", "--seed", "3", "--evaluations", "50", "--out", "one")
    Path("one/summary.csv").unlink()
    answer = feederlab("rerun", "one")
    assert answer.code == 1
    assert "not finished; see feederlab resume" in answer.err


def test_changed_feeder_is_not_resumed(feederlab: Any) -> None:
    feederlab("site", "ieee33", "--seed", "3", "--evaluations", "50", "--out", "one")
    record = json.loads(Path("one/record.json").read_text())
    record["feeders"]["ieee33"] = "0" * 64
    Path("one/record.json").write_text(json.dumps(record))
    assert "the feeder has changed since" in feederlab("resume", "one").err


# --- options ---


def test_known_engines_are_named_in_help() -> None:
    assert {*list_engines(), "pymoo:NAME"} <= {*ENGINES.split(", ")}


def test_constraint_rules(feederlab: Any) -> None:
    words = ("compare", "ieee33", "--runs", "3", "--evaluations", "1000", "--seed", "7")
    words += ("--engines", "ga", "--limit-s", "0", "--json")
    found = {
        rule: feederlab(*words, "--constraints", rule, "--out", rule).json["summary"][0]
        for rule in ("deb", "epsilon", "penalty")
    }
    resumed = feederlab("resume", "epsilon", "--json").json["summary"][0]
    found["plain"] = feederlab(*words, "--out", "plain").json["summary"][0]
    for row in (*found.values(), resumed):
        del row["seconds"]
    assert found["plain"] == found["deb"]
    assert resumed == found["epsilon"]
    assert len({json.dumps(row) for row in found.values()}) == 3
    assert feederlab(*words, "--constraints", "wish").code == 2


def test_engine_without_a_choice_of_rules_says_so() -> None:
    assert study_engine("random") == study_engine("random", "deb")
    with pytest.raises(SettingError, match="'random' has no choice of rules"):
        study_engine("random", "epsilon")
    with pytest.raises(SettingError, match="expected one of"):
        study_engine("ga", "wish")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--backend", "dask"), "--backend dask needs --scheduler"),
        (("--scheduler", "tcp://127.0.0.1:1"), "--scheduler needs --backend dask"),
        (("--limit-s", "inf"), "--limit-s must be finite"),
        (("--limit-s", "-1"), "--limit-s"),
    ],
)
def test_mistaken_options(feederlab: Any, words: tuple[str, ...], message: str) -> None:
    answer = feederlab("compare", "ieee33", *QUICK, *words)
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err


def test_refuted_claim_is_said_and_does_not_count(feederlab: Any) -> None:
    Path("best.csv").write_text("feeder,npv\nieee33,1e9\n")
    answer = feederlab("compare", "ieee33", *QUICK, "--best-known", "best.csv", "--json")
    assert "best known of ieee33, 1,000,000,000, is above the proven bound" in answer.err
    assert {row["target"] for row in answer.json["summary"]} == {"certified"}
    answer = feederlab(
        *("compare", "ieee33", *QUICK, "--best-known", "best.csv", "--json", "--limit-s", "0")
    )
    assert {row["target_usd"] for row in answer.json["summary"]} == {1e9}
    assert {row["target"] for row in answer.json["summary"]} == {"best_known"}


def test_pace() -> None:
    assert pace(0, 5.0, 10) == ""
    assert pace(10, 5.0, 100) == "120 runs/min, 0:00:50 left"
    assert pace(2, 7200.0, 3) == "0.0167 runs/min, 3:00:00 left"


def test_terminal_shows_rate_and_remaining_time(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    mine, theirs = pty.openpty()
    words = ("compare", "ieee33", *QUICK, "--v-min", "0", "--out", str(tmp_path / "study"))
    with subprocess.Popen(
        [sys.executable, "-c", START, *words], stdout=subprocess.DEVNULL, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        # the terminal ends with an error when the command does
        with contextlib.suppress(OSError):
            while piece := os.read(mine, 4096):
                shown += piece
    os.close(mine)
    assert process.returncode == 0
    text = shown.decode()
    assert "proving a bound (ieee33)" in text
    assert re.search(r"6/6.*runs/min, 0:00:00 left", text)
    assert "writing tables and figures" in text


# --- workers that die ---


class Deadly:
    """A siting problem; some candidates end the process that evaluates them."""

    n_obj = 1

    def __init__(self, limit: float) -> None:
        self.inner = SitingOptions(v_min=0.0).problem("ieee33")
        self.limit = limit
        self.space, self.n_con = self.inner.space, self.inner.n_con
        self.instance, self.equipment, self.plan = (
            self.inner.instance,
            self.inner.equipment,
            self.inner.plan,
        )

    def evaluate(self, x: Any) -> Evaluation:
        if x[:, -1].max() > self.limit:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.inner.evaluate(x)


def test_run_that_kills_its_worker_twice_is_a_failed_row(tmp_path: Path) -> None:
    sizes = {"n_runs": 3, "budget": 40, "seed": 1, "bounds": {}}
    problems: Any = {"ieee33": Deadly(1185.0)}
    study = run_study(problems, ["random"], n_jobs=2, folder=tmp_path / "a", **sizes)
    write_study(tmp_path / "a", study)
    with (tmp_path / "a/runs.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    failed = [row for row in rows if row["status"] == "failed"]
    assert 1 <= len(failed) < 3
    assert {row["message"] for row in failed} == {"its worker process died twice"}
    assert {row["npv_usd"] for row in failed} == {""}
    # the others are as if nothing had happened
    harmless: Any = {"ieee33": Deadly(np.inf)}
    whole = run_study(harmless, ["random"], n_jobs=1, folder=tmp_path / "b", **sizes)
    for run, other in zip(study.runs, whole.runs, strict=True):
        assert run.row.is_failed or run.row == other.row


# --- blows from outside ---

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


# --- a cluster ---


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
