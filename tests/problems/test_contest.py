"""What a comparison leaves behind: targets, running times, ranks, LaTeX, logs for IOHanalyzer."""

import csv
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heuristics.experiment import GAPS, Band, FriedmanTest, critical_difference, rank_groups
from problems.cli import main
from problems.report.bounds import Bound, relative_gap
from problems.report.curves import draw_convergence
from problems.report.latex import latex_table
from problems.report.rank_figure import draw_ranks
from problems.report.style import line_styles
from problems.report.targets import SUCCESS_GAP, Target, choose_target, refuted

ENGINES = ("ga", "hgapso:printed", "random")
N_RUNS = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small comparison on two feeders, the floor on."""
    out = tmp_path_factory.mktemp("contest") / "study"
    words = ["compare", "ieee33", "ieee69", "--engines", ",".join(ENGINES), "--runs", str(N_RUNS)]
    words += ["--evaluations", "4000", "--seed", "11", "--quiet", "--out", str(out)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["feederlab", *words])
        with pytest.raises(SystemExit) as stop:
            main()
    assert not stop.value.code
    return out


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


# --- targets ---


def test_bound_is_the_target_where_a_plan_comes_near() -> None:
    bound = Bound("optimal", "", npv=1000.0)
    assert choose_target(bound, [999.5]) == Target("certified", 1000.0, 1000.0)
    assert choose_target(bound, [900.0]) == Target("best_known", 900.0, 1000.0)
    # the proof's own plan counts, a claim above the bound does not
    own = Bound("optimal", "", npv=1000.0, plan_npv=999.9)
    assert choose_target(own, []) == Target("certified", 1000.0, 1000.0)
    assert choose_target(own, [2000.0]) == Target("certified", 1000.0, 1000.0)
    assert choose_target(bound, [2000.0]) is None
    assert choose_target(None, [5.0, 7.0]) == Target("best_known", 7.0)
    assert choose_target(None, []) is None
    assert choose_target(Bound("infeasible", ""), []) is None


@pytest.mark.parametrize("npv", [1000.0, -1000.0])
def test_success_is_a_gap_of_a_thousandth(npv: float) -> None:
    found = -Target("certified", npv).objective()
    assert found < npv
    assert relative_gap(npv, found) == pytest.approx(SUCCESS_GAP)


def test_claims_that_a_proof_refutes_are_named() -> None:
    bounds = {"a": Bound("optimal", "", npv=10.0), "b": Bound("time_limit", "")}
    (sentence,) = refuted({"a": 11.0, "b": 11.0, "c": 11.0}, bounds)
    assert "a, 11, is above the proven bound 10" in sentence
    assert refuted({"a": 10.0 + 1e-10}, bounds) == []


def test_success_is_counted_against_the_certified_bound(folder: Path) -> None:
    bounds = json.loads((folder / "certificate.json").read_text())
    assert list(bounds) == ["ieee33", "ieee69"]
    runs = table(folder, "runs.csv")
    for row in table(folder, "summary.csv"):
        bound = bounds[row["feeder"]]["bound_usd"]
        assert row["target"] == "certified"
        assert float(row["target_usd"]) == bound
        own = [r for r in runs if (r["feeder"], r["engine"]) == (row["feeder"], row["engine"])]
        npv = [float(r["npv_usd"]) for r in own if r["feasible"] == "True"]
        assert all(value <= bound for value in npv)
        within = [value for value in npv if abs(bound - value) / abs(value) <= 0.001]
        assert float(row["success_rate"]) == len(within) / N_RUNS
        if npv:
            assert float(row["gap"]) == pytest.approx((bound - max(npv)) / abs(max(npv)))
        else:
            assert row["gap"] == ""
    # seconds of the proofs are times
    assert [r["feeder"] for r in table(folder, "timing.csv") if r["engine"] == "certificate"] == [
        "ieee33", "ieee69",
    ]  # fmt: skip
    assert "seconds" not in (folder / "certificate.json").read_text()


def test_running_times_over_targets(folder: Path) -> None:
    rows = table(folder, "targets.csv")
    assert len(rows) == 2 * len(ENGINES) * len(GAPS)
    bounds = json.loads((folder / "certificate.json").read_text())
    runs = [json.loads(path.read_text()) for path in sorted((folder / "runs").glob("*.json"))]
    reached_any = 0
    for row in rows:
        own = [r for r in runs if (r["problem"], r["engine"]) == (row["feeder"], row["engine"])]
        bound = bounds[row["feeder"]]["bound_usd"]
        spent, n_reached = 0, 0
        for run in own:  # the slow obvious way: every step, the gap as it is defined
            near = [
                at
                for at, f, violation in run["history"]
                if violation == 0.0 and f < 0.0 and (bound + f) / -f <= float(row["gap"])
            ]
            n_reached += bool(near)
            spent += near[0] if near else run["n_evaluations"]
        assert int(row["reached"]) == n_reached
        assert row["ert"] == ("" if n_reached == 0 else str(spent / n_reached))
        reached_any += n_reached
    assert reached_any > 0


# --- ranks ---


def test_ranks_over_runs_and_feeders(folder: Path) -> None:
    rows = table(folder, "ranks.csv")
    assert [row["scope"] for row in rows] == [s for s in ("all", "ieee33", "ieee69") for _ in "abc"]
    runs = table(folder, "runs.csv")
    for scope in ("all", "ieee33", "ieee69"):
        blocks: dict[tuple[str, str], dict[str, float]] = {}
        for r in runs:
            if scope in ("all", r["feeder"]):
                value = float(r["npv_usd"]) if r["feasible"] == "True" else -np.inf
                blocks.setdefault((r["feeder"], r["run"]), {})[r["engine"]] = value
        for row in (row for row in rows if row["scope"] == scope):
            ranks = [
                1
                + sum(v > b[row["engine"]] for v in b.values())
                + (sum(v == b[row["engine"]] for v in b.values()) - 1) / 2
                for b in blocks.values()
            ]
            assert float(row["mean_rank"]) == pytest.approx(np.mean(ranks))
            assert int(row["blocks"]) == len(blocks)


def test_many_engines_are_told_apart(tmp_path: Path) -> None:
    names = [f"pymoo:engine_{k}" for k in range(24)]
    assert len(set(line_styles(names).values())) == 24
    grid = np.array([1, 10, 100])
    runs = np.full(3, 5)
    bands = {
        name: Band(grid, np.array([-1.0, -2.0, -3.0 - k]), *(np.array([-1.0, -2.0, -3.0 - k]),) * 2,
                   runs, 5)
        for k, name in enumerate(names)
    }  # fmt: skip
    draw_convergence(tmp_path / "many.png", "many", bands, "usd", Target("certified", 30.0))
    mean_rank = {name: 1.0 + k for k, name in enumerate(names)}
    test = FriedmanTest(mean_rank, 30, 99.0, 1e-9)
    difference = critical_difference(24, 30)
    groups = rank_groups(mean_rank, difference)
    draw_ranks(tmp_path / "ranks.png", "many", test, difference, groups)
    for name in ("many.png", "ranks.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


# --- LaTeX ---


def test_latex_table_says_what_the_summary_says(folder: Path) -> None:
    text = (folder / "summary.tex").read_text()
    lines = [line for line in text.splitlines() if line.endswith(r" \\")]
    full = [line for line in lines if "multicolumn" not in line]
    assert len(full) == 1 + 2 * len(ENGINES)
    # what separates cells, not an escaped one
    assert {len(re.findall(r"(?<!\\)&", line)) for line in full} == {6}
    assert text.count("{") == text.count("}")
    for row in table(folder, "summary.csv"):
        if row["best_usd"]:
            assert f"{float(row['best_usd']):,.0f}".replace(",", r"\,") in text
    assert text.count("certified bound") == 2


def test_latex_table_escapes_and_marks_the_best() -> None:
    row: dict[str, Any] = {
        "feeder": "my_feeder", "engine": "a&b%", "feasible": 3, "runs": 3, "median_usd": -5.0,
        "q1_usd": -9.0, "q3_usd": -1.0, "best_usd": -1.0, "target": None, "target_usd": None,
        "success_rate": 0.5, "success_low": 0.1, "success_high": 0.9, "ert": 2000.0,
        "ert_low": 1000.0, "ert_high": None,
    }  # fmt: skip
    worse = {**row, "engine": "c", "median_usd": -7.0, "ert": None}
    text = latex_table([row, worse], {"my_feeder": "usd"}, "no voltage floor")
    assert r"my\_feeder" in text
    assert r"a\&b\% & 3/3 & \textbf{$-5$}" in text
    assert r"\textbf{2\,000} [1\,000, $\infty$]" in text
    assert text.count(r"\textbf") == 2


# --- logs ---


def logs(folder: Path) -> list[dict[str, Any]]:
    files = sorted((folder / "iohprofiler").glob("*/IOHprofiler_*.json"))
    found = []
    for file in files:
        content = json.loads(file.read_text())
        (scenario,) = content["scenarios"]
        text = (file.parent / scenario["path"]).read_text()
        runs: list[list[list[float]]] = []
        for line in text.splitlines():
            if line.startswith("evaluations"):
                runs.append([])
            else:
                runs[-1].append([float(cell) for cell in line.split(" ")])
        found.append({**content, "tables": runs})
    return found


def test_logs_hold_every_improvement(folder: Path) -> None:
    found = logs(folder)
    assert len(found) == 2 * len(ENGINES)
    runs = table(folder, "runs.csv")
    for log in found:
        names = (log["function_name"], log["algorithm"]["name"])
        own = [r for r in runs if (r["feeder"], r["engine"]) == names]
        (scenario,) = log["scenarios"]
        feasible = [y for t in log["tables"] for _, y, violation in t if violation == 0.0]
        assert len(own) == len(scenario["runs"]) == len(log["tables"]) == N_RUNS
        for run, said, lines in zip(own, scenario["runs"], log["tables"], strict=True):
            at, y, violation = np.array(lines).T
            assert at[0] == 1
            assert at[-1] == said["evals"] == 4000
            assert (np.diff(at) > 0).all()
            assert (np.diff(y) >= 0).all()
            # below every feasible plan as long as there is none
            assert (y[violation > 0.0] < min(feasible, default=np.inf)).all()
            assert y[-1] == said["best"]["y"]
            if run["feasible"] == "True":
                assert y[-1] == pytest.approx(float(run["npv_usd"]), rel=1e-12)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_iohinspector_reads_the_logs(folder: Path) -> None:
    iohinspector = pytest.importorskip("iohinspector")
    manager = iohinspector.DataManager()
    manager.add_folder(str(folder / "iohprofiler"))
    overview = manager.overview.to_dicts()
    assert len(overview) == 2 * len(ENGINES) * N_RUNS
    runs = {(r["feeder"], r["engine"], int(r["run"]) + 1): r for r in table(folder, "runs.csv")}
    for row in overview:
        run = runs[row["function_name"], row["algorithm_name"], row["instance"]]
        assert row["evals"] == 4000
        assert row["dimension"] == 10
        if run["feasible"] == "True":
            assert row["best_y"] == pytest.approx(float(run["npv_usd"]), rel=1e-12)
    data = manager.load(monotonic=True, include_meta_data=True)
    best: dict[int, float] = {}
    for line in data.to_dicts():
        best[line["data_id"]] = max(line["raw_y"], best.get(line["data_id"], -np.inf))
    assert best == {row["data_id"]: row["best_y"] for row in overview}
