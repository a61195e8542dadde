"""The reproduction of the DDCP paper: its quick form, and its verdicts."""

import json
from pathlib import Path

import pytest

from benchmarks.cli import main
from benchmarks.papers.ddcp.readings import BETTER, DIFFERS, REPRODUCED, cheaper, compare


def test_the_quick_form_reproduces_the_diagnosis(tmp_path: Path, capsys):
    assert main(["papers", "ddcp", "--quick", "--json", "--out", str(tmp_path)]) == 0
    answer = json.loads(capsys.readouterr().out)
    rows = answer["rows"]
    assert {row["table"] for row in rows} == {"II", "III", "IV", "Figure 4", "Figure 5"}
    differs = [(row["row"], row["quantity"]) for row in rows if row["verdict"] != REPRODUCED]
    assert differs == [("6.9 kV, 10 kW, 40 %", "mean_pct")]
    assert (tmp_path / "rows.csv").read_text().startswith("table,row,quantity,paper,ours,reading")
    assert len((tmp_path / "summary.csv").read_text().splitlines()) == 91


@pytest.mark.parametrize(
    ("paper", "ours", "verdict"),
    [(102.1, 102.149, REPRODUCED), (102.1, 102.16, DIFFERS), (30, 30.0, REPRODUCED)],
)
def test_a_figure_is_judged_by_its_last_digit(paper, ours, verdict):
    assert compare("t", "r", "q", paper, ours, "reading").verdict == verdict


def test_a_lower_cost_is_better():
    assert cheaper("t", "r", 100.0, 90.0, "reading").verdict == BETTER
    assert cheaper("t", "r", 100.0, 100.4, "reading").verdict == REPRODUCED
    assert cheaper("t", "r", 100.0, 120.0, "reading").verdict == DIFFERS
