"""Owns the run record: what was asked, of what, with which versions; enough to repeat a study."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from heuristics.experiment.folder import plain_name
from problems.core.content import json_text, read_json, write_text
from problems.core.errors import ContentError

PACKAGES = ("feederlab", "deap", "numba", "numpy", "pymoo", "scipy")
"""What the figures of a study may depend on to the last bit."""


def make_record(command: str, settings: dict[str, Any], feeders: dict[str, str]) -> dict[str, Any]:
    """Return the record of a study.

    Parameters
    ----------
    command : str
        Name of the command.
    settings : dict
        All settings that the figures depend on; not the number of workers, nor the folder.
    feeders : dict of str to str
        Digest of each feeder by name.
    """
    return {
        "command": command,
        "settings": settings,
        "feeders": feeders,
        "versions": {"python": platform.python_version(), **_versions()},
        "machine": platform.machine(),
    }


def study_name(record: dict[str, Any]) -> str:
    """Return a folder name that says what the study is and that no other settings share."""
    asked = {key: record[key] for key in ("command", "settings", "feeders")}
    mark = hashlib.sha256(json_text(asked).encode()).hexdigest()[:8]
    feeders = [plain_name(name) for name in list(record["feeders"])[:5]]
    return "-".join([record["command"], *feeders, mark])


def claim_folder(folder: Path, record: dict[str, Any]) -> None:
    """Write the record into a study's folder, or check that the one there is the same.

    Raises
    ------
    ContentError
        If the folder holds another study, or files that are no study.
    """
    file = folder / "record.json"
    if file.exists():
        found = read_json(file)
        for key in record:
            if not isinstance(found, dict) or found.get(key) != record[key]:
                reason = f"a study with other {key}"
                if key in ("versions", "machine"):
                    reason = f"a study made with other versions ({_changed(found, record)})"
                raise ContentError(f"{folder}: holds {reason}; choose another folder with --out")
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ContentError(f"{folder}: is not empty and holds no study; choose another with --out")
    write_text(file, json_text(record))


def _changed(found: Any, record: dict[str, Any]) -> str:
    """Return what the machine of a study was, where this one differs."""
    if not isinstance(found, dict) or not isinstance(found.get("versions"), dict):
        return "none named"
    here = {**record["versions"], "machine": record["machine"]}
    there = {**found["versions"], "machine": found.get("machine")}
    names = [name for name in here if there.get(name) != here[name]]
    return ", ".join(f"{name} {there.get(name)}, here {here[name]}" for name in names)


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
