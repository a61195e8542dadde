"""Options of a study, its pace and progress, and a worker that dies."""

import contextlib
import csv
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from study_blows import QUICK, START

from heuristics.engine import list_engines
from heuristics.problem import Evaluation
from problems.cli.siting_options import SitingOptions
from problems.cli.study import ENGINES, pace
from problems.core.errors import SettingError
from problems.report.folder import write_study
from problems.report.study import run_study, study_engine


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
