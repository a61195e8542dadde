"""Slips of the pen: each error names the nearest valid name; the shell completes the rest."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["sitee", "ieee33"], "'site'"),
        (["flow", "ieee3"], "did you mean ieee33?"),
        (["flow", "ieee33", "--add", "188:500"], "did you mean 18?"),
        (["site", "ieee33", "--seed", "1", "--statons", "3"], "--stations"),
        (["site", "ieee33", "--seed", "1", "--engine", "hgpso"], "did you mean 'hgapso'?"),
        (["compare", "ieee33", "--seed", "1", "--engines", "ga,psoo"], "did you mean 'pso'?"),
        (["site", "ieee33", "--seed", "1", "--exclude-buses", "199"], "did you mean 19?"),
        (["pareto", "ieee33", "--seed", "1", "--objectives", "npv,volage"], "did you mean voltage"),
        (["accept", "ieee33", "--curve", "comercial"], "did you mean commercial?"),
        (["flow", "ieee33", "--open", "1:33"], "did you mean"),
    ],
)
def test_errors_suggest_the_nearest_name(feederlab: Any, words: list[str], hint: str) -> None:
    answer = feederlab(*words)
    assert answer.code in (1, 2)
    assert hint in answer.err
    assert not answer.out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["coplan", "ieee33", "--method", "vbmp"], "vmbp"),
        (["host", "ieee33", "--seed", "1", "--profile", "hme"], "home"),
        (["stage", "ieee33", "--scheme", "alll"], "all"),
        (["site", "ieee33", "--seed", "1", "--npv", "anuity"], "annuity"),
    ],
)
def test_a_wrong_choice_suggests_the_nearest(feederlab: Any, words: list[str], hint: str) -> None:
    answer = feederlab(*words)
    assert answer.code == 2
    told = " ".join(answer.err.replace("│", " ").split())
    assert f"(did you mean {hint}?)" in told
    assert "Value error" not in told


@pytest.mark.parametrize("engine", ["memetic", "exact"])
def test_an_engine_that_the_settings_leave_no_structure_is_a_bad_command_line(
    feederlab: Any, engine: str
) -> None:
    ratings = ("--station-kw-min", "500", "--station-kw-max", "2000")
    answer = feederlab("site", "ieee33", "--seed", "1", "--engine", engine, *ratings)
    assert answer.code == 2
    assert "stations of one rating" in answer.err
    assert not Path("results").exists()


def test_help_needs_no_arrays() -> None:
    """What takes long to load is loaded by the command that needs it."""
    code = "import sys, problems.cli.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {"numpy", "scipy", "pandas", "numba", "matplotlib", "rich"} & set(done.stdout.split())
    assert not loaded


@pytest.mark.parametrize(
    ("typed", "word", "offered"),
    [("feederlab si", "1", "site"), ("feederlab site --sta", "2", "--stations")],
)
def test_the_shell_completes(typed: str, word: str, offered: str) -> None:
    command = Path(sys.executable).with_name("feederlab")
    if not command.exists():
        pytest.skip("the command is not installed beside this Python")
    asked = {"_FEEDERLAB_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": word}
    done = subprocess.run(
        [command], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert offered in done.stdout.split()


def test_a_key_outside_its_table_is_sent_there(feederlab: Any) -> None:
    pytest.importorskip("cvxpy")
    assert feederlab("stage", "ieee33", "--write-config", "mine.toml").code == 0
    data = Path("mine.toml").read_text(encoding="utf-8")
    Path("mine.toml").write_text(f"populatio = 5\n{data}", encoding="utf-8")
    answer = feederlab("stage", "ieee33", "--seed", "1", "--config", "mine.toml")
    assert answer.code == 1
    assert "unknown key 'populatio' (did you mean search: population?)" in answer.err


def test_alone_it_says_what_one_can_do_next(feederlab: Any) -> None:
    first = feederlab()
    assert first.code == 0
    assert "feederlab compare ieee33 --seed 1" in first.out
    assert "latest studies" not in first.out
    words = ("site", "ieee33", "--seed", "1", "--evaluations", "60", "--v-min", "0", "--quiet")
    assert feederlab(*words).code == 0
    assert "feederlab show results/runs/site-ieee33-" in feederlab().out


def test_a_slip_in_the_name_of_a_column_is_said(feederlab: Any) -> None:
    assert feederlab("convert", "ieee33", "mine", "--quiet").code == 0
    branches = Path("mine/branches.csv")
    header, *rows = branches.read_text(encoding="utf-8").splitlines()
    lines = [f"{header},ampacty_a", *(f"{row},100" for row in rows)]
    branches.write_text("\n".join(lines), encoding="utf-8")
    answer = feederlab("flow", "mine", "--json")
    assert answer.json["max_loading_pct"] is None
    assert "column ampacty_a is not read (did you mean ampacity_a?)" in answer.err
    branches.write_text("\n".join(lines).replace("r_ohm", "rohm"), encoding="utf-8")
    answer = feederlab("flow", "mine")
    assert answer.code == 1
    assert "no column r_ohm; found from_bus, to_bus, rohm" in answer.err
