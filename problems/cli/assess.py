"""The command `feederlab assess`: any plan, judged by AC power flow and its money."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from problems.cli.output import Json, print_json, print_table
from problems.core.money import MoneyRule


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("assess")(assess)


def assess(
    plan: Annotated[str, typer.Argument(metavar="PLAN.json", help="Plan to judge.")],
    npv: Annotated[
        MoneyRule | None, typer.Option("--npv", help="Money rule; else the plan's.")
    ] = None,
    sweeps: Annotated[
        int | None, typer.Option("--sweeps", min=1, help="Stop each power flow after N sweeps.")
    ] = None,
    v_min: Annotated[
        float | None, typer.Option("--v-min", help="Lowest voltage, p.u.; 0 is no floor.")
    ] = None,
    v_max: Annotated[float | None, typer.Option("--v-max", help="Highest voltage, p.u.")] = None,
    states: Annotated[
        str | None,
        typer.Option(
            "--states",
            metavar="FILE",
            help="CSV, or TOML tables of state: name,hours,load_factor,station_factor.",
        ),
    ] = None,
    feeder: Annotated[
        str | None, typer.Option("--feeder", help="Library name or path; else the plan's.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Judge a plan; every setting that is left out is the plan's own."""
    from powerflow.limits import Limits
    from problems.cli.answers import assessment_keys, asset_words
    from problems.cli.plans import load_plan
    from problems.core.assess import assess as judge
    from problems.core.errors import SettingError
    from problems.siting.tables import read_states

    loaded, instance = load_plan(Path(plan), feeder)
    conditions = loaded.conditions
    limits = conditions.limits
    try:
        limits = Limits(
            limits.v_min_pu if v_min is None else v_min,
            limits.v_max_pu if v_max is None else v_max,
            limits.loading_max_pct,
        )
    except ValueError as error:
        raise SettingError(str(error)) from None
    horizon = conditions.horizon
    conditions = replace(
        conditions,
        limits=limits,
        money_rule=npv or conditions.money_rule,
        sweeps=sweeps or conditions.sweeps,
        horizon=replace(horizon, states=read_states(Path(states))) if states else horizon,
    )
    assessment = judge(loaded, replace(instance, conditions=conditions))
    answer = assessment_keys(assessment, conditions.prices.currency)
    if as_json:
        print_json(answer)
        return
    rows = [*asset_words(loaded).items(), *answer.items()]
    print_table(f"Plan on {instance.feeder.name}", ("figure", "value"), rows)
