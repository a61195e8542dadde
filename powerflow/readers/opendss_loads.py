"""Owns OpenDSS loads and feed-in as balanced power at buses."""

from __future__ import annotations

import math
from typing import Any

from powerflow.readers.network import Network

FIXED = 1
"""Status of a load that no multiplier touches."""

FIXED_KVAR = (6, 7)
"""Models whose reactive power no multiplier touches either."""

EXPONENTS = {1: (0, 0), 2: (2, 2), 3: (0, 2), 5: (1, 1), 6: (0, 0), 7: (0, 2)}
"""How active and reactive power of a load model go with the voltage."""


def add_loads(dss: Any, network: Network) -> None:
    """Add every load, spread evenly over three phases, by its model of voltage dependence."""
    multiplier = float(dss.Solution.LoadMult())
    by_phase = [0.0, 0.0, 0.0]
    n_low = 0
    if not dss.Loads.Count():
        return
    for name in dss.Loads.AllNames():
        dss.Loads.Name(name)
        if not dss.CktElement.Enabled():
            continue
        label, *nodes = dss.CktElement.BusNames()[0].split(".")
        phases = sorted({int(node) for node in nodes if node in ("1", "2", "3")}) or [1, 2, 3]
        scale = 1.0 if int(dss.Loads.Status()) == FIXED else multiplier
        p_kw, q_kvar = scale * float(dss.Loads.kW()), float(dss.Loads.kvar())
        if int(dss.Loads.Model()) not in FIXED_KVAR:
            q_kvar *= scale
        for phase in phases:
            by_phase[phase - 1] += p_kw / len(phases)
        is_to_ground = int(dss.Loads.Phases()) == 1 and len(phases) == 1
        nominal_kv = network.buses[label].kv / (math.sqrt(3.0) if is_to_ground else 1.0)
        _draw(dss, network, label, p_kw, q_kvar, nominal_kv / float(dss.Loads.kV()))
        n_low += _is_low(dss, label, nominal_kv)
    if max(by_phase) - min(by_phase) > 1e-6 * max(1.0, *map(abs, by_phase)):
        shown = ", ".join(f"{p_kw:.6g}" for p_kw in by_phase)
        network.report.averaged.append(f"loads by phase 1, 2, 3: {shown} kW, taken as balanced")
    if n_low:
        network.report.averaged.append(
            f"{n_low} loads below their Vminpu, where OpenDSS takes constant impedance: kept to "
            "their own model"
        )


def add_solved(dss: Any, name: str, network: Network) -> None:
    """Let a generator, a PV system or a store draw what it does in OpenDSS's base case."""
    dss.Circuit.SetActiveElement(name)
    label = dss.CktElement.BusNames()[0].split(".")[0]
    p_kw, q_kvar = (float(power) for power in dss.CktElement.TotalPowers()[:2])
    network.buses[label].draw(p_kw, q_kvar)
    network.report.averaged.append(
        f"{name} at bus {label}: draws {p_kw:.6g} kW and {q_kvar:.6g} kvar as in the base case, "
        "holds no voltage"
    )


def _draw(
    dss: Any, network: Network, label: str, p_kw: float, q_kvar: float, rating: float
) -> None:
    """Draw a load whose rated voltage is nominal over `rating`."""
    bus = network.buses[label]
    model = int(dss.Loads.Model())
    if model == 8:
        shares = [float(share) for share in dss.Loads.ZipV()[:6]]
        for k, exponent in enumerate((2, 1, 0)):
            factor = rating**exponent
            bus.draw(shares[k] * p_kw * factor, shares[3 + k] * q_kvar * factor, exponent)
    elif model == 4:
        # the tangent at rated voltage of a power that goes with a broken exponent
        for power, slope in (("p", float(dss.Loads.CVRwatts())), ("q", float(dss.Loads.CVRvars()))):
            kw, kvar = (p_kw, 0.0) if power == "p" else (0.0, q_kvar)
            bus.draw((1.0 - slope) * kw, (1.0 - slope) * kvar)
            bus.draw(slope * kw * rating, slope * kvar * rating, 1)
        network.report.averaged.append(f"Load.{dss.Loads.Name()}: its CVR exponents, by tangent")
    else:
        p_exponent, q_exponent = EXPONENTS.get(model, (0, 0))
        bus.draw(p_kw * rating**p_exponent, 0.0, p_exponent)
        bus.draw(0.0, q_kvar * rating**q_exponent, q_exponent)


def _is_low(dss: Any, label: str, nominal_kv: float) -> bool:
    """Return whether OpenDSS's base case has the load below its lowest voltage."""
    v_min = float(dss.Loads.Vminpu()) * float(dss.Loads.kV())
    dss.Circuit.SetActiveBus(label)
    v_pu = [float(v) for v in dss.Bus.puVmagAngle()[::2]]
    return bool(v_pu) and min(v_pu) * nominal_kv < v_min
