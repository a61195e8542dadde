"""Owns a small feeder's folder, and the copy of `powerflow` that the interpreter runs."""

import importlib
from types import SimpleNamespace

import pytest
from plain_python import plain_packages
from tables_folder import write

from powerflow import load_feeder


@pytest.fixture(scope="module")
def plain():
    """Return modules of `powerflow` that the interpreter runs."""
    with plain_packages("powerflow"):
        names = ("block", "newton", "plan", "solve", "scoring", "result", "sensitivity", "nose")
        yield SimpleNamespace(
            **{name: importlib.import_module(f"powerflow.{name}") for name in names}
        )


@pytest.fixture
def small(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    return load_feeder(write(folder))
