"""Owns the certificate's input: one siting case in physical units, and its per-unit form."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powerflow import Feeder
from powerflow.units import S_BASE_KVA, i_base_a, z_base_ohm

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SitingCase:
    """State one siting problem: where stations and capacitor banks go, so that NPV is greatest.

    NPV in usd is ``constant_usd - usd_per_loss_kw * loss_kw - usd_per_bank * banks - usd_per_kvar *
    kvar - usd_per_station * n_stations``; every amount is a present value over the whole life.
    Stations stand on different buses at unity power factor, banks on different buses; a bank may
    share a station's bus. The source takes neither. One load state: the feeder's own loads.

    Parameters
    ----------
    feeder : Feeder
        Grid and base load; its source voltage holds.
    station_kw : float
        Demand of one station in kW; negative when it injects (V2G).
    n_stations : int
        Stations to place.
    station_buses : tuple of int or None
        Bus indices when the stations' places are given, else None.
    max_banks : int
        Greatest number of banks; with `exactly`, the number of banks.
    exactly : bool
        Whether exactly `max_banks` banks must be placed.
    kvar_min, kvar_max : float
        Limits of a placed bank's size in kvar.
    kvar_step : float or None
        Sizes are ``kvar_min + i * kvar_step``; None for continuous sizes.
    allowed_bank_bus, allowed_station_bus : (n_bus,) bool array
        Buses that may take a bank or a station.
    usd_per_loss_kw, usd_per_bank, usd_per_kvar, usd_per_station, constant_usd : float
        The money above, none of the first four negative.
    v_min_pu : float
        Voltage floor at every bus, 0 for none.
    v_max_pu : float
        Voltage ceiling at every bus, infinity for none.
    kvar_sizes : tuple of float, optional
        The only sizes allowed, all of them steps of `kvar_step` above `kvar_min`; any if left out.
    usd_station_at, usd_bank_at : (n_bus,) float array, optional
        What a station or a bank costs beside that at each bus, 0 or more; nothing if left out.

    Raises
    ------
    ValueError
        If a figure is out of range or an array has the wrong shape; the message names it.
    """

    feeder: Feeder
    station_kw: float
    n_stations: int
    station_buses: tuple[int, ...] | None
    max_banks: int
    exactly: bool
    kvar_min: float
    kvar_max: float
    kvar_step: float | None
    allowed_bank_bus: Bools
    allowed_station_bus: Bools
    usd_per_loss_kw: float
    usd_per_bank: float
    usd_per_kvar: float
    usd_per_station: float
    constant_usd: float
    v_min_pu: float
    v_max_pu: float
    kvar_sizes: tuple[float, ...] | None = None
    usd_station_at: Floats | None = None
    usd_bank_at: Floats | None = None

    def __post_init__(self) -> None:
        n_bus = self.feeder.n_bus
        for name in ("n_stations", "max_banks", "usd_per_bank", "usd_per_kvar", "v_min_pu"):
            _require(getattr(self, name) >= 0, f"{name} must be 0 or more")
        _require(self.usd_per_loss_kw > 0.0, "usd_per_loss_kw must be positive")
        _require(0.0 <= self.kvar_min <= self.kvar_max < math.inf, "kvar_min..kvar_max is no range")
        _require(self.kvar_step is None or self.kvar_step > 0.0, "kvar_step must be positive")
        _require(self.v_max_pu > self.v_min_pu, "v_max_pu must be above v_min_pu")
        for name in ("station_kw", "usd_per_loss_kw", "usd_per_station", "constant_usd"):
            _require(math.isfinite(getattr(self, name)), f"{name} must be finite")
        for name in ("allowed_bank_bus", "allowed_station_bus"):
            array = np.array(getattr(self, name), dtype=np.bool_)
            _require(array.shape == (n_bus,), f"{name} must have shape ({n_bus},)")
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        if self.kvar_sizes is not None and self.kvar_step is not None:
            steps = (np.array(self.kvar_sizes) - self.kvar_min) / self.kvar_step
            is_step = bool((np.abs(steps - steps.round()) < 1e-6).all())
            _require(is_step and len(steps) > 0, "kvar_sizes must be steps of kvar_step")
        for name in ("usd_station_at", "usd_bank_at"):
            given = getattr(self, name)
            costs = np.zeros(n_bus) if given is None else np.array(given, dtype=np.float64)
            _require(costs.shape == (n_bus,), f"{name} must have shape ({n_bus},)")
            _require(bool(np.isfinite(costs).all() and (costs >= 0.0).all()), f"{name}: below 0")
            costs.setflags(write=False)
            object.__setattr__(self, name, costs)
        if self.station_buses is not None:
            buses = self.station_buses
            _require(len(buses) == self.n_stations, "station_buses must name n_stations buses")
            _require(len(set(buses)) == len(buses), "station_buses must differ from each other")
            _require(all(1 <= b < n_bus for b in buses), "station_buses: the source or no bus")


@dataclass(frozen=True, slots=True)
class SitePlan:
    """Hold one candidate: bus indices of stations and banks, and the banks' kvar."""

    station_buses: tuple[int, ...]
    bank_buses: tuple[int, ...]
    kvar: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Hold a case per unit of 1 MVA, fixed stations merged into the load; `cost` = offset - NPV.

    ``v_*`` and ``l_max`` are squared voltages and currents; `n_cell` is the number of steps
    between the least and the greatest bank, 0 for continuous sizes; `cells` lists the steps that
    are allowed, ascending, none if all are; `n_free` counts the stations whose buses are to be
    found.
    """

    case: SitingCase
    parent: Ints
    r: Floats
    x: Floats
    p: Floats
    q: Floats
    v_source: float
    v_min: float
    v_max: float
    l_max: Floats
    station: float
    n_free: int
    may_station: Bools
    n_bank: int
    exactly: bool
    may_bank: Bools
    q_min: float
    q_span: float
    n_cell: int
    cells: Ints
    usd_loss: float
    usd_bank: float
    usd_q: float
    usd_offset: float
    usd_station_at: Floats
    usd_bank_at: Floats

    @property
    def n_bus(self) -> int:
        """Number of buses, source included."""
        return int(self.parent.shape[0])

    def snap(self, q: float) -> float:
        """Return the allowed bank size nearest to `q` per unit."""
        q = min(max(q, self.q_min), self.q_min + self.q_span)
        if self.n_cell == 0:
            return q
        step = self.q_span / self.n_cell
        if self.cells.size:
            at = int(np.argmin(np.abs(self.q_min + self.cells * step - q)))
            return float(self.q_min + self.cells[at] * step)
        return self.q_min + round((q - self.q_min) / step) * step


def make_model(case: SitingCase) -> Model:
    """Return the per-unit form of a case (base 1 MVA and the feeder's base_kv)."""
    feeder = case.feeder
    fixed = case.station_buses
    p_kw = np.array(feeder.p_kw, dtype=np.float64)
    for bus in fixed or ():
        p_kw[bus] += case.station_kw
    span_kvar = case.kvar_max - case.kvar_min
    n_cell = 0
    if case.kvar_step is not None:
        n_cell = math.floor(span_kvar / case.kvar_step + 1e-9)
        span_kvar = n_cell * case.kvar_step  # without a whole step every bank has the least size
    cells = np.empty(0, dtype=np.int64)
    if case.kvar_sizes is not None and case.kvar_step is not None:
        steps = (np.array(case.kvar_sizes) - case.kvar_min) / case.kvar_step
        cells = np.unique(steps.round().astype(np.int64))
    z_base = z_base_ohm(feeder.base_kv)
    ampacity = np.where(np.isfinite(feeder.ampacity_a), feeder.ampacity_a, np.inf)
    may_bank = np.array(case.allowed_bank_bus)
    may_station = np.array(case.allowed_station_bus)
    may_bank[0] = may_station[0] = False
    station_at, bank_at = np.array(case.usd_station_at), np.array(case.usd_bank_at)
    usd_fixed = case.n_stations * case.usd_per_station + float(station_at[list(fixed or ())].sum())
    return Model(
        case=case,
        parent=np.asarray(feeder.parent, dtype=np.int64),
        r=np.asarray(feeder.r_ohm, dtype=np.float64) / z_base,
        x=np.asarray(feeder.x_ohm, dtype=np.float64) / z_base,
        p=p_kw / S_BASE_KVA,
        q=np.asarray(feeder.q_kvar, dtype=np.float64) / S_BASE_KVA,
        v_source=feeder.v_source_pu**2,
        v_min=case.v_min_pu**2,
        v_max=case.v_max_pu**2,
        l_max=(ampacity / i_base_a(feeder.base_kv)) ** 2,
        station=case.station_kw / S_BASE_KVA,
        n_free=0 if fixed is not None else case.n_stations,
        may_station=may_station,
        n_bank=case.max_banks if case.exactly else min(case.max_banks, int(may_bank.sum())),
        exactly=case.exactly,
        may_bank=may_bank,
        q_min=case.kvar_min / S_BASE_KVA,
        q_span=span_kvar / S_BASE_KVA,
        n_cell=n_cell,
        cells=cells,
        usd_loss=case.usd_per_loss_kw * S_BASE_KVA,
        usd_bank=case.usd_per_bank,
        usd_q=case.usd_per_kvar * S_BASE_KVA,
        usd_offset=case.constant_usd - usd_fixed,
        usd_station_at=station_at,
        usd_bank_at=bank_at,
    )


def _require(is_met: bool, message: str) -> None:
    if not is_met:
        raise ValueError(f"siting case: {message}")
