"""The command `feederlab site`: one search for stations and banks on one feeder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from problems.cli.output import Jobs, Json, Out, Quiet, Seed, print_json, print_table
from problems.cli.siting_options import SitingOptions, siting_options
from problems.cli.study import ENGINES, Constraints

if TYPE_CHECKING:
    from problems.report.study import SitingStudy

CERTIFY_LIMIT_S = 60.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("site")(siting_options(site))


def site(
    feeder: Annotated[str, typer.Argument(help="Library name, folder, or .m, .json, .dss file.")],
    seed: Seed,
    siting: SitingOptions,
    engine: Annotated[str, typer.Option("--engine", help=f"One of {ENGINES}.")] = "hgapso",
    evaluations: Annotated[
        int, typer.Option("--evaluations", min=1, help="Power flows the search may spend.")
    ] = 5000,
    constraints: Constraints = "deb",
    certify: Annotated[
        bool, typer.Option("--certify", help="Prove a bound on the NPV beside it.")
    ] = False,
    limit_s: Annotated[
        float | None,
        typer.Option("--limit-s", min=0.001, help="Seconds the proof of --certify may take; 60."),
    ] = None,
    jobs: Jobs = 1,
    out: Out = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Site charging stations and capacitor banks for the greatest net present value."""
    from problems.cli.request import make_request
    from problems.cli.study import Workers, carry_out, default_folder

    if limit_s is not None and not certify:
        from problems.core.errors import SettingError

        raise SettingError("--limit-s needs --certify")
    request = make_request(
        "site",
        [feeder],
        [engine],
        siting,
        runs=1,
        evaluations=evaluations,
        seed=seed,
        limit_s=(limit_s or CERTIFY_LIMIT_S) if certify else 0.0,
        constraints=constraints,
    )
    if certify:
        from problems.siting.certified_cases import siting_cases

        # said before the search begins, not after it
        for problem in request.problems.values():
            siting_cases(problem)
    folder = Path(out) if out else default_folder(request)
    study = carry_out(request, folder, Workers(jobs), quiet or as_json)
    answer_site(study, folder, seed=seed, is_quiet=quiet, as_json=as_json)


def answer_site(
    study: SitingStudy, folder: Path, *, seed: int, is_quiet: bool, as_json: bool
) -> None:
    """Print the plan that a search found; exit with code 3 if it is infeasible."""
    from problems.cli.answers import assessment_keys, asset_keys, asset_words, money_key
    from problems.cli.study import NO_FEASIBLE_ANSWER
    from problems.core.errors import ContentError
    from problems.report.bounds import relative_gap

    (run,) = study.runs
    if run.plan is None or run.assessment is None:
        raise ContentError(f"the search failed: {run.row.message}")
    currency = run.plan.conditions.prices.currency
    answer = {
        **assessment_keys(run.assessment, currency),
        **asset_keys(run.plan),
        "n_evaluations": run.row.n_evaluations,
        "seed": seed,
        "engine": run.row.engine,
        "seconds": run.row.seconds,
        "out": str(folder),
    }
    for bound in study.bounds.values():
        answer[money_key("bound", currency)] = bound.npv
        answer["gap"] = relative_gap(bound.npv, run.npv)
        answer["bound_status"], answer["bound_message"] = bound.status, bound.message
    if as_json:
        print_json(answer)
    elif not is_quiet:
        answer.update(asset_words(run.plan))
        print_table(
            f"Best plan found on {run.row.problem}", ("figure", "value"), list(answer.items())
        )
    if not run.assessment.is_feasible:
        typer.echo("no feasible plan found; the one of least violation is shown", err=True)
        raise typer.Exit(NO_FEASIBLE_ANSWER)
