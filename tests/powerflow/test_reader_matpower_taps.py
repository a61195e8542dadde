"""A MATPOWER case with taps, shunts and line charging mid-feeder, against its admittance matrix."""

import numpy as np
import pytest

from powerflow import power_flow, read_feeder

pytest.importorskip("matpowercaseframes")

MID_FEEDER = """function mpc = taps
mpc.version = '2';
mpc.baseMVA = 10;
mpc.bus = [
 1 3 0   0   0 0   1 1 0 12.66 1 1.1 0.9;
 2 1 0.8 0.4 0 0   1 1 0 12.66 1 1.1 0.9;
 3 1 0.6 0.3 0 0.5 1 1 0 12.66 1 1.1 0.9;
 4 1 0.9 0.5 0.02 0.3 1 1 0 12.66 1 1.1 0.9;
];
mpc.gen = [ 1 0 0 10 -10 1.02 100 1 10 0; ];
mpc.branch = [
 1 2 0.02 0.03 0    0 0 0 0    0 1;
 2 3 0.03 0.04 0.01 0 0 0 0.96 0 1;
 3 4 0.03 0.05 0    0 0 0 1.03 0 1;
];
"""


def admittance_flow(v_source_pu):
    """Solve MID_FEEDER by its bus admittance matrix, taps at the from side, in complex numbers."""
    y_bus = np.diag([0.0, 0.0, 0.0 + 0.05j, 0.002 + 0.03j])  # shunts in p.u. of 10 MVA
    for a, b, z, charging, tap in (
        (0, 1, 0.02 + 0.03j, 0.0, 1.0), (1, 2, 0.03 + 0.04j, 0.01, 0.96),
        (2, 3, 0.03 + 0.05j, 0.0, 1.03),
    ):  # fmt: skip
        own = 1.0 / z + 0.5j * charging
        y_bus[a, a] += own / tap**2
        y_bus[b, b] += own
        y_bus[a, b] -= 1.0 / (z * tap)
        y_bus[b, a] -= 1.0 / (z * tap)
    demand = np.array([0.08 + 0.04j, 0.06 + 0.03j, 0.09 + 0.05j])
    v = np.full(4, v_source_pu, dtype=complex)
    for _ in range(200):
        v[1:] = np.linalg.solve(y_bus[1:, 1:], -np.conj(demand / v[1:]) - y_bus[1:, 0] * v[0])
    source_kva = v[0] * np.conj(y_bus[0] @ v) * 1e4
    return np.abs(v), source_kva


def test_taps_and_shunts_in_the_middle_of_a_feeder_survive(tmp_path):
    (tmp_path / "taps.m").write_text(MID_FEEDER)
    reading = read_feeder(tmp_path / "taps.m")
    v_pu, source_kva = admittance_flow(1.02)
    flow = power_flow(reading.feeder, tol_pu=1e-11)
    assert flow.v_pu[0] * reading.voltage_factor == pytest.approx(v_pu, abs=2e-7)
    assert flow.substation_kw[0] == pytest.approx(source_kva.real, abs=0.01)
    assert flow.substation_kvar[0] == pytest.approx(source_kva.imag, abs=0.01)
    assert len(reading.report.taps) == 2
    assert len(set(np.round(reading.voltage_factor, 6))) == 3
    assert sum("constant impedance" in words for words in reading.report.averaged) >= 1
