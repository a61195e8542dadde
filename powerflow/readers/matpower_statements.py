"""Owns the statements behind a MATPOWER case's tables: those that convert units, carried out."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from powerflow.checks import quote
from powerflow.errors import FeederError

Table = NDArray[np.float64]

_BUS = "BUS_I BUS_TYPE PD QD GS BS BUS_AREA VM VA BASE_KV ZONE VMAX VMIN"
_BRANCH = "F_BUS T_BUS BR_R BR_X BR_B RATE_A RATE_B RATE_C TAP SHIFT BR_STATUS"
_GEN = "GEN_BUS PG QG QMAX QMIN VG MBASE GEN_STATUS"

COLUMNS = {
    table: {name: k for k, name in enumerate(names.split())}
    for table, names in (("bus", _BUS), ("branch", _BRANCH), ("gen", _GEN))
}
"""Columns by MATPOWER's names, as its manual lists them."""

_TABLE = re.compile(r"mpc\.(bus|branch|gen)\(\s*(:|\d+)\s*,\s*(?:\[([\w\s,]+)\]|(\w+))\s*\)")
_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sin": np.sin, "cos": np.cos, "acos": np.arccos, "sqrt": np.sqrt, "tan": np.tan,
}  # fmt: skip
_IGNORED = ("function", "define_constants", "return", "end")


def apply_statements(text: str, path: str, base_mva: float, tables: dict[str, Table]) -> list[str]:
    """Carry out what a case file computes behind its tables, on the tables.

    MATPOWER's radial cases stand in ohm and kW and convert themselves; a parser that reads the
    tables alone would take kW for MW. Understood are assignments of arithmetic to a variable or to
    columns of bus, branch and gen.

    Parameters
    ----------
    text, path : str
        The file and its name.
    base_mva : float
    tables : dict of str to (n_row, n_column) float array
        Changed in place.

    Returns
    -------
    list of str
        The statements that changed a table.

    Raises
    ------
    FeederError
        Naming the line, if a statement changes the case in another way.
    """
    values: dict[str, Any] = {"baseMVA": base_mva}
    applied = []
    for number, statement in _statements(text):
        target, equals, right = statement.partition("=")
        target = target.strip()
        place = f"{path} line {number}"
        if not equals or statement.startswith(_IGNORED) or target.startswith("["):
            continue  # [PQ, PV, ...] = idx_bus names the columns, as COLUMNS does
        if re.fullmatch(r"[A-Za-z]\w*", target) and "mpc" not in right.replace("mpc.", ""):
            values[target] = _value(right, place, values, tables)
        elif (match := _TABLE.fullmatch(target)) and match[2] == ":":
            columns = _columns(match, place)
            tables[match[1]][:, columns] = _value(right, place, values, tables)
            applied.append(f"line {number}: {statement}")
        elif target.startswith("mpc."):
            raise FeederError(
                f"{place}: cannot follow {quote(statement, 80)}; save the case with MATPOWER's "
                "savecase, which writes plain tables"
            )
    return applied


def _statements(text: str) -> list[tuple[int, str]]:
    """Return the statements that are no table, each with the line it begins on."""
    found = []
    closing = ""
    pending, began = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        code = line.split("%")[0].strip()
        if closing:
            closing = "" if closing in code else closing
            continue
        literal = re.match(r"mpc\.\w+\s*=\s*([\[{'\"]|[\d.])", code)
        if literal and not pending:
            closing = {"[": "]", "{": "}"}.get(literal[1], "")
            closing = "" if closing and closing in code else closing
            continue
        began = began if pending else number
        pending += code.removesuffix("...")
        if code.endswith("..."):
            continue
        found += [(began, part.strip()) for part in pending.split(";") if part.strip()]
        pending = ""
    return found


def _columns(match: re.Match[str], place: str) -> list[int]:
    known = COLUMNS[match[1]]
    names = re.split(r"[\s,]+", (match[3] or match[4]).strip())
    for name in names:
        if name not in known:
            raise FeederError(f"{place}: unknown column {quote(name)} of mpc.{match[1]}")
    return [known[name] for name in names]


def _value(right: str, place: str, values: Mapping[str, Any], tables: Mapping[str, Table]) -> Any:
    """Return the value of an arithmetic expression of numbers, variables and columns."""
    parts: dict[str, Any] = dict(values)

    def stand_in(match: re.Match[str]) -> str:
        name = f"_part{len(parts)}"
        columns = _columns(match, place)
        table = tables[match[1]]
        if match[2] == ":":
            parts[name] = table[:, columns]
        else:
            row = int(match[2]) - 1
            if not 0 <= row < len(table):
                raise FeederError(f"{place}: mpc.{match[1]} has no row {match[2]}")
            parts[name] = table[row, columns]
        return name

    words = _TABLE.sub(stand_in, right).replace("mpc.baseMVA", "baseMVA").strip()
    try:
        return arithmetic(words, parts)
    except (SyntaxError, KeyError, TypeError, ValueError, ZeroDivisionError):
        raise FeederError(
            f"{place}: cannot follow {quote(right.strip(), 80)}; save the case with MATPOWER's "
            "savecase, which writes plain tables"
        ) from None


def arithmetic(words: str, parts: Mapping[str, Any]) -> Any:
    """Return the value of an expression of numbers, named parts, + - * / ^ and a few functions.

    Raises
    ------
    SyntaxError, KeyError, TypeError, ValueError, ZeroDivisionError
        If it is none.

    Examples
    --------
    >>> float(arithmetic("2^3 / sqrt(4)", {}))
    4.0
    """
    words = words.replace(".*", "*").replace("./", "/").replace(".^", "^").replace("^", "**")
    return _evaluate(ast.parse(words, mode="eval").body, parts)


def _evaluate(node: ast.AST, parts: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.Name):
        return math.pi if node.id == "pi" else parts[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_evaluate(node.operand, parts)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1:
        return _FUNCTIONS[node.func.id](_evaluate(node.args[0], parts))
    if isinstance(node, ast.BinOp):
        left, right = _evaluate(node.left, parts), _evaluate(node.right, parts)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(node.op, ast.Div):
            return left / right
        if isinstance(node.op, ast.Pow):
            return left**right
    raise TypeError
