"""Studies: resumed and rerun to the byte, or one clear error that says why not."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from study_blows import QUICK

from problems.report.agree import differing_files


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
