"""The command `feederlab site`: one search for stations and banks on one feeder."""

from __future__ import annotations

from typing import Annotated

import typer

from problems.cli.output import Jobs, Json, Out, Quiet, Seed, print_json, print_table
from problems.cli.siting_options import SitingOptions, siting_options


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("site")(siting_options(site))


def site(
    feeder: Annotated[str, typer.Argument(help="Library name or folder of a feeder.")],
    seed: Seed,
    siting: SitingOptions,
    engine: Annotated[
        str, typer.Option("--engine", help="ga, pso, hgapso, hgapso:printed, random.")
    ] = "hgapso",
    evaluations: Annotated[
        int, typer.Option("--evaluations", min=1, help="Power flows the search may spend.")
    ] = 5000,
    certify: Annotated[
        bool, typer.Option("--certify", help="Prove a bound beside it, within 60 seconds.")
    ] = False,
    jobs: Jobs = 1,
    out: Out = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Site charging stations and capacitor banks for the greatest net present value."""
    from problems.cli.answers import assessment_keys, asset_keys, asset_words, money_key
    from problems.cli.study import NO_FEASIBLE_ANSWER, study_siting
    from problems.core.errors import ContentError

    study, folder = study_siting(
        "site",
        [feeder],
        [engine],
        siting,
        n_runs=1,
        budget=evaluations,
        seed=seed,
        n_jobs=jobs,
        out=out,
        is_quiet=quiet or as_json,
    )
    (run,) = study.runs
    if run.plan is None or run.assessment is None:
        raise ContentError(f"the search failed: {run.row.message}")
    currency = run.plan.conditions.prices.currency
    answer = {
        **assessment_keys(run.assessment, currency),
        **asset_keys(run.plan),
        "n_evaluations": run.row.n_evaluations,
        "seed": seed,
        "engine": engine,
        "seconds": run.row.seconds,
        "out": str(folder),
    }
    if certify:
        from problems.siting.certified import certify_problem

        bound = certify_problem(study.problems[run.row.problem], incumbent=run.plan).bound_usd
        npv = run.npv
        answer[money_key("bound", currency)] = bound
        answer["gap"] = None if bound is None or not npv else abs(bound - npv) / abs(npv)
    if as_json:
        print_json(answer)
    elif not quiet:
        answer.update(asset_words(run.plan))
        print_table(
            f"Best plan found on {run.row.problem}", ("figure", "value"), list(answer.items())
        )
    if not run.assessment.is_feasible:
        typer.echo("no feasible plan found; the one of least violation is shown", err=True)
        raise typer.Exit(NO_FEASIBLE_ANSWER)
