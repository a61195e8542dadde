"""A feeder of one's own: no ampacities, no large enough cable, gaps, no help, several feeders."""

from pathlib import Path

import pytest

pytest.importorskip("cvxpy")
pytest.importorskip("highspy")

BUSES = "bus,p_kw,q_kvar,customers\ns,0,0,0\na,300,0,30\nb,200,0,20\n"
LINES = "from_bus,to_bus,r_ohm,x_ohm,ampacity_a,length_m\ns,a,0.1,0.1,40,200\na,b,0.2,0.1,,800\n"
METHODS = ("vcu", "vmbp", "ddcp", "joint", "heuristic")


def folder(name, buses=BUSES, lines=LINES):
    """Write a feeder into the working folder of the test and return its name."""
    path = Path(name)
    path.mkdir()
    (path / "feeder.toml").write_text(f'name = "{name}"\nbase_kv = 10.0\nslack_bus = "s"\n')
    (path / "buses.csv").write_text(buses)
    (path / "branches.csv").write_text(lines)
    Path("day.csv").write_text("hour,load_factor\n0,0.3\n1,1.0\n2,0.4\n3,0.3\n")
    return name


def asked(method):
    words = ["--method", method, "--margin", "none", "--json"]
    return words + (["--seed", "1", "--evaluations", "15"] if method == "heuristic" else [])


@pytest.fixture
def run(feederlab):
    """Return the command; it has a folder of its own to work in."""
    return feederlab


def test_without_ampacities_only_voltages_count_and_that_is_said(run):
    bare = folder("bare", lines="from_bus,to_bus,r_ohm,x_ohm\ns,a,0.1,0.1\na,b,0.2,0.1\n")
    found = run("diagnose", bare, "--json")
    assert found.code == 0
    assert (found.json["max_loading_pct"], found.json["line_violations"]) == (None, None)
    assert found.json["undervoltage_buses"] == 0
    host = run("host", bare, "--seed", "1", "--draws", "5", "--day", "day.csv", "--json")
    assert host.json["threshold_pct"] == 100.0
    plan = run("coplan", bare, *asked("vcu"))
    assert (plan.json["total_usd"], plan.json["max_loading_pct"]) == (0.0, None)
    for answer in (found, host, plan):
        assert "no ampacities: only voltages can be violated" in answer.err
    low = run("diagnose", bare, "--source-pu", "0.951", "--json")
    assert low.json["undervoltage_buses"] == 2


@pytest.mark.parametrize("method", [m for m in METHODS if m != "vmbp"])
def test_no_large_enough_cable_names_the_line(run, method):
    # 1,000 kW in every hour at 10 kV are 58 A; the line has 40 and the cable 42
    Path("thin.csv").write_text(
        "size,ampacity_a,r_ohm_per_km,x_ohm_per_km,price_usd_per_m\nthin,42,0.2,0.1,50\n"
    )
    answer = run("coplan", folder("street"), "--cables", "thin.csv", *asked(method))
    assert answer.code == 3
    assert answer.json["status"] == "infeasible"
    assert answer.json["total_usd"] is None
    assert {"limit": "ampacity", "where": "s-a"}.items() <= answer.json["conflicts"][0].items()
    assert 15.0 < answer.json["conflicts"][0]["amount"] < 25.0


@pytest.mark.parametrize(
    "words",
    [
        ["diagnose", "--hour", "day"],
        ["host", "--seed", "1"],
        *(["coplan", *asked(method)] for method in METHODS),
    ],
)
def test_a_day_with_a_gap_names_the_hour(run, words):
    Path("gap.csv").write_text("hour,load_factor\n0,1\n1,1\n3,1\n")
    answer = run(words[0], folder("street"), "--day", "gap.csv", *words[1:])
    assert answer.code == 1
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert "gap.csv: hour 2 is missing" in answer.err


def test_storage_that_cannot_help_hosts_hardly_more(run):
    # the same load in every hour: 40 A at 10 kV are 692.8 kVA, so that at most 192 kW of EVs, 38 %,
    # fit with all reactive power from storage
    words = ["host", folder("street"), "--seed", "1", "--draws", "1", "--storage-draws", "1"]
    found = run(*words, "--with-storage", "--json").json
    assert 30.0 < found["threshold_pct"] <= found["threshold_pct_with_storage"] <= 38.0
    plan = run("coplan", "street", *asked("vmbp"))
    assert (plan.code, plan.json["status"]) == (3, "infeasible")
    assert plan.json["conflicts"][0]["where"] == "s-a"


@pytest.mark.parametrize("method", METHODS)
def test_feeders_behind_one_bus_are_planned_apart_and_add_up(run, method):
    twin = folder(
        "twin",
        buses=BUSES + "c,300,0,30\nd,200,0,20\n",
        lines=LINES + "s,c,0.1,0.1,40,200\nc,d,0.2,0.1,,800\n",
    )
    words = ["--day", "day.csv", "--adoption", "40", *asked(method)]
    two = run("coplan", twin, *words).json
    one = run("coplan", folder("street"), *words).json
    assert two["is_ac_feasible"]
    assert two["total_usd"] == pytest.approx(2.0 * one["total_usd"], rel=1e-3)
    over = run("diagnose", twin, "--hour", "day", "--day", "day.csv", "--adoption", "40", "--json")
    assert {(line["from_bus"], line["to_bus"]) for line in over.json["lines"]} == {
        ("s", "a"),
        ("s", "c"),
    }


def test_an_engine_needs_a_seed_and_must_be_one_that_searches(run):
    street = folder("street")
    assert "needs --seed" in run("coplan", street, "--method", "heuristic").err
    words = ["--method", "heuristic", "--seed", "1", "--day", "day.csv"]
    answer = run("coplan", street, *words, "--engine", "exact")
    assert answer.code == 2
    assert "engine exact cannot choose cables" in answer.err


def test_the_plan_of_an_engine_is_repeated_to_the_byte(run):
    words = ["coplan", folder("street"), "--day", "day.csv", "--adoption", "40"]
    first = run(*words, *asked("heuristic"), "--out", "one").json
    assert (first["bound_usd"], first["gap"], first["engine"]) == (None, None, "ga")
    assert run("rerun", "one", "--json").json == {"agree": True, "differences": []}


def test_the_report_of_a_diagnosis(run):
    words = ["diagnose", folder("street"), "--adoption", "60", "--out", "out", "--json"]
    answer = run(*words).json
    names = {path.name for path in Path("out").iterdir()}
    assert names == {
        "record.json", "summary.csv", "lines.csv", "buses.csv", "timing.csv", "violation_map.png",
        "scatter.png", "report.json", "report.html",
    }  # fmt: skip
    gist = run("show", "out", "--json").json
    assert gist["answer"].startswith("1 line is overloaded and 0 buses")
    assert f"{answer['max_loading_pct']:.1f} %" in gist["answer"]
    assert run("rerun", "out", "--json").json == {"agree": True, "differences": []}
    drawn = run(
        "diagnose", "street", "--cases", "draws", "--seed", "1", "--draws", "4", "--out", "drawn",
        "--json",
    )  # fmt: skip
    assert drawn.code == 0
    assert "share_of_cases_overloaded" in Path("drawn/lines.csv").read_text()
