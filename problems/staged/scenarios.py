"""Owns the scenarios of a year, their reduction to a few, and the loads they make in a stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from problems.staged.case import Stage, StagedData
from problems.staged.checks import HOURS

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """Hold one kind of day.

    Parameters
    ----------
    number : int
        From 1, in the order season, weather, day type.
    season, weather, day_type : str
    probability : float
    load : (24,) float array
        Load per unit of the stage's peak.
    pv : (24,) float array
        Available PV per kW installed.
    ambient_c : (24,) float array
        Air temperature in degrees Celsius.
    """

    number: int
    season: str
    weather: str
    day_type: str
    probability: float
    load: FloatArray
    pv: FloatArray
    ambient_c: FloatArray

    @property
    def name(self) -> str:
        """Season, weather and day type."""
        return f"{self.season} {self.weather} {self.day_type}"


def all_scenarios(data: StagedData) -> tuple[Scenario, ...]:
    """Return every season, weather and day type, seasons of equal length; they add up to 1."""
    shape, hour = np.array(data.demand.load_shape), np.arange(HOURS)
    found: list[Scenario] = []
    for season in data.seasons:
        # warmest at 15 h
        ambient_c = season.ambient_mean_c + season.ambient_swing_c * np.cos(
            2.0 * np.pi * (hour - 15) / HOURS
        )
        for weather, weather_share in zip(data.weathers, season.weather_shares, strict=True):
            for day in data.day_types:
                found.append(
                    Scenario(
                        number=len(found) + 1,
                        season=season.name,
                        weather=weather.name,
                        day_type=day.name,
                        probability=weather_share * day.share / len(data.seasons),
                        load=shape * season.load_factor * day.load_factor,
                        pv=np.array(season.pv_clear) * weather.pv_factor,
                        ambient_c=ambient_c,
                    )
                )
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class ScenarioSet:
    """Hold the scenarios a study sees, and the share of the year each stands for."""

    scenarios: tuple[Scenario, ...]
    weight: FloatArray

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the scenarios."""
        return tuple(scenario.number for scenario in self.scenarios)


def whole_year(data: StagedData) -> ScenarioSet:
    """Return all scenarios with their own probabilities."""
    found = all_scenarios(data)
    return ScenarioSet(found, np.array([scenario.probability for scenario in found]))


def reduce_scenarios(data: StagedData, n: int) -> ScenarioSet:
    """Return `n` scenarios that stand for all, each with the probability of those nearest to it.

    The hardest is always kept: the one with the highest peak, of these the one with the least PV
    (a summer workday). The others are added one at a time, each the one that most reduces the
    probability-weighted distance to the nearest kept (fast forward selection, Heitsch and Roemisch,
    Computational Optimization and Applications 24, 2003). Distance is that of the square of the net
    load of the last stage, unmanaged vehicles included, hour by hour: losses go by the square, and
    what must be built by the highest hours.
    """
    year = all_scenarios(data)
    n = min(n, len(year))
    last = data.stages[-1]
    vehicles_kw = last.ev_count * unmanaged_kw(data, last)
    net = np.array([last.peak_kw * s.load + vehicles_kw - last.pv_kw * s.pv for s in year])
    net = np.sign(net) * net**2
    distance = np.linalg.norm(net[:, None, :] - net[None, :, :], axis=2)
    probability = np.array([s.probability for s in year])
    kept = [min(range(len(year)), key=lambda k: (-year[k].load.max(), year[k].pv.sum()))]
    while len(kept) < n:
        others = [k for k in range(len(year)) if k not in kept]
        kept.append(
            min(others, key=lambda k: float(probability @ distance[:, [*kept, k]].min(axis=1)))
        )
    kept.sort()
    nearest = np.argmin(distance[:, kept], axis=1)
    weight = np.array([probability[nearest == k].sum() for k in range(len(kept))])
    return ScenarioSet(tuple(year[k] for k in kept), weight)


def unmanaged_kw(data: StagedData, stage: Stage) -> FloatArray:
    """Return the charging of one unmanaged vehicle by hour, (24,), at the meter.

    Those that answer time-of-use prices follow their own course, with the same energy a day.
    """
    fleet = data.ev
    shape = np.array(fleet.unmanaged) ** fleet.shape_exponent
    moved = np.array(fleet.time_of_use)
    if moved.sum() > 0.0:
        moved = moved * (shape.sum() / moved.sum())
    share = stage.tou_share
    return fleet.unmanaged_kw * ((1.0 - share) * shape + share * moved)


def base_loads(feeder: Feeder, stage: Stage, scenario: Scenario) -> tuple[FloatArray, FloatArray]:
    """Return active and reactive load without vehicles, (24, n_bus), of a studied feeder."""
    scale = stage.peak_kw / float(feeder.p_kw.sum())
    course = scenario.load[:, None] * scale
    return course * feeder.p_kw, course * feeder.q_kvar


def pv_available_kw(data: StagedData, stage: Stage, scenario: Scenario) -> FloatArray:
    """Return what each PV site can deliver by hour, (24, n_pv)."""
    share = np.array([site.share for site in data.pv])
    return np.asarray(stage.pv_kw * scenario.pv[:, None] * share)


def hourly_loads(
    feeder: Feeder,
    data: StagedData,
    stage: Stage,
    scenarios: Sequence[Scenario],
    charging_kw: Sequence[FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """Return loads with all the PV there is and given charging, scenario by scenario.

    Parameters
    ----------
    charging_kw : sequence of (24,) float array
        Of all stations together, a course a scenario.

    Returns
    -------
    p_kw, q_kvar : (24 * n_scenario, n_bus) float array
    """
    p_kw, q_kvar = [], []
    for scenario, charging in zip(scenarios, charging_kw, strict=True):
        p, q = base_loads(feeder, stage, scenario)
        for site in data.ev.stations:
            p[:, feeder.bus_index(site.bus)] += site.share * charging
        available = pv_available_kw(data, stage, scenario)
        for k, plant in enumerate(data.pv):
            p[:, feeder.bus_index(plant.bus)] -= available[:, k]
        p_kw.append(p)
        q_kvar.append(q)
    return np.concatenate(p_kw), np.concatenate(q_kvar)
