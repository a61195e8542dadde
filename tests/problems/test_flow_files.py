"""The command's tables, maps and per-bus ZIP shares of one power flow."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from powerflow import load_feeder, power_flow
from powerflow.writers.tables import folder_texts
from problems.siting import tables

EXAMPLES = Path(tables.__file__).parent / "examples"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as stream:
        return list(csv.DictReader(stream))


def test_the_tables_are_those_of_the_power_flow(feederlab: Any, tmp_path: Path) -> None:
    answer = feederlab("flow", "iowa240", "--load-scale", "0.5", "--out", "tables", "--json")
    assert answer.code == 0
    feeder = load_feeder("iowa240")
    flow = power_flow(feeder, 0.5 * feeder.p_kw, 0.5 * feeder.q_kvar)
    buses, branches = (
        rows_of(tmp_path / "tables" / f"{name}.csv") for name in ("buses", "branches")
    )
    assert [row["bus"] for row in buses] == list(feeder.bus_id)
    assert [float(row["v_pu"]) for row in buses] == flow.v_pu[0].tolist()
    assert sum(float(row["p_kw"]) for row in buses) == pytest.approx(0.5 * feeder.p_kw.sum())
    assert [float(row["i_a"]) for row in branches] == flow.i_a[0, 1:].tolist()
    # the losses of all branches are the loss of the answer
    assert sum(float(r["loss_kw"]) for r in branches) == pytest.approx(answer.json["loss_kw"])
    known = [float(row["loading_pct"]) for row in branches if row["loading_pct"]]
    assert max(known) == pytest.approx(answer.json["max_loading_pct"])
    assert (branches[0]["from_bus"], branches[0]["to_bus"]) == ("1", feeder.bus_id[1])


def write_placed(folder: Path, x: float, y: float) -> Path:
    """Write ieee33 with its buses on a line that begins at x, y."""
    for name, text in folder_texts(load_feeder("ieee33")).items():
        if name == "buses.csv":
            lines = text.splitlines()
            lines[0] += ",x,y"
            text = "\n".join(
                [lines[0], *(f"{line},{x + 0.01 * k},{y}" for k, line in enumerate(lines[1:]))]
            )
        (folder / name).write_text(text)
    return folder


def test_the_map_has_every_bus_and_branch_where_it_is(feederlab: Any, tmp_path: Path) -> None:
    folder = tmp_path / "placed"
    folder.mkdir()
    write_placed(folder, 13.0, 52.5)
    words = ("--geojson", "map.geojson", "--json")
    answer = feederlab("flow", str(folder), *words)
    assert answer.code == 0
    content = json.loads((tmp_path / "map.geojson").read_text())
    assert content["type"] == "FeatureCollection"
    shapes = [feature["geometry"]["type"] for feature in content["features"]]
    assert (shapes.count("Point"), shapes.count("LineString")) == (33, 32)
    points = {
        feature["properties"]["bus"]: feature["geometry"]["coordinates"]
        for feature in content["features"]
        if feature["geometry"]["type"] == "Point"
    }
    feeder = load_feeder(folder)
    assert points["1"] == [13.0, 52.5]
    assert points["18"] == [feeder.x[feeder.bus_index("18")], 52.5]
    for feature in content["features"]:
        if feature["geometry"]["type"] == "LineString":
            ends = [points[feature["properties"][end]] for end in ("from_bus", "to_bus")]
            assert feature["geometry"]["coordinates"] == ends
    losses = [feature["properties"].get("loss_kw", 0.0) for feature in content["features"]]
    assert sum(losses) == pytest.approx(answer.json["loss_kw"])


def test_without_places_there_is_no_map(feederlab: Any, tmp_path: Path) -> None:
    folder = tmp_path / "placed"
    folder.mkdir()
    write_placed(folder, 700.0, 1500.0)
    meters = feederlab("flow", str(folder), "--geojson", "map.geojson", "--out", "tables")
    assert meters.code == 1
    assert "bus 1 is at x 700, y 1500; expected longitude and latitude" in meters.err
    assert not (tmp_path / "tables").exists()
    assert feederlab("convert", "ieee33", "plain").code == 0
    unknown = feederlab("flow", "plain", "--geojson", "map.geojson")
    assert unknown.code == 1
    assert "the coordinates of bus 1 are unknown" in unknown.err
    drawing = feederlab("flow", "iowa240", "--geojson", "map.geojson")
    assert drawing.code == 2
    assert "drawings, not places" in drawing.err


def test_zip_shares_by_bus(feederlab: Any, tmp_path: Path) -> None:
    everywhere = feederlab("flow", "ieee33", "--zip", "0.5,0.2,0.3", "--json").json
    lines = [f"{bus},0.5,0.2,0.3" for bus in load_feeder("ieee33").bus_id]
    (tmp_path / "all.csv").write_text("\n".join(["bus,z_share,i_share,p_share", *lines]))
    assert feederlab("flow", "ieee33", "--zip", "all.csv", "--json").json == everywhere
    example = str(EXAMPLES / "zip_shares.csv")
    some = feederlab("flow", "ieee33", "--zip", example, "--json").json
    feeder = load_feeder("ieee33")
    z, i, p = np.zeros(33), np.zeros(33), np.ones(33)
    for label, shares in (("18", (0.4, 0.3, 0.3)), ("33", (1.0, 0.0, 0.0))):
        k = feeder.bus_index(label)
        z[k], i[k], p[k] = shares
    assert some["loss_kw"] == power_flow(feeder, zip_shares=(z, i, p)).loss_kw[0]
    (tmp_path / "one.toml").write_text(
        '[[zip]]\nbus = "33"\nz_share = 1.0\ni_share = 0.0\np_share = 0.0\n'
    )
    assert feederlab("flow", "ieee33", "--zip", "one.toml", "--json").code == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bus,z_share,i_share,p_share\n18,0.5,0.5,0.5\n", "row 2: the shares of bus 18 must be 0"),
        ("bus,z_share,i_share,p_share\n18,-1,1,1\n", "row 2: the shares of bus 18 must be 0 or mo"),
        ("bus,z_share,i_share,p_share\n99,0,0,1\n", "shares.csv"),
        ("bus,z_share,i_share,p_share\n18,0,0,1\n18,0,0,1\n", "bus 18 appears twice"),
        ("bus,zshare,i_share,p_share\n18,0,0,1\n", "unknown key 'zshare' (did you mean z_share"),
        ("bus,z_share,i_share\n18,0,1\n", "key 'p_share' is missing"),
    ],
)
def test_wrong_shares_name_file_and_row(
    feederlab: Any, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "shares.csv").write_text(text)
    answer = feederlab("flow", "ieee33", "--zip", "shares.csv", "--json")
    assert (answer.code, answer.out) == (1, "")
    assert message in answer.err


def test_what_is_neither_shares_nor_a_file(feederlab: Any) -> None:
    answer = feederlab("flow", "ieee33", "--zip", "0.5,0.5")
    assert answer.code == 2
    assert "three shares Z,I,P or a .csv or .toml file" in answer.err
    assert feederlab("flow", "ieee33", "--zip", "nowhere.csv").code == 1
