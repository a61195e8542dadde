"""Owns reading an OpenDSS circuit through opendssdirect, as its balanced equivalent."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from powerflow.checks import quote
from powerflow.errors import FeederError
from powerflow.loops import Opening
from powerflow.readers.extra import import_extra
from powerflow.readers.network import Branch, Bus, Network, Reading, Report
from powerflow.readers.opendss_lines import add_line, add_two_ended
from powerflow.readers.opendss_loads import add_loads, add_solved
from powerflow.readers.opendss_transformers import add_transformers
from powerflow.readers.reduce import to_reading

CONTROLS = ("RegControl", "CapControl", "SwtControl", "StorageController", "InvControl")
READ = ("Line", "Transformer", "Load", "Vsource", "Reactor", "Capacitor")
SILENT = ("EnergyMeter", "Monitor", "Sensor", "Relay", "Recloser", "Fuse")
INJECTING = ("Generator", "PVSystem", "Storage", "WindGen", "IndMach012")


def read_opendss(path: Path, opening: Opening) -> Reading:
    """Read the circuit that an OpenDSS master file builds, as a balanced radial feeder.

    The file is compiled and solved once in an engine of its own, so that regulators and switched
    capacitors stand where OpenDSS puts them. The balanced equivalent spreads each load over three
    phases. A branch of n phases gets 3/n of its mean self minus mean mutual impedance, with which
    the load spread over three phases drops the same voltage and loses the same power.

    Raises
    ------
    FeederError
        Naming the file and what OpenDSS says of it, or the element that cannot be read, and if the
        extra is not installed.
    """
    package = import_extra("opendssdirect", "opendss", f"{path}: an OpenDSS circuit")
    try:
        dss = package.dss.NewContext()
        dss.Basic.AllowForms(False)
        dss.Basic.AllowEditor(False)
        dss.Basic.AllowChangeDir(False)
        dss.Text.Command(f'compile "{path.resolve()}"')
        if dss.Circuit.Name():
            dss.Solution.Solve()
    except Exception as error:  # one exception class of the package, known once it is imported
        said = quote(" ".join(str(error).split()), 300)  # it writes several lines
        raise FeederError(f"{path}: OpenDSS says: {said}") from None
    if not dss.Circuit.Name():
        raise FeederError(f"{path}: OpenDSS found no circuit in it (New Circuit.NAME ...)")
    network = _network(dss, path)
    if not dss.Solution.Converged():
        network.report.warnings.append(
            "OpenDSS found no power flow: regulators and controls stand where it gave up"
        )
    return to_reading(network, opening)


def _network(dss: Any, path: Path) -> Network:
    report = Report()
    buses = {name: _bus(dss, name, path) for name in dss.Circuit.AllBusNames()}
    network = Network(dss.Circuit.Name(), str(path), {}, buses, [], report)
    controls: list[str] = []
    names = [name for name in dss.Circuit.AllElementNames() if _is_enabled(dss, name)]
    for name in names:
        kind = name.split(".")[0]
        if kind == "Vsource":
            _add_source(dss, name, network)
        elif kind == "Line":
            add_line(dss, name, network)
        elif kind in ("Reactor", "Capacitor"):
            add_two_ended(dss, name, network)
        elif kind in INJECTING:
            add_solved(dss, name, network)
        elif kind in CONTROLS:
            controls.append(name)
        elif kind not in (*READ, *SILENT):
            report.dropped.append(f"{name}: not modeled")
            report.warnings.append(f"{name} is not modeled and left out")
    if controls:
        report.averaged.append(f"stay as in the base case of OpenDSS: {', '.join(controls)}")
    _report_defaults(network)
    if not network.held_pu:
        raise FeederError(f"{path}: no voltage source is in service")
    add_transformers(dss, names, network)
    add_loads(dss, network)
    return network


def _report_defaults(network: Network) -> None:
    lines = [branch for branch in network.branches if branch.name.startswith("Line.")]
    n_unknown = sum(math.isnan(line.ampacity_a) for line in lines)
    if n_unknown:
        network.report.averaged.append(
            f"{n_unknown} of {len(lines)} lines give no ampacity (400 A in OpenDSS): unknown"
        )


def _is_enabled(dss: Any, name: str) -> bool:
    dss.Circuit.SetActiveElement(name)
    return bool(dss.CktElement.Enabled())


def _bus(dss: Any, name: str, path: Path) -> Bus:
    dss.Circuit.SetActiveBus(name)
    kv_line_to_neutral = float(dss.Bus.kVBase())
    if not kv_line_to_neutral > 0.0:
        raise FeederError(
            f"{path}: bus {quote(name)} has no voltage base; write Set VoltageBases=[...] and "
            "CalcVoltageBases at the end of the file"
        )
    bus = Bus(round(math.sqrt(3.0) * kv_line_to_neutral, 6))
    if dss.Bus.Coorddefined():
        bus.x, bus.y = float(dss.Bus.X()), float(dss.Bus.Y())
    return bus


def _add_source(dss: Any, name: str, network: Network) -> None:
    """Add a voltage source: a bus that it holds, and its impedance to the bus it stands at."""
    dss.Circuit.SetActiveElement(name)
    label = dss.CktElement.BusNames()[0].split(".")[0]
    r_ohm, x_ohm = (float(dss.Properties.Value(key)) for key in ("R1", "X1"))
    dss.Vsources.Name(name.split(".", 1)[1])
    bus = network.buses[label]
    own = name.casefold()
    network.buses[own] = Bus(bus.kv, x=bus.x, y=bus.y)
    network.held_pu[own] = float(dss.Vsources.PU()) * float(dss.Vsources.BasekV()) / bus.kv
    network.branches.append(Branch(name, own, label, r_ohm, x_ohm, kind="source"))
