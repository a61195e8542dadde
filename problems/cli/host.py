"""The command `feederlab host`: how many EVs a feeder can take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from problems.cli.coplan_options import BaseKv, ChargerKw, DayFile, FeederName, SourcePu, fleet_of
from problems.cli.coplan_plan_options import StorageFile
from problems.cli.output import Jobs, Json, Out, Quiet, Seed, print_json, print_table, progress

ProfileName = Annotated[
    Literal["simultaneous", "home", "overnight", "smart"],
    typer.Option(
        "--profile",
        help="Every EV at full power all day; the course of home or overnight charging; the energy "
        "of home charging in the valley of the feeder's load.",
    ),
]
ChargingHours = Annotated[
    Literal["profile", "drawn"],
    typer.Option(
        "--charging",
        help="All EVs alike as the profile has it, or each at full power for hours drawn for it.",
    ),
]
WithStorage = Annotated[
    bool,
    typer.Option("--with-storage", help="Also how far storage of any size stretches it; slow."),
]
StorageDraws = Annotated[
    int, typer.Option("--storage-draws", min=1, help="Draws that storage is planned for.")
]
NDraws = Annotated[
    int,
    typer.Option("--draws", min=1, help="Draws of who has an EV and, if drawn, when it charges."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("host")(host)


def host(
    feeder: FeederName,
    seed: Seed,
    base_kv: BaseKv = None,
    charger_kw: ChargerKw = 10.0,
    profile: ProfileName = "simultaneous",
    charging: ChargingHours = "profile",
    draws: NDraws = 1000,
    day: DayFile = None,
    source_pu: SourcePu = None,
    with_storage: WithStorage = False,
    storage_draws: StorageDraws = 8,
    storage: StorageFile = None,
    jobs: Jobs = 1,
    out: Out = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Find the share of customers that may have an EV before a limit is violated."""
    import time
    from dataclasses import replace

    import numpy as np

    from problems.cli.asked import asked
    from problems.cli.claimed import claim
    from problems.cli.study import SOLVER_FAILED
    from problems.coplan.charging import DRAWS_AT_ONCE
    from problems.coplan.day import day_of
    from problems.coplan.hosting import host as find
    from problems.report.hosting import write_hosting

    begun = time.perf_counter()

    fleet = fleet_of(feeder, base_kv, charger_kw, 0.0, "proportional", source_pu)
    loads = day_of(fleet.feeder, None if day is None else Path(day))
    if source_pu is not None:
        loads = replace(loads, v_source_pu=np.full(loads.n_hour, source_pu))
    with progress("groups of draws", -(-draws // DRAWS_AT_ONCE), quiet) as advance:
        found = find(
            fleet.feeder,
            loads,
            charger_kw=charger_kw,
            profile=profile,
            seed=seed,
            n_draw=draws,
            is_drawn=charging == "drawn",
            callback=advance,
        )
    stored: dict[str, Any] = {}
    relieved = None
    if with_storage:
        from problems.coplan.equipment import read_library
        from problems.coplan.hosting_storage import host_with_storage

        terms = read_library(storage=None if storage is None else Path(storage)).storage
        relieved = host_with_storage(
            fleet.feeder,
            loads,
            terms,
            charger_kw=charger_kw,
            profile=profile,
            seed=seed,
            n_draw=storage_draws,
            is_drawn=charging == "drawn",
            n_jobs=jobs,
        )
        stored = threshold_keys(relieved.threshold_pct, "_with_storage")
        stored["storage_draws"] = storage_draws
        stored["storage_failed_draws"] = int(relieved.is_open.sum())
        stored["storage_lowered_draws"] = int((relieved.lowered_pct > 0).sum())
    answer: dict[str, Any] = {
        "feeder": fleet.feeder.name,
        "base_kv": fleet.feeder.base_kv,
        "charger_kw": charger_kw,
        "profile": profile,
        "charging": charging,
        "draws": draws,
        "day": loads.source,
        **threshold_keys(found.threshold_pct, ""),
        **stored,
        "probability": [row._asdict() for row in found.probability()],
    }
    folder = claim("host", fleet.feeder, out, [day, storage if with_storage else None])
    seconds = time.perf_counter() - begun
    write_hosting(folder, found, relieved, answer, seconds, asked())
    if as_json:
        print_json({**answer, "seconds": seconds, "out": str(folder)})
    elif not quiet:
        rows = [(key, value) for key, value in answer.items() if not isinstance(value, list)]
        print_table(f"Hosting capacity of {fleet.feeder.name}", ("figure", "value"), rows)
        shown = [tuple(row) for row in found.probability() if row.adoption_pct % 10 == 0]
        print_table("Probability of a violation", ("adoption %", "p", "low", "high"), shown)
        typer.echo(f"files: {folder}")
    if relieved is not None and relieved.message:
        typer.echo(relieved.message, err=True)
        if relieved.is_open.any():
            raise typer.Exit(SOLVER_FAILED)


def threshold_keys(threshold_pct: Any, suffix: str) -> dict[str, float | None]:
    """Return median, lowest and highest threshold; null where even 0 % violates."""
    import numpy as np

    figures = {
        "threshold_pct": float(np.median(threshold_pct)),
        "threshold_low_pct": float(threshold_pct.min()),
        "threshold_high_pct": float(threshold_pct.max()),
    }
    return {key + suffix: value if value >= 0.0 else None for key, value in figures.items()}
