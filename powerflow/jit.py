"""Owns how this package compiles: one typed decorator for every kernel."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
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
    return _compile(function, is_cached=True)


def vector_kernel(function: F) -> F:
    """Compile a kernel that names vectors (`powerflow.vector`).

    The disk cache knows a kernel by its source and processor, not by a chosen vector width, so
    that an overridden width is compiled anew each time.
    """
    return _compile(function, is_cached="POWERFLOW_LANES" not in os.environ)


@cache
def kernel_sources(package: Path) -> str:
    """Return a digest of every source file of a package that holds kernels or what they emit.

    A single file stands for itself.
    """
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")) if package.is_dir() else [package]:
        text = path.read_bytes()
        if b"powerflow.jit" in text or path.name in ("jit.py", "vector.py", "tiles.py"):
            digest.update(text)
    return digest.hexdigest()


def _compile(function: F, *, is_cached: bool) -> F:
    compiled: Any = numba.njit(cache=is_cached, nogil=True, error_model="numpy")(function)
    if is_cached:
        # Numba stamps a cached kernel with its own file alone, but kernels of other files are
        # compiled into it: a change there must not leave stale machine code behind.
        ours, own_file = Path(__file__).parent, Path(function.__code__.co_filename)
        package = own_file.parent
        while package.name != function.__module__.split(".")[0]:
            if package == package.parent:
                package = own_file  # a script: no package to look through
                break
            package = package.parent
        stamps = [kernel_sources(place) for place in dict.fromkeys((ours, package))]
        compiled._cache._cache_file._source_stamp = "".join(stamps)
    return cast(F, compiled)
