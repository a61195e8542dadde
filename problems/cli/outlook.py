"""The command `feederlab outlook`: stages of development and their indicators."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from problems.cli.output import Json, number, print_json, print_table
from problems.cli.staged_options import Config, WriteConfig


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("outlook")(outlook)


def outlook(
    feeder: Annotated[str, typer.Argument(help="Library name, folder, or .m, .json, .dss file.")],
    pv_ratio: Annotated[
        float | None, typer.Option("--pv-ratio", help="Installed PV over peak load; last stage's.")
    ] = None,
    ev_penetration: Annotated[
        float | None,
        typer.Option("--ev-penetration", help="Share of vehicles that are electric; last stage's."),
    ] = None,
    peak_kw: Annotated[
        float | None,
        typer.Option("--peak-kw", min=0.0, help="Peak load without vehicles; last stage's."),
    ] = None,
    config: Config = None,
    write_config: WriteConfig = None,
    as_json: Json = False,
) -> None:
    """Say which stage of development a feeder is in, what to be warned of, and its indicators."""
    from problems.cli.staged_options import config_written, staged_study
    from problems.staged.outlook import outlook as compute

    if config_written(feeder, write_config):
        return
    study = staged_study(feeder, config, "outlook")
    last = study.data.stages[-1]
    found = compute(
        study,
        last.pv_ratio if pv_ratio is None else pv_ratio,
        last.ev_penetration if ev_penetration is None else ev_penetration,
        peak_kw=peak_kw,
    )
    if as_json:
        print_json(
            {
                "pv_stage": found.pv_stage,
                "ev_stage": found.ev_stage,
                "warnings": found.warnings,
                "indicators": found.indicators,
            }
        )
        return
    _print(study.feeder.name, found.pv_stage, found.ev_stage, found.warnings, found.indicators)


def _print(
    feeder: str, pv_stage: int, ev_stage: str, warnings: list[str], indicators: dict[str, Any]
) -> None:
    from problems.staged.development import EV_WORDS, PV_WORDS

    words = f"PV stage {pv_stage} ({PV_WORDS[pv_stage]})"
    words += f", EV stage {ev_stage} ({EV_WORDS['ABCD'.index(ev_stage)]})"
    typer.echo(f"{feeder}: {words}")
    for warning in warnings:
        typer.echo(f"warning: {warning}")
    modes = indicators["modes"]
    rows = [(key, *(modes[mode][key] for mode in modes)) for key in modes["uncoordinated"]]
    print_table("Indicators by charging mode, nothing invested", ("indicator", *modes), rows)
    advice = {
        key: "-" if value is None else ", ".join(map(number, _listed(value)))
        for key, value in indicators["guideline"].items()
    }
    print_table("Guideline ratios of the paper", ("what", "at least"), list(advice.items()))


def _listed(value: Any) -> list[float]:
    return list(value) if isinstance(value, list) else [value]
