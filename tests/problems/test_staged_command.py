"""The command `feederlab stage` on a small folder: keys, files, resume, rerun, wrong content."""

import itertools
import json
import tomllib

import pytest

pytest.importorskip("cvxpy")

from typer.testing import CliRunner

from problems.cli.app import app
from problems.core.errors import ContentError, SettingError
from problems.staged.door import shipped_text

KEYS = {
    "lcc_rmb", "bound_rmb", "gap", "scenario_ids", "lcc_all_rmb", "bound_all_rmb", "gap_all",
    "investment_rmb", "first_stage_investment_rmb", "curtailment_pct", "charging_satisfaction_pct",
    "heavy_load_h", "undervoltage_buses", "dispatches", "status",
}  # fmt: skip


def toml_value(value) -> str:
    """Return JSON content as an inline TOML value."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml_value(v)}" for key, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    return json.dumps(value)


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A feeder of three buses and a study on it whose year has two scenarios."""
    folder = tmp_path_factory.mktemp("case")
    feeder = folder / "three"
    feeder.mkdir()
    (feeder / "feeder.toml").write_text('name = "three"\nbase_kv = 10.0\nslack_bus = "S"\n')
    (feeder / "buses.csv").write_text("bus,p_kw,q_kvar\nS,0,0\n1,400,100\n2,400,100\n")
    (feeder / "branches.csv").write_text("from_bus,to_bus,r_ohm,x_ohm\nS,1,3.0,2.4\n1,2,3.0,2.4\n")
    data = tomllib.loads(shipped_text("ieee33"))
    data["transformer_mva"] = [2.0, 3.15]
    data["network"]["capacitor_kvar"] = 200.0
    data["branches"] = [
        {"from_bus": "S", "to_bus": "1", "ampacity_a": 120.0, "length_km": 1.0, "segment": "a"},
        {"from_bus": "1", "to_bus": "2", "ampacity_a": 100.0, "length_km": 1.0, "segment": "b"},
    ]
    data["pv"] = [{"bus": "2", "share": 1.0}]
    data["ev"]["stations"] = [{"bus": "2", "share": 1.0}]
    data["storage"]["sites"] = ["2"]
    for stage, peak, n in zip(data["stages"], (900, 1300, 1700), (50, 200, 400), strict=True):
        stage.update(peak_kw=peak, pv_kw=0.3 * peak, ev_count=n)
    data["weathers"] = data["weathers"][1:2]
    data["day_types"] = [{"name": "day", "share": 1.0, "load_factor": 1.0}]
    data["seasons"] = [s for s in data["seasons"] if s["name"] in ("summer", "winter")]
    for season in data["seasons"]:
        season["weather_shares"] = [1.0]
    data["search"].update(n_scenarios_quick=1, population_quick=4, generations_quick=3)
    file = folder / "study.toml"
    file.write_text("".join(f"{key} = {toml_value(value)}\n" for key, value in data.items()))
    return feeder, file


def words(case, out, *more: str) -> list[str]:
    feeder, file = case
    return ["stage", str(feeder), "--config", str(file), "--quick", "--seed", "1", "--out",
            str(out), *more]  # fmt: skip


def test_every_scheme_answers_with_its_keys_and_resumes_to_the_same_files(case, tmp_path) -> None:
    ran = CliRunner().invoke(app, words(case, tmp_path / "one", "--scheme", "all", "--json"))
    assert ran.exit_code == 0, ran.output
    schemes = json.loads(ran.stdout)["schemes"]
    assert list(schemes) == ["A", "B", "C", "D"]
    for scheme in schemes.values():
        assert set(scheme) >= KEYS
        assert set(scheme["dispatches"]) >= {"asked", "cached", "pruned", "solved", "cuts"}
        assert len(scheme["undervoltage_buses"]["after"]) == 3
        assert scheme["gap"] == pytest.approx(
            abs(scheme["bound_rmb"] - scheme["lcc_rmb"]) / scheme["lcc_rmb"]
        )
        assert scheme["ac"]["violation"] < 1e-5
    costs = [scheme["lcc_rmb"] for scheme in schemes.values()]
    for more, less in itertools.pairwise(costs):
        assert less <= more * 1.031
    for file in ("runs.csv", "summary.csv", "record.json", "plan.json", "timing.csv",
                 "report.html", "timeline.png", "costs.png"):  # fmt: skip
        assert (tmp_path / "one" / file).exists(), file
    before = {
        path.name: path.read_bytes()
        for path in (tmp_path / "one").iterdir()
        if path.is_file() and path.name != "timing.csv"
    }
    # as an interruption leaves it: half of the states of D, none of the files
    states = tmp_path / "one" / "states" / "D.jsonl"
    lines = states.read_text().splitlines()
    states.write_text("\n".join(lines[: len(lines) // 2]) + "\n{cut")
    (tmp_path / "one" / "summary.csv").unlink()
    again = CliRunner().invoke(app, ["resume", str(tmp_path / "one"), "--json"])
    assert again.exit_code == 0, again.output
    for name, content in before.items():
        assert (tmp_path / "one" / name).read_bytes() == content, name


def test_a_study_is_not_mixed_with_another(case, tmp_path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    ran = CliRunner().invoke(app, words(case, tmp_path / "full"))
    assert isinstance(ran.exception, ContentError)


def test_wrong_content_names_the_file_and_key(case, tmp_path) -> None:
    feeder, file = case
    bad = tmp_path / "bad.toml"
    bad.write_text(
        file.read_text().replace('"peak_kw": 1300', "").replace("peak_kw = 1300", "peak_kw = -1")
    )
    asked = ["stage", str(feeder), "--config", str(bad), "--quick"]
    unseeded = CliRunner().invoke(app, asked)
    assert isinstance(unseeded.exception, SettingError)
    assert "--seed" in str(unseeded.exception)
    ran = CliRunner().invoke(app, [*asked, "--seed", "1"])
    assert isinstance(ran.exception, ContentError)
    assert "bad.toml" in str(ran.exception)
    assert "peak_kw" in str(ran.exception)
    other = CliRunner().invoke(app, ["stage", "ieee69", "--quick", "--seed", "1"])
    assert isinstance(other.exception, SettingError)
