"""Owns what may be sited: how many stations and banks, how large, and at which buses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from problems.core.errors import ContentError, SettingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from powerflow.feeder import Feeder

BankRule = Literal["at-most", "exactly"]

DEFAULT_STATIONS = 2
DEFAULT_BANKS = 4
BANKS_OF_FEEDER = {"ieee118": 10, "ieee118_hgapso": 10}
"""The HGAPSO paper places nine or ten banks on its 118-bus feeder, four on the small ones."""


@dataclass(frozen=True, slots=True)
class SitingEquipment:
    """Hold the equipment a siting study may place.

    Parameters
    ----------
    stations : int
        Number of charging stations, each at a bus of its own.
    station_kw : float
        Rating of each station, at unity power factor; their mean where sizes vary.
    station_buses : tuple of str
        Where the stations stand, if that is settled; empty leaves it to the search.
    capacitors : int
        Number of capacitor banks, each at a bus of its own, which may be a station's.
    bank_rule : {"at-most", "exactly"}
        Whether fewer banks may be placed.
    kvar_min, kvar_max : float
        Range of a bank's size.
    kvar_step : float, optional
        Sizes are `kvar_min` plus multiples of it; continuous when left out.
    exclude_buses : tuple of str
        Buses where nothing may be sited; the source never is a candidate.
    station_kw_min, station_kw_max : float, optional
        Range of a station's rating where ratings may differ: together they still serve
        `stations` times `station_kw`. Both or neither.
    kvar_sizes : tuple of float, optional
        The sizes that banks come in, instead of a range; `kvar_min` and `kvar_max` then are the
        least and the greatest of them.

    Raises
    ------
    SettingError
        If a setting is out of range or contradicts another.
    """

    stations: int = DEFAULT_STATIONS
    station_kw: float = 1500.0
    station_buses: tuple[str, ...] = ()
    capacitors: int = DEFAULT_BANKS
    bank_rule: BankRule = "at-most"
    kvar_min: float = 150.0
    kvar_max: float = 1200.0
    kvar_step: float | None = None
    exclude_buses: tuple[str, ...] = ()
    station_kw_min: float | None = None
    station_kw_max: float | None = None
    kvar_sizes: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.kvar_sizes is not None:
            self._take_sizes(self.kvar_sizes)
        if self.stations < 0:
            raise SettingError(f"stations must be 0 or more, not {self.stations}")
        if self.station_buses and len(self.station_buses) != self.stations:
            raise SettingError(
                f"stations is {self.stations}, but station buses names {len(self.station_buses)}"
            )
        if len(set(self.station_buses)) < len(self.station_buses):
            raise SettingError("station buses must differ from each other")
        if not (math.isfinite(self.station_kw) and self.station_kw > 0.0):
            raise SettingError(f"station kw must be positive, not {self.station_kw}")
        if self.capacitors < 0:
            raise SettingError(f"capacitors must be 0 or more, not {self.capacitors}")
        if self.bank_rule not in get_args(BankRule):
            raise SettingError(f"bank rule must be at-most or exactly, not '{self.bank_rule}'")
        if not (math.isfinite(self.kvar_min) and self.kvar_min > 0.0):
            raise SettingError(f"kvar min must be positive, not {self.kvar_min}")
        if not (math.isfinite(self.kvar_max) and self.kvar_max >= self.kvar_min):
            raise SettingError(
                f"kvar max must be at least kvar min = {self.kvar_min:g}, not {self.kvar_max}"
            )
        if self.kvar_step is not None and not (
            math.isfinite(self.kvar_step) and self.kvar_step > 0.0
        ):
            raise SettingError(f"kvar step must be positive, not {self.kvar_step}")
        low, high = self.station_kw_min, self.station_kw_max
        if (low is None) != (high is None):
            raise SettingError("station kw min and station kw max go together")
        if low is not None and high is not None:
            if self.stations == 0:
                raise SettingError("station kw min and max need at least one station")
            if not (0.0 < low <= self.station_kw <= high and math.isfinite(high)):
                raise SettingError(
                    f"station kw {self.station_kw:g}, the mean of the stations, must be from "
                    f"station kw min to max, not outside {low:g} to {high:g}"
                )

    def _take_sizes(self, sizes: tuple[float, ...]) -> None:
        """Check a list of bank sizes, and set the range that it spans."""
        if self.kvar_step is not None:
            raise SettingError("kvar step and kvar sizes exclude each other")
        if not sizes or not all(math.isfinite(size) and size > 0.0 for size in sizes):
            raise SettingError("kvar sizes must be positive numbers, at least one")
        if len(set(sizes)) < len(sizes):
            raise SettingError("kvar sizes must differ from each other")
        if any(abs(size - round(size, 3)) > 1e-9 for size in sizes):
            raise SettingError("kvar sizes have at most three decimals")
        for name, value in (
            ("kvar_sizes", tuple(sorted(sizes))),
            ("kvar_min", min(sizes)),
            ("kvar_max", max(sizes)),
        ):
            object.__setattr__(self, name, value)

    @property
    def has_sized_stations(self) -> bool:
        """Whether the ratings of stations are to be found."""
        return self.station_kw_min is not None and self.stations > 0

    @property
    def bank_sizes(self) -> NDArray[np.float64]:
        """All sizes a bank can have, ascending; none where sizes are continuous."""
        import numpy as np  # the command names this module before it needs arrays

        if self.kvar_sizes is not None:
            return np.array(self.kvar_sizes)
        if self.kvar_step is None:
            return np.empty(0)
        n_steps = math.floor((self.kvar_max - self.kvar_min) / self.kvar_step + 1e-9)
        return self.kvar_min + self.kvar_step * np.arange(n_steps + 1, dtype=np.float64)

    @property
    def enclosing_step(self) -> float | None:
        """Greatest step from `kvar_min` that meets every size, None if sizes are continuous."""
        if self.kvar_sizes is None:
            return self.kvar_step
        steps = [round(1e3 * (size - self.kvar_min)) for size in self.kvar_sizes[1:]]
        return math.gcd(*steps) / 1e3 if steps else None

    @property
    def kvar_largest(self) -> float:
        """Largest size that a bank can have: `kvar_max`, or the last step below it."""
        if self.kvar_step is None:
            return self.kvar_max
        n_steps = math.floor((self.kvar_max - self.kvar_min) / self.kvar_step + 1e-9)
        return self.kvar_min + n_steps * self.kvar_step

    def candidate_buses(self, feeder: Feeder) -> NDArray[np.int64]:
        """Return the indices of the buses where something may be sited, in sweep order.

        Raises
        ------
        ContentError
            If a bus is not of the feeder, a station stands at the source or at an excluded bus, or
            there are fewer candidates than stations or banks.
        """
        import numpy as np

        excluded = {0} | {
            feeder_bus(feeder, label, "exclude buses") for label in self.exclude_buses
        }
        for label in self.station_buses:
            bus = feeder_bus(feeder, label, "station buses")
            if bus in excluded:
                reason = "the source" if bus == 0 else "excluded"
                raise ContentError(f"station buses: bus '{label}' is {reason}")
        candidates = [bus for bus in range(feeder.n_bus) if bus not in excluded]
        needed = max(0 if self.station_buses else self.stations, self.capacitors)
        if len(candidates) < needed:
            raise ContentError(
                f"feeder {feeder.name}: {len(candidates)} candidate buses for {needed} sites"
            )
        return np.array(candidates, dtype=np.int64)


def feeder_bus(feeder: Feeder, label: str, where: str) -> int:
    """Return the index of a bus label, or raise ContentError naming where it was given."""
    try:
        return feeder.bus_index(label)
    except ValueError as error:
        raise ContentError(f"{where}: {error}") from None
