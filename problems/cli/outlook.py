"""The command `feederlab outlook`: stages of development and their indicators."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from problems.cli.output import Json, Out, Quiet, number, print_json, print_table
from problems.cli.staged_options import Config, WriteConfig

if TYPE_CHECKING:
    from problems.staged.outlook import Outlook
    from problems.staged.studied import Studied


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
    out: Out = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Say which stage of development a feeder is in, what to be warned of, and its indicators."""
    from problems.cli.staged_options import config_written, staged_study
    from problems.staged.outlook import outlook as compute

    if config_written(feeder, write_config):
        return
    study = staged_study(feeder, config, "outlook")
    last = study.data.stages[-1]
    pv = last.pv_ratio if pv_ratio is None else pv_ratio
    ev = last.ev_penetration if ev_penetration is None else ev_penetration
    found = compute(study, pv, ev, peak_kw=peak_kw)
    folder = _write(study, found, pv, ev, peak_kw, config, out)
    if as_json:
        print_json(
            {
                "feeder": study.feeder.name,
                "pv_stage": found.pv_stage,
                "ev_stage": found.ev_stage,
                "warnings": found.warnings,
                "indicators": found.indicators,
                "out": str(folder),
            }
        )
        return
    if not quiet:
        _print(study.feeder.name, found.pv_stage, found.ev_stage, found.warnings, found.indicators)
        typer.echo(f"files: {folder}")


def _write(
    study: Studied,
    found: Outlook,
    pv_ratio: float,
    ev_penetration: float,
    peak_kw: float | None,
    config: str | None,
    out: str | None,
) -> Path:
    """Write the folder of the study and return it; data that were given are kept there."""
    import shlex

    from problems.cli.asked import asked
    from problems.cli.staged_options import kept_config
    from problems.cli.study import RUNS_FOLDER
    from problems.core.content import to_content
    from problems.report.outlook import write_outlook
    from problems.report.record import claim_folder, make_record, study_name

    settings = {
        "pv_ratio": pv_ratio, "ev_penetration": ev_penetration, "peak_kw": peak_kw,
        "data": to_content(study.data),
    }  # fmt: skip
    record = make_record("outlook", settings, {study.feeder.name: study.feeder.digest()})
    folder = Path(out) if out else RUNS_FOLDER / study_name(record)
    claim_folder(folder, record)
    command = asked()
    if config is not None:
        command += f" --config {shlex.quote(kept_config(folder, config))}"
    write_outlook(folder, study, found, pv_ratio, ev_penetration, command)
    return folder


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
    return list(dict.fromkeys(value)) if isinstance(value, list) else [value]
