"""Owns what the first line costs: imports, help, warm and cold commands.

Times are seconds of CPU time, user and system: what a user waits for on an idle machine, and what a
busy one does not stretch.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.speed.item import Item, measured

IMPORTS = ("powerflow", "heuristics", "problems.cli")
HELP_S, WARM_FLOW_S = 0.5, 2.0


def items(runs: int) -> list[Item]:
    """Return every start-up figure, in seconds of CPU time."""
    found = [
        measured(f"import {module}", "CPU s", partial(import_seconds, module), runs)
        for module in IMPORTS
    ]
    flow, site = ("flow", "ieee33"), ("site", "ieee33", "--seed", "1", "--evaluations", "500")
    for words, at_most in ((("--help",), HELP_S), (flow, WARM_FLOW_S), (site, None)):
        command_seconds(words)  # fills the kernel cache
        name = f"feederlab {' '.join(words)}, warm"
        found.append(measured(name, "CPU s", partial(command_seconds, words), runs, at_most))
    found += [
        measured(
            f"feederlab {' '.join(words)}, cold", "CPU s", partial(cold_seconds, words),
            max(1, runs // 3), note="no kernel compiled before",
        )
        for words in (flow, site)
    ]  # fmt: skip
    return found


def import_seconds(module: str) -> float:
    """Return what importing a module adds to a fresh interpreter."""
    code = f"import time; t = time.process_time(); import {module}; print(time.process_time() - t)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def command_seconds(words: tuple[str, ...], cache: str | None = None) -> float:
    """Return the CPU time of a command as a process of its own, its answer thrown away.

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
        begun = _children_s()
        subprocess.run(
            [str(command), *words], cwd=folder, env=environment, capture_output=True, check=True
        )
        return _children_s() - begun


def _children_s() -> float:
    """Return the CPU time of all child processes that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def cold_seconds(words: tuple[str, ...]) -> float:
    """Return the CPU time of a command when every kernel must be compiled."""
    with tempfile.TemporaryDirectory() as cache:
        return command_seconds(words, cache)
