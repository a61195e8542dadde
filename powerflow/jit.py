"""Owns how this package compiles: one typed decorator for every kernel."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core import event

F = TypeVar("F", bound=Callable[..., Any])


class _Notice(event.Listener):
    """Says once, on a terminal, that the first call compiles and why it takes seconds."""

    def __init__(self) -> None:
        self._is_said = False

    def on_start(self, event: Any) -> None:
        """Write the notice at the first real compilation; a load from the disk cache is silent."""
        is_ours = event.data["dispatcher"].py_func.__module__.startswith("powerflow.")
        if is_ours and not self._is_said and sys.stderr.isatty():
            self._is_said = True
            sys.stderr.write("powerflow: compiling kernels (first use; kept on disk afterwards)\n")

    def on_end(self, event: Any) -> None:
        """Stay silent: the caller sees its answer."""


cast(Any, event).register("numba:compile", _Notice())


def kernel(function: F) -> F:
    """Compile a kernel: cached on disk, without the GIL, division by zero gives inf or NaN.

    Parameters
    ----------
    function : callable
        Arrays and numbers in, arrays filled in place or numbers out; it must not raise.
    """
    compiled = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return cast(F, compiled)
