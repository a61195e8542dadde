"""The reproduction of the DDCP paper: its quick form, and its verdicts."""

import json
from pathlib import Path

import pytest

from benchmarks.cli import main
from benchmarks.papers.ddcp.page import _engines
from benchmarks.papers.ddcp.parts import part_of, read_times
from benchmarks.papers.ddcp.plan_figures import _ranges
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


def test_a_part_is_computed_once_and_its_time_noted_beside_the_others(tmp_path: Path):
    parts, made = tmp_path / "parts", []

    def make():
        made.append(1)
        return {"figure": len(made)}

    for name in ("b", "a", "b"):
        assert part_of(parts, name, make) == {"figure": 1 if name == "b" else 2}
    assert [row["part"] for row in read_times(tmp_path / "timing.csv")] == ["a", "b"]
    (parts / "b.json").unlink()
    assert part_of(parts, "b", make) == {"figure": 3}
    assert len(read_times(tmp_path / "timing.csv")) == 2


def test_what_the_exact_route_gains_over_the_median_run():
    plans = [{"total_usd": usd} for usd in (110.0, 130.0, 125.0)]
    parts = {
        "joint-0": {"total_usd": 100.0, "bound_usd": 99.0},
        "heuristic-0": {
            "plans": plans,
            "runs": 3,
            "evaluations": 400,
            "history": [[[1, 200.0], [300, 180.0], [301, 120.0]], [[1, 190.0]], [[5, 150.0]]],
        },
    }
    row = _engines(parts, {"joint-0": "60.0", "heuristic-0": "240.0"}).splitlines()[2]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == [
        "keep, 1.05 x relaxed", "100", "99", "60", "125", "110 to 130", "400", "80", "20.00%",
        "180",
    ]  # fmt: skip


def test_numbers_in_a_row_are_named_by_their_ends():
    assert _ranges([0, 1, 2, 5, 7, 8]) == "0 to 2, 5, 7 to 8"
