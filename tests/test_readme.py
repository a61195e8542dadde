"""The README: every command in it runs, and its test command is the one that CI runs."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from problems.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
STEPS = [
    step.strip() for block in BLOCKS for line in block.splitlines() for step in line.split("&&")
]
COMMANDS = [shlex.split(step, comments=True) for step in STEPS if step.startswith("feederlab ")]


def test_readme_shows_the_main_commands() -> None:
    commands = {words[1] for words in COMMANDS}
    assert commands >= {"feeders", "flow", "site", "show", "assess", "compare", "rerun"}


def test_every_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in COMMANDS:
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as stop:
            main()
        printed = capsys.readouterr()
        assert not stop.value.code, f"{shlex.join(words)}: {printed.err}"
        assert printed.out


def test_ci_runs_the_test_command_of_the_readme() -> None:
    installed, tested = (step for step in STEPS if "--editable" in step or "pytest" in step)
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert installed == "pip install --editable '.[test]'"
    assert tested == "python -m pytest"
    assert "pip install --quiet --editable" in ci
    assert 'python" -m pytest' in ci


def test_it_is_one_page() -> None:
    assert len(README.splitlines()) <= 80


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"(?<!!)\[[^]]*\]\(([^)]+)\)", README):
        assert (ROOT / link).exists(), link


def test_pictures_exist() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).is_file(), picture
