"""The published and derived base cases, each with its tolerance and source."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from powerflow import load_feeder, power_flow, score

CASES = tomllib.loads(
    (Path(__file__).parents[1] / "cases" / "base_cases.toml").read_text(encoding="utf-8")
)["case"]
SWEEPS = {"converged": None, "two_sweeps": 2}
STATION_KW = 1500.0


def _name(case):
    return "-".join([case["feeder"], case["method"], *case.get("stations", [])])


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_published_figures(case):
    feeder = load_feeder(case["feeder"])
    p_kw = feeder.p_kw.copy()
    for bus in case.get("stations", []):
        p_kw[feeder.bus_index(bus)] += STATION_KW
    result = power_flow(feeder, p_kw, base_kv=case.get("base_kv"), sweeps=SWEEPS[case["method"]])
    for name, (value, tolerance) in case["figures"].items():
        assert getattr(result, name)[0] == pytest.approx(value, abs=tolerance), case["source"]
    if "v_min_bus" in case:
        assert feeder.bus_id[result.v_min_bus[0]] == case["v_min_bus"]


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_score_gives_the_same_published_figures(case):
    feeder = load_feeder(case["feeder"])
    bus = np.array([[feeder.bus_index(b) for b in case.get("stations", [])]], dtype=int)
    result = score(
        feeder, bus, STATION_KW, 0.0,
        base_kv=case.get("base_kv"), sweeps=SWEEPS[case["method"]],
    )  # fmt: skip
    for name, (value, tolerance) in case["figures"].items():
        assert getattr(result, name)[0, 0] == pytest.approx(value, abs=tolerance), case["source"]
