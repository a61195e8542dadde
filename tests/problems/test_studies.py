"""Studies: resumed and rerun to the byte, or one clear error that says why not."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from study_blows import QUICK

from problems.report.agree import differing_figures, differing_files


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
    # as it would be committed: without what one command makes again
    shutil.rmtree("study/runs")
    Path("study/report.html").unlink()
    assert feederlab("rerun", "study").code == 0
    text = Path("study/summary.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    was = rows[0]["median_usd"]
    Path("study/summary.csv").write_text(text.replace(was, "1234.5", 1))
    Path("study/notes.txt").write_text("mine")
    Path("study/timing.csv").unlink()
    answer = feederlab("rerun", "study", "--json")
    assert answer.code == 1
    assert answer.json["agree"] is False
    assert answer.json["differences"] == ["notes.txt", "summary.csv"]
    assert answer.json["figures"][1:] == [
        {"file": "summary.csv", "where": "row 1 (ieee33), median_usd", "before": "1234.5",
         "again": was}
    ]  # fmt: skip
    said = feederlab("rerun", "study").out
    assert "notes.txt\n  is missing in the repetition" in said
    assert f"row 1 (ieee33), median_usd: 1234.5, again {was} (" in said


def test_figures_that_differ_are_named_by_row_and_key(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, loss, name in ((one, 2.0, "a"), (two, 2.5, "b")):
        folder.mkdir()
        (folder / "t.csv").write_text(f"bus,loss_kw\n1,{loss}\n2,3.0\n")
        (folder / "r.json").write_text(json.dumps({"x": [{"loss": loss}], "same": 1}))
        (folder / "p.png").write_text(name)
        (folder / "timing.csv").write_text(name)
    (one / "old.csv").write_text("")
    (two / "states").mkdir()
    (two / "states" / "A.jsonl").write_text("")
    (two / "report.html").write_text("")
    names = differing_files(one, two, is_kept=True)
    assert names == ["old.csv", "p.png", "r.json", "t.csv"]
    assert [d.words() for d in differing_figures(one, two, names)] == [
        "is missing in the repetition",
        "differs",
        "x[0].loss: 2.0, again 2.5 (2.5e-01 apart)",
        "row 1 (1), loss_kw: 2.0, again 2.5 (2.5e-01 apart)",
    ]
    # without leave, every file counts but the times
    assert "report.html" in differing_files(one, two)


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
