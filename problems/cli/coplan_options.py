"""Owns the options that say which EVs on which feeder and day are diagnosed or planned for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from problems.core.errors import SettingError

if TYPE_CHECKING:
    from powerflow.feeder import Feeder
    from problems.coplan.scenario import Scenario
    from problems.coplan.vehicles import Cases

FeederName = Annotated[str, typer.Argument(help="Library name, folder, or .m, .json, .dss file.")]
BaseKv = Annotated[
    float | None,
    typer.Option("--base-kv", help="Line-to-line base voltage, kV; ohms and A stay. Else its own."),
]
SourcePu = Annotated[
    float | None,
    typer.Option("--source-pu", help="Source voltage, p.u.; else the feeder's or the day's own."),
]
ChargerKw = Annotated[float, typer.Option("--charger-kw", min=0.0, help="Rating of a charger.")]
Adoption = Annotated[
    float | None,
    typer.Option(
        "--adoption",
        metavar="PCT",
        min=0.0,
        max=100.0,
        help="Customers with an EV, percent; 100 if left out, 0 where no customers are known.",
    ),
]
CasesOption = Annotated[
    Literal["paper", "proportional", "draws"] | None,
    typer.Option(
        "--cases",
        help="EVs as published with the DDCP paper (iowa240 at 0, 20, ... 100 %), in proportion to "
        "customers, or drawn. Published where there are any, if left out.",
    ),
]
Draws = Annotated[int, typer.Option("--draws", min=1, help="Number of draws.")]
Hour = Annotated[
    Literal["peak", "day"],
    typer.Option("--hour", help="The feeder's own load as one hour, or a whole day."),
]
DayFile = Annotated[
    str | None,
    typer.Option(
        "--day",
        metavar="FILE",
        help="Loads without EVs by hour, CSV or TOML tables of hour: hour,load_factor or "
        "hour,bus,p_kw,q_kvar, and v_source_pu if it varies.",
    ),
]
OptionalSeed = Annotated[
    int | None, typer.Option("--seed", min=0, help="Seed of the draws; needed with them.")
]


@dataclass(frozen=True, slots=True)
class Fleet:
    """Hold the EVs asked for, every left-out option filled in."""

    feeder: Feeder
    charger_kw: float
    adoption_pct: float
    cases: Cases


def fleet_of(
    reference: str,
    base_kv: float | None,
    charger_kw: float,
    adoption: float | None,
    cases: str | None,
    source_pu: float | None = None,
) -> Fleet:
    """Load the feeder and fill in what depends on it."""
    from typing import cast

    import numpy as np

    from powerflow.library import load_feeder
    from problems.coplan.scenario import at_base_kv
    from problems.coplan.vehicles import PAPER_ADOPTIONS_PCT, paper_cases

    if not np.isfinite(charger_kw):
        raise SettingError(f"--charger-kw must be finite, not {charger_kw}")
    feeder = at_base_kv(load_feeder(reference), base_kv)
    if source_pu is not None:
        if not 0.0 < source_pu < float("inf"):
            raise SettingError(f"--source-pu must be positive, not {source_pu}")
        feeder = replace(feeder, v_source_pu=source_pu)
    if not feeder.has_ampacity:
        words = f"note: feeder {feeder.name} has no ampacities: only voltages can be violated"
        typer.echo(words, err=True)
    if adoption is None:
        adoption = 100.0 if np.nansum(feeder.customers) > 0.0 else 0.0
    if cases is None:
        is_published = paper_cases(feeder) is not None and adoption in PAPER_ADOPTIONS_PCT
        cases = "paper" if is_published else "proportional"
    return Fleet(feeder, charger_kw, adoption, cast("Cases", cases))


def scenario_of(
    fleet: Fleet, hour: str, day: str | None, source_pu: float | None = None
) -> Scenario:
    """Return the scenario of a fleet that is not drawn."""
    from problems.coplan.scenario import make_scenario

    if fleet.cases == "draws":
        raise SettingError("--cases draws places EVs many times: only diagnose and host draw")
    if day is not None and hour != "day":
        raise SettingError("--day needs --hour day")
    return make_scenario(
        fleet.feeder,
        charger_kw=fleet.charger_kw,
        adoption_pct=fleet.adoption_pct,
        cases=fleet.cases,
        is_day=hour == "day",
        day_file=None if day is None else Path(day),
        source_pu=source_pu,
    )
