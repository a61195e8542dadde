"""The command `feederlab stage` on a small folder: keys, files, resume, rerun, wrong content."""

import itertools
import json
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import replace

import pytest

pytest.importorskip("cvxpy")

from three_buses import write_three_buses, write_toml
from typer.testing import CliRunner

from problems.cli.app import app
from problems.core.errors import ContentError, SettingError

KEYS = {
    "lcc_rmb", "bound_rmb", "gap", "scenario_ids", "lcc_all_rmb", "bound_all_rmb", "gap_all",
    "investment_rmb", "first_stage_investment_rmb", "curtailment_pct", "charging_satisfaction_pct",
    "heavy_load_h", "undervoltage_buses", "dispatches", "status",
}  # fmt: skip


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return write_three_buses(tmp_path_factory.mktemp("case"))


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
        assert 0.0 < scheme["ac"]["voltage_error_pu"] < 1e-5
        assert 0.0 < scheme["ac"]["loss_error_kw"] < 0.1
    gist = json.loads((tmp_path / "one" / "report.json").read_text())
    headings = [section["heading"] for section in gist["sections"]]
    assert [words.split(":")[0] for words in headings] == [
        "Schemes", "Money", "Feeder in stage III",
    ]  # fmt: skip
    outcomes = {v["statement"]: v["outcome"] for v in gist["sections"][0]["verdicts"]}
    assert len(outcomes) == 4 + 3
    assert set(outcomes.values()) == {"holds"}
    html = (tmp_path / "one" / "report.html").read_text()
    assert html.count("<svg ") == 4  # payments by year, tornado, diagram, profile
    assert html.count("data:image/png") >= 3  # timeline, cost by cause, convergence
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


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_a_study_that_was_struck_goes_on_to_the_same_files(case, tmp_path, blow) -> None:
    calm = CliRunner().invoke(app, words(case, tmp_path / "calm", "--json"))
    assert calm.exit_code == 0, calm.output
    folder = tmp_path / "struck"
    start = [sys.executable, "-c", "from problems.cli import main; main()"]
    process = subprocess.Popen(
        [*start, *words(case, folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    states = folder / "states" / "D.jsonl"
    n_line = 0
    while process.poll() is None and n_line < 5:
        time.sleep(0.02)
        n_line = len(states.read_text().splitlines()) if states.exists() else 0
    process.send_signal(blow)
    _, said = process.communicate(timeout=60)
    if blow == signal.SIGINT:
        assert process.returncode == 130
        assert b"feederlab resume" in said
    n_left = len(states.read_text().splitlines())
    assert 0 < n_left < len((tmp_path / "calm" / "states" / "D.jsonl").read_text().splitlines())
    assert not (folder / "plan.json").exists()
    again = CliRunner().invoke(app, ["resume", str(folder), "--json"])
    assert again.exit_code == 0, again.output
    for path in (tmp_path / "calm").iterdir():
        if path.is_file() and path.name not in ("timing.csv", "report.html", "report.json"):
            assert (folder / path.name).read_bytes() == path.read_bytes(), path.name


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


def changed(case, tmp_path, change) -> str:
    """Return a file with the case's data after `change` has been at them."""
    data = tomllib.loads(case[1].read_text())
    change(data)
    file = tmp_path / "changed.toml"
    write_toml(file, data)
    return str(file)


def test_a_stage_that_nothing_can_serve_is_named(case, tmp_path) -> None:
    def overgrown(data) -> None:
        data["stages"][2]["peak_kw"] = 9000.0

    file = changed(case, tmp_path, overgrown)
    asked = ["stage", str(case[0]), "--config", file, "--quick", "--seed", "1", "--scheme", "B"]
    ran = CliRunner().invoke(app, [*asked, "--out", str(tmp_path / "out"), "--json"])
    assert ran.exit_code == 0
    lost = json.loads(ran.stdout)["schemes"]["B"]["lost_load_kwh"]
    assert lost[0] < 1.0 < lost[2]
    assert f"scheme B, stage III: {lost[2]:,.0f} kWh of load a year are not served" in ran.stderr
    assert "stage I:" not in ran.stderr
    page = json.loads((tmp_path / "out" / "report.json").read_text())
    outcomes = {v["statement"]: v["outcome"] for v in page["sections"][0]["verdicts"]}
    assert outcomes["No load goes unserved in any stage"] == "fails"


WRONG = [
    (lambda data: data["prices"].pop("line_per_km"), "key 'line_per_km' is missing"),
    (lambda data: data["stages"][2].update(peak_kw=1000.0), "peak_kw = 1000 is below the 1300"),
    (lambda data: data["stages"][2].update(ev_count=1), "nothing shrinks between stages"),
    (lambda data: data["stages"][1].update(last_year=2028), "first_year is after last_year"),
    (lambda data: data["prices"].update(line_per_kilometer=1.0), "unknown key"),
]


@pytest.mark.parametrize(("change", "words"), WRONG)
def test_impossible_data_are_refused_by_the_command(case, tmp_path, change, words) -> None:
    file = changed(case, tmp_path, change)
    for command in ("stage", "outlook"):
        asked = [command, str(case[0]), "--config", file]
        ran = CliRunner().invoke(app, asked + (["--seed", "1"] if command == "stage" else []))
        assert isinstance(ran.exception, ContentError)
        assert "changed.toml" in str(ran.exception)
        assert words in str(ran.exception)


def test_a_solver_that_fails_is_not_called_infeasible(case, tmp_path, monkeypatch) -> None:
    from problems.conic.outcome import Outcome

    asked = words(case, tmp_path / "one", "--scheme", "C", "--json")
    whole = json.loads(CliRunner().invoke(app, asked).stdout)["schemes"]["C"]
    failed = Outcome("solver_failed", "broken for the test", "CLARABEL")
    monkeypatch.setattr("problems.staged.retry.solve", lambda *_, **__: failed)
    asked = words(case, tmp_path / "two", "--scheme", "C")
    ran = CliRunner().invoke(app, [*asked, "--json"])
    assert ran.exit_code == 4
    answer = json.loads(ran.stdout)["schemes"]["C"]
    assert answer["status"] == "solver_failed"
    assert "the solver failed on" in answer["message"]
    assert answer["message"] in ran.stderr
    assert list(answer) == list(whole)
    for key in ("lcc_rmb", "bound_rmb", "gap", "lcc_all_rmb", "investment_rmb"):
        assert answer[key] is None
    for key in ("heavy_load_h", "undervoltage_buses"):
        assert answer[key] == {"before": [None] * 3, "after": [None] * 3}
    assert set(answer["ac"]) == set(whole["ac"])
    assert answer["scenario_ids"] == whole["scenario_ids"]
    assert set(answer["dispatches"]) == set(whole["dispatches"])
    counts = answer["dispatches"]
    assert 0 < counts["failed"] <= counts["solved"] + counts["cuts"]
    assert CliRunner().invoke(app, asked).exit_code == 4  # the states kept say the same, in a table


def test_a_proof_that_may_not_go_on_says_why_and_its_status_is_a_gap(case) -> None:
    from problems.cli.staged_options import staged_study
    from problems.staged.indicators import listed_investments, scheme_answer
    from problems.staged.investment import Scheme
    from problems.staged.scheme_plan import Effort, plan_scheme

    study = staged_study(str(case[0]), str(case[1]), "stage")
    effort = replace(Effort.of(study, seed=1, is_quick=True), max_states=0, gap=0.0)
    plan = plan_scheme(study, Scheme("C"), effort)
    answer = scheme_answer(plan)
    assert answer["status"] == "gap_limit"
    assert answer["message"].startswith("budget")
    # storage that is the solver's tolerance is not listed, storage that is built is
    last = {"storage_kwh": [1e-8], "storage_kw": [2.0]}
    dust = replace(plan, capacity=({}, {}, last))
    assert [row["size"] for row in listed_investments(dust) if row["category"] == "storage"] == [2]


def test_payments_of_the_years_add_up_to_the_cost(case) -> None:
    from powerflow.library import load_feeder
    from problems.cli.staged_options import staged_study
    from problems.staged.investment import Scheme
    from problems.staged.payments import yearly_payments
    from problems.staged.scheme_plan import Effort, SchemePlan, plan_scheme
    from problems.staged.studied import studied

    for has_residual in (False, True):
        data = staged_study(str(case[0]), str(case[1]), "stage").data
        data = replace(data, prices=replace(data.prices, has_residual_value=has_residual))
        study = studied(load_feeder(str(case[0])), data)
        plan = plan_scheme(study, Scheme("C"), Effort.of(study, seed=1, is_quick=True))
        assert isinstance(plan, SchemePlan)
        years = yearly_payments(plan)
        assert [year.year for year in years] == list(range(2026, 2036))
        assert years[-1].cumulative_rmb == pytest.approx(plan.lcc_all_rmb, rel=1e-9)
        # stage II begins in 2029: what it builds is paid at the end of that year alone
        assert [year.year for year in years if year.investment_rmb > 0.0][:2] == [2026, 2029]
