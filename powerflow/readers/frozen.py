"""Owns loads that depend on voltage as the constant power they draw in the base case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from powerflow.readers.network import Bus, Report

TOL_PU = 1e-10
DIGITS = 4
"""Powers are rounded to 0.1 W, so that every machine reads the same feeder."""


def freeze_loads(
    feeder: Feeder, loads: Sequence[Bus], voltage_factor: NDArray[np.float64], report: Report
) -> Feeder:
    """Return the feeder with loads, shunts and charging at their power in the base case.

    With v the base case's voltage, a load draws p0 + p1 v + p2 v^2. The voltage follows from the
    power flow and the power from the voltage, in turn, until the voltage stands still.

    Parameters
    ----------
    feeder : Feeder
        With the powers at nominal voltage.
    loads : (n_bus,) sequence of Bus
        What each bus of the feeder draws.
    voltage_factor : (n_bus,) float array
        Voltage of the bus, per unit of its nominal voltage, over that of the feeder.
    report : Report
        Gains a line if anything depends on voltage.

    Returns
    -------
    Feeder
    """
    p_kw = np.array([bus.p_kw for bus in loads])
    q_kvar = np.array([bus.q_kvar for bus in loads])
    if not (p_kw[:, 1:].any() or q_kvar[:, 1:].any()):
        return feeder
    v_pu = _base_voltage(feeder, p_kw, q_kvar, voltage_factor)
    if v_pu is None:
        report.warnings.append(
            "the base case has no solution: loads that depend on voltage stand at nominal voltage"
        )
        return feeder
    powers = v_pu[:, np.newaxis] ** np.arange(3)
    for name, exponent in (("current", 1), ("impedance", 2)):
        kw, kvar = p_kw[:, exponent], q_kvar[:, exponent]
        if kw.any() or kvar.any():
            drawn = powers[:, exponent]
            report.averaged.append(
                f"loads and shunts of constant {name}, {_shown(kw.sum())} kW and "
                f"{_shown(kvar.sum())} kvar at nominal voltage: constant power as in the base "
                f"case, {_shown((kw * drawn).sum())} kW and {_shown((kvar * drawn).sum())} kvar"
            )
    return replace(
        feeder,
        p_kw=np.round((p_kw * powers).sum(axis=1), DIGITS),
        q_kvar=np.round((q_kvar * powers).sum(axis=1), DIGITS),
    )


def _shown(power: float) -> str:
    """Return a power as text; what is left of powers that cancel is zero, without a sign."""
    return f"{round(float(power), DIGITS) + 0.0:.6g}"


def _base_voltage(
    feeder: Feeder,
    p_kw: NDArray[np.float64],
    q_kvar: NDArray[np.float64],
    voltage_factor: NDArray[np.float64],
) -> NDArray[np.float64] | None:
    """Return the base case's voltages, per unit of each bus's own level, or None without one."""
    from powerflow.solve import power_flow

    v_pu = np.full(feeder.n_bus, feeder.v_source_pu) * voltage_factor
    for _ in range(100):
        powers = v_pu[:, np.newaxis] ** np.arange(3)
        flow = power_flow(
            feeder,
            (p_kw * powers).sum(axis=1),
            (q_kvar * powers).sum(axis=1),
            tol_pu=TOL_PU / 10.0,
            outputs=("v_pu",),
        )
        if not flow.converged[0]:
            return None
        assert flow.v_pu is not None
        step = np.abs(flow.v_pu[0] * voltage_factor - v_pu).max()
        v_pu = np.asarray(flow.v_pu[0] * voltage_factor)
        if step < TOL_PU:
            return v_pu
    return None
