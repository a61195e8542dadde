"""The command `diff`: what two plans share and where they part, each judged by its own terms."""

import json
from pathlib import Path
from typing import Any

import pytest

from powerflow import load_feeder
from powerflow.limits import Limits
from problems.core.equipment import Asset
from problems.core.horizon import Horizon, LoadState
from problems.core.instance import Conditions, Instance
from problems.core.plan import Plan


def plan(path: Path, assets: tuple[Asset, ...], feeder: str = "ieee33", **conditions: Any) -> str:
    instance = Instance(load_feeder(feeder), Conditions(**conditions), feeder)
    Plan.of(instance, assets).save(path)
    return str(path)


STATION = Asset("station", "18", kw=100.0)
BANK = Asset("capacitor", "30", kvar=600.0)


def test_a_plan_differs_from_itself_in_nothing(feederlab: Any, tmp_path: Path) -> None:
    file = plan(tmp_path / "a.json", (STATION, BANK))
    answer = feederlab("diff", file, file, "--json")
    assert answer.code == 0
    found = answer.json
    assert found["same_feeder"] is True
    assert found["a"] == found["b"]
    assert all(value in (0.0, None) for value in found["difference"].values())
    assert (found["only_a"], found["only_b"], found["resized"], found["conditions"]) == ([],) * 4
    assert [asset["bus"] for asset in found["both"]] == ["18", "30"]


def test_equipment_sizes_and_conditions_are_set_side_by_side(
    feederlab: Any, tmp_path: Path
) -> None:
    a = plan(tmp_path / "a.json", (STATION, BANK))
    states = (LoadState("all", 8760.0, load_factor=0.5),)
    b = plan(
        tmp_path / "b.json",
        (Asset("station", "22", kw=100.0), Asset("capacitor", "30", kvar=300.0)),
        limits=Limits(0.9, 1.05),
        horizon=Horizon(states),
    )
    found = feederlab("diff", a, b, "--json").json
    assert [asset["bus"] for asset in found["only_a"]] == ["18"]
    assert [asset["bus"] for asset in found["only_b"]] == ["22"]
    assert [(pair["a"]["kvar"], pair["b"]["kvar"]) for pair in found["resized"]] == [(600.0, 300.0)]
    rows = {row["key"]: (row["a"], row["b"]) for row in found["conditions"]}
    assert rows["limits.v_min_pu"] == (0.95, 0.9)
    assert rows["horizon.states[0].load_factor"] == (1.0, 0.5)
    for side, file in (("a", a), ("b", b)):
        assert found[side] == feederlab("assess", file, "--json").json
    assert found["difference"]["loss_kw"] == pytest.approx(
        found["b"]["loss_kw"] - found["a"]["loss_kw"]
    )
    table = feederlab("diff", a, b).out
    for words in ("station at 18", "another size", "limits.v_min_pu", "b - a"):
        assert words in table


def test_plans_of_two_feeders_and_two_equal_banks(feederlab: Any, tmp_path: Path) -> None:
    a = plan(tmp_path / "a.json", (BANK, BANK))
    b = plan(tmp_path / "b.json", (BANK,), feeder="ieee69")
    found = feederlab("diff", a, b, "--json").json
    assert found["same_feeder"] is False
    assert (len(found["both"]), len(found["only_a"]), found["only_b"]) == (1, 1, [])
    assert "different feeders" in feederlab("diff", a, b).out


def test_a_file_that_is_no_plan_says_so(feederlab: Any, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"feeder": "ieee33"}))
    answer = feederlab("diff", "a.json", "a.json")
    assert answer.code == 1
    assert "a.json" in answer.err


def test_load_states_that_differ_take_one_row(feederlab):
    site = ("site", "ieee33", "--seed", "1", "--evaluations", "60", "--v-min", "0")
    feederlab(*site, "--out", "one")
    Path("day.csv").write_text(
        "name,hours,load_factor\n" + "".join(f"h{k},365,{0.5 + k / 48}\n" for k in range(24))
    )
    feederlab(*site, "--states", "day.csv", "--out", "day")
    answer = feederlab("diff", "one/plan.json", "day/plan.json")
    assert answer.code == 0, answer.err
    assert answer.out.count("horizon.states") == 1
    assert "figures differ" in answer.out
