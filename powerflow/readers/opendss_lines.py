"""Owns OpenDSS lines, reactors and capacitors as balanced branches and shunts."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from powerflow.errors import FeederError
from powerflow.readers.network import Branch, Bus, Network

ComplexArray = NDArray[np.complex128]

METERS = {1: 1609.344, 2: 304.8, 3: 1000.0, 4: 1.0, 5: 0.3048, 6: 0.0254, 7: 0.01}
"""Length of OpenDSS's units, by its code."""

PHASES = (1, 2, 3)
DEFAULT_AMPS = (400.0, 600.0)
"""Normal and emergency ampacity of a line that gives none: OpenDSS's default, not data."""


@dataclass(frozen=True, slots=True, eq=False)
class TwoEnded:
    """Hold an element with two terminals: its buses, its nodes and its primitive admittance.

    Attributes
    ----------
    start, end : str
    nodes : (2, n) int array
        Node of each conductor at either terminal; 1, 2, 3 are phases, 0 is ground.
    y_s : (2 n, 2 n) complex array
        Primitive admittance in siemens.
    """

    start: str
    end: str
    nodes: NDArray[np.int64]
    y_s: ComplexArray


def read_two_ended(dss: Any, name: str) -> TwoEnded:
    """Return the active element's terminals and primitive admittance."""
    dss.Circuit.SetActiveElement(name)
    start, end = (bus.split(".")[0] for bus in dss.CktElement.BusNames()[:2])
    nodes = np.array(dss.CktElement.NodeOrder(), dtype=np.int64).reshape(2, -1)
    pairs = np.array(dss.CktElement.YPrim(), dtype=np.float64).reshape(-1, 2)
    y_s = (pairs[:, 0] + 1j * pairs[:, 1]).reshape(nodes.size, nodes.size)
    return TwoEnded(start, end, nodes, y_s)


def add_line(dss: Any, name: str, network: Network) -> None:
    """Add a line: its balanced series impedance, and half of its charging at either end.

    An ampacity that is OpenDSS's default is taken as unknown.
    """
    dss.Circuit.SetActiveElement(name)
    n_conductor = int(dss.CktElement.NumConductors())
    open_count = [
        sum(bool(dss.CktElement.IsOpen(terminal, k + 1)) for k in range(n_conductor))
        for terminal in (1, 2)
    ]
    element = read_two_ended(dss, name)
    if max(open_count) == n_conductor:
        network.report.dropped.append(f"{name} ({element.start}:{element.end}): open")
        return
    if max(open_count):
        words = (
            f"{name}: {max(open_count)} of {n_conductor} phases open, taken as a line of the others"
        )
        network.report.averaged.append(words)
        network.report.warnings.append(words)
    dss.Lines.Name(name.split(".", 1)[1])
    is_switch = bool(dss.Lines.IsSwitch())
    length = float(dss.Lines.Length()) * METERS.get(int(dss.Lines.Units()), math.nan)
    amps = float(dss.Lines.NormAmps())
    if (amps, float(dss.Lines.EmergAmps())) == DEFAULT_AMPS:
        amps = math.nan
    is_cable = str(dss.Properties.Value("LineType")).casefold() == "ug"
    n = element.nodes.shape[1]
    blocks = element.y_s.reshape(2, n, 2, n)
    drawn = [
        _drawn(
            blocks[terminal, :, terminal] + blocks[terminal, :, 1 - terminal],
            element.nodes[terminal],
            network.buses[label],
        )
        for terminal, label in enumerate((element.start, element.end))
    ]
    branch = _series(element, name, network)
    if branch is not None:
        branch.kind = "switch" if is_switch else "cable" if is_cable else "line"
        branch.length_m = math.nan if is_switch else length
        branch.ampacity_a = amps * _n_phase(element) / 3.0
        branch.start_kva, branch.end_kva = drawn
        network.branches.append(branch)


def add_two_ended(dss: Any, name: str, network: Network) -> None:
    """Add a reactor or capacitor: in series between two buses, or a shunt."""
    element = read_two_ended(dss, name)
    if element.nodes[1].any() and element.end != element.start:
        branch = _series(element, name, network)
        if branch is not None:
            branch.kind = name.split(".")[0].casefold()
            network.branches.append(branch)
        return
    bus = network.buses[element.start]
    power = _drawn(element.y_s, element.nodes.reshape(-1), bus)
    bus.draw(power.real, power.imag, 2)
    network.report.averaged.append(
        f"{name} at bus {element.start}: {-power.imag:.6g} kvar at nominal voltage, balanced"
    )


def _closed(element: TwoEnded) -> list[int]:
    """Return the conductors that are not open: those that join both ends."""
    n = element.nodes.shape[1]
    return [k for k in range(n) if element.y_s[k, n + k] != 0.0]


def _phases(element: TwoEnded) -> list[int]:
    return [k for k in _closed(element) if element.nodes[0, k] in PHASES]


def _n_phase(element: TwoEnded) -> int:
    return len(_phases(element))


def _series(element: TwoEnded, name: str, network: Network) -> Branch | None:
    """Return the balanced series branch of an element; None if it has no phase conductor."""
    n, phases = element.nodes.shape[1], _phases(element)
    if not phases:
        network.report.dropped.append(f"{name}: no phase conductor")
        return None
    try:
        closed = _closed(element)
        z_all = np.linalg.inv(-element.y_s[:n, n:][np.ix_(closed, closed)])
        rows = [closed.index(k) for k in phases]
        z_ohm = z_all[np.ix_(rows, rows)]
    except np.linalg.LinAlgError:
        raise FeederError(f"{network.place}, {name}: no series impedance can be found") from None
    n_phase = len(phases)
    mutual = (z_ohm.sum() - np.trace(z_ohm)) / max(1, n_phase * (n_phase - 1))
    balanced = (np.trace(z_ohm) / n_phase - mutual) * 3.0 / n_phase
    if n_phase < 3:
        where = f"{element.start}:{element.end}"
        words = f"{name} ({where}): {n_phase} of 3 phases, impedance times {3.0 / n_phase:.3g}"
        network.report.averaged.append(words)
    return Branch(name, element.start, element.end, float(balanced.real), float(balanced.imag))


def _drawn(y_s: ComplexArray, nodes: NDArray[np.int64], bus: Bus) -> complex:
    """Return what an admittance draws from balanced nominal voltage, in kW and kvar."""
    kv = bus.kv / math.sqrt(3.0)
    turn = cmath.exp(-2j * math.pi / 3.0)
    v_kv = np.array([kv * turn ** (node - 1) if node in PHASES else 0.0 for node in nodes])
    return complex(1e3 * (v_kv @ (y_s @ v_kv).conj()))
