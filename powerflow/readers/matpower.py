"""Owns reading a MATPOWER case file, version 2, parsed by matpowercaseframes."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from powerflow.checks import quote
from powerflow.errors import FeederError
from powerflow.loops import Opening
from powerflow.readers.extra import import_extra
from powerflow.readers.matpower_statements import COLUMNS, apply_statements, arithmetic
from powerflow.readers.network import Branch, Bus, Network, Reading, Report
from powerflow.readers.reduce import to_reading
from powerflow.units import current_a

Table = NDArray[np.float64]
LEAST_COLUMNS = {"bus": 13, "gen": 8, "branch": 11}
REFERENCE, ISOLATED = 3, 4
USED = {
    "bus": "BUS_TYPE PD QD GS BS VM BASE_KV",
    "gen": "PG QG VG GEN_STATUS",
    "branch": "BR_R BR_X BR_B TAP BR_STATUS",
}
"""Columns that must be finite; limits may be infinite."""
TOO_LARGE = 1e30
"""No quantity of a case is as large, in any unit, and its square is still a number."""


def read_matpower(path: Path, opening: Opening) -> Reading:
    """Read a MATPOWER case, version 2, as a radial feeder.

    Statements behind the tables that convert units (ohm to per unit, kW to MW, a power factor) are
    carried out. The reference bus is the source, at the set voltage of its generator; other
    generators feed in what the case says, and hold no voltage.

    Raises
    ------
    FeederError
        Naming file, table and row, and what was expected; and if the extra is not installed.
    """
    text = _text(path)
    frames = import_extra("matpowercaseframes", "matpower", f"{path}: a MATPOWER case")
    if "mpc.version = '2'" not in text.replace('"', "'"):
        raise FeederError(f"{path}: expected a MATPOWER case of version 2 (mpc.version = '2')")
    try:
        with warnings.catch_warnings():
            # What the parser's pandas will change some day is no matter of the user's.
            warnings.simplefilter("ignore", DeprecationWarning)
            case = frames.CaseFrames(str(path))
        base_cell = case.baseMVA
        cells = {name: getattr(case, name).to_numpy().tolist() for name in LEAST_COLUMNS}
    except Exception as error:  # the parser raises whatever it stumbles over
        said = quote(" ".join(str(error).split()), 200)
        raise FeederError(
            f"{path}: cannot be parsed as a MATPOWER case (the parser says: {said})"
        ) from None
    base_mva = _number(base_cell, f"{path}, mpc.baseMVA")
    tables = {name: _numbers(rows, f"{path}, mpc.{name}") for name, rows in cells.items()}
    for name, table in tables.items():
        if table.ndim != 2 or table.shape[1] < LEAST_COLUMNS[name]:
            raise FeederError(
                f"{path}, mpc.{name}: expected rows of at least {LEAST_COLUMNS[name]} numbers"
            )
    if not (math.isfinite(base_mva) and base_mva > 0.0):
        raise FeederError(f"{path}, mpc.baseMVA: expected a positive number, not {base_mva}")
    words = apply_statements(text, str(path), base_mva, tables)
    for name, table in tables.items():
        _check_finite(path, name, table)
    network = _network(path, base_mva, tables)
    network.report.averaged[:0] = words
    return to_reading(network, opening)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise FeederError(f"{path}: cannot be read ({error.strerror})") from None


def _check_finite(path: Path, name: str, table: Table) -> None:
    for column in USED[name].split():
        wrong = ~(np.abs(table[:, COLUMNS[name][column]]) < TOO_LARGE)
        if wrong.any():
            row = int(np.argmax(wrong))
            found = table[row, COLUMNS[name][column]]
            raise FeederError(
                f"{path}, mpc.{name} row {row + 1}: expected a finite {column}, not {found}"
            )


def _numbers(cells: list[list[Any]], where: str) -> Table:
    """Return the cells of a table as numbers."""
    rows = [[_number(cell, f"{where} row {k + 1}") for cell in row] for k, row in enumerate(cells)]
    return np.array(rows, dtype=np.float64)


def _number(cell: Any, where: str) -> float:
    """Return a cell as a number; it may be arithmetic such as 50/3 or 11/sqrt(3)."""
    try:
        return float(cell)
    except (TypeError, ValueError):
        pass
    try:
        return float(arithmetic(str(cell), {}))
    except (SyntaxError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError):
        raise FeederError(f"{where}: expected a number, not {quote(cell)}") from None


def _network(path: Path, base_mva: float, tables: dict[str, Table]) -> Network:
    report = Report()
    column = COLUMNS["bus"]
    buses: dict[str, Bus] = {}
    held_pu: dict[str, float] = {}
    for row, values in enumerate(tables["bus"]):
        label = _label(values[column["BUS_I"]], f"{path}, mpc.bus row {row + 1}")
        kind, kv = int(values[column["BUS_TYPE"]]), float(values[column["BASE_KV"]])
        if label in buses:
            raise FeederError(f"{path}, mpc.bus row {row + 1}: bus {label} stands there twice")
        if not kv > 0.0:
            raise FeederError(
                f"{path}, mpc.bus row {row + 1}: expected a positive BASE_KV for bus {label}, "
                f"not {kv:g}; without it per unit cannot become ohm"
            )
        bus = buses[label] = Bus(kv)
        bus.draw(1e3 * values[column["PD"]], 1e3 * values[column["QD"]])
        # GS consumes at 1 p.u., BS injects
        bus.draw(1e3 * values[column["GS"]], -1e3 * values[column["BS"]], 2)
        if kind == REFERENCE:
            held_pu[label] = float(values[column["VM"]])
        if kind == ISOLATED:
            report.dropped.append(f"bus {label}: isolated")
    if not held_pu:
        raise FeederError(f"{path}, mpc.bus: no reference bus (type 3)")
    _add_generators(path, tables["gen"], buses, held_pu, report)
    branches = _branches(path, tables["branch"], buses, base_mva, report)
    return Network(path.stem, str(path), held_pu, buses, branches, report)


def _label(value: float, where: str) -> str:
    if not (math.isfinite(value) and value == int(value)):
        raise FeederError(f"{where}: expected a whole bus number, not {value}")
    return str(int(value))


def _add_generators(
    path: Path, table: Table, buses: dict[str, Bus], held_pu: dict[str, float], report: Report
) -> None:
    """Let generators feed in; those at a reference bus set its voltage."""
    column = COLUMNS["gen"]
    for row, values in enumerate(table):
        label = _label(values[column["GEN_BUS"]], f"{path}, mpc.gen row {row + 1}")
        if label not in buses:
            raise FeederError(f"{path}, mpc.gen row {row + 1}: unknown bus {label}")
        if values[column["GEN_STATUS"]] <= 0.0:
            report.dropped.append(f"generator at bus {label}: out of service")
        elif label in held_pu:
            held_pu[label] = float(values[column["VG"]])
        else:
            p_kw, q_kvar = 1e3 * values[column["PG"]], 1e3 * values[column["QG"]]
            buses[label].draw(-p_kw, -q_kvar)
            report.averaged.append(
                f"generator at bus {label}: feeds in {p_kw:g} kW and {q_kvar:g} kvar, "
                "holds no voltage"
            )


def _branches(
    path: Path, table: Table, buses: dict[str, Bus], base_mva: float, report: Report
) -> list[Branch]:
    column = COLUMNS["branch"]
    branches = []
    for row, values in enumerate(table):
        name = f"mpc.branch row {row + 1}"
        from_bus, to_bus = (
            _label(values[column[end]], f"{path}, {name}") for end in ("F_BUS", "T_BUS")
        )
        for label in (from_bus, to_bus):
            if label not in buses:
                raise FeederError(f"{path}, {name}: unknown bus {label}")
        if values[column["BR_STATUS"]] <= 0.0:
            report.dropped.append(f"{name} ({from_bus}:{to_bus}): open")
            continue
        start, end = buses[from_bus], buses[to_bus]
        tap = float(values[column["TAP"]]) or 1.0
        if not tap > 0.0:
            raise FeederError(f"{path}, {name}: expected a positive tap ratio, not {tap:g}")
        base_ohm = end.kv**2 / base_mva
        rate_mva = float(values[column["RATE_A"]])
        is_transformer = values[column["TAP"]] != 0.0 or start.kv != end.kv
        charging_kvar = 1e3 * float(values[column["BR_B"]]) * base_mva
        branches.append(
            Branch(
                name,
                from_bus,
                to_bus,
                r_ohm=float(values[column["BR_R"]]) * base_ohm,
                x_ohm=float(values[column["BR_X"]]) * base_ohm,
                ampacity_a=current_a(1e3 * rate_mva, end.kv)
                if 0.0 < rate_mva < math.inf
                else math.nan,
                kind="transformer" if is_transformer else "line",
                ratio=1.0 / tap,
                # half of the charging at each end; at the from end it stands before the tap
                start_kva=-0.5j * charging_kvar / tap**2,
                end_kva=-0.5j * charging_kvar,
            )
        )
    return branches
