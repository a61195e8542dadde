"""Owns the dispatch case: a feeder, its hours, its devices and limits, validated together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from problems.conic.devices import GridLimits, Pv, ReactiveDevice, SizedLoad, Storage
from problems.core.errors import ContentError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class DispatchCase:
    """Hold one feeder over consecutive hours with all that may be dispatched on it.

    Parameters
    ----------
    feeder : Feeder
        The grid; its own loads are not read.
    p_kw, q_kvar : (n_hour, n_bus) float array
        Load of each bus, positive when consuming; that of the source's own bus counts in the
        substation's power only.
    v_source_pu : (n_hour,) float array, optional
        Voltage of the source; the feeder's own by default.
    storage, reactive, pv, sized : tuple of device
        Each at a bus of the feeder.
    limits : GridLimits
        Limits of operation.
    shed_share : float
        Greatest share of every load that may be shed, at constant power factor.
    step_h : float
        Length of an hour of the case.

    Raises
    ------
    ContentError
        If a shape, a value or a bus is wrong.
    """

    feeder: Feeder
    p_kw: FloatArray
    q_kvar: FloatArray
    v_source_pu: FloatArray | None = None
    storage: tuple[Storage, ...] = ()
    reactive: tuple[ReactiveDevice, ...] = ()
    pv: tuple[Pv, ...] = ()
    sized: tuple[SizedLoad, ...] = ()
    limits: GridLimits = field(default_factory=GridLimits)
    shed_share: float = 0.0
    step_h: float = 1.0

    def __post_init__(self) -> None:
        n_bus = self.feeder.n_bus
        for name in ("p_kw", "q_kvar"):
            column = _frozen(getattr(self, name))
            if column.ndim != 2 or column.shape[1] != n_bus or column.shape[0] == 0:
                raise ContentError(f"{name}: expected shape (n_hour, {n_bus}), not {column.shape}")
            object.__setattr__(self, name, column)
        if self.q_kvar.shape != self.p_kw.shape:
            raise ContentError(f"q_kvar: expected shape {self.p_kw.shape} as p_kw has")
        source = self.feeder.v_source_pu if self.v_source_pu is None else self.v_source_pu
        source = _frozen(np.broadcast_to(source, (self.n_hour,)))
        if not (np.isfinite(source).all() and (source > 0.0).all()):
            raise ContentError("v_source_pu: expected positive voltages")
        object.__setattr__(self, "v_source_pu", source)
        for name in ("p_kw", "q_kvar"):
            if not np.isfinite(getattr(self, name)).all():
                raise ContentError(f"{name}: expected finite powers")
        for devices in (self.storage, self.reactive, self.pv, self.sized):
            self.buses(devices)
        for pv in self.pv:
            self._check_hours(f"PV at bus {pv.bus}", "available_kw", pv.available_kw)
        for load in self.sized:
            self._check_hours(f"sized load at bus {load.bus}", "shape", load.shape)
        if not 0.0 <= self.shed_share <= 1.0:
            raise ContentError(f"shed_share must be from 0 to 1, not {self.shed_share}")

    def _check_hours(self, where: str, name: str, values: tuple[float, ...]) -> None:
        if len(values) != self.n_hour:
            raise ContentError(
                f"{where}: {name} has {len(values)} entries, the case has {self.n_hour} hours"
            )

    @property
    def source_pu(self) -> FloatArray:
        """Voltage of the source in each hour."""
        assert self.v_source_pu is not None
        return self.v_source_pu

    @property
    def n_hour(self) -> int:
        """Number of hours."""
        return int(self.p_kw.shape[0])

    @property
    def shed_most(self) -> FloatArray:
        """Greatest share of each load shed, (n_hour, n_bus); 0 at the source."""
        most = np.full(self.p_kw.shape, self.shed_share)
        most[:, 0] = 0.0
        return most

    def bus_of(self, label: str) -> int:
        """Return the index of a device's bus, or raise ContentError; the source is none."""
        try:
            bus = self.feeder.bus_index(label)
        except ValueError as error:
            raise ContentError(str(error)) from None
        if bus == 0:
            raise ContentError(
                f"feeder {self.feeder.name}: no device can stand at the source, bus {label}"
            )
        return bus

    def buses(self, devices: Iterable[Storage | ReactiveDevice | Pv | SizedLoad]) -> IntArray:
        """Return the bus index of each device."""
        return np.array([self.bus_of(device.bus) for device in devices], dtype=np.int64)


def _frozen(values: FloatArray) -> FloatArray:
    column = np.array(values, dtype=np.float64)
    column.flags.writeable = False
    return column
