"""The command on a user's own folder: every method, exit codes, keys, files, clear messages."""

import json
from pathlib import Path

import pytest

pytest.importorskip("cvxpy")
pytest.importorskip("highspy")

KEYS = {
    "total_usd", "cable_usd", "breaker_usd", "storage_usd", "bound_usd", "gap", "is_ac_feasible",
    "cables", "storage", "conflicts", "seconds", "status",
}  # fmt: skip


@pytest.fixture
def street(tmp_path: Path) -> str:
    """Return a folder with a feeder, a day of four hours, and no ampacity on the last line."""
    folder = tmp_path / "street"
    folder.mkdir()
    (folder / "feeder.toml").write_text('name = "street"\nbase_kv = 10.0\nslack_bus = "s"\n')
    (folder / "buses.csv").write_text(
        "bus,p_kw,q_kvar,customers\ns,0,0,0\na,300,0,30\nb,200,0,20\n"
    )
    (folder / "branches.csv").write_text(
        "from_bus,to_bus,r_ohm,x_ohm,ampacity_a,length_m\ns,a,0.1,0.1,40,200\na,b,0.2,0.1,,800\n"
    )
    (tmp_path / "day.csv").write_text("hour,load_factor\n0,0.3\n1,1.0\n2,0.4\n3,0.3\n")
    return str(folder)


@pytest.mark.parametrize("method", ["vcu", "vmbp", "ddcp", "joint"])
def test_every_method_answers(feederlab, street, method):
    words = ["--adoption", "40", "--day", "day.csv", "--method", method, "--margin", "none"]
    answer = feederlab("coplan", street, *words, "--out", f"out-{method}", "--json")
    assert answer.code == 0, answer.err
    plan = answer.json
    assert set(plan) >= KEYS
    assert plan["is_ac_feasible"]
    assert plan["gap"] <= 0.001
    assert plan["bound_usd"] <= plan["total_usd"]
    parts = plan["cable_usd"] + plan["breaker_usd"] + plan["storage_usd"]
    assert plan["total_usd"] == pytest.approx(parts)
    assert bool(plan["cables"]) or bool(plan["storage"])
    assert ("curve" in plan) == (method == "ddcp")
    written = json.loads((Path(f"out-{method}") / "plan.json").read_text())
    assert written == {key: value for key, value in plan.items() if key != "seconds"}


def test_a_joint_plan_costs_no_more_than_either(feederlab, street):
    words = ["--adoption", "40", "--day", "day.csv", "--margin", "none", "--json"]
    cost = {
        method: feederlab("coplan", street, *words, "--method", method).json["total_usd"]
        for method in ("vcu", "vmbp", "joint")
    }
    assert cost["joint"] <= min(cost["vcu"], cost["vmbp"]) * 1.001


def test_storage_that_cannot_help_is_no_feasible_answer(feederlab, street):
    answer = feederlab("coplan", street, "--method", "vmbp", "--json")  # a flat day
    assert answer.code == 3
    assert answer.json["status"] == "infeasible"
    assert answer.json["total_usd"] is None
    assert answer.json["message"] == "no storage keeps every limit of the feeder behind s-a"
    assert {"limit": "ampacity", "where": "s-a"}.items() <= answer.json["conflicts"][0].items()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--day", "gap.csv"], 1, "hour 1 is missing"),
        (["--storage", "none.toml"], 1, "none.toml"),
        (["--cases", "paper"], 2, "the paper has no EVs on it"),
        (["--cases", "draws"], 2, "only diagnose and host draw"),
        (["--upgrades", "some", "--method", "ddcp"], 2, "--upgrades must be a whole number"),
        (["--margin", "much"], 2, "--margin must be a number or none"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(feederlab, street, words, code, message):
    Path("gap.csv").write_text("hour,load_factor\n0,1\n2,1\n")
    answer = feederlab("coplan", street, *words)
    assert answer.code == code
    assert message in answer.err
    assert answer.err.count("\n") == 1


def test_diagnose_a_day(feederlab, street):
    answer = feederlab("diagnose", street, "--hour", "day", "--day", "day.csv", "--json")
    assert answer.code == 0
    assert answer.json["line_violations"] == 1
    assert answer.json["collapsed"] is False
    draws = feederlab("diagnose", street, "--cases", "draws", "--adoption", "50")
    assert draws.code == 2
    assert "needs --seed" in draws.err


@pytest.mark.parametrize(
    ("method", "option", "value", "owner"),
    [
        ("ddcp", "--storage-min-kwh", "200", "vmbp"),
        ("vcu", "--to-kv", "20", "uprate"),
        ("vcu", "--conversion-usd", "5", "uprate"),
        ("joint", "--upgrades", "0", "ddcp"),
        ("joint", "--evaluations", "3", "heuristic"),
    ],
)
def test_an_option_of_another_method_is_refused(feederlab, method, option, value, owner):
    answer = feederlab("coplan", "iowa240", "--method", method, option, value, "--json")
    assert answer.code == 2
    assert f"{option} belongs to --method {owner}" in answer.err


def test_a_plan_that_the_power_flow_rejects_is_no_answer(feederlab, monkeypatch):
    from problems.coplan import plan

    missed = plan.Conflict("voltage", "3010", 18, 0.01)
    monkeypatch.setattr(plan, "conflicts_in", lambda *_: (missed,))
    answer = feederlab("coplan", "iowa240", "--base-kv", "6.9", "--hour", "peak", "--json")
    assert answer.code == 3
    assert not answer.json["is_ac_feasible"]
    assert answer.json["conflicts"][0]["where"] == "3010"
