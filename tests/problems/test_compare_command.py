"""The command compare: files that repeat, folders, currencies, states and targets."""

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

QUICK = ("--runs", "3", "--evaluations", "120", "--seed", "7")


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file of a study but its times."""
    files = (path for path in folder.rglob("*") if path.is_file())
    named = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    return {n: b for n, b in named.items() if n != "timing.csv"}


def test_compare_repeats_to_the_byte_for_any_number_of_workers(feederlab: Any) -> None:
    answer = feederlab("compare", "ieee33", "ieee69", *QUICK, "--out", "one", "--json")
    assert answer.code == 0
    keys = set(answer.json["summary"][0])
    assert {
        "feeder", "engine", "runs", "failed", "feasible", "median_usd", "q1_usd", "q3_usd",
        "best_usd", "success_rate", "success_low", "success_high", "ert", "seconds",
    } <= keys  # fmt: skip
    assert set(answer.json["tests"][0]) == {"feeder", "engine_a", "engine_b", "p_holm", "a12"}
    assert len(answer.json["summary"]) == 6
    one = files_of(Path("one"))
    assert {
        "runs.csv", "summary.csv", "tests.csv", "record.json", "plan.json", "plan_ieee69.json",
        "convergence_ieee33.png", "profile_ieee33.png", "map_ieee69.png",
    } <= set(one)  # fmt: skip
    assert feederlab("compare", "ieee33", "ieee69", *QUICK, "--out", "two", "--jobs", "2").code == 0
    two = files_of(Path("two"))
    assert set(one) == set(two)
    assert [name for name in one if one[name] != two[name]] == []


def test_interrupted_compare_goes_on(feederlab: Any) -> None:
    feederlab("compare", "ieee33", *QUICK, "--out", "whole")
    feederlab("compare", "ieee33", *QUICK, "--out", "part")
    for lost in ("runs/ieee33--pso--0001.json", "summary.csv", "plan.json"):
        (Path("part") / lost).unlink()
    feederlab("compare", "ieee33", *QUICK, "--out", "part")
    assert files_of(Path("part")) == files_of(Path("whole"))


def test_runs_are_rows_with_judged_figures(feederlab: Any) -> None:
    feederlab("compare", "ieee33", *QUICK, "--out", "one", "--v-min", "0", "--npv", "final-year")
    with Path("one/runs.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 9
    assert {row["status"] for row in rows} == {"finished"}
    best = max(rows, key=lambda row: float(row["npv_usd"]))
    judged = feederlab("assess", "one/plan.json", "--json").json
    assert judged["npv_usd"] == float(best["npv_usd"])
    assert judged["loss_kw"] == float(best["loss_kw"])


def test_folder_of_another_study_is_kept(feederlab: Any) -> None:
    feederlab("site", "ieee33", "--seed", "3", "--evaluations", "50", "--out", "one")
    before = files_of(Path("one"))
    answer = feederlab("site", "ieee33", "--seed", "4", "--evaluations", "50", "--out", "one")
    assert answer.code == 1
    assert "holds a study with other settings" in answer.err
    assert files_of(Path("one")) == before
    Path("full").mkdir()
    Path("full/thesis.txt").write_text("mine")
    answer = feederlab("site", "ieee33", "--seed", "4", "--evaluations", "50", "--out", "full")
    assert answer.code == 1
    assert "is not empty and holds no study" in answer.err


def test_default_folder_tells_studies_apart(feederlab: Any) -> None:
    for seed in ("1", "2"):
        feederlab("site", "ieee33", "--seed", seed, "--evaluations", "50")
    names = sorted(path.name for path in Path("results/runs").iterdir())
    assert len(names) == 2
    assert all(name.startswith("site-ieee33-") for name in names)


def test_currency_of_the_prices_names_the_keys(feederlab: Any) -> None:
    Path("prices.csv").write_text("price,value\ncurrency,BRL\nenergy_per_kwh,0.6\n")
    words = ("site", "ieee33", "--seed", "1", "--evaluations", "50", "--v-min", "0")
    found = feederlab(*words, "--prices", "prices.csv", "--json").json
    assert "npv_brl" in found
    assert "npv_usd" not in found


def test_states_file(feederlab: Any) -> None:
    Path("states.csv").write_text(
        "# two states\nname,hours,load_factor\npeak,760,1.0\n\nnight,8000,0.4\n"
    )
    words = ("site", "ieee33", "--seed", "1", "--evaluations", "50", "--json")
    assert feederlab(*words, "--states", "states.csv").code in (0, 3)
    feederlab(*words, "--out", "plain")
    plain = feederlab("assess", "plain/plan.json", "--json").json
    lighter = feederlab("assess", "plain/plan.json", "--states", "states.csv", "--json").json
    assert lighter["loss_kw"] < plain["loss_kw"]
    Path("states.csv").write_text("name,hours,load_factor\npeak,760,much\n")
    answer = feederlab(*words, "--states", "states.csv")
    assert answer.code == 1
    assert "states.csv, row 2: load_factor must be a number, not 'much'" in answer.err
    Path("states.csv").write_text("name,hours,lod_factor\npeak,8760,1\n")
    assert (
        "unknown key 'lod_factor' (did you mean load_factor?)"
        in feederlab(*words, "--states", "states.csv").err
    )


def test_best_known_file_sets_the_target(feederlab: Any) -> None:
    Path("best.csv").write_text("feeder,npv\nieee33,1e9\n")
    words = ("compare", "ieee33", *QUICK, "--v-min", "0", "--json")
    (first, *_) = feederlab(*words, "--best-known", "best.csv").json["summary"]
    assert first["success_rate"] == 0.0
    assert first["ert"] is None


def test_quiet_and_piped_say_nothing_of_progress(feederlab: Any) -> None:
    answer = feederlab("compare", "ieee33", *QUICK, "--quiet")
    assert answer == (0, "", "")


def test_table_for_a_person(feederlab: Any) -> None:
    answer = feederlab("compare", "ieee33", *QUICK, "--v-min", "0")
    assert "Best NPV of each run, USD" in answer.out
    assert "3 of 3" in answer.out
    assert "files: " in answer.out
    answer = feederlab("site", "ieee33", "--seed", "1", "--evaluations", "50", "--v-min", "0")
    assert "Best plan found on ieee33" in answer.out


def test_absent_extra_is_one_line_that_names_it() -> None:
    words = ["feederlab", "stage", "ieee33", "--seed", "1", "--quick", "--out", "never"]
    code = (
        f"import sys; sys.argv = {words!r}; sys.modules['cvxpy'] = None; "
        "from problems.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert "pip install 'feederlab[conic]'" in done.stderr.splitlines()[-1]
