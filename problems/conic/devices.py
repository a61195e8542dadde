"""Owns the devices and limits of a dispatch problem, checked when they are made."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from problems.core.errors import ContentError

FloatArray = NDArray[np.float64]


def check_range(where: str, name: str, value: float, low: float, high: float = math.inf) -> None:
    """Raise ContentError unless `value` is a number from `low` to `high`."""
    if not (low <= value <= high):
        span = f"from {low:g} to {high:g}" if math.isfinite(high) else f"{low:g} or more"
        raise ContentError(f"{where}: {name} must be {span}, not {value}")


def check_shape(where: str, name: str, shape: tuple[float, ...]) -> None:
    """Raise ContentError unless every entry of an hourly shape is finite and 0 or more."""
    if not shape or not all(math.isfinite(value) and value >= 0.0 for value in shape):
        raise ContentError(f"{where}: {name} must hold finite numbers, 0 or more")


@dataclass(frozen=True, slots=True)
class Storage:
    """Hold one storage unit; powers are at the grid, after the converter.

    Parameters
    ----------
    bus : str
        Label of its bus.
    energy_kwh : float
        Capacity.
    charge_kw, discharge_kw : float
        Greatest power drawn and delivered.
    charge_efficiency, discharge_efficiency : float
        Stored per kWh drawn, and delivered per kWh taken from the store.
    soc_min, soc_max : float
        Range of the state of charge, a fraction of the capacity.
    soc_initial : float, optional
        State of charge before the first hour and after the last; free, but the same at both ends
        (cyclic), if left out.
    kvar_min, kvar_max : float
        Range of the reactive power delivered.
    """

    bus: str
    energy_kwh: float
    charge_kw: float
    discharge_kw: float
    charge_efficiency: float = 0.95
    discharge_efficiency: float = 0.95
    soc_min: float = 0.0
    soc_max: float = 1.0
    soc_initial: float | None = None
    kvar_min: float = 0.0
    kvar_max: float = 0.0

    def __post_init__(self) -> None:
        where = f"storage at bus {self.bus}"
        for name in ("energy_kwh", "charge_kw", "discharge_kw", "kvar_max"):
            check_range(where, name, getattr(self, name), 0.0)
        for name in ("charge_efficiency", "discharge_efficiency"):
            check_range(where, name, getattr(self, name), 0.01, 1.0)
        check_range(where, "soc_min", self.soc_min, 0.0, 1.0)
        check_range(where, "soc_max", self.soc_max, self.soc_min, 1.0)
        if self.soc_initial is not None:
            check_range(where, "soc_initial", self.soc_initial, self.soc_min, self.soc_max)
        check_range(where, "kvar_min", self.kvar_min, -math.inf, self.kvar_max)


@dataclass(frozen=True, slots=True)
class ReactiveDevice:
    """Hold a device that delivers reactive power between two bounds: an SVG, an inverter.

    Parameters
    ----------
    bus : str
        Label of its bus.
    kvar_min, kvar_max : float
        Range of the reactive power delivered; capacitive is positive.
    """

    bus: str
    kvar_min: float
    kvar_max: float

    def __post_init__(self) -> None:
        where = f"reactive device at bus {self.bus}"
        if not math.isfinite(self.kvar_min):
            raise ContentError(f"{where}: kvar_min must be finite, not {self.kvar_min}")
        check_range(where, "kvar_max", self.kvar_max, self.kvar_min)


@dataclass(frozen=True, slots=True)
class Pv:
    """Hold a PV plant: what it could deliver each hour, at unity power factor.

    Parameters
    ----------
    bus : str
        Label of its bus.
    available_kw : tuple of float
        Power it can deliver in each hour.
    can_curtail : bool
        Whether it may deliver less.
    """

    bus: str
    available_kw: tuple[float, ...]
    can_curtail: bool = True

    def __post_init__(self) -> None:
        check_shape(f"PV at bus {self.bus}", "available_kw", self.available_kw)


@dataclass(frozen=True, slots=True)
class SizedLoad:
    """Hold a load whose size is a decision and whose course over the day is given.

    Parameters
    ----------
    bus : str
        Label of its bus.
    shape : tuple of float
        Power drawn in each hour by a load of size 1.
    max_kw, min_kw : float
        Range of the size.
    kvar_per_kw : float
        Reactive power drawn per kW.
    """

    bus: str
    shape: tuple[float, ...]
    max_kw: float
    min_kw: float = 0.0
    kvar_per_kw: float = 0.0

    def __post_init__(self) -> None:
        where = f"sized load at bus {self.bus}"
        check_shape(where, "shape", self.shape)
        check_range(where, "min_kw", self.min_kw, 0.0)
        check_range(where, "max_kw", self.max_kw, self.min_kw)
        if not math.isfinite(self.kvar_per_kw):
            raise ContentError(f"{where}: kvar_per_kw must be finite, not {self.kvar_per_kw}")


@dataclass(frozen=True, slots=True)
class GridLimits:
    """Hold the limits of a feeder in a dispatch problem; None switches one off.

    Parameters
    ----------
    v_min_pu, v_max_pu : float
        Voltage band at every bus but the source; a floor of 0 is off.
    has_ampacity : bool
        Whether branch currents are held to their ampacity, where it is known.
    line_kw : float, optional
        Greatest active power into any branch, in either direction.
    substation_kw, substation_kvar : float, optional
        Greatest active and reactive power from the source, in either direction.
    has_lossless_ceiling : bool
        Whether voltages computed without losses keep the ceiling as well: rows that make the
        relaxation exact under reverse flow (`problems.conic.distflow.lossless_ceiling`).
    """

    v_min_pu: float = 0.95
    v_max_pu: float = 1.05
    has_ampacity: bool = True
    line_kw: float | None = None
    substation_kw: float | None = None
    substation_kvar: float | None = None
    has_lossless_ceiling: bool = False

    def __post_init__(self) -> None:
        check_range("limits", "v_min_pu", self.v_min_pu, 0.0)
        if not self.v_min_pu < self.v_max_pu < math.inf:
            raise ContentError(
                f"limits: v_max_pu must be finite and above v_min_pu = {self.v_min_pu:g}, "
                f"not {self.v_max_pu:g}"
            )
        for name in ("line_kw", "substation_kw", "substation_kvar"):
            value = getattr(self, name)
            if value is not None:
                check_range("limits", name, value, 0.0)


@dataclass(frozen=True, slots=True)
class Costs:
    """Hold the prices of a dispatch, per kWh or kW, in any one currency; the sum is minimized.

    Parameters
    ----------
    loss_per_kwh : float
        Of active losses.
    loss_per_kvarh : float
        Of reactive losses (x l); with the same weight as active losses it is the loss term of
        equation (8) of the acceptance paper.
    import_per_kwh : tuple of float, optional
        Of active power from the source, by hour.
    curtailed_per_kwh, shed_per_kwh : float
        Of PV not delivered and load not served.
    throughput_per_kwh : float
        Of every kWh that storage draws or delivers.
    size_reward_per_kw : tuple of float, optional
        Earned by each sized load's size, in the order of the case.
    slack_per_pu : float
        Of slack, per unit of its row and hour: squared voltage, squared current, 1000 kVA.
    """

    loss_per_kwh: float = 1.0
    loss_per_kvarh: float = 0.0
    import_per_kwh: tuple[float, ...] | None = None
    curtailed_per_kwh: float = 0.0
    shed_per_kwh: float = 0.0
    throughput_per_kwh: float = 0.0
    size_reward_per_kw: tuple[float, ...] | None = None
    slack_per_pu: float = 1e5
