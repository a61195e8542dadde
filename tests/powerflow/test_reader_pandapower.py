"""Tests of the pandapower reader: its networks against its own power flow, and by hand."""

import inspect
import warnings

import numpy as np
import pytest

from powerflow import FeederError, load_feeder, power_flow
from powerflow.library import read_feeder

pandapower = pytest.importorskip("pandapower")
networks = pytest.importorskip("pandapower.networks")

pytestmark = pytest.mark.filterwarnings("ignore")

NETWORKS = {
    "case33bw": networks.case33bw,
    "cigre medium voltage": networks.create_cigre_network_mv,
    "cigre with feed-in": lambda: networks.create_cigre_network_mv(with_der="pv_wind"),
    "cigre low voltage": networks.create_cigre_network_lv,
    "open ring": networks.simple_mv_open_ring_net,
    "oberrhein": networks.mv_oberrhein,
    "kerber": networks.create_kerber_landnetz_freileitung_1,
    "kerber village": networks.create_kerber_dorfnetz,
    "four buses": networks.simple_four_bus_system,
    "branches out": networks.four_loads_with_branches_out,
}


def voltages(net):
    """Return |V| of pandapower's own power flow by the label of the bus."""
    pandapower.runpp(net, tolerance_mva=1e-10, numba=False)
    names = [str(name).strip() for name in net.bus.name]
    is_unique = len(set(names)) == len(names) and None not in list(net.bus.name)
    labels = names if is_unique else [str(index) for index in net.bus.index]
    return dict(zip(labels, net.res_bus.vm_pu, strict=True))


def assert_same(net, **opening):
    expected = voltages(net)
    reading = read_feeder(net, **opening)
    flow = power_flow(reading.feeder, tol_pu=1e-10)
    ours = flow.v_pu[0] * reading.voltage_factor
    theirs = np.array([expected[label] for label in reading.feeder.bus_id])
    # powers that depend on voltage are rounded to 0.1 W
    assert np.abs(ours - theirs).max() < 1e-6
    grid_kw = 1e3 * net.res_ext_grid.p_mw.sum()
    assert flow.substation_kw[0] == pytest.approx(grid_kw, abs=2e-3)
    return reading


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_networks_of_pandapower(name):
    assert_same(NETWORKS[name]())


def test_99999_kiloamperes_are_no_ampacity():
    assert networks.case33bw().line.max_i_ka.min() > 9999.0
    assert not load_feeder(networks.case33bw()).has_ampacity


def test_a_json_file_is_the_object(tmp_path):
    net = networks.create_cigre_network_mv()
    path = tmp_path / "cigre.json"
    pandapower.to_json(net, str(path))
    assert load_feeder(path).digest() == load_feeder(net).digest()


def test_a_closed_ring_is_opened_where_it_is_told():
    net = networks.simple_mv_open_ring_net()
    net.switch["closed"] = True
    with pytest.raises(FeederError, match=r"not radial, 1 loop: .*\(switches in it: "):
        read_feeder(net)
    words = [str(net.bus.name.at[net.line[end].at[3]]) for end in ("from_bus", "to_bus")]
    opened = read_feeder(net, open_branches=[":".join(words)])
    net.line.at[3, "in_service"] = False
    assert opened.feeder.digest() == assert_same(net).feeder.digest()
    assert opened.report.loops == [f"opened line 3 ({':'.join(words)})"]


def everything():
    """Build a small network with one of each element that is read."""
    net = pandapower.create_empty_network(name="all", f_hz=50)
    high, a, b, c, d = (pandapower.create_bus(net, kv) for kv in (110.0, 20.0, 20.0, 20.0, 0.4))
    pandapower.create_ext_grid(net, high, vm_pu=1.02)
    pandapower.create_transformer_from_parameters(
        net, high, a, 25.0, 110.0, 20.5, 0.4, 11.0, 15.0, 0.1, parallel=2, tap_side="hv",
        tap_neutral=0, tap_pos=-2, tap_step_percent=1.25, tap_min=-9, tap_max=9,
        tap_changer_type="Ratio",
    )  # fmt: skip
    pandapower.create_transformer_from_parameters(
        net, c, d, 0.63, 20.0, 0.4, 1.2, 6.0, 1.1, 0.2, tap_side="lv", tap_neutral=0, tap_pos=1,
        tap_step_percent=2.5, tap_changer_type="Ratio",
    )  # fmt: skip
    pandapower.create_line_from_parameters(
        net, a, b, 3.0, 0.2, 0.12, 250.0, 0.3, parallel=2, g_us_per_km=2.0, type="cs"
    )
    pandapower.create_impedance(net, b, c, 0.002, 0.004, 1.0)
    pandapower.create_switch(net, a, b, et="b", closed=False)
    shares = {"const_z_p_percent": 30, "const_i_p_percent": 20,
              "const_z_q_percent": 10, "const_i_q_percent": 50}  # fmt: skip
    if "const_z_p_percent" not in inspect.signature(pandapower.create_load).parameters:
        shares = {"const_z_percent": 30, "const_i_percent": 20}  # of both powers, up to 3.1
    pandapower.create_load(net, b, 3.0, 1.0, scaling=0.9, **shares)
    pandapower.create_load(net, d, 0.2, 0.05)
    pandapower.create_sgen(net, c, 0.5, 0.1)
    pandapower.create_storage(net, c, 0.1, 1.0)
    pandapower.create_motor(net, c, 0.2, 0.85, efficiency_percent=95, loading_percent=90)
    pandapower.create_shunt(net, b, -0.6, 0.01, step=2)
    pandapower.create_ward(net, c, 0.1, 0.05, 0.2, 0.1)
    pandapower.create_asymmetric_load(net, d, 0.01, 0.02, 0.03, 0.0, 0.01, 0.0)
    return net


def test_each_element_is_read_as_pandapower_means_it():
    net = everything()
    # pandapower's balanced power flow leaves unbalanced loads to another of its programs
    sums = net.asymmetric_load.iloc[0]
    reading = read_feeder(net)
    pandapower.create_load(
        net, sums.bus, sums.p_a_mw + sums.p_b_mw + sums.p_c_mw, sums.q_a_mvar + sums.q_b_mvar
    )
    net.asymmetric_load.drop(net.asymmetric_load.index, inplace=True)
    assert assert_same(net).feeder.digest() == reading.feeder.digest()
    feeder, report = reading.feeder, reading.report
    assert feeder.base_kv == 20.0
    assert feeder.kind == ("", "transformer", "cable", "line", "transformer")
    assert feeder.ampacity_a[2] == pytest.approx(600.0)
    assert feeder.length_m[2] == 3000.0
    assert "switch 0 (1:2): open" in report.dropped
    assert any("10, 20, 30 kW by phase" in words for words in report.averaged)
    assert any("storage 0" in words for words in report.averaged)
    assert len(report.taps) == 2


def test_what_has_no_place_is_said():
    net = everything()
    pandapower.create_gen(net, 3, 0.2, vm_pu=1.0)
    pandapower.create_xward(net, 3, 0.0, 0.0, 0.1, 0.0, 0.1, 0.1, 1.0)
    pandapower.create_dcline(net, 2, 3, 0.1, 1.0, 0.0, 1.0, 1.0)
    pandapower.create_bus(net, 20.0, in_service=False)
    pandapower.create_load(net, 5, 1.0)
    warned = " | ".join(read_feeder(net).report.warnings)
    for words in ("generator 0 at bus 3: feeds in 200 kW", "xward 0 at bus 3", "dcline 0 is not"):
        assert words in warned
    dropped = read_feeder(net).report.dropped
    assert "1 buses out of service" in dropped
    assert "load 2: at a bus out of service" in dropped


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"cannot be read as a pandapower network \(not JSON, line 1 column 2: "),
        ('"text"', "some.json: is not a pandapower network$"),
        ('{"a": 1}', "some.json: is not a pandapower network$"),
        ('{"feeder": "ieee33", "assets": []}', "some.json: a plan, not a network$"),
        (
            '{"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": 5}',
            r"cannot be read as a pandapower network \(pandapower says: (?!\w+Error)",
        ),
    ],
)
def test_json_that_is_no_network_says_so(text, message, tmp_path):
    path = tmp_path / "some.json"
    path.write_text(text)
    with pytest.raises(FeederError, match=message):
        load_feeder(path)


def test_faults_of_a_network():
    net = networks.case33bw()
    net.ext_grid["in_service"] = False
    with pytest.raises(FeederError, match="ext_grid: no external grid in service"):
        load_feeder(net)
    with pytest.raises(FeederError, match="expected a name, a path or a pandapower network, not i"):
        load_feeder(5)


def test_reading_says_nothing_but_its_report():
    net = networks.create_cigre_network_mv()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_feeder(net)
