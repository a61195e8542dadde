"""Owns how a siting study is carried out: its folder, its workers, progress, interruption."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from problems.core.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress, TaskID

    from heuristics.experiment import RunRow
    from problems.cli.request import Request
    from problems.report.study import SitingStudy

NO_FEASIBLE_ANSWER = 3
SOLVER_FAILED = 4
INTERRUPTED = 130
RUNS_FOLDER = Path("results") / "runs"

ENGINES = (
    "de, deap:ga, exact, ga, hgapso, hgapso:printed, hybrid, memetic, nsga2, pso, random, "
    "pymoo:NAME"
)
"""What `make_engine` knows, for help; to ask it would import what help does not need."""

Backend = Annotated[
    Literal["joblib", "dask"],
    typer.Option("--backend", help="Where runs go: worker processes here, or a Dask cluster."),
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="Of the Dask cluster, tcp://HOST:PORT."),
]

Constraints = Annotated[
    Literal["deb", "epsilon", "penalty"],
    typer.Option("--constraints", help="How engines rank infeasible candidates."),
]


@dataclass(frozen=True, slots=True)
class Workers:
    """Hold where the runs of a study are carried out; no figure depends on it.

    Raises
    ------
    SettingError
        If a cluster has no scheduler, or a scheduler no cluster.
    """

    n_jobs: int = 1
    backend: str = "joblib"
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.backend == "dask" and self.scheduler is None:
            raise SettingError("--backend dask needs --scheduler, the address of the cluster")
        if self.backend != "dask" and self.scheduler is not None:
            raise SettingError("--scheduler needs --backend dask")


def default_folder(request: Request) -> Path:
    """Return the folder of a study that was given none."""
    from problems.report.record import study_name

    return RUNS_FOLDER / study_name(request.record())


def carry_out(request: Request, folder: Path, workers: Workers, is_quiet: bool) -> SitingStudy:
    """Run a study as `repeat` does, and say after Ctrl-C how to continue it.

    Raises
    ------
    typer.Exit
        With code 130 after Ctrl-C, which leaves a folder that `feederlab resume` continues.
    """
    try:
        return repeat(request, folder, workers, is_quiet)
    except KeyboardInterrupt:
        words = f"interrupted; continue with: feederlab resume {shlex.quote(str(folder))}"
        typer.echo(words, err=True)
        raise typer.Exit(INTERRUPTED) from None


def repeat(request: Request, folder: Path, workers: Workers, is_quiet: bool) -> SitingStudy:
    """Run a study and write its folder; what the folder holds already is not done again."""
    from problems.report.record import claim_folder

    claim_folder(folder, request.record())
    with _progress(is_quiet) as show:
        return _fill(request, folder, workers, show)


def _fill(request: Request, folder: Path, workers: Workers, show: _Display | None) -> SitingStudy:
    from problems.report.bounds import prove_bounds
    from problems.report.folder import write_study
    from problems.report.page import write_page
    from problems.report.siting_page import siting_page
    from problems.report.study import run_study
    from problems.report.targets import refuted

    announce = show.proof if show is not None else None
    bounds = prove_bounds(request.problems, folder, request.limit_s, announce)
    for sentence in refuted(request.best_known or {}, bounds):
        typer.echo(sentence, err=True)
    study = run_study(
        request.problems,
        request.engines,
        n_runs=request.runs,
        budget=request.evaluations,
        seed=request.seed,
        n_jobs=workers.n_jobs,
        scheduler=workers.scheduler,
        folder=folder,
        bounds=bounds,
        constraints=request.constraints,
        best_known=request.best_known,
        progress=show.run if show is not None else None,
    )
    if show is not None:
        show.files()
    write_study(folder, study)
    write_page(folder, siting_page(study, request.words()))
    return study


def split_words(words: str, option: str) -> tuple[str, ...]:
    """Return the words of a comma-separated list, of which there must be one."""
    found = tuple(word.strip() for word in words.split(",") if word.strip())
    if not found:
        raise SettingError(f"{option} needs at least one name")
    return found


def pace(n_new: int, elapsed_s: float, n_left: int) -> str:
    """Return rate and remaining time in words, from the runs finished since the start.

    Examples
    --------
    >>> pace(30, 60.0, 45)
    '30 runs/min, 0:01:30 left'
    """
    if n_new == 0 or elapsed_s <= 0.0:
        return ""
    minutes, seconds = divmod(round(n_left * elapsed_s / n_new), 60)
    left = f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    return f"{60.0 * n_new / elapsed_s:,.3g} runs/min, {left} left"


class _Display:
    """Shows on one line of a terminal what a study does."""

    def __init__(self, bar: Progress, task: TaskID, clock: Callable[[], float]) -> None:
        self.bar = bar
        self.task = task
        self.clock = clock
        self.began_s = clock()
        self.n_new = 0

    def proof(self, feeder: str) -> None:
        """Say that a bound is being proven."""
        self.bar.update(self.task, description=f"proving a bound ({feeder})")
        self.began_s = self.clock()

    def run(self, row: RunRow, n_done: int, n_all: int) -> None:
        """Count a finished run; runs of an earlier start do not count for the rate."""
        self.n_new += 1
        words = pace(self.n_new, self.clock() - self.began_s, n_all - n_done)
        self.bar.update(
            self.task,
            description=f"runs ({row.problem}, {row.engine})",
            completed=n_done,
            total=n_all,
            pace=words,
        )

    def files(self) -> None:
        """Say that the files are being written."""
        self.bar.refresh()  # the pace of the last run, however short the runs were
        self.bar.update(self.task, description="writing tables and figures", pace="")


@contextmanager
def _progress(is_quiet: bool) -> Iterator[_Display | None]:
    """Show progress on a terminal's stderr; nothing when piped."""
    if is_quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Display(bar, bar.add_task("runs", total=None, pace=""), time.monotonic)
