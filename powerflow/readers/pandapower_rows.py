"""Owns how rows and cells of a pandapower table are read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any


def in_service(net: Any, table: str) -> Iterator[tuple[int, Any]]:
    """Return the rows of a table that are in service, by index."""
    frame = getattr(net, table, None)
    if frame is None or not len(frame):
        return
    for row in frame.itertuples():
        if bool(getattr(row, "in_service", True)):
            yield int(row.Index), row


def number(row: Any, column: str, default: float = 0.0) -> float:
    """Return a cell as a number; a missing column or an empty cell is the default."""
    try:
        value = float(getattr(row, column, default))
    except (TypeError, ValueError):
        return default
    return value if math.isfinite(value) else default
