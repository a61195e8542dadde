"""The command `feederlab resume`: an interrupted study goes on where it was."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from problems.cli.output import Jobs, Json, Quiet
from problems.cli.study import Backend, Scheduler


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("resume")(resume)


def resume(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder of a study.")],
    backend: Backend = "joblib",
    scheduler: Scheduler = None,
    jobs: Jobs = 1,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Continue an interrupted study, and print what the command would.

    The record in the folder says what was asked; files that were given to the command are not
    needed again.
    """
    from problems.cli.by_command import repeats_by_command, run_again
    from problems.cli.compare import answer_compare
    from problems.cli.pareto import answer_pareto
    from problems.cli.pareto_request import read_pareto_request
    from problems.cli.request import read_request
    from problems.cli.site import answer_site
    from problems.cli.study import Workers, carry_out

    path = Path(folder)
    if repeats_by_command(path):
        code = run_again(path, path, *(["--json"] if as_json else []))
        raise typer.Exit(code)
    workers = Workers(jobs, backend, scheduler)
    several = read_pareto_request(path)
    if several is not None:
        answer_pareto(several.carry_out(path, workers), path, several.seed, quiet, as_json)
        return
    request = read_request(path)
    study = carry_out(request, path, workers, quiet or as_json)
    if request.command == "site":
        answer_site(study, path, seed=request.seed, is_quiet=quiet, as_json=as_json)
    else:
        answer_compare(study, path, is_quiet=quiet, as_json=as_json)
