"""Owns the copy of `powerflow` that the interpreter runs, for tests that look inside kernels."""

import importlib
from types import SimpleNamespace

import pytest
from plain_python import plain_packages


@pytest.fixture(scope="module")
def plain():
    """Return modules of `powerflow` that the interpreter runs."""
    with plain_packages("powerflow"):
        names = ("block", "newton", "plan", "solve", "scoring", "result", "sensitivity", "nose")
        yield SimpleNamespace(
            **{name: importlib.import_module(f"powerflow.{name}") for name in names}
        )
