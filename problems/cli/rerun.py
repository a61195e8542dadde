"""The command `feederlab rerun`: whether a study gives the same files once more."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from problems.cli.output import Jobs, Json, Quiet, print_json
from problems.cli.study import Backend, Scheduler

DIFFERENT = 1
MOST_SHOWN = 10
"""Figures of a file that are shown."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("rerun")(rerun)


def rerun(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder of a finished study.")],
    backend: Backend = "joblib",
    scheduler: Scheduler = None,
    jobs: Jobs = 1,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Repeat a finished study in a temporary folder, and say whether every figure agrees.

    Times are left out, and so is what the folder was kept without: runs/ and report.html. A bound
    that a time limit cut is taken over, for it depends on the machine.
    """
    from problems.cli.by_command import repeats_by_command, run_again_silently
    from problems.cli.pareto_request import read_pareto_request
    from problems.cli.request import read_request
    from problems.cli.study import Workers, repeat
    from problems.core.errors import ContentError
    from problems.report.agree import differing_figures, differing_files
    from problems.report.bounds import keep_unfinished
    from problems.report.record import claim_folder

    path = Path(folder)
    workers = Workers(jobs, backend, scheduler)
    by_command = repeats_by_command(path)
    several = None if by_command else read_pareto_request(path)
    if not by_command and not (path / "summary.csv").exists():
        raise ContentError(f"{path}: the study is not finished; see feederlab resume")
    with tempfile.TemporaryDirectory() as temporary:
        again = Path(temporary) / "again"
        if by_command:
            run_again_silently(path, again)
        elif several is not None:
            several.carry_out(again, workers)
        else:
            request = read_request(path)
            claim_folder(again, request.record())
            keep_unfinished(path, again)
            repeat(request, again, workers, quiet or as_json)
        differences = differing_files(path, again, is_kept=True)
        figures = differing_figures(path, again, differences)
    if as_json:
        told = {"figures": [asdict(figure) for figure in figures]} if differences else {}
        print_json({"agree": not differences, "differences": differences, **told})
    elif not quiet:
        for name in differences:
            own = [figure.words() for figure in figures if figure.file == name]
            typer.echo(f"differs: {name}")
            for line in own[:MOST_SHOWN]:
                typer.echo(f"  {line}")
            if len(own) > MOST_SHOWN:
                typer.echo(f"  and {len(own) - MOST_SHOWN} more; --json names all")
        typer.echo("some files differ" if differences else "every file but the times agrees")
    if differences:
        raise typer.Exit(DIFFERENT)
