"""Owns how answers are printed: one JSON object, or tables for a person."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print no progress and no table.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of all chance in the study.")]
Jobs = Annotated[
    int, typer.Option("--jobs", min=1, help="Worker processes; the answer does not depend on it.")
]
Out = Annotated[
    str | None,
    typer.Option("--out", metavar="DIR", help="Folder for the files; results/runs/<name> if left."),
]


def print_json(content: Mapping[str, Any]) -> None:
    """Print one JSON object; what does not exist is null."""
    from problems.core.content import json_text

    sys.stdout.write(json_text(content))


def console() -> Console:
    """Return the console for tables on stdout, as wide as they need when it is no terminal."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table; numbers stand to the right, a figure that does not exist is a dash."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title), title_justify="left", header_style="bold")
    for k, column in enumerate(columns):
        is_number = any(isinstance(row[k], int | float) for row in rows)
        table.add_column(
            escape(column), justify="right" if is_number else "left", no_wrap=is_number or k == 0
        )
    for row in rows:
        table.add_row(*(escape(cell) if isinstance(cell, str) else number(cell) for cell in row))
    console().print(table)


@contextmanager
def progress(what: str, total: int, is_quiet: bool) -> Iterator[Callable[[], None]]:
    """Yield what to call after each of `total` steps: a bar on stderr if that is a terminal."""
    if is_quiet or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def number(value: float | None, digits: int = 6) -> str:
    """Return a figure as a person reads it: significant digits, thousands apart, - for none."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if value == 0.0 or abs(value) >= 10.0 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:,.{digits}g}"
