"""Owns the grid's data of a staged study: network, branches, community storage."""

from __future__ import annotations

from dataclasses import dataclass

from problems.staged.checks import check, check_number


@dataclass(frozen=True, slots=True)
class NetworkData:
    """Hold what turns a library feeder into the studied one, and its limits.

    `parallel_circuits` existing circuits share each branch; a new segment doubles all of them.
    """

    source_pu: float
    capacitor_kvar: float
    v_min_pu: float
    v_max_pu: float
    reverse_share: float
    heavy_load_share: float
    base_kv: float | None = None
    impedance_factor: float = 1.0
    parallel_circuits: float = 1.0

    def __post_init__(self) -> None:
        check_number("source_pu", self.source_pu, 0.5, 1.5)
        check_number("capacitor_kvar", self.capacitor_kvar)
        check_number("v_min_pu", self.v_min_pu, 0.1, 1.5)
        check(self.v_min_pu < self.v_max_pu, "v_min_pu must be below v_max_pu")
        check(
            self.v_min_pu <= self.source_pu <= self.v_max_pu,
            f"source_pu = {self.source_pu} must lie between v_min_pu and v_max_pu",
        )
        check_number("reverse_share", self.reverse_share, 0.0, 1.0)
        check_number("heavy_load_share", self.heavy_load_share, 0.0, 1.0)
        check(self.impedance_factor > 0.0, "impedance_factor must be positive")
        check(self.parallel_circuits > 0.0, "parallel_circuits must be positive")


@dataclass(frozen=True, slots=True)
class BranchData:
    """Hold rating and length of one branch; `segment` names the group it is reinforced with."""

    from_bus: str
    to_bus: str
    ampacity_a: float
    length_km: float = 0.0
    segment: str = ""

    def __post_init__(self) -> None:
        where = f"branch {self.from_bus}-{self.to_bus}"
        check(self.ampacity_a > 0.0, f"{where}: ampacity_a must be positive")
        check_number(f"{where}: length_km", self.length_km)


@dataclass(frozen=True, slots=True)
class StorageData:
    """Hold what community storage may be."""

    sites: tuple[str, ...]
    charge_efficiency: float
    discharge_efficiency: float
    soc_min: float
    soc_max: float
    max_kwh_per_site: float
    max_kw_per_site: float

    def __post_init__(self) -> None:
        check(len(set(self.sites)) == len(self.sites), "storage.sites: a bus is named twice")
        for name in ("charge_efficiency", "discharge_efficiency"):
            check_number(f"storage.{name}", getattr(self, name), 0.01, 1.0)
        check_number("storage.soc_min", self.soc_min, 0.0, 1.0)
        check_number("storage.soc_max", self.soc_max, self.soc_min, 1.0)
        check_number("storage.max_kwh_per_site", self.max_kwh_per_site)
        check_number("storage.max_kw_per_site", self.max_kw_per_site)
