"""Owns OpenDSS transformers and regulators as branches with a ratio."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from powerflow.errors import FeederError
from powerflow.readers.network import Branch, Bus, Network
from powerflow.units import current_a


@dataclass(frozen=True, slots=True)
class Winding:
    """Hold a winding: its bus, its turns over those of nominal voltage, its resistance."""

    bus: str
    turns_pu: float
    r_pu: float


@dataclass(frozen=True, slots=True)
class Unit:
    """Hold one transformer of a bank; impedances per unit of its own rating.

    Attributes
    ----------
    name : str
    windings : tuple of Winding
    x_pu : (3,) tuple of float
        Short-circuit reactances of the winding pairs 1-2, 1-3, 2-3.
    rated_kva, normal_kva : float
        Of the unit; what it may carry.
    core_kw, core_kvar : float
        What its core draws at nominal voltage.
    """

    name: str
    windings: tuple[Winding, ...]
    x_pu: tuple[float, float, float]
    rated_kva: float
    normal_kva: float
    core_kw: float
    core_kvar: float


def add_transformers(dss: Any, names: Sequence[str], network: Network) -> None:
    """Add every transformer; single-phase units between the same buses become one bank."""
    banks: dict[tuple[str, ...], list[Unit]] = {}
    for name in names:
        if name.startswith("Transformer."):
            unit = _unit(dss, name, network)
            banks.setdefault(tuple(w.bus for w in unit.windings), []).append(unit)
    for buses, units in banks.items():
        _report_bank(units, network)
        for unit in units:
            # OpenDSS has the core at the last winding, at that winding's own voltage
            scale = unit.windings[-1].turns_pu ** -2
            network.buses[buses[-1]].draw(scale * unit.core_kw, scale * unit.core_kvar, 2)
        if len(buses) == 2 or (len(buses) == 3 and buses[1] == buses[2]):
            network.branches.append(_two_winding_branch(buses, units, network))
        elif len(buses) == 3:
            network.branches += _star(buses, units, network)
        else:
            raise FeederError(
                f"{network.place}, {units[0].name}: expected 2 or 3 windings, found {len(buses)}"
            )


def _unit(dss: Any, name: str, network: Network) -> Unit:
    dss.Transformers.Name(name.split(".", 1)[1])
    names = dss.CktElement.BusNames()
    n_phase = int(dss.CktElement.NumPhases())
    windings = []
    for k in range(int(dss.Transformers.NumWindings())):
        dss.Transformers.Wdg(k + 1)
        label, *nodes = names[k].split(".")
        n_live = sum(node != "0" for node in nodes)
        # the rating of a single-phase winding is the voltage across it
        is_to_ground = n_phase == 1 and n_live <= 1 and not dss.Transformers.IsDelta()
        nominal_kv = network.buses[label].kv / (math.sqrt(3.0) if is_to_ground else 1.0)
        turns = float(dss.Transformers.kV()) * float(dss.Transformers.Tap()) / nominal_kv
        windings.append(Winding(label, turns, float(dss.Transformers.R()) / 100.0))
    dss.Transformers.Wdg(1)
    rated_kva = float(dss.Transformers.kVA())
    core = [float(dss.Properties.Value(key)) / 100.0 for key in ("%NoLoadLoss", "%IMag")]
    return Unit(
        name,
        tuple(windings),
        (
            float(dss.Transformers.Xhl()) / 100.0,
            float(dss.Transformers.Xht()) / 100.0,
            float(dss.Transformers.Xlt()) / 100.0,
        ),
        rated_kva,
        float(dss.Properties.Value("NormHkVA")),
        core[0] * rated_kva,
        core[1] * rated_kva,
    )


def _report_bank(units: Sequence[Unit], network: Network) -> None:
    ratios = [unit.windings[1].turns_pu / unit.windings[0].turns_pu for unit in units]
    mean = sum(ratios) / len(ratios)
    names = ", ".join(unit.name for unit in units)
    if max(ratios) - min(ratios) > 1e-9:
        shown = ", ".join(f"{ratio:.6g}" for ratio in ratios)
        network.report.averaged.append(f"{names}: ratios {shown}, mean {mean:.6g}")
    elif abs(mean - 1.0) > 1e-9:
        network.report.averaged.append(f"{names}: ratio {mean:.6g} of nominal")


def _mean_turns(units: Sequence[Unit], k: int) -> float:
    return sum(unit.windings[k].turns_pu for unit in units) / len(units)


def _branch(
    name: str,
    ends: tuple[str, str],
    z_pu: complex,
    units: Sequence[Unit],
    turns: tuple[float, float],
    network: Network,
) -> Branch:
    """Return a branch whose impedance is per unit of the bank's rating, at the end's winding."""
    end_kv = network.buses[ends[1]].kv
    rated_kva = sum(unit.rated_kva for unit in units)
    z_ohm = z_pu * 1e3 * (end_kv * turns[1]) ** 2 / rated_kva
    return Branch(
        name,
        *ends,
        r_ohm=z_ohm.real,
        x_ohm=z_ohm.imag,
        ampacity_a=current_a(sum(unit.normal_kva for unit in units), end_kv * turns[1]),
        kind="transformer",
        ratio=turns[1] / turns[0],
    )


def _two_winding_branch(buses: tuple[str, ...], units: Sequence[Unit], network: Network) -> Branch:
    """Return the branch of a bank; the halves of a center-tapped secondary share the load."""
    z_pu = 0j
    for unit in units:
        if len(buses) == 2:
            z_unit = complex(sum(w.r_pu for w in unit.windings), unit.x_pu[0])
        else:
            first, second, third = _star_pu(unit)
            z_unit = first + (second + third) / 4.0
            network.report.averaged.append(
                f"{unit.name}: center-tapped, the two halves taken as equally loaded"
            )
        z_pu += z_unit / len(units)
    name = units[0].name if len(units) == 1 else f"{units[0].name} and {len(units) - 1} more"
    turns = _mean_turns(units, 0), _mean_turns(units, 1)
    return _branch(name, (buses[0], buses[1]), z_pu, units, turns, network)


def _star(buses: tuple[str, ...], units: Sequence[Unit], network: Network) -> list[Branch]:
    """Return the three branches of a three-winding bank, to a bus in its middle."""
    name = units[0].name
    middle = name.casefold()
    network.buses[middle] = Bus(network.buses[buses[0]].kv)
    network.report.averaged.append(f"{name}: three windings, a star of three branches")
    legs = [sum(leg) / len(units) for leg in zip(*map(_star_pu, units), strict=True)]
    turns = [_mean_turns(units, k) for k in range(3)]
    ends = [(buses[0], middle), (middle, buses[1]), (middle, buses[2])]
    sides = [(turns[0], 1.0), (1.0, turns[1]), (1.0, turns[2])]
    return [
        _branch(f"{name} winding {k + 1}", ends[k], legs[k], units, sides[k], network)
        for k in range(3)
    ]


def _star_pu(unit: Unit) -> tuple[complex, complex, complex]:
    """Return the impedances of the star that has the unit's short-circuit impedances."""
    x_12, x_13, x_23 = unit.x_pu
    r_1, r_2, r_3 = (winding.r_pu for winding in unit.windings)
    return (
        complex(r_1, (x_12 + x_13 - x_23) / 2.0),
        complex(r_2, (x_12 + x_23 - x_13) / 2.0),
        complex(r_3, (x_13 + x_23 - x_12) / 2.0),
    )
