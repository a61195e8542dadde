"""Owns the options that every siting command takes, and the study they describe."""

from __future__ import annotations

import csv
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from problems.core.equipment import Mode
from problems.core.money import MoneyRule
from problems.siting.equipment import BankRule

if TYPE_CHECKING:
    from problems.siting.problem import SitingProblem


def _help(text: str) -> dict[str, str]:
    return {"help": text}


@dataclass(frozen=True, slots=True, kw_only=True)
class SitingOptions:
    """Hold the siting options of the command line, as they were given."""

    stations: int | None = field(
        default=None, metadata=_help("Charging stations; 2, or as many as --station-buses.")
    )
    station_kw: float = field(default=1500.0, metadata=_help("Rating of each station, kW."))
    station_buses: str | None = field(
        default=None, metadata=_help("Their buses, A,B; free if left out.")
    )
    mode: Mode = field(default="g2v", metadata=_help("Stations charge from the grid, or feed it."))
    v2g_share: float | None = field(
        default=None, metadata=_help("Share of the rating fed back in v2g, a fraction.")
    )
    capacitors: int | None = field(
        default=None, metadata=_help("Capacitor banks; 4, on the 118-bus feeders 10.")
    )
    bank_rule: BankRule = field(
        default="at-most", metadata=_help("Whether fewer banks may be placed.")
    )
    kvar_min: float = field(default=150.0, metadata=_help("Smallest bank, kvar."))
    kvar_max: float = field(default=1200.0, metadata=_help("Largest bank, kvar."))
    kvar_step: float | None = field(
        default=None, metadata=_help("Sizes go in steps from the smallest, kvar.")
    )
    exclude_buses: str | None = field(
        default=None, metadata=_help("Buses A,B where nothing may be sited.")
    )
    kvar_sizes: str | None = field(
        default=None,
        metadata=_help("The sizes banks come in, kvar: 150,300,600; instead of range and step."),
    )
    station_kw_min: float | None = field(
        default=None,
        metadata=_help(
            "With --station-kw-max: ratings of stations are found, kW; their sum stays that of "
            "--stations times --station-kw."
        ),
    )
    station_kw_max: float | None = field(default=None, metadata=_help("See --station-kw-min."))
    existing: str | None = field(
        default=None,
        metadata=_help(
            "What stands already: PLAN.json, or FILE, CSV, or TOML tables of asset: "
            "kind,bus,kw,kvar. It stays, costs nothing, and belongs to the feeder that savings "
            "are counted against."
        ),
    )
    budget: float | None = field(
        default=None, metadata=_help("Greatest investment, in the currency of the prices.")
    )
    growth: float | None = field(
        default=None,
        metadata=_help("Growth of loads a year, a fraction; today's are the first year's."),
    )
    bus_costs: str | None = field(
        default=None,
        metadata=_help(
            "FILE, CSV, or TOML tables of bus: bus,cost,capacitor_cost: what a station (land) or a "
            "bank costs there, beside the prices."
        ),
    )
    v_min: float = field(
        default=0.95, metadata=_help("Lowest voltage, p.u.; 0 switches the floor off.")
    )
    v_max: float = field(default=1.05, metadata=_help("Highest voltage, p.u."))
    npv: MoneyRule = field(
        default="annuity", metadata=_help("Sum of discounted years, or one payment in the last.")
    )
    prices: str | None = field(
        default=None,
        metadata=_help(
            "FILE, TOML or CSV price,value: currency energy_per_kwh discount_rate "
            "capacitor_install_per_site capacitor_om_per_site_year capacitor_purchase_per_kvar "
            "station_install_per_site station_om_per_site_year station_purchase_per_kw."
        ),
    )
    states: str | None = field(
        default=None,
        metadata=_help(
            "FILE, CSV, or TOML tables of state: name,hours,load_factor,station_factor."
        ),
    )
    sweeps: int | None = field(
        default=None, metadata=_help("Stop each power flow after N sweeps (published tables).")
    )
    min_spacing: float | None = field(
        default=None,
        metadata=_help(
            "Least distance between two stations along the feeder; km if all lengths are known, "
            "else ohm."
        ),
    )
    coverage: float | None = field(
        default=None,
        metadata=_help("Greatest distance from a bus with demand to its nearest station; same."),
    )

    def problem(self, reference: str) -> SitingProblem:
        """Return the siting problem on a feeder, or raise naming what is wrong with an option."""
        from powerflow.library import load_feeder
        from powerflow.limits import Limits
        from problems.core.errors import SettingError
        from problems.core.horizon import Horizon
        from problems.core.instance import Conditions, Instance
        from problems.core.money import Prices
        from problems.core.station_limits import StationLimits, access_unit
        from problems.siting.equipment import (
            BANKS_OF_FEEDER,
            DEFAULT_BANKS,
            DEFAULT_STATIONS,
            SitingEquipment,
        )
        from problems.siting.problem import SitingProblem
        from problems.siting.tables import (
            read_bus_costs,
            read_existing,
            read_prices,
            read_states,
        )

        if self.v2g_share is not None and self.mode != "v2g":
            raise SettingError("--v2g-share needs --mode v2g")
        feeder = load_feeder(reference)
        try:
            limits = Limits(self.v_min, self.v_max)
        except ValueError as error:
            raise SettingError(str(error)) from None
        station_buses = split_labels(self.station_buses)
        stations, capacitors = self.stations, self.capacitors
        if stations is None:
            stations = len(station_buses) or DEFAULT_STATIONS
        if capacitors is None:
            capacitors = BANKS_OF_FEEDER.get(feeder.name, DEFAULT_BANKS)
        station_limits = None
        if self.min_spacing is not None or self.coverage is not None:
            station_limits = StationLimits(access_unit(feeder), self.min_spacing, self.coverage)
        states = read_states(Path(self.states)) if self.states else Horizon().states
        conditions = Conditions(
            limits=limits,
            horizon=Horizon(states, growth=self.growth),
            prices=read_prices(Path(self.prices)) if self.prices else Prices(),
            money_rule=self.npv,
            mode=self.mode,
            v2g_share=self.v2g_share,
            sweeps=self.sweeps,
            station_limits=station_limits,
            existing=read_existing(Path(self.existing), feeder) if self.existing else None,
            budget=self.budget,
            bus_costs=read_bus_costs(Path(self.bus_costs)) if self.bus_costs else None,
        )
        equipment = SitingEquipment(
            stations=stations,
            station_kw=self.station_kw,
            station_buses=station_buses,
            capacitors=capacitors,
            bank_rule=self.bank_rule,
            kvar_min=self.kvar_min,
            kvar_max=self.kvar_max,
            kvar_step=self.kvar_step,
            exclude_buses=split_labels(self.exclude_buses),
            station_kw_min=self.station_kw_min,
            station_kw_max=self.station_kw_max,
            kvar_sizes=None if self.kvar_sizes is None else _numbers(self.kvar_sizes),
        )
        return SitingProblem(Instance(feeder, conditions, reference), equipment)


def siting_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the siting options in place of its parameter `siting`."""
    own = inspect.signature(command, eval_str=True)
    kept = [parameter for name, parameter in own.parameters.items() if name != "siting"]
    hints = get_type_hints(SitingOptions)
    added = [
        inspect.Parameter(
            option.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=option.default,
            annotation=Annotated[
                hints[option.name],
                typer.Option(
                    f"--{option.name.replace('_', '-')}",
                    help=option.metadata["help"],
                    rich_help_panel="Siting",
                ),
            ],
        )
        for option in fields(SitingOptions)
    ]

    @functools.wraps(command)
    def with_options(*args: Any, **kwargs: Any) -> None:
        siting = SitingOptions(**{option.name: kwargs.pop(option.name) for option in added})
        command(*args, siting=siting, **kwargs)

    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in kept] + added
    with_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {p.name: p.annotation for p in parameters}
    return with_options


def split_labels(words: str | None) -> tuple[str, ...]:
    """Return the labels of a comma-separated list; one with a comma in it stands in quotes."""
    if words is None:
        return ()
    (row,) = csv.reader([words], skipinitialspace=True)
    return tuple(word.strip() for word in row if word.strip())


def _numbers(words: str) -> tuple[float, ...]:
    """Return the numbers of a comma-separated list."""
    from problems.core.errors import SettingError

    try:
        return tuple(float(word) for word in split_labels(words))
    except ValueError:
        raise SettingError(f"kvar sizes must be numbers, not '{words}'") from None
