"""The command `feederlab report`: a study's HTML page, built anew from its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from problems.cli.output import Json, Quiet, print_json

Folder = Annotated[str, typer.Argument(metavar="DIR", help="Folder of a finished study.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report")(report)


def report(folder: Folder, quiet: Quiet = False, as_json: Json = False) -> None:
    """Build report.html anew from a study's folder: one file that needs no network."""
    from problems.report.page import write_html

    file = write_html(Path(folder))
    if as_json:
        print_json({"report": str(file)})
    elif not quiet:
        typer.echo(f"report: {file}")
