"""Tests of writers: what is written and read again is the same feeder."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powerflow import FeederError, list_feeders, load_feeder, make_feeder, power_flow
from powerflow.writers.pandapower import Device, to_pandapower
from powerflow.writers.tables import folder_texts

LABELS = st.text(min_size=1, max_size=8).map(str.strip).filter(lambda t: t and t.isprintable())


def write(folder, feeder):
    for name, text in folder_texts(feeder).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", list_feeders())
def test_a_folder_reads_back_as_the_same_feeder(name, tmp_path):
    feeder = load_feeder(name)
    again = load_feeder(write(tmp_path, feeder))
    assert again.digest() == feeder.digest()
    assert again.bus_id == feeder.bus_id
    for column in ("kind", "title", "citation", "notes", "name"):
        assert getattr(again, column) == getattr(feeder, column)
    for column in ("length_m", "customers", "x", "y"):
        np.testing.assert_array_equal(getattr(again, column), getattr(feeder, column))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(LABELS, min_size=3, max_size=3, unique=True),
    st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3),
    st.floats(0.0, 1e6),
    st.text(max_size=10).filter(lambda text: "\r" not in text),
)
def test_any_label_number_and_note_survives(tmp_path_factory, labels, loads, r_ohm, note):
    feeder = make_feeder(
        name="any",
        base_kv=11.0,
        source=labels[0],
        bus_id=labels,
        p_kw=loads,
        q_kvar=loads[::-1],
        from_bus=labels[:2],
        to_bus=labels[1:],
        r_ohm=[r_ohm, 0.0],
        x_ohm=[-r_ohm, 1.0],
        kind=["#1", 'a "line", long'],
        notes=[note],
    )
    again = load_feeder(write(tmp_path_factory.mktemp("any"), feeder))
    assert again.digest() == feeder.digest()
    assert (again.kind, again.notes) == (feeder.kind, feeder.notes)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["ieee33", "ieee123", "iowa240"])
def test_pandapower_finds_the_same_losses_and_reads_back_the_same(name, tmp_path):
    pandapower = pytest.importorskip("pandapower")
    feeder = load_feeder(name)
    if name == "ieee33":
        feeder = replace(feeder, r_ohm=feeder.r_ohm * (np.arange(33) != 5), x_ohm=feeder.x_ohm)
        feeder = replace(feeder, x_ohm=feeder.x_ohm * (np.arange(33) != 5))
    net = to_pandapower(feeder)
    pandapower.runpp(net, tolerance_mva=1e-9, numba=False)
    flow = power_flow(feeder, tol_pu=1e-10)
    assert 1e3 * net.res_line.pl_mw.sum() == pytest.approx(flow.loss_kw[0], rel=1e-7)
    path = tmp_path / "net.json"
    pandapower.to_json(net, str(path))
    again = load_feeder(path)
    assert again.name == feeder.name
    assert power_flow(again, tol_pu=1e-10).loss_kw[0] == pytest.approx(flow.loss_kw[0], rel=1e-9)
    if name == "iowa240":
        assert again.bus_id == feeder.bus_id
        for column in ("r_ohm", "x_ohm", "p_kw", "q_kvar", "ampacity_a", "length_m", "x", "y"):
            ours, theirs = getattr(feeder, column), getattr(again, column)
            if column == "length_m":  # pandapower needs a length: 1 km where there is none
                theirs = np.where(ours > 0.0, theirs, ours)
            np.testing.assert_allclose(theirs, ours, rtol=1e-12, atol=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_devices_stand_at_their_buses():
    pytest.importorskip("pandapower")
    devices = [Device("station", "18", 100.0, 0.0), Device("capacitor", "30", 0.0, -600.0)]
    net = to_pandapower(load_feeder("ieee33"), devices)
    assert net.load.p_mw.iloc[-1] == 0.1
    assert net.bus.name.at[net.load.bus.iloc[-1]] == "18"
    assert (net.sgen.q_mvar.tolist(), net.sgen.name.tolist()) == ([0.6], ["capacitor"])
    with pytest.raises(FeederError, match="has no bus 99"):
        to_pandapower(load_feeder("ieee33"), [Device("station", "99", 1.0, 0.0)])


def test_without_pandapower_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandapower", None)
    with pytest.raises(FeederError, match=r"needs pandapower: pip install 'feederlab\[pandapower"):
        to_pandapower(load_feeder("ieee33"))
