"""Owns how a batch is split over threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from itertools import pairwise
from typing import Any, cast

MIN_CASES = 64
"""Fewer cases cost more to hand to a thread than they save."""


def run_split(work: Callable[[int, int], None], n_case: int, n_threads: int | None) -> None:
    """Call ``work(first, last)`` over the cases, split over threads; the caller is one of them.

    Cases are independent, so the split never changes a bit of any answer.

    Parameters
    ----------
    n_threads : int or None
        None takes numba's setting (NUMBA_NUM_THREADS), which joblib sets in its workers.

    Raises
    ------
    ValueError
        If `n_threads` is not positive.
    """
    if n_threads is None:
        import numba

        n_threads = int(cast(Any, numba.config).NUMBA_NUM_THREADS)
    if n_threads < 1:
        raise ValueError(f"n_threads must be at least 1, not {n_threads}")
    n_part = min(n_threads, n_case // MIN_CASES)
    if n_part < 2:
        work(0, n_case)
        return
    # One part a thread: each switch between Python and a kernel costs more than a fairer split.
    edges = [n_case * part // n_part for part in range(n_part + 1)]
    others = [_pool(n_part - 1).submit(work, a, b) for a, b in pairwise(edges[1:])]
    try:
        work(0, edges[1])
    finally:
        wait(others)
    for other in others:
        other.result()


@cache
def _pool(n_threads: int) -> ThreadPoolExecutor:
    """Return threads that wait for work: starting one takes as long as many power flows."""
    return ThreadPoolExecutor(n_threads, thread_name_prefix="powerflow")


# A forked process has none of its parent's threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)
