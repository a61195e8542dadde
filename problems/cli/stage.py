"""The command `feederlab stage`: what to build, where and when, while PV and vehicles grow."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from problems.cli.output import Jobs, Json, Out, Quiet, print_json, print_table
from problems.cli.staged_options import Config, OptionalSeed, WriteConfig
from problems.core.errors import SettingError

LEAST_LOST_KWH = 1.0
"""Load a year that counts as not served: less is the tolerance of a solver."""

if TYPE_CHECKING:
    from problems.staged.scheme_plan import NoPlan, SchemePlan
    from problems.staged.studied import Studied


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("stage")(stage)


def stage(
    feeder: Annotated[str, typer.Argument(help="Library name or folder of a feeder.")],
    seed: OptionalSeed = None,
    scheme: Annotated[
        Literal["A", "B", "C", "D", "all"],
        typer.Option("--scheme", help="A one-off, B staged, C with storage, D with V2G; or all."),
    ] = "D",
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer scenarios and plans; a looser gap, shown.")
    ] = False,
    config: Config = None,
    write_config: WriteConfig = None,
    jobs: Jobs = 1,
    out: Out = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Plan staged investment: a genetic search and a proof above, cone dispatch below."""
    from problems.cli.staged_options import config_written, require_conic, staged_study
    from problems.cli.study import INTERRUPTED, RUNS_FOLDER
    from problems.core.content import to_content
    from problems.report.record import claim_folder, make_record, study_name
    from problems.report.staged import begin_page, write_staged

    if config_written(feeder, write_config):
        return
    if seed is None:
        raise SettingError("stage needs --seed: its genetic search draws")
    require_conic()
    study = staged_study(feeder, config, "stage")
    settings = {
        "scheme": scheme, "quick": quick, "seed": seed, "reference": feeder,
        "data": to_content(study.data),
    }  # fmt: skip
    record = make_record("stage", settings, {study.feeder.name: study.feeder.digest()})
    folder = Path(out) if out else RUNS_FOLDER / study_name(record)
    claim_folder(folder, record)
    command = _command(folder, feeder, study, scheme, seed, quick, config)
    begin_page(folder, study, command)
    names = ("A", "B", "C", "D") if scheme == "all" else (scheme,)
    try:
        plans, failed, seconds = _plans(study, names, seed, quick, jobs, folder, quiet or as_json)
    except KeyboardInterrupt:
        words = f"interrupted; continue with: feederlab resume {shlex.quote(str(folder))}"
        typer.echo(words, err=True)
        raise typer.Exit(INTERRUPTED) from None
    if plans:
        write_staged(folder, study, plans, command)
    _write_times(folder, seconds, {**plans, **failed})
    _answer(study, names, plans, failed, seconds, folder, quiet, as_json)


def _command(
    folder: Path,
    feeder: str,
    study: Studied,
    scheme: str,
    seed: int,
    quick: bool,
    config: str | None,
) -> str:
    """Return the command that repeats the study; data that were given stand in the folder."""
    words = ["feederlab", "stage", feeder, "--scheme", scheme, "--seed", str(seed)]
    if quick:
        words.append("--quick")
    if config is not None:
        from problems.cli.staged_options import kept_config

        words += ["--config", kept_config(folder, config)]
    return shlex.join(words)


def _plans(
    study: Studied,
    names: tuple[Any, ...],
    seed: int,
    is_quick: bool,
    n_jobs: int,
    folder: Path,
    is_quiet: bool,
) -> tuple[dict[str, SchemePlan], dict[str, NoPlan], dict[str, float]]:
    from problems.cli.staged_options import progress_line
    from problems.staged.investment import Scheme
    from problems.staged.scheme_plan import Effort, NoPlan, plan_scheme

    effort = Effort.of(study, seed=seed, is_quick=is_quick)
    plans: dict[str, SchemePlan] = {}
    failed: dict[str, NoPlan] = {}
    seconds: dict[str, float] = {}
    with progress_line(is_quiet) as say:
        for name in names:
            begun = time.perf_counter()
            plan = plan_scheme(
                study, Scheme(name), effort, n_jobs=n_jobs, folder=folder, say=say, known=plans
            )
            seconds[name] = time.perf_counter() - begun
            if isinstance(plan, NoPlan):
                failed[name] = plan
            else:
                plans[name] = plan
    return plans, failed, seconds


def _write_times(
    folder: Path, seconds: dict[str, float], found: dict[str, SchemePlan | NoPlan]
) -> None:
    from problems.report.tables import write_table

    rows = [
        {"scheme": name, "seconds": s, "solver_cpu_seconds": found[name].cpu_s}
        for name, s in seconds.items()
    ]
    write_table(folder / "timing.csv", rows)


def _answer(
    study: Studied,
    names: tuple[str, ...],
    plans: dict[str, SchemePlan],
    failed: dict[str, NoPlan],
    seconds: dict[str, float],
    folder: Path,
    is_quiet: bool,
    as_json: bool,
) -> None:
    from problems.cli.study import SOLVER_FAILED
    from problems.staged.indicators import scheme_answer, unplanned_answer

    answers: dict[str, Any] = {
        name: {
            **(scheme_answer(plans[name]) if name in plans else unplanned_answer(failed[name])),
            "seconds": seconds[name],
        }
        for name in names
    }
    if as_json:
        print_json({"feeder": study.feeder.name, "schemes": answers, "out": str(folder)})
    elif not is_quiet:
        keys = (
            "lcc_rmb", "bound_rmb", "gap", "lcc_all_rmb", "investment_rmb",
            "first_stage_investment_rmb", "curtailment_pct", "charging_satisfaction_pct", "status",
            "message",
        )  # fmt: skip
        rows = [(key, *(answers[name].get(key) for name in names)) for key in keys]
        columns = ("figure", *(f"scheme {name}" for name in names))
        print_table(f"Staged plans of {study.feeder.name}", columns, rows)
        _print_built(plans)
        typer.echo(f"files: {folder}")
    for sentence in _shed(study, plans):
        typer.echo(sentence, err=True)
    for name, plan in failed.items():
        typer.echo(f"scheme {name}: {plan.message}", err=True)
    if failed:
        raise typer.Exit(SOLVER_FAILED)


def _shed(study: Studied, plans: dict[str, SchemePlan]) -> list[str]:
    """Return which stages of which plans cannot serve all load, one sentence each."""
    from problems.staged.indicators import scheme_answer

    return [
        f"scheme {name}, stage {stage.name}: {lost:,.0f} kWh of load a year are not served; "
        "nothing that may be built carries its peak cheaper"
        for name, plan in plans.items()
        for stage, lost in zip(study.data.stages, scheme_answer(plan)["lost_load_kwh"], strict=True)
        if lost is not None and lost >= LEAST_LOST_KWH
    ]


def _print_built(plans: dict[str, SchemePlan]) -> None:
    from problems.staged.indicators import listed_investments

    rows = [
        (name, row["stage"], row["category"], row["what"], row["size"], row["cost_rmb"])
        for name, plan in plans.items()
        for row in listed_investments(plan)
        if row["category"] != "basic piles"
    ]
    if rows:
        print_table("Built", ("scheme", "stage", "category", "what", "size", "RMB"), rows)
