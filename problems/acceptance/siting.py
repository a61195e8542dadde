"""Owns where the devices should stand: a heuristic outside, one cone program a bus inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import joblib
import numpy as np
from numpy.typing import NDArray

from heuristics.engine import make_engine
from heuristics.loop import minimize
from heuristics.problem import Evaluation, Space
from problems.acceptance.capacity import accept_bus
from problems.acceptance.devices import Devices
from problems.acceptance.study import AcceptanceStudy
from problems.core.errors import SettingError

FloatArray = NDArray[np.float64]

POPULATION = 12


@dataclass(frozen=True, slots=True, eq=False)
class SitedDevices:
    """Hold the best places found.

    Attributes
    ----------
    devices : Devices
        The same devices at other buses.
    mean_kw : float or None
        Mean capacity over the buses of interest; None if some bus has none.
    before_kw : float or None
        The same with the devices where they stood.
    n_evaluations, n_solved : int
        Candidates asked for, and those among them that differ.
    """

    devices: Devices
    mean_kw: float | None
    before_kw: float | None
    n_evaluations: int
    n_solved: int


class DevicePlaces:
    """Search a bus for each storage unit and SVG so that stations may be largest.

    A candidate is a row of positions in the sweep order of the feeder, storage first. Equal units
    are interchangeable, so that their positions are kept in rising order. The objective is the
    negated mean capacity in kW over the buses of interest; the constraint is the share of these
    buses without an exact answer. Candidates seen before are not solved again.

    Parameters
    ----------
    study : AcceptanceStudy
        Feeder, devices, curve, limits.
    buses : sequence of str
        Buses of interest.
    n_jobs : int
        Worker processes; answers do not depend on it.

    Raises
    ------
    SettingError
        If there is nothing to site.
    """

    n_obj = 1
    n_con = 1

    def __init__(self, study: AcceptanceStudy, buses: Sequence[str], n_jobs: int = 1) -> None:
        devices = study.devices
        self.study, self.buses, self.n_jobs = study, tuple(buses), n_jobs
        n_device = len(devices.storage) + len(devices.svg)
        if n_device == 0:
            raise SettingError("nothing to site: the devices have no storage and no SVG")
        for bus in buses:
            study.case(bus)
        self._groups = _equal_units(devices)
        self._known: dict[tuple[int, ...], tuple[float, float]] = {}
        self.space = Space(
            lower=np.ones(n_device),
            upper=np.full(n_device, float(study.feeder.n_bus - 1)),
            is_integer=np.ones(n_device, dtype=np.bool_),
            repair=self._sort_equal,
        )

    @property
    def n_solved(self) -> int:
        """Number of candidates solved."""
        return len(self._known)

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Return the negated mean capacity of each candidate, and the share without answer."""
        rows = [tuple(int(position) for position in row) for row in x]
        new = [row for row in dict.fromkeys(rows) if row not in self._known]
        with joblib.parallel_config(backend="loky", n_jobs=self.n_jobs, inner_max_num_threads=1):
            answers = joblib.Parallel()(
                joblib.delayed(_mean_capacity)(self.placed(row), self.buses) for row in new
            )
        self._known.update(zip(new, answers, strict=True))
        found = np.array([self._known[row] for row in rows])
        return Evaluation(f=-found[:, :1], g=found[:, 1:])

    def placed(self, row: Sequence[int]) -> AcceptanceStudy:
        """Return the study with the devices at the positions of a candidate."""
        devices, labels = self.study.devices, self.study.feeder.bus_id
        n_storage = len(devices.storage)
        storage = tuple(
            replace(unit, bus=labels[k])
            for unit, k in zip(devices.storage, row[:n_storage], strict=True)
        )
        svg = tuple(
            replace(unit, bus=labels[k])
            for unit, k in zip(devices.svg, row[n_storage:], strict=True)
        )
        return replace(self.study, devices=replace(devices, storage=storage, svg=svg))

    def _sort_equal(self, x: FloatArray) -> FloatArray:
        x = x.copy()
        for columns in self._groups:
            x[:, columns] = np.sort(x[:, columns], axis=1)
        return x


def site_devices(
    study: AcceptanceStudy,
    buses: Sequence[str],
    *,
    seed: int,
    evaluations: int,
    n_jobs: int = 1,
    callback: Callable[[], None] | None = None,
) -> SitedDevices:
    """Return the best places that a genetic algorithm finds for storage and SVG.

    Parameters
    ----------
    study, buses, n_jobs
        As of `DevicePlaces`.
    seed : int
        Of all chance.
    evaluations : int
        Candidates that may be tried.
    callback : callable, optional
        Called after each generation.
    """
    problem = DevicePlaces(study, buses, n_jobs)
    engine = make_engine("ga", population=min(POPULATION, max(2, evaluations)))

    def tell(_: object) -> None:
        if callback is not None:
            callback()

    result = minimize(problem, engine, seed=seed, budget=evaluations, callback=tell)
    before_kw, unanswered = _mean_capacity(study, tuple(buses))
    best = problem.placed([int(position) for position in result.x])
    found_kw = -float(result.f) if result.is_feasible else None
    if found_kw is None or (unanswered <= 0.0 and before_kw > found_kw):
        # never worse than where they stood
        best, found_kw = study, before_kw if unanswered <= 0.0 else None
    return SitedDevices(
        devices=best.devices,
        mean_kw=found_kw,
        before_kw=before_kw if unanswered <= 0.0 else None,
        n_evaluations=result.n_evaluations,
        n_solved=problem.n_solved,
    )


def _mean_capacity(study: AcceptanceStudy, buses: tuple[str, ...]) -> tuple[float, float]:
    """Return the mean capacity in kW, 0 where there is none, and the share of such buses."""
    found = [accept_bus(study, bus).capacity_kw for bus in buses]
    mean = sum(kw or 0.0 for kw in found) / len(found)
    return mean, sum(kw is None for kw in found) / len(found)


def _equal_units(devices: Devices) -> list[list[int]]:
    """Return the columns of units that differ in their bus alone."""
    groups: dict[object, list[int]] = {}
    storage = [replace(unit, bus="") for unit in devices.storage]
    svg = [replace(unit, bus="") for unit in devices.svg]
    for column, unit in enumerate([*storage, *svg]):
        groups.setdefault(unit, []).append(column)
    return list(groups.values())
