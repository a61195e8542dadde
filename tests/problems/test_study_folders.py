"""Studies' folders: seconds in timing.csv alone, bounds a row, feeders beside them, proofs."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from problems.core.content import read_json
from problems.core.errors import ContentError
from problems.report.timing import read_seconds

QUICK = ("--runs", "3", "--evaluations", "120", "--seed", "7", "--engines", "ga,pso")
SITE = ("site", "ieee33", "--seed", "3", "--evaluations", "60", "--v-min", "0")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_seconds_end_in_timing_csv_and_survive_a_resumption(feederlab: Any) -> None:
    feederlab("compare", "ieee33", *QUICK, "--out", "study")
    study = Path("study")
    assert not (study / "times").exists()
    rows = rows_of(study / "timing.csv")
    assert [(row["engine"], row["run"]) for row in rows] == [
        ("certificate", ""), *((engine, run) for engine in ("ga", "pso") for run in "012")
    ]  # fmt: skip
    assert all(float(row["seconds"]) > 0.0 for row in rows)
    (study / "runs/ieee33--pso--0001.json").unlink()
    (study / "summary.csv").unlink()
    feederlab("resume", "study")
    assert not (study / "times").exists()
    again = rows_of(study / "timing.csv")
    changed = [
        new["engine"] + new["run"] for new, old in zip(again, rows, strict=True) if new != old
    ]
    assert changed == ["pso1"]
    assert read_seconds(study)["ieee33", "certificate", ""] > 0.0


def test_a_damaged_timing_csv_is_named(tmp_path: Path) -> None:
    assert read_seconds(tmp_path) == {}
    (tmp_path / "timing.csv").write_text("feeder,engine,run,seconds\nieee33,ga,0,soon\n")
    with pytest.raises(ContentError, match=r"timing\.csv: damaged: expected the columns"):
        read_seconds(tmp_path)


def test_every_row_of_a_comparison_has_its_bound_however_loose(feederlab: Any) -> None:
    words = ("--v-min", "0.95", "--out", "study", "--json")
    answer = feederlab("compare", "ieee118", *QUICK, *words, "--limit-s", "0.5").json
    certificate = json.loads(Path("study/certificate.json").read_text())["ieee118"]
    assert certificate["status"] == "time_limit"
    for row in answer["summary"]:
        assert row["bound_usd"] == certificate["bound_usd"] is not None
        assert row["target"] != "certified"
        if row["best_usd"] is not None:
            assert row["gap"] == pytest.approx(row["bound_usd"] / row["best_usd"] - 1.0)
    for kept in rows_of(Path("study/summary.csv")):
        assert float(kept["bound_usd"]) == certificate["bound_usd"]


def test_a_study_finds_its_feeder_above_its_own_folder(
    feederlab: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    library = Path(__file__).parents[2] / "powerflow" / "feeders" / "ieee33"
    shutil.copytree(library, "grids/mine")
    feederlab("site", "grids/mine", *SITE[2:], "--out", "studies/one")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert feederlab("resume", "../studies/one").code == 0
    assert feederlab("rerun", "../studies/one", "--json").json["agree"] is True
    shutil.rmtree(tmp_path / "grids")
    lost = feederlab("resume", "../studies/one")
    assert lost.code == 1
    assert "grids/mine" in lost.err


def test_a_proof_has_a_folder_when_asked(feederlab: Any) -> None:
    words = ("certify", "ieee33", "--v-min", "0", "--out", "proof")
    answer = feederlab(*words, "--json").json
    kept = json.loads(Path("proof/certificate.json").read_text())["ieee33"]
    for key in ("bound_usd", "npv_usd", "gap", "status", "stations", "capacitors"):
        assert kept[key] == answer[key]
    assert json.loads(Path("proof/record.json").read_text())["command"] == "certify"
    assert feederlab("assess", "proof/plan.json", "--json").json["npv_usd"] == answer["npv_usd"]
    assert rows_of(Path("proof/timing.csv"))[0]["seconds"] == str(answer["seconds"])
    assert feederlab(*words, "--quiet") == (0, "", "")
    assert "holds a study with other settings" in feederlab(*words, "--v-max", "1.04").err


def test_a_search_bounds_its_proof(feederlab: Any) -> None:
    found = feederlab(*SITE, "--certify", "--limit-s", "30", "--json", "--out", "one").json
    assert found["bound_status"] == "optimal"
    assert json.loads(Path("one/record.json").read_text())["settings"]["limit_s"] == 30.0
    alone = feederlab(*SITE, "--limit-s", "30")
    assert (alone.code, alone.out) == (2, "")
    assert "--limit-s needs --certify" in alone.err


def test_a_bound_says_that_it_leaves_out_spacing(feederlab: Any) -> None:
    words = ("--certify", "--min-spacing", "3", "--json")
    found = feederlab(*SITE, *words).json
    assert "spacing and coverage are left out of the bound" in found["bound_message"]


def test_a_share_without_its_mode_is_refused(feederlab: Any) -> None:
    answer = feederlab(*SITE, "--v2g-share", "0.5")
    assert (answer.code, answer.out) == (2, "")
    assert "--v2g-share needs --mode v2g" in answer.err


def test_json_with_a_byte_order_mark_is_read_and_with_equal_keys_refused(
    feederlab: Any, tmp_path: Path
) -> None:
    feederlab(*SITE, "--out", "one")
    plan = Path("one/plan.json").read_text()
    Path("marked.json").write_text("\ufeff" + plan, encoding="utf-8")
    assert feederlab("assess", "marked.json").code == 0
    twice = plan.replace('"feeder":', '"format": 1, "feeder":', 1)
    assert '"format"' in plan
    Path("twice.json").write_text(twice)
    answer = feederlab("assess", "twice.json")
    assert (answer.code, answer.out) == (1, "")
    assert "twice.json: key 'format' appears twice" in answer.err
    Path("nested.json").write_text('{"a": {"b": 1, "b": 2}}')
    with pytest.raises(ContentError, match="key 'b' appears twice"):
        read_json(Path("nested.json"))
