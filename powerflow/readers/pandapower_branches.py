"""Owns the lines, switches and impedances of a pandapower network as branches."""

from __future__ import annotations

import math
from typing import Any

from powerflow.readers.network import Branch, Network
from powerflow.readers.pandapower_rows import in_service, number

BRANCH_KINDS = {"ol": "line", "cs": "cable"}
UNLIMITED_KA = 9999.0
"""From here on a greatest current says that there is none: converters write 99999 kA."""


def add_switches(
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


def add_line(
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
            ampacity_a=_ampacity_a(line) * n_parallel,
            length_m=1e3 * km,
            kind=BRANCH_KINDS.get(str(getattr(line, "type", "")), "line"),
            has_switch=open_ends is not None,
            start_kva=half_kva[0],
            end_kva=half_kva[1],
        )
    )


def _ampacity_a(line: Any) -> float:
    """Return the ampacity of one of the parallel lines; NaN where none is given."""
    max_i_ka = number(line, "max_i_ka", math.nan)
    if not max_i_ka < UNLIMITED_KA:
        return math.nan
    return 1e3 * max_i_ka * number(line, "df", 1.0)


def add_impedances(net: Any, labels: dict[int, str], network: Network) -> None:
    """Add the impedances, which pandapower gives per unit of their own rating."""
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
