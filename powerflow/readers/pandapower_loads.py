"""Owns the loads, shunts and feed-in of a pandapower network, as power drawn at its buses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from powerflow.readers.network import Network
from powerflow.readers.pandapower_rows import in_service, number


def add_loads(net: Any, labels: dict[int, str], network: Network) -> None:
    """Add everything that draws or feeds in power to the buses of the network."""

    def each(table: str, add: Callable[[int, Any, str], None]) -> None:
        for index, row in in_service(net, table):
            if row.bus in labels:
                add(index, row, labels[row.bus])
            else:
                network.report.dropped.append(f"{table} {index}: at a bus out of service")

    def add_load(index: int, row: Any, label: str) -> None:
        scale = 1e3 * number(row, "scaling", 1.0)
        _draw_shares(network, label, row, scale * row.p_mw, scale * row.q_mvar)

    def add_feed_in(index: int, row: Any, label: str) -> None:
        scale = -1e3 * number(row, "scaling", 1.0)
        network.buses[label].draw(scale * row.p_mw, scale * row.q_mvar)

    def add_storage(index: int, row: Any, label: str) -> None:
        scale = 1e3 * number(row, "scaling", 1.0)
        network.buses[label].draw(scale * row.p_mw, scale * row.q_mvar)
        network.report.averaged.append(f"storage {index} at bus {label}: its present power")

    def add_motor(index: int, row: Any, label: str) -> None:
        p_kw = (
            1e3
            * row.pn_mech_mw
            / (row.efficiency_percent / 100.0)
            * row.loading_percent
            / 100.0
            * number(row, "scaling", 1.0)
        )
        network.buses[label].draw(p_kw, p_kw * math.tan(math.acos(row.cos_phi)))

    def add_asymmetric(sign: float) -> Callable[[int, Any, str], None]:
        def add(index: int, row: Any, label: str) -> None:
            scale = sign * 1e3 * number(row, "scaling", 1.0)
            p_mw = [number(row, f"p_{phase}_mw") for phase in "abc"]
            q_mvar = [number(row, f"q_{phase}_mvar") for phase in "abc"]
            network.buses[label].draw(scale * sum(p_mw), scale * sum(q_mvar))
            shown = ", ".join(f"{1e3 * p:g}" for p in p_mw)
            network.report.averaged.append(
                f"unbalanced load {index} at bus {label}, {shown} kW by phase: the sum, balanced"
            )

        return add

    def add_shunt(index: int, row: Any, label: str) -> None:
        bus = network.buses[label]
        scale = 1e3 * number(row, "step", 1.0) * (bus.kv / number(row, "vn_kv", bus.kv)) ** 2
        bus.draw(scale * row.p_mw, scale * row.q_mvar, 2)

    def add_ward(index: int, row: Any, label: str) -> None:
        bus = network.buses[label]
        bus.draw(1e3 * row.ps_mw, 1e3 * row.qs_mvar)
        bus.draw(1e3 * row.pz_mw, 1e3 * row.qz_mvar, 2)

    def add_xward(index: int, row: Any, label: str) -> None:
        add_ward(index, row, label)
        words = f"xward {index} at bus {label}: its internal voltage source"
        network.report.dropped.append(words)
        network.report.warnings.append(f"dropped {words}")

    def add_gen(index: int, row: Any, label: str) -> None:
        if label in network.held_pu:
            return
        p_kw = 1e3 * row.p_mw * number(row, "scaling", 1.0)
        network.buses[label].draw(-p_kw, 0.0)
        words = f"generator {index} at bus {label}: feeds in {p_kw:g} kW, holds no voltage"
        network.report.averaged.append(words)
        network.report.warnings.append(words)

    each("load", add_load)
    each("sgen", add_feed_in)
    each("storage", add_storage)
    each("motor", add_motor)
    each("asymmetric_load", add_asymmetric(1.0))
    each("asymmetric_sgen", add_asymmetric(-1.0))
    each("shunt", add_shunt)
    each("ward", add_ward)
    each("xward", add_xward)
    each("gen", add_gen)


def _draw_shares(network: Network, label: str, row: Any, p_kw: float, q_kvar: float) -> None:
    """Draw a load by its shares of constant impedance, current and power."""
    shares = {}
    for power in "pq":
        # one pair of columns for both powers up to pandapower 3.0
        z = number(row, f"const_z_{power}_percent", number(row, "const_z_percent")) / 100.0
        i = number(row, f"const_i_{power}_percent", number(row, "const_i_percent")) / 100.0
        shares[power] = (1.0 - z - i, i, z)
    for exponent in range(3):
        kw, kvar = p_kw * shares["p"][exponent], q_kvar * shares["q"][exponent]
        if kw or kvar:
            network.buses[label].draw(kw, kvar, exponent)
