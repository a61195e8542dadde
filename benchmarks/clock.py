"""Owns how time is taken: CPU seconds, contenders by turns, and the processor's own frequency."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from statistics import median

from heuristics.jit import kernel

LEAST_SECONDS = 0.02
"""A call shorter than this is repeated until a measurement lasts so long."""


def cpu_seconds(call: Callable[[], object], repeats: int = 1) -> float:
    """Return the CPU seconds, of all threads, that one call takes."""
    begun = time.process_time()
    for _ in range(repeats):
        call()
    return (time.process_time() - begun) / repeats


def wall_seconds(call: Callable[[], object], repeats: int = 1) -> float:
    """Return the seconds on the wall clock that one call takes."""
    begun = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - begun) / repeats


def by_turns(
    calls: Mapping[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[Callable[[], object], int], float] = cpu_seconds,
) -> dict[str, float]:
    """Return the median time of each call, taken by turns, each round beginning with another.

    So a slow spell of the machine meets all contenders alike. Every call is made once before, for
    warmth and to see how often it must be repeated.
    """
    repeats = {
        name: max(1, round(LEAST_SECONDS / max(wall_seconds(call), 1e-9)))
        for name, call in calls.items()
    }
    taken: dict[str, list[float]] = {name: [] for name in calls}
    names = list(calls)
    is_enabled = gc.isenabled()
    for turn in range(rounds):
        start = turn % len(names)
        for name in names[start:] + names[:start]:
            gc.collect()
            gc.disable()
            taken[name].append(clock(calls[name], repeats[name]))
            if is_enabled:
                gc.enable()
    return {name: median(times) for name, times in taken.items()}


@kernel
def _chain(n: int, value: int, key: int) -> int:
    """Return what n dependent pairs of exclusive or and addition make of `value`."""
    for _ in range(n):
        value = (value ^ key) + key
    return value


def processor_hz() -> float:
    """Return the cycles per CPU second, from a chain of dependent integer operations.

    Each takes one cycle on every current processor, none can start before the last has ended, and
    the two of a pair cannot be drawn together by the compiler.
    """
    n = 4_000_000
    _chain(1, 1, 1)  # compiled before the clock runs
    return 2.0 * n / cpu_seconds(lambda: _chain(n, 1, 0x5DEECE66D))
