"""Owns what `site` and `compare` share: problems by feeder, the folder, progress, exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problems.core.errors import ContentError, SettingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from heuristics.experiment import RunRow
    from problems.cli.siting_options import SitingOptions
    from problems.report.study import SitingStudy

NO_FEASIBLE_ANSWER = 3
RUNS_FOLDER = Path("results") / "runs"


def study_siting(
    command: str,
    references: Sequence[str],
    engines: Sequence[str],
    siting: SitingOptions,
    *,
    n_runs: int,
    budget: int,
    seed: int,
    n_jobs: int,
    out: str | None,
    is_quiet: bool,
    best_known: dict[str, float] | None = None,
) -> tuple[SitingStudy, Path]:
    """Run a siting study and write its folder; an interrupted study goes on where it was."""
    from problems.core.content import to_content
    from problems.report.folder import write_study
    from problems.report.record import claim_folder, make_record, study_name
    from problems.report.study import run_study

    _check_names("feeder", references)
    _check_names("engine", engines)
    _check_engines(engines)
    problems = {}
    for reference in references:
        problem = siting.problem(reference)
        name = problem.instance.feeder.name
        if name in problems:
            raise ContentError(f"{reference}: a feeder named '{name}' is in the study already")
        problems[name] = problem
    settings: dict[str, Any] = {
        "engines": list(engines),
        "runs": n_runs,
        "evaluations": budget,
        "seed": seed,
        "siting": asdict(siting),
        "conditions": {
            name: to_content(problem.instance.conditions) for name, problem in problems.items()
        },
        "equipment": {name: to_content(problem.equipment) for name, problem in problems.items()},
        "best_known": best_known,
    }
    digests = {name: problem.instance.feeder.digest() for name, problem in problems.items()}
    record = make_record(command, settings, digests)
    folder = Path(out) if out else RUNS_FOLDER / study_name(record)
    claim_folder(folder, record)
    with _progress(is_quiet) as show:
        study = run_study(
            problems,
            engines,
            n_runs=n_runs,
            budget=budget,
            seed=seed,
            n_jobs=n_jobs,
            folder=folder,
            best_known=best_known,
            progress=show,
        )
    write_study(folder, study)
    return study, folder


def split_words(words: str, option: str) -> tuple[str, ...]:
    """Return the words of a comma-separated list, of which there must be one."""
    found = tuple(word.strip() for word in words.split(",") if word.strip())
    if not found:
        raise SettingError(f"{option} needs at least one name")
    return found


def _check_names(what: str, names: Sequence[str]) -> None:
    for name in names:
        if list(names).count(name) > 1:
            raise SettingError(f"{what} '{name}' is named twice")


def _check_engines(engines: Sequence[str]) -> None:
    from heuristics.engine import make_engine

    for name in engines:
        try:
            make_engine(name)
        except ValueError as error:
            raise SettingError(str(error)) from None


@contextmanager
def _progress(is_quiet: bool) -> Iterator[Callable[[RunRow, int, int], None] | None]:
    """Show finished runs, rate and remaining time on a terminal's stderr; nothing when piped."""
    if is_quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("runs", total=None)

        def show(row: RunRow, n_done: int, n_all: int) -> None:
            words = f"runs ({row.problem}, {row.engine})"
            bar.update(task, description=words, completed=n_done, total=n_all)

        yield show
