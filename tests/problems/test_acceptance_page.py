"""The reports of accept: one station at a time, and none at all."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("clarabel")


def test_the_report_of_single_stations(feederlab: Any) -> None:
    words = ("accept", "ieee33", "--scenario", "2", "--buses", "18,25")
    rows = feederlab(*words, "--out", "study", "--json").json["buses"]
    gist = feederlab("show", "study", "--json").json
    most = max(rows, key=lambda row: row["capacity_kw"])
    assert f"Bus {most['bus']} accepts most, {most['capacity_kw']:,.0f} kW" in gist["answer"]
    assert [line["outcome"] for line in gist["verdicts"]] == ["holds"] * 3
    html = Path("study/report.html").read_text()
    assert html.count("data:image/png") == 2
    assert html.count("<svg ") == 2  # the feeder and its voltages at the largest capacity
    assert f"station of {most['capacity_kw']:,.0f} kW at bus {most['bus']}" in html
    assert feederlab("rerun", "study", "--json").json == {"agree": True, "differences": []}


def test_the_report_of_no_answer(feederlab: Any) -> None:
    assert feederlab("accept", "ieee33", "--buses", "18", "--out", "study").code == 3
    gist = feederlab("show", "study", "--json").json
    assert gist["answer"] == "No bus of ieee33 has an answer."
    assert "fails" in {line["outcome"] for line in gist["verdicts"]}
