"""Owns the CSV files of a study: same rows, same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from problems.core.content import write_text


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as CSV, atomically; numbers to the last bit, None as an empty cell."""
    table = pd.DataFrame.from_records(list(rows)).astype(object)
    write_text(path, table.to_csv(index=False, lineterminator="\n"))
