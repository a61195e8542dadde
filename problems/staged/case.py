"""Owns the data of a staged study as a whole: the stages, and what goes with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from problems.staged.checks import SHARE_TOL, Site, check, check_number, check_shares
from problems.staged.fleet import Fleet
from problems.staged.grid_data import BranchData, NetworkData, StorageData
from problems.staged.prices import PriceTable
from problems.staged.year import DayType, Demand, Season, Weather

ChargingMode = Literal["uncoordinated", "time-of-use", "smart", "v2g"]


@dataclass(frozen=True, slots=True)
class Stage:
    """Hold one stage: its years, demand, PV and vehicles.

    Parameters
    ----------
    name : str
    first_year, last_year : int
    peak_kw : float
        Peak of the load without vehicles.
    pv_kw : float
        Installed PV.
    pv_ratio, ev_penetration : float
        Shares that the paper names the stage by.
    ev_count : int
    charging : {"uncoordinated", "time-of-use", "smart", "v2g"}
        The most advanced way of charging the stage allows; checked against the shares.
    tou_share : float
        Share of unmanaged vehicles that answer time-of-use prices.
    smart_share_max, v2g_share_max : float
        Greatest share of vehicles that may be managed, and that may discharge.
    """

    name: str
    first_year: int
    last_year: int
    peak_kw: float
    pv_kw: float
    pv_ratio: float
    ev_penetration: float
    ev_count: int
    charging: ChargingMode
    tou_share: float = 0.0
    smart_share_max: float = 0.0
    v2g_share_max: float = 0.0

    def __post_init__(self) -> None:
        where = f"stage '{self.name}'"
        check(self.first_year <= self.last_year, f"{where}: first_year is after last_year")
        check(self.peak_kw > 0.0, f"{where}: peak_kw must be positive, not {self.peak_kw}")
        check_number(f"{where}: pv_kw", self.pv_kw)
        check_number(f"{where}: pv_ratio", self.pv_ratio)
        check_number(f"{where}: ev_penetration", self.ev_penetration, 0.0, 1.0)
        check(self.ev_count >= 0, f"{where}: ev_count must be 0 or more, not {self.ev_count}")
        for name in ("tou_share", "smart_share_max", "v2g_share_max"):
            check_number(f"{where}: {name}", getattr(self, name), 0.0, 1.0)
        is_smart = self.charging in ("smart", "v2g")
        check(
            is_smart or self.smart_share_max == 0.0,
            f"{where}: charging '{self.charging}' has no smart_share_max",
        )
        check(
            is_smart or self.v2g_share_max == 0.0,
            f"{where}: charging '{self.charging}' has no v2g_share_max",
        )


@dataclass(frozen=True, slots=True)
class Search:
    """Hold how the search is run: scenarios it sees, the genetic algorithm, the gaps asked.

    `proves_all` asks for a bound on all scenarios too, for the scheme with every flexibility.
    """

    n_scenarios: int = 4
    n_scenarios_quick: int = 2
    population: int = 100
    generations: int = 200
    population_quick: int = 24
    generations_quick: int = 20
    gap: float = 0.01
    proves_all: bool = True

    def __post_init__(self) -> None:
        for name in ("n_scenarios", "n_scenarios_quick", "generations", "generations_quick"):
            check(getattr(self, name) >= 1, f"search: {name} must be at least 1")
        for name in ("population", "population_quick"):
            check(getattr(self, name) >= 2, f"search: {name} must be at least 2")
        check_number("search: gap", self.gap, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class StagedData:
    """Hold all data of a staged study but the feeder itself.

    Raises
    ------
    ContentError
        Naming the key, the stage or the branch that is wrong and what was expected.
    """

    network: NetworkData
    transformer_mva: tuple[float, ...]
    branches: tuple[BranchData, ...]
    stages: tuple[Stage, ...]
    pv: tuple[Site, ...]
    ev: Fleet
    storage: StorageData
    prices: PriceTable
    demand: Demand
    seasons: tuple[Season, ...]
    weathers: tuple[Weather, ...]
    day_types: tuple[DayType, ...]
    search: Search = field(default_factory=Search)

    def __post_init__(self) -> None:
        ratings = self.transformer_mva
        check(bool(ratings) and ratings[0] > 0.0, "transformer_mva: the existing rating is missing")
        for low, high in pairwise(ratings):
            check(low < high, f"transformer_mva must rise, but {high:g} follows {low:g}")
        check(bool(self.stages), "stages: at least one stage is needed")
        for before, after in pairwise(self.stages):
            where = f"stage '{after.name}'"
            check(
                after.first_year == before.last_year + 1,
                f"{where}: first_year must be {before.last_year + 1}, not {after.first_year}",
            )
            for name in ("peak_kw", "pv_kw", "ev_count"):
                low, high = getattr(before, name), getattr(after, name)
                check(
                    low <= high,
                    f"{where}: {name} = {high:g} is below the {low:g} of stage '{before.name}': "
                    "nothing shrinks between stages",
                )
        check_shares("pv", self.pv)
        check(
            abs(sum(day.share for day in self.day_types) - 1.0) < SHARE_TOL,
            "day_types: shares must add up to 1",
        )
        for season in self.seasons:
            check(
                len(season.weather_shares) == len(self.weathers),
                f"season '{season.name}': weather_shares must have one entry per weather, "
                f"{len(self.weathers)}",
            )
        check(bool(self.seasons), "seasons: at least one season is needed")

    @property
    def n_stage(self) -> int:
        """Number of stages."""
        return len(self.stages)

    @property
    def n_years(self) -> int:
        """Years from the first to the last stage."""
        return self.stages[-1].last_year - self.stages[0].first_year + 1
