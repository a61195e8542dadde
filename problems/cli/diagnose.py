"""The command `feederlab diagnose`: overloads, undervoltage and collapse under EVs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from problems.cli.coplan_options import (
    Adoption,
    BaseKv,
    CasesOption,
    ChargerKw,
    DayFile,
    Draws,
    FeederName,
    Hour,
    OptionalSeed,
    SourcePu,
    fleet_of,
    scenario_of,
)
from problems.cli.output import Json, Out, Quiet, print_json, print_table
from problems.core.errors import SettingError

if TYPE_CHECKING:
    from problems.coplan.diagnosis import Diagnosis


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("diagnose")(diagnose)


def diagnose(
    feeder: FeederName,
    base_kv: BaseKv = None,
    charger_kw: ChargerKw = 10.0,
    adoption: Adoption = None,
    cases: CasesOption = None,
    draws: Draws = 100,
    hour: Hour = "peak",
    day: DayFile = None,
    source_pu: SourcePu = None,
    seed: OptionalSeed = None,
    out: Out = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Say which lines are overloaded and which buses have too low a voltage, EVs included.

    Of draws the median is given, and lowest and highest as `low` and `high`; a figure exists where
    no draw collapses, and `collapsed` says whether one does.
    """
    import time

    from problems.cli.asked import asked
    from problems.cli.claimed import claim
    from problems.coplan.diagnosis import day_figures
    from problems.report.diagnosis import write_diagnosis

    begun = time.perf_counter()
    fleet = fleet_of(feeder, base_kv, charger_kw, adoption, cases, source_pu)
    if fleet.cases == "draws":
        if seed is None:
            raise SettingError("--cases draws needs --seed")
        if hour == "day" or day is not None:
            raise SettingError("--cases draws diagnoses the peak hour; leave out --hour and --day")
        from problems.coplan import diagnosis
        from problems.coplan.scenario import draw_loads

        loads = draw_loads(fleet.feeder, charger_kw, fleet.adoption_pct, seed, draws)
        found = diagnosis.diagnose(fleet.feeder, *loads)
        source = f"the feeder's load and {draws} draws of who has an EV"
        answer = _over_draws(found)
    else:
        scenario = scenario_of(fleet, hour, day, source_pu)
        found, source = scenario.diagnose(), scenario.source
        answer = {**asdict(day_figures(found)), **_places(found)}
    answer = {
        "feeder": fleet.feeder.name,
        "base_kv": fleet.feeder.base_kv,
        "charger_kw": charger_kw,
        "adoption_pct": fleet.adoption_pct,
        "cases": fleet.cases,
        **answer,
    }
    folder = claim("diagnose", fleet.feeder, out, [day])
    seconds = time.perf_counter() - begun
    write_diagnosis(folder, found, answer, seconds, source, asked())
    if as_json:
        print_json({**answer, "out": str(folder)})
        return
    if quiet:
        return
    rows = [(key, value) for key, value in answer.items() if not isinstance(value, list | dict)]
    print_table(f"Diagnosis of {fleet.feeder.name}", ("figure", "value"), rows)
    if answer.get("lines"):
        print_table(
            "Overloaded lines",
            ("from", "to", "current A", "loading %"),
            [(x["from_bus"], x["to_bus"], x["i_a"], x["loading_pct"]) for x in answer["lines"]],
        )
    typer.echo(f"files: {folder}")


def _places(found: Diagnosis) -> dict[str, Any]:
    """Return the overloaded lines, each in its worst hour, greatest loading first."""
    import numpy as np

    if found.collapsed.any():
        return {"lines": None}
    feeder = found.feeder
    over = np.flatnonzero(found.overloaded.any(axis=0))
    worst = found.loading_pct[:, over].max(axis=0)
    lines = [
        {
            "from_bus": feeder.bus_id[feeder.parent[k]],
            "to_bus": feeder.bus_id[k],
            "i_a": float(found.i_a[:, k].max()),
            "loading_pct": float(loading),
        }
        for k, loading in zip(over, worst, strict=True)
    ]
    return {"lines": sorted(lines, key=lambda line: -float(str(line["loading_pct"])))}


def _over_draws(found: Diagnosis) -> dict[str, Any]:
    import numpy as np

    has_ampacity = found.feeder.has_ampacity
    figures = {
        "max_loading_pct": found.over_branches("max"),
        "mean_loading_pct": found.over_branches("mean"),
        "line_violations": found.line_violations,
        "undervoltage_buses": found.undervoltage_buses,
        "v_min_pu": found.v_pu.min(axis=1),
    }
    collapsed = bool(found.collapsed.any())
    answer: dict[str, Any] = {"collapsed": collapsed, "low": {}, "high": {}}
    for key, values in figures.items():
        exists = not collapsed and (has_ampacity or key in ("undervoltage_buses", "v_min_pu"))
        answer[key] = float(np.median(values)) if exists else None
        answer["low"][key] = float(values.min()) if exists else None
        answer["high"][key] = float(values.max()) if exists else None
    return answer
