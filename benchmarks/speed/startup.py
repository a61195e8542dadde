"""Owns how long a user waits for the first line: imports, help, warm and cold commands."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.speed.item import Item, measured

IMPORTS = ("powerflow", "heuristics", "problems.cli")
HELP_S, WARM_FLOW_S = 0.5, 2.0


def items(runs: int) -> list[Item]:
    """Return every start-up figure, in seconds on the wall clock."""
    found = [
        measured(f"import {module}", "s", partial(import_seconds, module), runs)
        for module in IMPORTS
    ]
    flow, site = ("flow", "ieee33"), ("site", "ieee33", "--seed", "1", "--evaluations", "500")
    for words, at_most in ((("--help",), HELP_S), (flow, WARM_FLOW_S), (site, None)):
        command_seconds(words)  # fills the kernel cache
        name = f"feederlab {' '.join(words)}, warm"
        found.append(measured(name, "s", partial(command_seconds, words), runs, at_most))
    found += [
        measured(
            f"feederlab {' '.join(words)}, cold", "s", partial(cold_seconds, words),
            max(1, runs // 3), note="no kernel compiled before",
        )
        for words in (flow, site)
    ]  # fmt: skip
    return found


def import_seconds(module: str) -> float:
    """Return what importing a module adds to a fresh interpreter."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def command_seconds(words: tuple[str, ...], cache: str | None = None) -> float:
    """Return how long a command takes as a process of its own, its answer thrown away.

    Parameters
    ----------
    words : tuple of str
        After ``feederlab``.
    cache : str, optional
        Folder for compiled kernels; the usual one by default.
    """
    command = Path(sys.executable).parent / "feederlab"
    environment = dict(os.environ)
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = cache
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        subprocess.run(
            [str(command), *words], cwd=folder, env=environment, capture_output=True, check=True
        )
        return time.perf_counter() - begun


def cold_seconds(words: tuple[str, ...]) -> float:
    """Return how long a command takes when every kernel must be compiled."""
    with tempfile.TemporaryDirectory() as cache:
        return command_seconds(words, cache)
