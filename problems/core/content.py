"""Owns the way from a file's content to a checked dataclass and back."""

from __future__ import annotations

import difflib
import json
import math
import os
import tomllib
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from powerflow.checks import nearest
from problems.core.errors import ContentError, SettingError

T = TypeVar("T")


def to_content(value: Any) -> Any:
    """Return a dataclass as plain JSON content; fields that are None are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        pairs = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name: to_content(item) for name, item in pairs if item is not None}
    if isinstance(value, tuple | list):
        return [to_content(item) for item in value]
    return value


def from_content(kind: type[T], content: Any, where: str) -> T:
    """Build the dataclass `kind` from JSON or TOML content, checking every key and type.

    Parameters
    ----------
    kind : dataclass type
        Nested dataclasses, tuples, literals and optional fields are followed.
    content : object
        A mapping of field names to values; a field with a default may be left out.
    where : str
        Names the content in messages, usually the file.

    Raises
    ------
    ContentError
        Naming `where`, the key and what was expected; an unknown key with the nearest known one.
    """
    if not isinstance(content, Mapping):
        raise ContentError(f"{where}: expected a table of keys, not {content!r}")
    hints = get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for key in content:
        if key not in known:
            hint = nearest(str(key), known) or _nearest_inside(str(key), hints)
            raise ContentError(f"{where}: unknown key '{key}'{hint}")
    values = {}
    for name, field in known.items():
        if name in content:
            values[name] = _convert(hints[name], content[name], f"{where}: {name}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise ContentError(f"{where}: key '{name}' is missing")
    try:
        return kind(**values)
    except (ContentError, SettingError, ValueError) as error:
        raise ContentError(f"{where}: {error}") from None


def _nearest_inside(key: str, hints: Mapping[str, Any]) -> str:
    """Return a hint at the table that a key was perhaps meant for, or nothing."""
    tables = {
        field.name: name
        for name, hint in hints.items()
        if is_dataclass(hint)
        for field in fields(hint)
    }
    close = difflib.get_close_matches(key, tables, n=1, cutoff=0.8)
    return f" (did you mean {tables[close[0]]}: {close[0]}?)" if close else ""


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _convert(next(a for a in arguments if a is not type(None)), value, where)
    if origin is Literal:
        if value not in arguments:
            raise ContentError(f"{where} must be one of {', '.join(arguments)}, not {value!r}")
        return value
    if origin is tuple:
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise ContentError(f"{where} must be a list, not {value!r}")
        return tuple(_convert(arguments[0], v, f"{where}[{k}]") for k, v in enumerate(value))
    if is_dataclass(hint):
        return from_content(hint, value, where)  # type: ignore[arg-type]
    return _scalar(hint, value, where)


def _scalar(hint: Any, value: Any, where: str) -> Any:
    if hint is float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ContentError(f"{where} must be a number, not {value!r}")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise ContentError(f"{where} must be finite")
        return number
    if hint is int and (isinstance(value, bool) or not isinstance(value, int)):
        raise ContentError(f"{where} must be a whole number, not {value!r}")
    if hint is bool and not isinstance(value, bool):
        raise ContentError(f"{where} must be true or false, not {value!r}")
    if hint is str and not isinstance(value, str):
        raise ContentError(f"{where} must be text, not {value!r}")
    return value


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file, or raise ContentError naming the file and what is wrong with it."""
    try:
        with path.open("rb") as stream:
            return tomllib.load(stream)
    except OSError as error:
        raise ContentError(f"{path}: cannot be read: {error.strerror}") from None
    except RecursionError:
        raise ContentError(f"{path}: nested too deeply") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContentError(f"{path}: not TOML: {error}") from None


class _TwiceError(Exception):
    """A key of a JSON object appears twice."""


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object, or raise where Python would silently keep the last of equal keys."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _TwiceError(key)
        found[key] = value
    return found


def read_json(path: Path) -> Any:
    """Read a JSON file, or raise ContentError naming the file and what is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors begin with a byte order mark
        return json.loads(text, object_pairs_hook=_single)
    except _TwiceError as error:
        raise ContentError(f"{path}: key '{error}' appears twice") from None
    except OSError as error:
        raise ContentError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ContentError(f"{path}: not UTF-8 text") from None
    except RecursionError:
        raise ContentError(f"{path}: nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ContentError(
            f"{path}: not JSON, line {error.lineno} column {error.colno}: {error.msg}"
        ) from None


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` so that a reader sees the old file or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def json_text(content: Any) -> str:
    """Return JSON text of `content`; NaN and infinity are refused, for JSON has neither."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
