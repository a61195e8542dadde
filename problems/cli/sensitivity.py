"""The command `feederlab sensitivity`: the NPV of a plan when prices are not as assumed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from problems.cli.output import Json, print_json, print_table
from problems.siting.equipment import BankRule


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sensitivity")(sensitivity)


def sensitivity(
    plan: Annotated[str, typer.Argument(metavar="PLAN.json", help="Plan to vary the prices of.")],
    delta_pct: Annotated[
        float, typer.Option("--delta-pct", help="Change of each price, percent.")
    ] = 10.0,
    reoptimize: Annotated[
        bool,
        typer.Option(
            "--reoptimize",
            help="Site the plan anew for each price, as its own study could (record.json beside "
            "the plan) or as the options below say; without either: the plan's stations and at "
            "most as many banks, at any bus.",
        ),
    ] = False,
    station_buses: Annotated[
        str | None,
        typer.Option("--station-buses", help="Keep the stations at A,B; else they may move."),
    ] = None,
    exclude_buses: Annotated[
        str | None, typer.Option("--exclude-buses", help="Buses A,B where nothing may be sited.")
    ] = None,
    bank_rule: Annotated[
        BankRule | None, typer.Option("--bank-rule", help="Whether fewer banks may be placed.")
    ] = None,
    kvar_min: Annotated[
        float | None, typer.Option("--kvar-min", help="Smallest bank when sited anew, kvar.")
    ] = None,
    kvar_max: Annotated[
        float | None, typer.Option("--kvar-max", help="Largest bank when sited anew, kvar.")
    ] = None,
    kvar_step: Annotated[
        float | None, typer.Option("--kvar-step", help="Sizes go in steps from the smallest, kvar.")
    ] = None,
    feeder: Annotated[
        str | None, typer.Option("--feeder", help="Library name or path; else the plan's.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="DIR", help="Write sensitivity.csv and tornado.png there."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Vary each price of a plan, one at a time, and show what its NPV becomes."""
    from problems.cli.answers import money_key
    from problems.cli.plans import load_plan, recorded_equipment
    from problems.cli.siting_options import split_labels
    from problems.core.content import to_content
    from problems.siting.sensitivity import equipment_of, npv_as_assumed
    from problems.siting.sensitivity import sensitivity as swings_of

    loaded, instance = load_plan(Path(plan), feeder)
    equipment, source = None, None
    if reoptimize:
        given = {
            "station_buses": None if station_buses is None else split_labels(station_buses),
            "exclude_buses": None if exclude_buses is None else split_labels(exclude_buses),
            "bank_rule": bank_rule,
            "kvar_min": kvar_min,
            "kvar_max": kvar_max,
            "kvar_step": kvar_step,
        }
        found = recorded_equipment(Path(plan), loaded)
        recorded, record = found if found else (None, None)
        source = "the plan and the options" if record is None else f"{record} and the options"
        settings = {name: value for name, value in given.items() if value is not None}
        equipment = equipment_of(loaded, recorded, **settings)
    swings = swings_of(loaded, instance, delta_pct=delta_pct, equipment=equipment)
    npv = npv_as_assumed(loaded, instance, equipment)
    currency = instance.conditions.prices.currency
    rows: list[dict[str, Any]] = [
        {
            "parameter": swing.parameter,
            money_key("npv_low", currency): swing.npv_low,
            money_key("npv_high", currency): swing.npv_high,
        }
        for swing in swings
    ]
    if out:
        from problems.report.tables import write_table
        from problems.report.tornado import draw_tornado

        write_table(Path(out) / "sensitivity.csv", rows)
        kept = "plan sited anew" if reoptimize else "plan kept"
        title = f"{instance.feeder.name}: NPV when one price changes by {delta_pct:g} %, {kept}"
        draw_tornado(Path(out) / "tornado.png", title, swings, npv, currency)
    if as_json:
        answer: dict[str, Any] = {money_key("npv", currency): npv, "rows": rows}
        if equipment is not None:
            answer |= {"equipment": to_content(equipment), "equipment_from": source}
        print_json(answer)
        return
    print_table(
        f"NPV with each price {delta_pct:g} % lower and higher",
        tuple(rows[0]),
        [tuple(row.values()) for row in rows],
    )
    if equipment is not None:
        words = ", ".join(f"{k} {_plain(v)}" for k, v in to_content(equipment).items())
        typer.echo(f"sited anew with (from {source}): {words}")


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
