"""The report of coplan: what it says, the same bytes again, and no plan said to be none."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from problems.coplan.ddcp import CurvePoint
from problems.report.coplan_page import _curve

pytest.importorskip("highspy")

WORDS = ("coplan", "iowa240", "--base-kv", "6.9", "--adoption", "60")


def test_the_report_of_a_plan(feederlab: Any) -> None:
    answer = feederlab(*WORDS, "--out", "plan", "--json").json
    gist = feederlab("show", "plan", "--json").json
    assert f"{answer['total_usd']:,.0f} USD in all" in gist["answer"]
    assert [line["outcome"] for line in gist["verdicts"]] == ["holds", "holds"]
    assert gist["command"] == "feederlab coplan iowa240 --base-kv 6.9 --adoption 60.0"
    html = Path("plan/report.html").read_text()
    assert html.count('stroke-width="4" data-tip=') == len(answer["cables"])
    assert html.count("<svg ") == 4  # cost by asset, tornado, feeder, profile
    for line in answer["cables"]:
        assert f"{line['from_bus']} to {line['to_bus']}\n{line['size']}, " in html
    profile = re.findall(r"bus (\w+)\n([\d.]+|no solution) → ([\d.]+) p\.u\.", html)
    assert len(profile) == 240
    assert min(float(after) for _, _, after in profile) == pytest.approx(
        answer["v_min_pu"], abs=1e-4
    )
    assert "seconds" not in json.loads(Path("plan/plan.json").read_text())
    assert feederlab("rerun", "plan", "--json").json == {"agree": True, "differences": []}


def test_files_that_were_given_are_known_by_their_content(feederlab: Any) -> None:
    table = Path(__file__).parents[3] / "problems" / "coplan" / "data" / "cables.csv"
    Path("cables.csv").write_bytes(table.read_bytes())
    assert feederlab(*WORDS, "--cables", "cables.csv", "--out", "plan").code == 0
    Path("cables.csv").write_bytes(table.read_bytes() + b"\n")
    again = feederlab(*WORDS, "--cables", "cables.csv", "--out", "plan")
    assert again.code == 1
    assert "other settings" in again.err


def test_a_curve_is_drawn_from_two_plans_on() -> None:
    points = [CurvePoint(n, cost, 0.0, 0.0, cost, "optimal") for n, cost in ((3, 9e5), (4, 8e5))]
    lost = CurvePoint(5, None, 0.0, None, None, "infeasible")
    (figure,) = _curve([*points, lost])
    assert figure.svg.count("<circle") == 2
    assert _curve([points[0], lost]) == []
