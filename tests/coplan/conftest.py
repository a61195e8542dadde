"""Owns where this folder's tests find the oracles, and how they run the command."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from powerflow import load_feeder
from problems.cli import main
from problems.coplan.scenario import Scenario, make_scenario

sys.path.insert(0, str(Path(__file__).parents[1] / "oracles"))


class Answer(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def feederlab(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Any:
    """Return a function that runs the command in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["feederlab", *words])
        with pytest.raises(SystemExit) as stop:
            main()
        printed = capsys.readouterr()
        return Answer(int(stop.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture(scope="session")
def paper_day() -> Scenario:
    """Return the paper's case: 6.9 kV, every customer with an EV of 10 kW, 24 h."""
    feeder = replace(load_feeder("iowa240"), base_kv=6.9)
    return make_scenario(feeder, charger_kw=10.0, adoption_pct=100.0, cases="paper", is_day=True)
