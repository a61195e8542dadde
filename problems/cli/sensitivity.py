"""The command `feederlab sensitivity`: the NPV of a plan when prices are not as assumed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from problems.cli.output import Json, print_json, print_table


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
            help="Site the plan's stations and at most as many banks anew for each price.",
        ),
    ] = False,
    kvar_min: Annotated[
        float, typer.Option("--kvar-min", help="Smallest bank when sited anew, kvar.")
    ] = 150.0,
    kvar_max: Annotated[
        float, typer.Option("--kvar-max", help="Largest bank when sited anew, kvar.")
    ] = 1200.0,
    feeder: Annotated[
        str | None, typer.Option("--feeder", help="Library name or folder; else the plan's.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="DIR", help="Write sensitivity.csv and tornado.png there."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Vary each price of a plan, one at a time, and show what its NPV becomes."""
    from problems.cli.answers import money_key
    from problems.cli.plans import load_plan
    from problems.siting.sensitivity import equipment_of, npv_as_assumed
    from problems.siting.sensitivity import sensitivity as swings_of

    loaded, instance = load_plan(Path(plan), feeder)
    equipment = equipment_of(loaded, kvar_min=kvar_min, kvar_max=kvar_max) if reoptimize else None
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
        print_json({money_key("npv", currency): npv, "rows": rows})
        return
    print_table(
        f"NPV with each price {delta_pct:g} % lower and higher",
        tuple(rows[0]),
        [tuple(row.values()) for row in rows],
    )
