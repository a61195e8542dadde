"""Owns the processor time of work that is done in workers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def timed(work: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    """Return what some work returns, and the processor time it took in this process."""
    begun = time.process_time()
    answer = work(*arguments)
    return answer, time.process_time() - begun
