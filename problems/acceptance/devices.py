"""Owns the devices file of an acceptance study: storage, SVG, PV, loads and limits of a feeder."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from problems.acceptance.courses import Course, profile
from problems.conic.devices import Pv, ReactiveDevice, Storage, check_range, check_shape
from problems.core.content import from_content, read_toml
from problems.core.errors import ContentError


@dataclass(frozen=True, slots=True)
class StorageUnit:
    """Hold a storage unit as the file has it.

    Parameters
    ----------
    bus : str
        Label of its bus.
    energy_kwh, power_kw : float
        Capacity and rated power: drawn at the grid at most, and taken from the store at most.
    kvar : float
        Reactive power delivered at most; none is drawn (equation 4).
    charge_efficiency, discharge_efficiency, soc_min, soc_max, soc_initial
        See `problems.conic.devices.Storage`.
    """

    bus: str
    energy_kwh: float
    power_kw: float
    kvar: float = 0.0
    charge_efficiency: float = 0.95
    discharge_efficiency: float = 0.95
    soc_min: float = 0.0
    soc_max: float = 1.0
    soc_initial: float | None = None

    def __post_init__(self) -> None:
        for name in ("energy_kwh", "power_kw", "kvar"):
            check_range(f"storage at bus {self.bus}", name, getattr(self, name), 0.0)
        self.unit()

    def unit(self) -> Storage:
        """Return the unit with its powers at the grid: discharging passes the converter (15)."""
        return Storage(
            self.bus,
            self.energy_kwh,
            charge_kw=self.power_kw,
            discharge_kw=self.discharge_efficiency * self.power_kw,
            charge_efficiency=self.charge_efficiency,
            discharge_efficiency=self.discharge_efficiency,
            soc_min=self.soc_min,
            soc_max=self.soc_max,
            soc_initial=self.soc_initial,
            kvar_max=self.kvar,
        )


@dataclass(frozen=True, slots=True)
class Svg:
    """Hold a static var generator: reactive power from -kvar to kvar (7)."""

    bus: str
    kvar: float

    def __post_init__(self) -> None:
        check_range(f"SVG at bus {self.bus}", "kvar", self.kvar, 0.0)

    def device(self) -> ReactiveDevice:
        """Return the device."""
        return ReactiveDevice(self.bus, -self.kvar, self.kvar)


@dataclass(frozen=True, slots=True)
class PvPlant:
    """Hold a PV plant: its peak, its course, and whether it may deliver less."""

    bus: str
    kw: float
    can_curtail: bool = False
    shape: Course | None = None

    def __post_init__(self) -> None:
        check_range(f"PV at bus {self.bus}", "kw", self.kw, 0.0)
        if self.shape is not None:
            check_shape(f"PV at bus {self.bus}", "shape", self.shape)

    def plant(self) -> Pv:
        """Return the plant with what it can deliver each hour."""
        shape = profile("pv") if self.shape is None else self.shape
        return Pv(self.bus, tuple(self.kw * share for share in shape), self.can_curtail)


@dataclass(frozen=True, slots=True)
class Devices:
    """Hold all that an acceptance study knows of a feeder beside its branches and loads.

    Parameters
    ----------
    load_scale : float
        Multiplies every load.
    load_shape : tuple of float, optional
        Course of all loads; the assumed daily course of the profile table if left out. Its length
        is the number of hours.
    line_kw, substation_kw, substation_kvar : float, optional
        Limits; see `problems.conic.devices.GridLimits`.
    has_ampacity : bool
        Whether currents are held to the feeder's ampacities.
    storage, svg, pv : tuple of device
        What stands on the feeder.

    Raises
    ------
    ContentError
        If a value is out of range or a course has another length than the loads'.
    """

    load_scale: float = 1.0
    load_shape: Course | None = None
    line_kw: float | None = None
    substation_kw: float | None = None
    substation_kvar: float | None = None
    has_ampacity: bool = True
    storage: tuple[StorageUnit, ...] = ()
    svg: tuple[Svg, ...] = ()
    pv: tuple[PvPlant, ...] = ()

    def __post_init__(self) -> None:
        if not (math.isfinite(self.load_scale) and self.load_scale >= 0.0):
            raise ContentError(f"load_scale must be 0 or more, not {self.load_scale}")
        if self.load_shape is not None:
            check_shape("devices", "load_shape", self.load_shape)
        for name in ("line_kw", "substation_kw", "substation_kvar"):
            if getattr(self, name) is not None:
                check_range("devices", name, getattr(self, name), 0.0)
        for plant in self.pv:
            n_hour = len(plant.plant().available_kw)
            if n_hour != len(self.course):
                raise ContentError(
                    f"PV at bus {plant.bus}: its course has {n_hour} hours, "
                    f"the loads' has {len(self.course)}"
                )

    @property
    def course(self) -> Course:
        """Course of all loads over the hours."""
        return profile("base_load") if self.load_shape is None else self.load_shape


def read_devices(path: Path) -> Devices:
    """Read a devices file (TOML), or raise ContentError naming the file, the key and the reason."""
    return from_content(Devices, read_toml(path), str(path))
