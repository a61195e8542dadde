"""The command on other people's networks: conversion, loops, plans that know what was opened."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from powerflow import load_feeder
from powerflow.library import read_feeder

CASES = Path(__file__).parents[1] / "cases" / "readers"
QUICK = ("--evaluations", "60", "--seed", "3", "--stations", "1", "--capacitors", "1")
KEYS = ("n_bus", "n_branch", "averaged", "merged", "dropped", "loops", "taps", "warnings")


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """Return a folder with ieee33 and one of its tie lines closed."""
    from powerflow.writers.tables import folder_texts

    folder = tmp_path / "ring"
    folder.mkdir()
    for name, text in folder_texts(load_feeder("ieee33")).items():
        (folder / name).write_text(text)
    with (folder / "branches.csv").open("a") as stream:
        stream.write("8,21,2.0,2.0\n")
    return folder


@pytest.mark.parametrize("source", ["ieee33", "iowa240"])
def test_a_folder_and_back_is_the_same_feeder(feederlab: Any, source: str, tmp_path: Path) -> None:
    answer = feederlab("convert", source, str(tmp_path / "out"), "--json")
    assert answer.code == 0
    assert set(KEYS) <= set(answer.json)
    assert load_feeder(tmp_path / "out").digest() == load_feeder(source).digest()
    again = feederlab("convert", source, str(tmp_path / "out"))
    assert again.code == 1
    assert "is not empty; choose another folder" in again.err


def test_one_of_a_kind_is_counted_in_the_singular(feederlab: Any) -> None:
    pytest.importorskip("matpowercaseframes")
    answer = feederlab("flow", str(CASES / "ring.m"), "--radial", "mst")
    assert answer.code == 0
    assert re.search(r"\b1 loop[,;]", answer.err), answer.err


def test_a_matpower_case_becomes_a_folder_with_its_report(feederlab: Any, tmp_path: Path) -> None:
    pytest.importorskip("matpowercaseframes")
    case = str(CASES / "ring.m")
    refused = feederlab("convert", case, str(tmp_path / "out"))
    assert refused.code == 1
    assert "not radial, 1 loop" in refused.err
    words = ("--open", "30:50", "--json")
    answer = feederlab("convert", case, str(tmp_path / "out"), *words)
    assert answer.code == 0
    assert answer.json["loops"] == ["opened mpc.branch row 6 (50:30)"]
    assert (answer.json["n_bus"], answer.json["n_branch"]) == (6, 5)
    feeder = read_feeder(case, open_branches=["50:30"]).feeder
    again = load_feeder(tmp_path / "out")
    assert again.digest() == feeder.digest()
    assert again.notes == feeder.notes
    table = feederlab("convert", case, str(tmp_path / "more"), "--radial", "mst")
    assert "dropped: bus 60: isolated" in table.out


def test_flow_opens_loops_by_name_and_by_tree(feederlab: Any, ring: Path) -> None:
    whole = feederlab("flow", "ieee33", "--json").json
    refused = feederlab("flow", str(ring), "--json")
    assert refused.code == 1
    assert "branches.csv line" in refused.err
    assert "closes the loop" in refused.err
    opened = feederlab("flow", str(ring), "--open", "21:8", "--json")
    assert opened.json == whole
    assert opened.json == feederlab("flow", f"{ring}?open=21:8", "--json").json
    # 2 + j2 ohm is more than any line of the loop has: the tree is the old feeder
    assert feederlab("flow", str(ring), "--radial", "mst", "--json").json == whole
    wrong = feederlab("flow", str(ring), "--open", "21:88", "--json")
    assert (wrong.code, wrong.out) == (1, "")
    assert "there is no bus 88 (did you mean 8?)" in wrong.err
    assert feederlab("flow", str(ring), "--radial", "bfs").code == 2
    assert feederlab("assess", "plan.json", "--radial", "mst").code == 2


def test_a_study_and_its_plan_remember_what_was_opened(
    feederlab: Any, ring: Path, tmp_path: Path
) -> None:
    out = tmp_path / "study"
    sited = feederlab("site", str(ring), "--open", "8:21", *QUICK, "--out", str(out), "--json")
    assert sited.code in (0, 3), sited.err
    plan = json.loads((out / "plan.json").read_text())
    assert plan["feeder"] == f"{ring}?open=8:21"
    assessed = feederlab("assess", str(out / "plan.json"), "--json")
    assert assessed.code == 0, assessed.err
    assert assessed.json["loss_kw"] == sited.json["loss_kw"]
    assert feederlab("rerun", str(out), "--json").json == {"agree": True, "differences": []}
    resumed = feederlab("resume", str(out), "--json")
    assert resumed.json["loss_kw"] == sited.json["loss_kw"]
    # opened elsewhere it is another feeder, and that is said
    other = feederlab("assess", str(out / "plan.json"), "--feeder", f"{ring}?open=7:8", "--json")
    assert other.json["loss_kw"] != sited.json["loss_kw"]


def test_a_plan_beside_its_moved_feeder_finds_it(
    feederlab: Any, ring: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sited = feederlab("site", "ring", "--radial", "mst", *QUICK, "--out", "study", "--json")
    assert sited.code in (0, 3), sited.err
    shutil.move(tmp_path / "study", ring / "study")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assessed = feederlab("assess", str(ring / "study" / "plan.json"), "--json")
    assert assessed.code == 0, assessed.err
    assert assessed.json["loss_kw"] == sited.json["loss_kw"]


@pytest.mark.filterwarnings("ignore")
def test_pandapower_gets_the_equipment_and_finds_the_same_losses(
    feederlab: Any, tmp_path: Path
) -> None:
    pandapower = pytest.importorskip("pandapower")
    out = tmp_path / "study"
    sited = feederlab("site", "ieee33", *QUICK, "--out", str(out), "--json").json
    plan, file = str(out / "plan.json"), tmp_path / "net.json"
    answer = feederlab(
        "convert", "ieee33", str(file), "--to", "pandapower", "--plan", plan, "--json"
    )
    assert answer.code == 0, answer.err
    assert len(answer.json["equipment"]) == len(sited["stations"]) + len(sited["capacitors"])
    net = pandapower.from_json(str(file))
    pandapower.runpp(net, tolerance_mva=1e-10, numba=False)
    assert 1e3 * net.res_line.pl_mw.sum() == pytest.approx(sited["loss_kw"], rel=1e-6)
    # read back, the equipment is in the loads
    back = feederlab("flow", str(file), "--json")
    assert back.json["loss_kw"] == pytest.approx(sited["loss_kw"], rel=1e-6)
    folder = tmp_path / "with"
    assert feederlab("convert", "ieee33", str(folder), "--plan", plan).code == 0
    assert feederlab("flow", str(folder), "--json").json["loss_kw"] == pytest.approx(
        sited["loss_kw"], rel=1e-6
    )
    other = feederlab("convert", "ieee69", str(tmp_path / "x"), "--plan", plan)
    assert other.code == 1
    assert "made for another feeder" in other.err
    assert feederlab("convert", "ieee33", "net.txt", "--to", "pandapower").code == 2
    assert feederlab("convert", "ieee33", str(file), "--to", "pandapower").code == 1


def test_what_looks_like_a_slip_of_units_is_said_before_the_answer(feederlab: Any) -> None:
    pytest.importorskip("matpowercaseframes")
    answer = feederlab("flow", str(CASES / "kw_as_mw.m"), "--json")
    assert answer.code == 0
    assert answer.json["converged"] is False
    assert "warning: " in answer.err
    assert "kW read as MW?" in answer.err


def test_a_missing_extra_is_one_clear_line(feederlab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, case in (("matpowercaseframes", "ring.m"), ("opendssdirect", "ieee13.dss")):
        monkeypatch.setitem(__import__("sys").modules, module, None)
        answer = feederlab("flow", str(CASES / case), "--json")
        assert (answer.code, answer.out) == (1, "")
        assert "pip install 'feederlab[" in answer.err
        assert len(answer.err.splitlines()) == 1
