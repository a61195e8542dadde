"""Owns the network a reader finds in somebody else's file, before it becomes a radial feeder."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from powerflow.feeder import Feeder

FloatArray = NDArray[np.float64]


@dataclass(slots=True)
class Bus:
    """Hold a bus: its nominal voltage and what it draws there.

    Attributes
    ----------
    kv : float
        Nominal voltage, line to line.
    p_kw, q_kvar : list of three float
        Power drawn at nominal voltage that goes with the voltage to the power 0, 1 and 2: constant
        power, constant current, constant impedance.
    x, y : float
        Coordinates; NaN where unknown.
    """

    kv: float
    p_kw: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    q_kvar: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    x: float = math.nan
    y: float = math.nan

    def draw(self, p_kw: float, q_kvar: float, exponent: int = 0) -> None:
        """Add a load whose power goes with the voltage to the power of `exponent`."""
        self.p_kw[exponent] += p_kw
        self.q_kvar[exponent] += q_kvar


@dataclass(slots=True)
class Branch:
    """Hold a branch that is closed: a line, a transformer, a switch.

    Attributes
    ----------
    name : str
        What the source calls it.
    start, end : str
        Labels of its buses.
    r_ohm, x_ohm : float
        Series impedance per phase, at the voltage level of `end`.
    ampacity_a : float
        Greatest permissible current at the voltage level of `end`; NaN where unknown.
    length_m : float
        NaN where unknown.
    kind : str
        "line", "cable", "transformer", "switch", ...
    ratio : float
        Voltage of `end` over that of `start` at no load, each per unit of its nominal voltage.
    has_switch : bool
        Whether it can be opened where it stands.
    start_kva, end_kva : complex
        What its charging or its core draws at either end at nominal voltage, kW and kvar.
    """

    name: str
    start: str
    end: str
    r_ohm: float
    x_ohm: float
    ampacity_a: float = math.nan
    length_m: float = math.nan
    kind: str = "line"
    ratio: float = 1.0
    has_switch: bool = False
    start_kva: complex = 0j
    end_kva: complex = 0j


@dataclass(slots=True)
class Report:
    """Hold in words what reading changed; convert shows it, the feeder's notes carry it.

    Attributes
    ----------
    averaged : list of str
        What became its balanced equivalent or its value in the base case.
    merged : list of str
        Buses that became one, and parallel branches.
    dropped : list of str
        What is not in the feeder.
    loops : list of str
        Branches that were opened.
    taps : list of str
        Buses whose voltage must be multiplied by a ratio.
    warnings : list of str
        What looks wrong in the base case.
    """

    averaged: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    loops: list[str] = field(default_factory=list)
    taps: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def named(self) -> list[tuple[str, list[str]]]:
        """Return each list with its name."""
        return [(item.name, getattr(self, item.name)) for item in fields(self)]


@dataclass(slots=True)
class Network:
    """Hold buses and closed branches as the source has them, loops included.

    Attributes
    ----------
    name : str
        Name of the feeder.
    place : str
        What to call the network in errors.
    held_pu : dict of str to float
        Voltage of each bus that a source holds. Several at the same voltage become one.
    buses : dict of str to Bus
    branches : list of Branch
    report : Report
    title : str
    """

    name: str
    place: str
    held_pu: dict[str, float]
    buses: dict[str, Bus]
    branches: list[Branch]
    report: Report
    title: str = ""

    @property
    def source(self) -> str:
        """Label of the first source."""
        return next(iter(self.held_pu))

    @property
    def v_source_pu(self) -> float:
        """Voltage that it holds."""
        return self.held_pu[self.source]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Hold a feeder and what became of its source.

    Attributes
    ----------
    feeder : Feeder
    report : Report
    voltage_factor : (n_bus,) float array
        Voltage of the source's bus, per unit of its own nominal voltage, over that of the feeder's
        bus: 1, but behind a tap that is not at its nominal ratio.
    """

    feeder: Feeder
    report: Report
    voltage_factor: FloatArray
