"""Owns the data of a staged study that are shipped, and writing them out."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from problems.core.content import from_content, write_text
from problems.core.errors import ContentError, SettingError
from problems.staged.case import StagedData

SHIPPED = ("ieee33", "ieee123")
"""Feeders that have a commented file of data in this package."""


def shipped_text(feeder: str) -> str:
    """Return the commented data shipped for a library feeder.

    Raises
    ------
    SettingError
        If there is none; the message names those that have one.
    """
    if feeder not in SHIPPED:
        raise SettingError(
            f"no data of a staged study are shipped for '{feeder}', only for {', '.join(SHIPPED)}; "
            "write those with --write-config, edit them for your feeder, and give --config"
        )
    return files(__package__).joinpath("data", f"{feeder}.toml").read_text(encoding="utf-8")


def shipped_data(feeder: str) -> StagedData:
    """Return the data shipped for a library feeder; see `shipped_text`."""
    import tomllib

    return from_content(StagedData, tomllib.loads(shipped_text(feeder)), f"{feeder}.toml")


def write_config(feeder: str, path: Path) -> None:
    """Write the commented data shipped for a feeder, so that they can be edited.

    Raises
    ------
    ContentError
        If the file exists: nobody's edits are overwritten.
    """
    if path.exists():
        raise ContentError(f"{path}: exists already; choose another name")
    write_text(path, shipped_text(feeder))
