"""Owns scenarios 1 to 8 of the acceptance paper, which belong to the 33-bus feeder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files

from powerflow.feeder import Feeder
from problems.acceptance.devices import Devices, PvPlant, StorageUnit, Svg
from problems.core.content import from_content, read_toml
from problems.core.errors import SettingError

FEEDER = "ieee33"
NUMBERS = tuple(range(1, 9))


@dataclass(frozen=True, slots=True)
class Scenario:
    """Hold a row of Table 1."""

    number: int
    svg_kvar: tuple[float, ...]
    ess_kwh: float
    ess_kw: float
    pv_kw: tuple[float, ...]
    limit_kw: float


@dataclass(frozen=True, slots=True)
class ScenarioTable:
    """Hold Table 1 and what all scenarios share."""

    load_scale: float
    ess_buses: tuple[str, ...]
    svg_buses: tuple[str, ...]
    pv_buses: tuple[str, ...]
    substation_kvar: float
    charge_efficiency: float
    discharge_efficiency: float
    scenario: tuple[Scenario, ...]


@cache
def scenario_table() -> ScenarioTable:
    """Return the scenarios that come with the package."""
    with as_file(files("problems.acceptance") / "data" / "scenarios.toml") as path:
        return from_content(ScenarioTable, read_toml(path), path.name)


def scenario_devices(number: int, feeder: Feeder) -> Devices:
    """Return the devices of a scenario.

    The transmission power limit holds every line and the substation with them.

    Raises
    ------
    SettingError
        If there is no such scenario, or the feeder is not the paper's.
    """
    if number not in NUMBERS:
        raise SettingError(f"scenario must be from 1 to {len(NUMBERS)}, not {number}")
    if feeder.name != FEEDER:
        raise SettingError(
            f"the scenarios belong to {FEEDER}, not to {feeder.name}: "
            "describe its devices in a file, --devices FILE"
        )
    table = scenario_table()
    row = next(row for row in table.scenario if row.number == number)
    return Devices(
        load_scale=table.load_scale,
        line_kw=row.limit_kw,
        substation_kw=row.limit_kw,
        substation_kvar=table.substation_kvar,
        storage=tuple(
            StorageUnit(
                bus,
                row.ess_kwh,
                row.ess_kw,
                kvar=row.ess_kw,
                charge_efficiency=table.charge_efficiency,
                discharge_efficiency=table.discharge_efficiency,
            )
            for bus in table.ess_buses
        ),
        svg=tuple(Svg(bus, kvar) for bus, kvar in zip(table.svg_buses, row.svg_kvar, strict=True)),
        pv=tuple(PvPlant(bus, kw) for bus, kw in zip(table.pv_buses, row.pv_kw, strict=True)),
    )
