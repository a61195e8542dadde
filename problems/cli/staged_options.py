"""Owns the options that `stage` and `outlook` share: the study's data from TOML."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from problems.staged.studied import Studied

Config = Annotated[
    str | None,
    typer.Option("--config", metavar="FILE", help="TOML with the study's data; else the shipped."),
]
OptionalSeed = Annotated[
    int | None,
    typer.Option("--seed", min=0, help="Seed of all chance in the study; needed to plan."),
]
WriteConfig = Annotated[
    str | None,
    typer.Option(
        "--write-config",
        metavar="FILE",
        help="Write the shipped data, commented with the basis of each figure, and stop.",
    ),
]

KEPT = "config.toml"
"""Name of the data that a study was given, in its folder."""


def config_written(feeder: str, file: str | None) -> bool:
    """Write the shipped data if a file is named; return whether it was."""
    if file is None:
        return False
    from problems.cli.config import settings_at_hand
    from problems.core.content import write_text
    from problems.staged.door import write_config

    path = Path(file)
    write_config(feeder, path)
    write_text(path, f"{path.read_text(encoding='utf-8')}\n{settings_at_hand()}")
    typer.echo(f"written: {file}", err=True)
    return True


def staged_study(feeder: str, config: str | None, command: str) -> Studied:
    """Return a feeder put together with its data, or raise naming what is wrong."""
    from powerflow.library import load_feeder
    from problems.cli.config import study_data
    from problems.core.content import from_content
    from problems.staged.case import StagedData
    from problems.staged.door import shipped_data
    from problems.staged.studied import studied

    loaded = load_feeder(feeder)
    if config is None:
        return studied(loaded, shipped_data(loaded.name))
    return studied(loaded, from_content(StagedData, study_data(Path(config), command), config))


def kept_config(folder: Path, config: str) -> str:
    """Keep data that were given in the study's folder; return the path that repeats it from there.

    Data that a study has kept already stay the ones that its repetition names.
    """
    from problems.core.content import write_text

    given, kept = Path(config), folder / KEPT
    if given.resolve() != kept.resolve():
        write_text(kept, given.read_text(encoding="utf-8"))
    is_of_a_study = given.name == KEPT and (given.parent / "record.json").exists()
    return config if is_of_a_study else str(kept)


def require_conic() -> None:
    """Raise SettingError naming the extra that brings the cone solver, unless it is installed."""
    from importlib.util import find_spec

    from problems.core.errors import SettingError

    missing = [name for name in ("cvxpy", "clarabel") if find_spec(name) is None]
    if missing:
        raise SettingError(
            f"staged planning needs {' and '.join(missing)}: pip install 'feederlab[conic]'"
        )


@contextmanager
def progress_line(is_quiet: bool) -> Iterator[Callable[[str], None]]:
    """Give a function that shows one line of progress on a terminal's stderr; nothing if piped."""
    import sys

    if is_quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        yield status.update
