"""Owns all capacities of the paper, 8 scenarios x 2 curves x 32 buses, and families of curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from powerflow.library import load_feeder
from problems.acceptance.capacity import BusCapacity, accept_all
from problems.acceptance.courses import Course, profile
from problems.acceptance.scenarios import FEEDER, NUMBERS, scenario_devices
from problems.acceptance.study import AcceptanceStudy

FloatArray = NDArray[np.float64]

TYPES = {1: "ev_type1", 2: "ev_type2"}
"""Charging types of the paper, and their assumed curves."""

SOME_BUSES = ("2", "5", "10", "14", "18", "19", "22", "25", "29", "33")
"""Buses of the families of curves: both maxima, both minima, the ends and the middles."""


@dataclass(frozen=True, slots=True)
class Courses:
    """Hold one assumption on all courses of the day, and on what storage delivers.

    Parameters
    ----------
    name : str
        What is assumed.
    load : tuple of float
        Course of all loads.
    curve : dict of int to tuple of float
        Charging curve of each type.
    storage_kvar_share : float
        Reactive power of storage as a share of its rated power.
    """

    name: str
    load: Course
    curve: Mapping[int, Course]
    storage_kvar_share: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Capacities:
    """Hold capacities by scenario, type and bus.

    Attributes
    ----------
    buses : tuple of str
        In the order of the last axis.
    found : dict of (int, int) to list of BusCapacity
        By scenario and type.
    """

    buses: tuple[str, ...]
    found: Mapping[tuple[int, int], Sequence[BusCapacity]]

    def kw(self, scenario: int, kind: int) -> FloatArray:
        """Return capacities in kW, NaN where there is no exact answer."""
        rows = self.found[scenario, kind]
        return np.array([np.nan if row.capacity_kw is None else row.capacity_kw for row in rows])

    def of(self, scenario: int, kind: int, bus: str) -> float:
        """Return the capacity of one bus in kW."""
        return float(self.kw(scenario, kind)[self.buses.index(bus)])


def assumed() -> Courses:
    """Return the courses that come with the package."""
    return Courses(
        "as assumed",
        profile("base_load"),
        {kind: profile(column) for kind, column in TYPES.items()},
    )


def study(
    courses: Courses, scenario: int, kind: int, substation_kw: float | None = None
) -> AcceptanceStudy:
    """Return the study of a scenario and type, the substation's limit another if it is given."""
    feeder = load_feeder(FEEDER)
    devices = scenario_devices(scenario, feeder)
    storage = tuple(
        replace(unit, kvar=courses.storage_kvar_share * unit.kvar) for unit in devices.storage
    )
    devices = replace(devices, load_shape=courses.load, storage=storage)
    if substation_kw is not None:
        devices = replace(devices, substation_kw=substation_kw)
    return AcceptanceStudy(feeder, devices, courses.curve[kind])


def all_capacities(
    courses: Courses,
    buses: Sequence[str] | None = None,
    scenarios: Sequence[int] = NUMBERS,
    n_jobs: int = 1,
) -> Capacities:
    """Return capacities of all scenarios and both types."""
    buses = tuple(buses or study(courses, 1, 1).all_buses())
    keys = [(scenario, kind) for scenario in scenarios for kind in TYPES]
    studies = {key: study(courses, *key) for key in keys}
    tasks = [(studies[key], bus) for bus in buses for key in keys]
    answers = iter(accept_all(tasks, n_jobs))
    found: dict[tuple[int, int], list[BusCapacity]] = {key: [] for key in keys}
    for _ in buses:
        for key in keys:
            found[key].append(next(answers))
    return Capacities(buses, found)


def families() -> Iterator[Courses]:
    """Yield other courses, each with one thing changed and within the paper's words."""
    base = assumed()
    load = np.array(base.load)
    for valley in (0.4, 0.6):
        low = load.min()
        stretched = 1.0 - (1.0 - load) * (1.0 - valley) / (1.0 - low)
        yield Courses(f"load valley {valley:g}", tuple(stretched.tolist()), base.curve)
    for shift in (-2, -1, 1, 2):
        moved = {k: tuple(np.roll(curve, shift).tolist()) for k, curve in base.curve.items()}
        yield Courses(f"charging {shift:+d} h", base.load, moved)
    for power, name in ((2.0, "narrow"), (0.5, "wide")):
        shaped = {k: tuple((np.array(c) ** power).tolist()) for k, c in base.curve.items()}
        yield Courses(f"charging {name}", base.load, shaped)
    yield Courses("charging by the words alone", base.load, in_words())
    for share in (0.0, 0.5, 0.75):
        name = f"storage kvar {share:g} x kW"
        yield Courses(name, base.load, base.curve, storage_kvar_share=share)


def in_words() -> dict[int, Course]:
    """Return the flattest curves that the text allows.

    Type 1: at its peak from 9 to 22 h, none at night. Type 2: at its peak from 23 to 3 h, half an
    hour's ramp beside it, nothing from 6 to 18 h.
    """
    first, second = np.full(24, 0.1), np.zeros(24)
    first[9:22] = 1.0
    first[7:9] = 0.5
    first[22:24] = 0.5
    second[[23, 0, 1, 2]] = 1.0
    second[[22, 3]] = 0.5
    return {1: tuple(first.tolist()), 2: tuple(second.tolist())}
