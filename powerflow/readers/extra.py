"""Owns what a reader says when the package it needs is not installed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from powerflow.errors import FeederError


def import_extra(module: str, extra: str, what: str) -> Any:
    """Return a module of an optional extra.

    Raises
    ------
    FeederError
        Naming the extra, if the module is not there.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise FeederError(f"{what}: {module} cannot be imported ({error})") from None
        raise FeederError(f"{what} needs {module}: pip install 'feederlab[{extra}]'") from None
