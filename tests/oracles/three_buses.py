"""A feeder of three buses and a staged study on it whose year has two scenarios, as files."""

import json
import tomllib
from pathlib import Path
from typing import Any

from problems.staged.door import shipped_text


def toml_value(value: Any) -> str:
    """Return JSON content as an inline TOML value."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml_value(v)}" for key, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    return json.dumps(value)


def write_toml(file: Path, content: dict[str, Any]) -> None:
    """Write JSON content as TOML."""
    file.write_text("".join(f"{key} = {toml_value(value)}\n" for key, value in content.items()))


def write_three_buses(folder: Path) -> tuple[Path, Path]:
    """Write the feeder's folder and the study's file, and return both."""
    feeder = folder / "three"
    feeder.mkdir()
    (feeder / "feeder.toml").write_text('name = "three"\nbase_kv = 10.0\nslack_bus = "S"\n')
    (feeder / "buses.csv").write_text("bus,p_kw,q_kvar\nS,0,0\n1,400,100\n2,400,100\n")
    (feeder / "branches.csv").write_text("from_bus,to_bus,r_ohm,x_ohm\nS,1,3.0,2.4\n1,2,3.0,2.4\n")
    data = tomllib.loads(shipped_text("ieee33"))
    data["transformer_mva"] = [2.0, 3.15]
    data["network"]["capacitor_kvar"] = 200.0
    data["branches"] = [
        {"from_bus": "S", "to_bus": "1", "ampacity_a": 120.0, "length_km": 1.0, "segment": "a"},
        {"from_bus": "1", "to_bus": "2", "ampacity_a": 100.0, "length_km": 1.0, "segment": "b"},
    ]
    data["pv"] = [{"bus": "2", "share": 1.0}]
    data["ev"]["stations"] = [{"bus": "2", "share": 1.0}]
    data["storage"]["sites"] = ["2"]
    for stage, peak, n in zip(data["stages"], (900, 1300, 1700), (50, 200, 400), strict=True):
        stage.update(peak_kw=peak, pv_kw=0.3 * peak, ev_count=n)
    data["weathers"] = data["weathers"][1:2]
    data["day_types"] = [{"name": "day", "share": 1.0, "load_factor": 1.0}]
    data["seasons"] = [s for s in data["seasons"] if s["name"] in ("summer", "winter")]
    for season in data["seasons"]:
        season["weather_shares"] = [1.0]
    data["search"].update(n_scenarios_quick=1, population_quick=4, generations_quick=3)
    file = folder / "study.toml"
    write_toml(file, data)
    return feeder, file
