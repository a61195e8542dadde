"""Owns writing a feeder as the folder that `powerflow.readers.tables` reads."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence

from powerflow.feeder import Feeder


def folder_texts(feeder: Feeder) -> dict[str, str]:
    """Return the files of a feeder's folder, text by name.

    Numbers are written to the last bit, so that reading them gives the same digest. Columns of
    which nothing is known are left out.

    Examples
    --------
    >>> from powerflow import load_feeder
    >>> sorted(folder_texts(load_feeder("ieee33")))
    ['branches.csv', 'buses.csv', 'feeder.toml']
    """
    upstream = [feeder.bus_id[bus] for bus in feeder.parent[1:]]
    branches: dict[str, Sequence[object]] = {
        "from_bus": upstream,
        "to_bus": feeder.bus_id[1:],
        "r_ohm": feeder.r_ohm[1:].tolist(),
        "x_ohm": feeder.x_ohm[1:].tolist(),
        "ampacity_a": feeder.ampacity_a[1:].tolist(),
        "length_m": feeder.length_m[1:].tolist(),
        "kind": feeder.kind[1:],
    }
    buses: dict[str, Sequence[object]] = {
        "bus": feeder.bus_id,
        "p_kw": feeder.p_kw.tolist(),
        "q_kvar": feeder.q_kvar.tolist(),
        "customers": feeder.customers.tolist(),
        "x": feeder.x.tolist(),
        "y": feeder.y.tolist(),
    }
    return {
        "branches.csv": _csv_text(branches, ("ampacity_a", "length_m", "kind")),
        "buses.csv": _csv_text(buses, ("customers", "x", "y")),
        "feeder.toml": _toml_text(feeder),
    }


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    return str(value)


def _csv_text(columns: Mapping[str, Sequence[object]], optional: Sequence[str]) -> str:
    cells = {name: [_cell(value) for value in values] for name, values in columns.items()}
    names = [name for name in cells if name not in optional or any(cells[name])]
    rows = [names, *map(list, zip(*(cells[name] for name in names), strict=True))]
    text = io.StringIO()
    plain = csv.writer(text, lineterminator="\n")
    quoted = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in rows:
        # a line that begins with # would be read as a comment
        (quoted if row[0].startswith("#") else plain).writerow(row)
    return text.getvalue()


def _toml_text(feeder: Feeder) -> str:
    lines = [
        f"name = {_toml_word(feeder.name)}",
        f"base_kv = {float(feeder.base_kv)!r}",
        f"slack_bus = {_toml_word(feeder.bus_id[0])}",
        f"slack_vpu_peak = {float(feeder.v_source_pu)!r}",
    ]
    for key in ("title", "citation"):
        if getattr(feeder, key):
            lines.append(f"{key} = {_toml_word(getattr(feeder, key))}")
    if feeder.notes:
        lines += ["notes = [", *(f"  {_toml_word(note)}," for note in feeder.notes), "]"]
    return "\n".join(lines) + "\n"


def _toml_word(text: str) -> str:
    """Return a TOML basic string; JSON writes the same escapes, but for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
