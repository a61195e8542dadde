"""Owns the options that `stage` and `outlook` share: the study's data from TOML."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from problems.staged.studied import Studied

Config = Annotated[
    str | None,
    typer.Option("--config", metavar="FILE", help="TOML with the study's data; else the shipped."),
]
WriteConfig = Annotated[
    str | None,
    typer.Option(
        "--write-config",
        metavar="FILE",
        help="Write the shipped data, commented with the basis of each figure, and stop.",
    ),
]


def config_written(feeder: str, file: str | None) -> bool:
    """Write the shipped data if a file is named; return whether it was."""
    if file is None:
        return False
    from problems.staged.door import write_config

    write_config(feeder, Path(file))
    typer.echo(f"written: {file}", err=True)
    return True


def staged_study(feeder: str, config: str | None) -> Studied:
    """Return a feeder put together with its data, or raise naming what is wrong."""
    from powerflow.library import load_feeder
    from problems.staged.door import read_data, shipped_data
    from problems.staged.studied import studied

    loaded = load_feeder(feeder)
    data = shipped_data(loaded.name) if config is None else read_data(Path(config))
    return studied(loaded, data)
