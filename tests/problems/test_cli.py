"""The command: keys and exit codes that scripts rely on, and one-line errors."""

import json
import re
from pathlib import Path
from typing import Any

import pytest


def test_alone_it_shows_what_there_is(feederlab: Any) -> None:
    answer = feederlab()
    assert answer.code == 0
    assert "compare" in answer.out


def test_feeders(feederlab: Any) -> None:
    answer = feederlab("feeders", "--json")
    assert answer.code == 0
    rows = {row["name"]: row for row in answer.json["feeders"]}
    assert len(rows) == 8
    assert set(rows["ieee33"]) == {
        "name", "n_bus", "base_kv", "load_kw", "load_kvar", "loss_kw", "v_min_pu", "v_min_bus",
    }  # fmt: skip
    # Baran and Wu 1989
    assert rows["ieee33"]["load_kw"] == 3715.0
    assert rows["ieee33"]["v_min_bus"] == "18"
    assert "ieee33" in feederlab("feeders").out


def test_flow(feederlab: Any) -> None:
    answer = feederlab("flow", "ieee33", "--json")
    assert answer.code == 0
    assert list(answer.json) == [
        "feeder", "n_bus", "loss_kw", "loss_kvar", "v_min_pu", "v_min_bus", "v_max_pu",
        "max_loading_pct", "substation_kw", "substation_kvar", "converged", "iterations",
    ]  # fmt: skip
    # converged losses of the corrected 33-bus data: 202.677 kW
    assert answer.json["loss_kw"] == pytest.approx(202.677, abs=1e-3)
    assert answer.json["max_loading_pct"] is None
    assert answer.json["converged"] is True


def test_flow_options(feederlab: Any) -> None:
    swept = feederlab("flow", "ieee69", "--sweeps", "2", "--json").json
    # HGAPSO paper, Table III
    assert swept["loss_kw"] == pytest.approx(221.8368, abs=1e-4)
    assert swept["converged"] is None
    doubled = feederlab("flow", "ieee33", "--load-scale", "2", "--json").json
    assert doubled["loss_kw"] > 4 * 202.677
    added = feederlab("flow", "ieee33", "--add", "18:100:50", "--add", "18:-100:-50", "--json").json
    assert added["loss_kw"] == feederlab("flow", "ieee33", "--json").json["loss_kw"]
    raised = feederlab("flow", "iowa240", "--base-kv", "6.9", "--json").json
    # DDCP paper, Table II: 59.91 %
    assert raised["max_loading_pct"] == pytest.approx(59.91, abs=0.005)
    assert feederlab("flow", "ieee33", "--source-pu", "1.05", "--json").json["v_max_pu"] == 1.05


def test_flow_with_voltage_dependent_loads_and_shunts(feederlab: Any) -> None:
    power = feederlab("flow", "ieee33", "--json").json
    same = feederlab("flow", "ieee33", "--zip", "0,0,1", "--json").json
    assert same["loss_kw"] == pytest.approx(power["loss_kw"], rel=1e-7)
    impedance = feederlab("flow", "ieee33", "--zip", "1,0,0", "--json").json
    assert impedance["loss_kw"] < power["loss_kw"]
    assert impedance["v_min_pu"] > power["v_min_pu"]
    Path("shunts.csv").write_text("bus,q_kvar\n30,-1000\n")
    shunted = feederlab("flow", "ieee33", "--shunts", "shunts.csv", "--json").json
    # a shunt of 1000 kvar at 1 p.u. feeds 1000 v^2 kvar where the voltage is v
    v_30 = next(
        row["v_pu"]
        for row in feederlab("flow", "ieee33", "--shunts", "shunts.csv", "--angles", "--json").json[
            "buses"
        ]
        if row["bus"] == "30"
    )
    bank = feederlab("flow", "ieee33", "--add", f"30:0:{-1000 * v_30**2}", "--json").json
    assert shunted["loss_kw"] == pytest.approx(bank["loss_kw"], rel=1e-6)


def test_flow_angles(feederlab: Any) -> None:
    buses = feederlab("flow", "ieee33", "--angles", "--json").json["buses"]
    assert len(buses) == 33
    assert buses[0] == {"bus": "1", "v_pu": 1.0, "angle_deg": 0.0}
    assert "angle_deg" in feederlab("flow", "ieee33", "--angles").out


def test_flow_that_diverges_is_an_answer(feederlab: Any) -> None:
    answer = feederlab("flow", "ieee33", "--load-scale", "5", "--json")
    assert answer.code == 0
    assert answer.json["converged"] is False
    assert answer.json["loss_kw"] is None
    assert answer.json["v_min_bus"] is None


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("flow", "iee33"), 1, "did you mean ieee33"),
        (("flow", "no/such/folder"), 1, "no/such/folder"),
        (("flow", "ieee33", "--add", "99:1"), 1, "--add: .*no bus 99"),
        (("flow", "ieee33", "--add", "9"), 2, "--add takes BUS:KW"),
        (("flow", "ieee33", "--base-kv", "0"), 2, "--base-kv must be positive"),
        (("flow", "ieee33", "--sweeps", "0"), 2, "--sweeps"),
        (("flow", "ieee33", "--load-scale", "nan"), 2, "--load-scale must be finite"),
        (("flow", "ieee33", "--no-such"), 2, "--no-such"),
        (("flow", "ieee33", "--zip", "1,2"), 2, "--zip takes three shares"),
        (("flow", "ieee33", "--zip", "0.5,0.2,0.2"), 2, "zip_shares"),
        (("flow", "ieee33", "--shunts", "none.csv"), 1, "none.csv"),
        (("site", "ieee33"), 2, "--seed"),
        (("site", "ieee33", "--seed", "-1"), 2, "--seed"),
        (("site", "ieee33", "--seed", "1", "--engine", "gaa"), 2, "did you mean 'ga'"),
        (("site", "ieee33", "--seed", "1", "--mode", "x"), 2, "--mode"),
        (("site", "ieee33", "--seed", "1", "--mode", "v2g"), 2, "v2g share"),
        (("site", "ieee33", "--seed", "1", "--station-buses", "2,99"), 1, "no bus 99"),
        (("site", "ieee33", "--seed", "1", "--kvar-min", "-1"), 2, "kvar min must be positive"),
        (("site", "ieee33", "--seed", "1", "--prices", "none.toml"), 1, "none.toml"),
        (("site", "ieee33", "--seed", "1", "--states", "none.csv"), 1, "none.csv"),
        (("compare", "ieee33"), 2, "--seed"),
        (("compare", "ieee33", "ieee33", "--seed", "1"), 2, "named twice"),
        (("compare", "ieee33", "--seed", "1", "--engines", ","), 2, "at least one"),
        (("assess", "none.json"), 1, "none.json"),
    ],
)
def test_mistakes_are_one_clear_error(
    feederlab: Any, words: tuple[str, ...], code: int, message: str
) -> None:

    answer = feederlab(*words)
    assert answer.code == code
    assert answer.out == ""
    plain = re.sub(r"[\s│╭╮╰╯─]+", " ", answer.err)
    assert re.search(message, plain)
    assert "Traceback" not in answer.err


def test_site_and_assess(feederlab: Any) -> None:
    words = ("site", "ieee33", "--seed", "3", "--evaluations", "400", "--v-min", "0")
    answer = feederlab(*words, "--json", "--out", "one")
    assert answer.code == 0
    assert answer.err == ""
    found = answer.json
    assert {
        "npv_usd", "loss_kw", "v_min_pu", "v_max_pu", "feasible", "violation", "stations",
        "capacitors", "n_evaluations", "seed", "engine", "seconds",
    } <= set(found)  # fmt: skip
    assert found["n_evaluations"] == 400
    assert len(found["stations"]) == 2
    judged = feederlab("assess", "one/plan.json", "--json")
    assert judged.code == 0
    assert judged.json["npv_usd"] == found["npv_usd"]
    stricter = feederlab("assess", "one/plan.json", "--v-min", "0.99", "--json").json
    assert stricter["feasible"] is False
    assert stricter["violation"] == pytest.approx((0.99 - found["v_min_pu"]) / 0.99)
    other = feederlab("assess", "one/plan.json", "--npv", "final-year", "--json").json
    assert other["npv_usd"] != found["npv_usd"]
    assert other["loss_kw"] == found["loss_kw"]
    again = feederlab(*words, "--json", "--out", "two").json
    assert {**again, "seconds": 0, "out": ""} == {**found, "seconds": 0, "out": ""}


def test_certify_bounds_what_site_finds(feederlab: Any) -> None:
    words = ("ieee33", "--v-min", "0", "--json")
    proven = feederlab("certify", *words)
    assert proven.code == 0
    assert {"bound_usd", "npv_usd", "gap", "status", "seconds", "stations", "capacitors"} <= set(
        proven.json
    )
    assert proven.json["status"] == "optimal"
    assert 0.0 <= proven.json["gap"] <= 1e-5
    found = feederlab("site", *words, "--seed", "1", "--evaluations", "500", "--certify").json
    assert found["npv_usd"] <= found["bound_usd"]
    assert found["gap"] == pytest.approx(
        (found["bound_usd"] - found["npv_usd"]) / abs(found["npv_usd"])
    )
    assert found["bound_usd"] == pytest.approx(proven.json["bound_usd"], rel=2e-5)


def test_certify_says_what_it_cannot_prove(feederlab: Any) -> None:
    never = feederlab("certify", "ieee33", "--v-min", "0.999", "--json")
    assert never.code == 3
    assert never.json["status"] == "infeasible"
    assert never.json["bound_usd"] is None
    assert feederlab("certify", "ieee33", "--sweeps", "2").code == 2
    assert feederlab("certify", "ieee33", "--gap", "-1").code == 2


def test_sensitivity(feederlab: Any) -> None:
    feederlab("site", "ieee33", "--seed", "1", "--evaluations", "100", "--out", "one")
    answer = feederlab("sensitivity", "one/plan.json", "--json", "--out", "two")
    assert answer.code == 0
    assert set(answer.json["rows"][0]) == {"parameter", "npv_low_usd", "npv_high_usd"}
    assert {path.name for path in Path("two").iterdir()} == {"sensitivity.csv", "tornado.png"}
    assert feederlab("sensitivity", "one/plan.json", "--delta-pct", "0").code == 2


def test_plan_of_another_feeder_content_is_refused(feederlab: Any) -> None:
    feederlab("site", "ieee33", "--seed", "3", "--evaluations", "50", "--out", "one")
    plan = json.loads(Path("one/plan.json").read_text())
    plan["feeder_digest"] = "0" * 64
    Path("plan.json").write_text(json.dumps(plan))
    answer = feederlab("assess", "plan.json")
    assert answer.code == 1
    assert "made for another content of feeder 'ieee33'" in answer.err
    assert feederlab("assess", "plan.json", "--feeder", "ieee33").code == 0


def test_study_without_a_feasible_plan_says_so(feederlab: Any) -> None:
    words = ("--v-min", "0.999", "--seed", "1", "--evaluations", "60", "--json")
    answer = feederlab("site", "ieee33", *words)
    assert answer.code == 3
    assert answer.json["feasible"] is False
    assert answer.json["violation"] > 0.0
    assert "no feasible plan" in answer.err
    answer = feederlab("compare", "ieee33", *words, "--runs", "2", "--engines", "ga")
    assert answer.code == 3
    (row,) = answer.json["summary"]
    assert row["feasible"] == 0
    assert row["median_usd"] is None
    assert row["success_rate"] is None
    assert row["least_violation"] > 0.0
