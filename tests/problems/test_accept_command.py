"""The command accept: keys, errors, exit codes, files that do not depend on the workers."""

import json
from pathlib import Path

import pytest

pytest.importorskip("clarabel")

KEYS = {
    "bus", "capacity_kw", "binding", "hour", "cone_gap", "simultaneity_kw",
    "ac_voltage_error_pu", "ac_loss_error_kw", "status",
}  # fmt: skip
EXAMPLES = Path(__file__).parents[2] / "problems" / "acceptance" / "examples"


def test_json_has_the_keys_and_the_study_its_files(feederlab, tmp_path):
    words = ("accept", "ieee33", "--scenario", "1", "--buses", "2,18", "--json")
    answer = feederlab(*words, "--out", "one").json
    assert {"feeder", "scenario", "curve", "buses"} <= set(answer)
    assert (answer["feeder"], answer["scenario"], answer["curve"]) == ("ieee33", 1, "commercial")
    assert [row["bus"] for row in answer["buses"]] == ["2", "18"]
    assert all(set(row) >= KEYS for row in answer["buses"])
    near, far = answer["buses"]
    assert near["binding"] == "substation_kw"
    assert far["binding"] == "voltage_floor"
    assert 0.0 < far["capacity_kw"] < near["capacity_kw"]
    files = {path.name for path in (tmp_path / "one").iterdir()}
    assert files == {
        "capacities.csv", "schedules.csv", "capacities.png", "map.png", "record.json", "timing.csv",
        "report.json", "report.html",
    }  # fmt: skip
    feederlab(*words, "--out", "two", "--jobs", "2")
    for name in files - {"timing.csv"}:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_example_devices_file_is_scenario_1(feederlab):
    asked = ("--buses", "18", "--json", "--curve", "residential")
    printed = feederlab("accept", "ieee33", "--scenario", "1", *asked).json
    own = feederlab("accept", "ieee33", "--devices", str(EXAMPLES / "devices.toml"), *asked).json
    assert own["buses"] == printed["buses"]
    assert own["scenario"] is None


def test_the_example_curve_and_a_table_in_mw(feederlab):
    found = feederlab(
        "accept", "ieee69", "--curve", str(EXAMPLES / "curve.csv"), "--v-min", "0.9", "--buses", "2"
    )
    assert found.code == 0
    assert "MW" in found.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("ieee69", "--scenario", "1"), 2, "belong to ieee33, not to ieee69"),
        (("ieee33", "--scenario", "9"), 2, "scenario must be from 1 to 8, not 9"),
        (("ieee33", "--scenario", "1", "--devices", "x.toml"), 2, "exclude each other"),
        (("ieee33", "--buses", "99"), 1, "no bus 99"),
        (("ieee33", "--buses", "1"), 1, "source"),
        (("ieee33", "--curve", "nosuch"), 1, "neither one of commercial, residential nor a file"),
        (("ieee33", "--devices", "nosuch.toml"), 1, "nosuch.toml: cannot be read"),
        (("ieee33", "--weights", "1"), 2, "two numbers W1,W2"),
        (("ieee33", "--v-min", "1.2"), 2, "v-min < v-max"),
        (("ieee33", "--together", "18"), 2, "at least two different buses"),
        (("ieee33", "--together", "18,25", "--weights", "1,1"), 2, "goes without"),
        (("ieee33", "--site-devices"), 2, "needs --seed"),
    ],
)
def test_bad_words_are_one_line_and_a_code(feederlab, words, code, said):
    found = feederlab("accept", *words)
    assert found.code == code
    assert said in found.err
    assert len(found.err.strip().splitlines()) == 1
    assert found.out == ""


def test_without_a_feasible_answer_json_is_printed_and_the_code_is_3(feederlab):
    found = feederlab("accept", "ieee33", "--buses", "18", "--json")
    assert found.code == 3
    (row,) = json.loads(found.out)["buses"]
    assert row["capacity_kw"] is None
    assert row["status"] == "infeasible"
    assert "limits conflict" in row["message"]


def test_together_gives_a_front(feederlab, tmp_path):
    pytest.importorskip("cvxpy")
    answer = feederlab(
        "accept", "ieee33", "--scenario", "1", "--together", "22,25", "--json", "--out", "front"
    ).json
    assert len(answer["front"]) >= 2
    for point in answer["front"]:
        assert set(point["capacity_kw"]) == {"22", "25"}
        assert point["total_kw"] == pytest.approx(sum(point["capacity_kw"].values()))
    first, last = answer["front"][0]["capacity_kw"], answer["front"][-1]["capacity_kw"]
    assert first["22"] > last["22"]
    assert first["25"] < last["25"]
    assert (tmp_path / "front" / "front.png").exists()


def test_sited_devices_are_never_worse_and_repeat(feederlab):
    words = ("accept", "ieee33", "--scenario", "1", "--buses", "18", "--site-devices", "--json")
    answer = feederlab(*words, "--seed", "1", "--evaluations", "8", "--out", "a").json
    again = feederlab(*words, "--seed", "1", "--evaluations", "8", "--out", "b", "--jobs", "2").json
    assert answer["mean_kw"] >= answer["mean_before_kw"]
    assert len(answer["devices"]["storage"]) == 4
    assert answer["devices"] == again["devices"]
    assert answer["buses"] == again["buses"]
    assert answer["buses"][0]["capacity_kw"] == pytest.approx(answer["mean_kw"], rel=1e-9)


@pytest.mark.slow
def test_all_of_the_paper_is_exact_in_time():
    import time

    from benchmarks.papers.acceptance.cases import all_capacities, assumed

    begun = time.perf_counter()
    found = all_capacities(assumed(), n_jobs=2)
    seconds = time.perf_counter() - begun
    every = [row for rows in found.found.values() for row in rows]
    assert len(every) == 512
    assert all(row.solution.cone_gap <= 1e-6 for row in every)
    assert all(row.solution.ac.voltage_error_pu <= 1e-5 for row in every)
    assert seconds < 180.0
