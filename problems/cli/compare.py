"""The command `feederlab compare`: engines on feeders, on equal terms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from problems.cli.output import Jobs, Json, Out, Quiet, Seed, number, print_json, print_table
from problems.cli.siting_options import SitingOptions, siting_options
from problems.cli.study import ENGINES, Backend, Constraints, Scheduler

if TYPE_CHECKING:
    from problems.report.study import SitingStudy


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare")(siting_options(compare))


def compare(
    feeders: Annotated[
        list[str],
        typer.Argument(metavar="FEEDER...", help="Library names, folders, .m, .json, .dss files."),
    ],
    seed: Seed,
    siting: SitingOptions,
    engines: Annotated[str, typer.Option("--engines", help=f"A,B of {ENGINES}.")] = "ga,pso,hgapso",
    runs: Annotated[
        int, typer.Option("--runs", min=1, help="Runs of each engine on each feeder.")
    ] = 30,
    evaluations: Annotated[
        int, typer.Option("--evaluations", min=1, help="Power flows each run may spend.")
    ] = 5000,
    constraints: Constraints = "deb",
    limit_s: Annotated[
        float,
        typer.Option(
            "--limit-s", min=0.0, help="Seconds a feeder to prove a bound; 0 proves none."
        ),
    ] = 20.0,
    best_known: Annotated[
        str | None,
        typer.Option(
            "--best-known",
            metavar="FILE",
            help="CSV, or TOML tables of best: feeder,npv; the target where no bound is tight.",
        ),
    ] = None,
    backend: Backend = "joblib",
    scheduler: Scheduler = None,
    jobs: Jobs = 1,
    out: Out = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Compare engines on feeders: equal budgets, paired seeds, tables, tests and figures."""
    from problems.cli.request import make_request
    from problems.cli.study import Workers, carry_out, default_folder, split_words
    from problems.siting.tables import read_best_known

    workers = Workers(jobs, backend, scheduler)
    request = make_request(
        "compare",
        feeders,
        split_words(engines, "--engines"),
        siting,
        runs=runs,
        evaluations=evaluations,
        seed=seed,
        limit_s=limit_s,
        constraints=constraints,
        best_known=read_best_known(Path(best_known)) if best_known else None,
    )
    folder = Path(out) if out else default_folder(request)
    study = carry_out(request, folder, workers, quiet or as_json)
    answer_compare(study, folder, is_quiet=quiet, as_json=as_json)


def answer_compare(study: SitingStudy, folder: Path, *, is_quiet: bool, as_json: bool) -> None:
    """Print what a comparison found; exit with code 3 if no run found a feasible plan."""
    from problems.cli.study import NO_FEASIBLE_ANSWER
    from problems.report.summary import pair_rows

    summary, tests = _summary(study), pair_rows(study)
    if as_json:
        print_json({"summary": summary, "tests": tests, "out": str(folder)})
    elif not is_quiet:
        _print(study, summary, tests, folder)
    if not study.has_feasible:
        typer.echo("no run found a feasible plan; see least_violation", err=True)
        raise typer.Exit(NO_FEASIBLE_ANSWER)


def _summary(study: SitingStudy) -> list[dict[str, Any]]:
    """Return the summary with the median seconds of a run."""
    from statistics import median

    from problems.report.summary import summary_rows

    rows = []
    for row in summary_rows(study):
        times = [run.row.seconds for run in study.of(row["feeder"], row["engine"])]
        known = [seconds for seconds in times if seconds is not None]
        rows.append({**row, "seconds": median(known) if known else None})
    return rows


def _print(
    study: SitingStudy, summary: list[dict[str, Any]], tests: list[dict[str, Any]], folder: Path
) -> None:
    columns = (
        *("feeder", "engine", "feasible", "median", "q1", "q3", "best", "gap"),
        *("success [95 %]", "ERT [95 %]", "seconds"),
    )
    rows = [_row(row, study) for row in summary]
    currencies = {p.instance.conditions.prices.currency.upper() for p in study.problems.values()}
    print_table(f"Best NPV of each run, {'/'.join(sorted(currencies))}", columns, rows)
    for feeder in study.problems:
        typer.echo(f"{feeder}: {_target_words(study, feeder)}")
    if not study.has_feasible:
        least = [row["least_violation"] for row in summary if row["least_violation"] is not None]
        typer.echo(f"least violation: {number(min(least, default=None))} of the limit")
    if tests:
        print_table(
            "Pairs of engines: Wilcoxon signed-rank p after Holm; A12 > 0.5 favors engine_a",
            tuple(tests[0]),
            [tuple(row.values()) for row in tests],
        )
    typer.echo(f"files: {folder}")


def _target_words(study: SitingStudy, feeder: str) -> str:
    """Return what success means on a feeder, and what is proven there."""
    target, bound = study.targets.get(feeder), study.bounds.get(feeder)
    words = ["no target"]
    if target is not None:
        words = [f"success is an NPV within 0.1 % of the {target.name}, {number(target.npv, 9)}"]
    if bound is None:
        words.append("no bound asked for")
    elif bound.npv is None:
        words.append(f"no bound: {bound.message}")
    elif target is None or target.kind != "certified":
        words.append(f"the certified bound {number(bound.npv, 9)} is not tight ({bound.status})")
    return "; ".join(words)


def _row(row: dict[str, Any], study: SitingStudy) -> tuple[Any, ...]:
    currency = study.problems[row["feeder"]].instance.conditions.prices.currency
    money = (row[f"{name}_{currency}"] for name in ("median", "q1", "q3", "best"))
    success = spent = "-"
    if row["success_rate"] is not None:
        low, high = row["success_low"], row["success_high"]
        success = f"{row['success_rate']:.2f} [{low:.2f}, {high:.2f}]"
    if row["ert"] is not None:
        low, high = (f"{row[end]:,.0f}" if row[end] else "∞" for end in ("ert_low", "ert_high"))
        spent = f"{row['ert']:,.0f} [{low}, {high}]"
    share = f"{row['feasible']} of {row['runs']}"
    gap = "-" if row["gap"] is None else f"{row['gap']:.2e}"
    seconds = number(row["seconds"], digits=2)
    return row["feeder"], row["engine"], share, *money, gap, success, spent, seconds
