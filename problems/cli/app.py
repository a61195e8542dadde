"""Owns the list of commands; each command's own module is imported when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from problems.cli import (
    accept,
    assess,
    certify,
    compare,
    convert,
    coplan,
    diagnose,
    diff,
    feeder_options,
    feeders,
    flow,
    host,
    next_steps,
    outlook,
    pareto,
    report,
    rerun,
    resume,
    sensitivity,
    show,
    site,
    stage,
)
from problems.cli.config import ConfiguredCommand, with_config

app = typer.Typer(
    name="feederlab",
    help="Plan EV charging, capacitors, storage and staged investment on distribution feeders.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        typer.echo(version("feederlab"))
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _top(
    context: typer.Context,
    _: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(next_steps.words())


COMMANDS = (
    *(feeders, flow, site, assess, sensitivity, certify, compare, pareto),
    *(diagnose, coplan, host),
    *(outlook, stage, accept),
    *(resume, rerun, report, show, diff, convert),
)
for command in COMMANDS:
    command.register(app)
for info in app.registered_commands:
    if info.callback is not None:
        info.callback = with_config(info.callback)
        info.cls = ConfiguredCommand
feeder_options.add_feeder_options(app)
