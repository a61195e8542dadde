"""Owns reading a pandapower network, from its JSON file or the object itself."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from powerflow.checks import quote
from powerflow.errors import FeederError
from powerflow.loops import Opening
from powerflow.readers.extra import import_extra
from powerflow.readers.network import Branch, Bus, Network, Reading, Report
from powerflow.readers.pandapower_loads import add_loads
from powerflow.readers.pandapower_transformers import add_transformer
from powerflow.readers.reduce import to_reading

ABSENT = ("trafo3w", "dcline", "svc", "tcsc", "ssc", "vsc", "b2b_vsc", "line_dc", "bus_dc")
"""Elements that this reader has no place for; those in service are reported."""

BRANCH_KINDS = {"ol": "line", "cs": "cable"}


def read_pandapower_json(path: Path, opening: Opening) -> Reading:
    """Read a pandapower network from the JSON file that `pandapower.to_json` writes.

    Raises
    ------
    FeederError
        If the file is none, if the extra is not installed, or as `read_pandapower` says.
    """
    pandapower = import_extra("pandapower", "pandapower", f"{path}: a pandapower network")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net = pandapower.from_json(str(path))
    except Exception as error:  # the package raises whatever it stumbles over
        reason = quote(f"{type(error).__name__}: {error}", 120)
        raise FeederError(f"{path}: cannot be read as a pandapower network ({reason})") from None
    if not is_pandapower(net):
        raise FeederError(f"{path}: JSON, but not a pandapower network")
    return read_pandapower(net, opening, str(path), path.stem)


def is_pandapower(given: object) -> bool:
    """Return whether an object is a pandapower network, without importing pandapower."""
    return all(hasattr(given, table) for table in ("bus", "line", "load", "ext_grid", "switch"))


def read_pandapower(
    net: Any, opening: Opening, place: str = "pandapower network", name: str = ""
) -> Reading:
    """Read a pandapower network as a radial feeder.

    Its one external grid is the source. Generators feed in what they are set to and hold no
    voltage; unbalanced loads are summed over the phases.

    Parameters
    ----------
    net : pandapowerNet
    opening : Opening
    place : str
        What to call it in errors.
    name : str
        Name of the feeder where the network has none.

    Raises
    ------
    FeederError
        Naming the element, and what was expected.
    """
    report = Report()
    labels = _labels(net, report)
    buses = {labels[k]: _bus(net, k) for k in labels}
    held_pu = {
        labels[row.bus]: float(row.vm_pu)
        for _, row in in_service(net, "ext_grid")
        if row.bus in labels
    }
    if not held_pu:
        raise FeederError(f"{place}, ext_grid: no external grid in service")
    network = Network(
        str(getattr(net, "name", "") or name or "pandapower"),
        place,
        held_pu,
        buses,
        [],
        report,
    )
    for table in ABSENT:
        for index, _ in in_service(net, table):
            report.dropped.append(f"{table} {index}: not modeled")
            report.warnings.append(f"{table} {index} is not modeled and left out")
    open_ends = _switches(net, labels, network)
    for index, line in in_service(net, "line"):
        _add_line(net, index, line, labels, network, open_ends.get(("l", index)))
    for index, trafo in in_service(net, "trafo"):
        hv, lv = labels.get(trafo.hv_bus), labels.get(trafo.lv_bus)
        if hv is None or lv is None or open_ends.get(("t", index)):
            network.report.dropped.append(f"trafo {index} ({hv}:{lv}): open")
        else:
            add_transformer(index, trafo, hv, lv, network)
    _add_impedances(net, labels, network)
    add_loads(net, labels, network)
    return to_reading(network, opening)


def in_service(net: Any, table: str) -> Iterator[tuple[int, Any]]:
    """Return the rows of a table that are in service, by index."""
    frame = getattr(net, table, None)
    if frame is None or not len(frame):
        return
    for row in frame.itertuples():
        if bool(getattr(row, "in_service", True)):
            yield int(row.Index), row


def number(row: Any, column: str, default: float = 0.0) -> float:
    """Return a cell as a number; a missing column or an empty cell is the default."""
    try:
        value = float(getattr(row, column, default))
    except (TypeError, ValueError):
        return default
    return value if math.isfinite(value) else default


def _labels(net: Any, report: Report) -> dict[int, str]:
    """Return the label of each bus in service: its name if names differ, else its index."""
    rows = list(in_service(net, "bus"))
    names = [str(row.name).strip() if row.name is not None else "" for _, row in rows]
    if len(set(names)) == len(names) and all(n.isprintable() and n for n in names):
        labels = {index: label for (index, _), label in zip(rows, names, strict=True)}
    else:
        labels = {index: str(index) for index, _ in rows}
    n_out = len(net.bus) - len(rows)
    if n_out:
        report.dropped.append(f"{n_out} buses out of service")
    return labels


def _bus(net: Any, index: int) -> Bus:
    bus = Bus(float(net.bus.at[index, "vn_kv"]))
    geo = net.bus.at[index, "geo"] if "geo" in net.bus.columns else None
    if isinstance(geo, str) and geo:
        with suppress(ValueError, KeyError, TypeError):  # a drawing is not worth an error
            bus.x, bus.y = (float(part) for part in json.loads(geo)["coordinates"][:2])
    return bus


def _switches(
    net: Any, labels: dict[int, str], network: Network
) -> dict[tuple[str, int], set[int]]:
    """Add the closed bus-bus switches; return, by switched element, the ends that are open."""
    open_ends: dict[tuple[str, int], set[int]] = {}
    frame = net.switch
    for row in frame.itertuples() if len(frame) else ():
        if row.et != "b":
            ends = open_ends.setdefault((str(row.et), int(row.element)), set())
            if not row.closed:
                ends.add(int(row.bus))
            continue
        start, end = labels.get(row.bus), labels.get(row.element)
        if start is None or end is None:
            continue
        if not row.closed:
            network.report.dropped.append(f"switch {row.Index} ({start}:{end}): open")
            continue
        # pandapower splits the impedance of a switch at r/x = 2
        x_ohm = number(row, "z_ohm") / math.hypot(2.0, 1.0)
        network.branches.append(
            Branch(f"switch {row.Index}", start, end, 2.0 * x_ohm, x_ohm, kind="switch")
        )
    return open_ends


def _add_line(
    net: Any,
    index: int,
    line: Any,
    labels: dict[int, str],
    network: Network,
    open_ends: set[int] | None,
) -> None:
    """Add a line; one that is open at an end is a capacitance at the other."""
    start, end = labels.get(line.from_bus), labels.get(line.to_bus)
    if start is None or end is None:
        network.report.dropped.append(f"line {index}: at a bus out of service")
        return
    km, n_parallel = float(line.length_km), number(line, "parallel", 1.0)
    omega = 2.0 * math.pi * float(net.f_hz)
    shunt_s = (
        km
        * n_parallel
        * complex(1e-6 * number(line, "g_us_per_km"), omega * 1e-9 * number(line, "c_nf_per_km"))
    )
    half_kva = [
        500.0 * shunt_s.conjugate() * network.buses[label].kv ** 2 for label in (start, end)
    ]
    if open_ends:
        network.report.dropped.append(f"line {index} ({start}:{end}): open")
        for label, at, kva in zip(
            (start, end), (line.from_bus, line.to_bus), half_kva, strict=True
        ):
            if at not in open_ends:
                network.buses[label].draw(2.0 * kva.real, 2.0 * kva.imag, 2)
        return
    network.branches.append(
        Branch(
            f"line {index}",
            start,
            end,
            r_ohm=line.r_ohm_per_km * km / n_parallel,
            x_ohm=line.x_ohm_per_km * km / n_parallel,
            ampacity_a=1e3
            * number(line, "max_i_ka", math.nan)
            * number(line, "df", 1.0)
            * n_parallel,
            length_m=1e3 * km,
            kind=BRANCH_KINDS.get(str(getattr(line, "type", "")), "line"),
            has_switch=open_ends is not None,
            start_kva=half_kva[0],
            end_kva=half_kva[1],
        )
    )


def _add_impedances(net: Any, labels: dict[int, str], network: Network) -> None:
    for index, row in in_service(net, "impedance"):
        start, end = labels.get(row.from_bus), labels.get(row.to_bus)
        if start is None or end is None:
            continue
        base_ohm = network.buses[end].kv ** 2 / float(row.sn_mva)
        r_pu, x_pu = 0.5 * (row.rft_pu + row.rtf_pu), 0.5 * (row.xft_pu + row.xtf_pu)
        if (row.rft_pu, row.xft_pu) != (row.rtf_pu, row.xtf_pu):
            network.report.averaged.append(f"impedance {index}: the mean of both directions")
        network.branches.append(
            Branch(f"impedance {index}", start, end, r_pu * base_ohm, x_pu * base_ohm)
        )
