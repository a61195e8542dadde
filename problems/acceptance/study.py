"""Owns what an acceptance study is asked, and the dispatch case it makes of stations at buses."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from powerflow.feeder import Feeder
from problems.acceptance.courses import Course, check_curve
from problems.acceptance.devices import Devices
from problems.conic.case import DispatchCase
from problems.conic.devices import Costs, GridLimits, SizedLoad
from problems.core.errors import ContentError, SettingError

LOSS_PER_KWH = 2e-3
"""Worth of a kWh of losses in kW of capacity: so small that no capacity is given up for it."""

THROUGHPUT_PER_KWH = 1e-4
"""The same of a kWh through storage, which keeps charging and discharging apart."""

LARGEST_KW = 1e5
"""Greatest station; no limit but this one binds where it is reached."""


@dataclass(frozen=True, slots=True, eq=False)
class AcceptanceStudy:
    """Hold a feeder, its devices, a charging curve and the limits of voltage.

    Parameters
    ----------
    feeder : Feeder
        The grid; its loads are those at the peak of the devices' load course.
    devices : Devices
        Storage, SVG, PV and limits.
    curve : tuple of float
        Power a station of size 1 draws in each hour.
    v_min_pu, v_max_pu : float
        Voltage band, equation (16); a floor of 0 is off.
    weights : (float, float), optional
        Weights of losses and capacity in the paper's objective (8), with losses (r + x) l in MW
        and Mvar and the capacity in MW; capacity first, losses second if left out.

    Raises
    ------
    ContentError
        If a device's bus is unknown or the curve has another length than the loads' course.
    SettingError
        If a weight is not positive or the band is empty.
    """

    feeder: Feeder
    devices: Devices = field(default_factory=Devices)
    curve: Course = ()
    v_min_pu: float = 0.95
    v_max_pu: float = 1.05
    weights: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        check_curve(self.curve, "curve")
        n_hour = len(self.devices.course)
        if len(self.curve) != n_hour:
            raise ContentError(f"the curve has {len(self.curve)} hours, the loads' has {n_hour}")
        for weight in self.weights or ():
            if not (math.isfinite(weight) and weight > 0.0):
                raise SettingError(f"weights must be positive, not {weight}")
        if not 0.0 <= self.v_min_pu < self.v_max_pu < math.inf:
            raise SettingError(
                f"expected 0 <= v-min < v-max, not {self.v_min_pu:g} and {self.v_max_pu:g}"
            )
        self.case()

    def case(self, *buses: str) -> DispatchCase:
        """Return the case of a station to be sized at each of some buses."""
        devices = self.devices
        factor = devices.load_scale * np.array(devices.course)
        return DispatchCase(
            self.feeder,
            np.outer(factor, self.feeder.p_kw),
            np.outer(factor, self.feeder.q_kvar),
            storage=tuple(unit.unit() for unit in devices.storage),
            reactive=tuple(svg.device() for svg in devices.svg),
            pv=tuple(plant.plant() for plant in devices.pv),
            sized=tuple(SizedLoad(bus, self.curve, max_kw=LARGEST_KW) for bus in buses),
            limits=self.limits(),
        )

    def all_buses(self) -> tuple[str, ...]:
        """Return all buses but the source, numbers in order of size."""
        labels = self.feeder.bus_id[1:]
        if all(label.isdecimal() for label in labels):
            return tuple(sorted(labels, key=int))
        return labels

    def limits(self) -> GridLimits:
        """Return the limits; a substation's limit that its only line keeps as well is left out.

        Two rows that say the same would share one price between them.
        """
        devices, feeder = self.devices, self.feeder
        is_one_line = int((feeder.parent == 0).sum()) == 1 and feeder.p_kw[0] == 0.0
        substation_kw = devices.substation_kw
        if is_one_line and devices.line_kw is not None and substation_kw is not None:
            substation_kw = None if devices.line_kw <= substation_kw else substation_kw
        return GridLimits(
            v_min_pu=self.v_min_pu,
            v_max_pu=self.v_max_pu,
            has_ampacity=devices.has_ampacity,
            line_kw=devices.line_kw,
            substation_kw=substation_kw,
            substation_kvar=devices.substation_kvar,
        )

    def costs(self, reward: Course) -> Costs:
        """Return the objective: capacity by its reward per kW first, losses second; or (8)."""
        if self.weights is None:
            return Costs(
                loss_per_kwh=LOSS_PER_KWH,
                throughput_per_kwh=THROUGHPUT_PER_KWH,
                size_reward_per_kw=reward,
            )
        loss, size = self.weights
        return Costs(
            loss_per_kwh=loss,
            loss_per_kvarh=loss,
            size_reward_per_kw=tuple(size * worth for worth in reward),
        )
