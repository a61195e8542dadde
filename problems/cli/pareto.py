"""The command `feederlab pareto`: fronts of money, voltage and access."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from problems.cli.output import Jobs, Json, Out, Quiet, Seed, number, print_json, print_table
from problems.cli.siting_options import SitingOptions, siting_options

if TYPE_CHECKING:
    from problems.report.pareto import ParetoStudy


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("pareto")(siting_options(pareto))


def pareto(
    feeder: Annotated[str, typer.Argument(help="Library name, folder, or .m, .json, .dss file.")],
    seed: Seed,
    siting: SitingOptions,
    objectives: Annotated[
        str, typer.Option("--objectives", help="At least two of npv, voltage, access.")
    ] = "npv,voltage,access",
    evaluations: Annotated[
        int, typer.Option("--evaluations", min=1, help="Power flows each run may spend.")
    ] = 5000,
    population: Annotated[
        int, typer.Option("--population", min=2, help="Plans that NSGA-II keeps.")
    ] = 100,
    runs: Annotated[
        int, typer.Option("--runs", min=1, help="Runs; the front is that of all together.")
    ] = 1,
    jobs: Jobs = 1,
    out: Out = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Find plans none of which is better than another in every objective, by NSGA-II.

    npv is the net present value, voltage the mean of |1 - V| over buses and load states, access the
    demand-weighted mean distance along the feeder from a bus to its nearest station.
    """
    from problems.cli.pareto_request import ParetoRequest
    from problems.cli.study import RUNS_FOLDER, Workers, split_words
    from problems.report.record import study_name
    from problems.siting.objectives import SitingObjectives

    problem = SitingObjectives(siting.problem(feeder), split_words(objectives, "--objectives"))
    request = ParetoRequest(problem, runs, evaluations, population, seed, asdict(siting))
    folder = Path(out) if out else RUNS_FOLDER / study_name(request.record())
    answer_pareto(request.carry_out(folder, Workers(jobs)), folder, seed, quiet, as_json)


def answer_pareto(
    study: ParetoStudy, folder: Path, seed: int, is_quiet: bool, as_json: bool
) -> None:
    """Print what a study found; exit 3 without a feasible plan."""
    from problems.cli.study import NO_FEASIBLE_ANSWER

    if as_json:
        print_json({**_answer(study), "seed": seed, "out": str(folder)})
    elif not is_quiet:
        _print(study, folder)
    if not study.front:
        typer.echo("no feasible plan found; see violation", err=True)
        raise typer.Exit(NO_FEASIBLE_ANSWER)


def _answer(study: ParetoStudy) -> dict[str, Any]:
    from problems.cli.answers import asset_keys
    from problems.report.pareto_folder import anchor_keys, figure_keys, plan_file

    return {
        "feeder": study.problem.siting.instance.feeder.name,
        "objectives": list(study.problem.objectives),
        "front": [
            {**asset_keys(member.plan), **figure_keys(member), "plan": plan_file(k)}
            for k, member in enumerate(study.front)
        ],
        "knee": None if study.knee is None else plan_file(study.knee),
        "hypervolume": study.hypervolume,
        **anchor_keys(study),
        "violation": _least_violation(study),
        "n_evaluations": sum(run.n_evaluations for run in study.runs),
        "runs": len(study.runs),
        "seconds": sum(run.seconds for run in study.runs),
    }


def _least_violation(study: ParetoStudy) -> float | None:
    """Return 0 with a front, else the least violation seen; None if no plan had a solution."""
    least = min(run.violation for run in study.runs)
    return least if least < float("inf") else None


def _print(study: ParetoStudy, folder: Path) -> None:
    from problems.cli.answers import asset_words
    from problems.report.pareto_figures import named_plans
    from problems.report.pareto_folder import figure_keys

    feeder = study.problem.siting.instance.feeder.name
    if study.front:
        named = {place: name for place, _, _, name in reversed(named_plans(study))}
        rows = []
        for place, name in sorted(named.items()):
            member = study.front[place]
            figures = figure_keys(member)
            unit = figures.pop("access_unit")
            words = asset_words(member.plan)
            access = f"{number(figures.pop('access'), 4)} {unit}"
            rows.append((f"{place + 1:03d} {name}", *figures.values(), access, *words.values()))
        columns = ("plan", *figures, "access", *words)
        print_table(f"Extremes of {len(study.front)} plans on {feeder}", columns, rows)
        typer.echo(f"hypervolume: {number(study.hypervolume)} of ideal to reference point")
    else:
        typer.echo(f"least violation: {number(_least_violation(study))} of the limit")
    typer.echo(f"files: {folder}")
