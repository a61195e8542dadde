"""Owns settings in files: `--config` and `--write-config` of every command, in TOML.

A file has a table named after each command it holds settings of; settings may also stand at the top
of the file, for whichever command reads it. Keys are the options' names, with units:

    [site]
    feeder = "ieee33"
    seed = 1
    station_kw = 1500.0
    v_min_pu = 0.95

A command that has data of its own in such a file takes `config` as a parameter itself, reads the
rest by `study_data` and writes its settings by `settings_at_hand`; they stand in its table alone.
"""

from __future__ import annotations

import csv
import functools
import inspect
import io
import json
import textwrap
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from typer.core import TyperCommand

from problems.cli.asked import remember
from problems.cli.choices import add_hint

OWN = ("config", "write_config", "help")
NOT_WRITTEN = (*OWN, "as_json", "quiet", "install_completion", "show_completion")
UNIT_KEYS = {"v_min": "v_min_pu", "v_max": "v_max_pu", "adoption": "adoption_pct"}
"""Keys of options whose names lack their unit."""

_AT_HAND: ContextVar[str] = ContextVar("settings", default="")

ConfigFile = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Read settings from TOML; options on the command line win.",
        rich_help_panel="Config",
    ),
]
WriteConfig = Annotated[
    str | None,
    typer.Option(
        "--write-config",
        metavar="FILE",
        help="Write all settings, commented, to TOML; without what is required, write and stop.",
        rich_help_panel="Config",
    ),
]


def with_config(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options `--config` and `--write-config`, unless it has its own."""
    own = inspect.signature(command, eval_str=True)
    if "config" in own.parameters:
        return command

    @functools.wraps(command)
    def configured(*args: Any, **kwargs: Any) -> None:
        for name in ("config", "write_config"):
            kwargs.pop(name)
        command(*args, **kwargs)

    parameters = [
        *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own.parameters.values()),
        *(
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
            )
            for name, annotation in (("config", ConfigFile), ("write_config", WriteConfig))
        ),
    ]
    configured.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    configured.__annotations__ = {p.name: p.annotation for p in parameters}
    return configured


class ConfiguredCommand(TyperCommand):
    """A command whose settings may come from a file; what was typed wins."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse what was typed, then what a file adds to it."""
        if ctx.resilient_parsing:
            return super().parse_args(ctx, args)
        typed = self.make_parser(ctx).parse_args(args=list(args))[0]
        file, written = typed.get("config"), typed.get("write_config")
        options: list[str] = []
        places: list[str] = []
        if isinstance(file, str):
            settings = read_settings(Path(file), self, has_data=_has_data(self))
            options, places = _words(self, settings, typed, file)
        try:
            left = super().parse_args(ctx, [*options, *args, *places])
        except Exception as error:
            add_hint(error)
            # two libraries, click and the copy of it in typer, may raise this one
            if type(error).__name__ != "MissingParameter" or not written or _has_data(self):
                raise
            write_settings(Path(written), self, ctx.params)
            typer.echo(f"written: {written}; {_message(error)}", err=True)
            raise typer.Exit from None
        if isinstance(written, str) and not _has_data(self):
            write_settings(Path(written), self, ctx.params)
        if _has_data(self):
            _AT_HAND.set(settings_text(self, ctx.params))
        remember(self, ctx.params)
        return left


def read_settings(path: Path, command: Any, *, has_data: bool = False) -> dict[str, Any]:
    """Return the settings that a file holds for a command, by parameter name.

    Parameters
    ----------
    path : Path
        TOML.
    command : click command
        Its parameters are the known keys.
    has_data : bool
        The file holds data of the command as well: only the command's own table holds settings.

    Raises
    ------
    ContentError
        Naming the file and the key that is unknown, with the nearest known one.
    """
    from powerflow.checks import nearest
    from problems.cli.app import app
    from problems.core.content import read_toml
    from problems.core.errors import ContentError

    content = read_toml(path)
    tables = {info.name for info in app.registered_commands if info.name is not None}
    table = content.get(command.name, {})
    given = dict(table) if isinstance(table, Mapping) else {}
    where = dict.fromkeys(given, f"{path}: {command.name}")
    if not has_data:
        # `certify` is a setting of one command and the name of another
        top = {k: v for k, v in content.items() if not (k in tables and isinstance(v, Mapping))}
        given = {**top, **given}
    keys = {key_of(p): p.name for p in _settable(command)}
    also = {_plain_name(p): p.name for p in _settable(command)}
    found: dict[str, Any] = {}
    for key, value in given.items():
        name = {**also, **keys}.get(key.replace("-", "_"))
        place = where.get(key, str(path))
        if name is None:
            known = [*keys, *tables] if isinstance(value, Mapping) else list(keys)
            raise ContentError(f"{place}: unknown key '{key}'{nearest(key, known)}")
        if name in found:
            raise ContentError(f"{place}: '{key}' and another key are the same setting")
        found[name] = value
    return found


def study_data(path: Path, command: str) -> dict[str, Any]:
    """Return what a file holds beside the settings of this and other commands: its own data."""
    from problems.cli.app import app
    from problems.core.content import read_toml

    names = {command, *(info.name for info in app.registered_commands)}
    content = read_toml(path).items()
    return {k: v for k, v in content if not (k in names and isinstance(v, Mapping))}


def write_settings(path: Path, command: Any, values: Mapping[str, Any]) -> None:
    """Write every setting of a command as TOML, each below what it means."""
    from problems.core.content import write_text

    write_text(path, settings_text(command, values))


def settings_text(command: Any, values: Mapping[str, Any]) -> str:
    """Return every setting of a command as a table in TOML, each below what it means."""
    lines = [
        f"# Settings of feederlab {command.name} for --config; what is typed wins.",
        f"[{command.name}]",
    ]
    own = _signature(command)
    for parameter in _settable(command):
        if parameter.name in NOT_WRITTEN:
            continue
        about = (getattr(parameter, "help", None) or "").removesuffix("[required]").strip()
        lines += ["", *(f"# {line}" for line in textwrap.wrap(about, 98))]
        value = values.get(parameter.name, own[parameter.name].default)
        key = key_of(parameter)
        is_left = value is None or value is inspect.Parameter.empty
        lines.append(f"# {key} =" if is_left else f"{key} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def settings_at_hand() -> str:
    """Return the settings of the command that runs, for a file that has its data as well."""
    return _AT_HAND.get()


def key_of(parameter: Any) -> str:
    """Return the key of a parameter in a file: its name on the command line, with its unit."""
    return UNIT_KEYS.get(_plain_name(parameter), _plain_name(parameter))


def _plain_name(parameter: Any) -> str:
    return str(parameter.opts[0]).lstrip("-").replace("-", "_")


def _settable(command: Any) -> list[Any]:
    return [parameter for parameter in command.params if parameter.name not in OWN]


def _signature(command: Any) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(command.callback, eval_str=True).parameters


def _has_data(command: Any) -> bool:
    """Return whether a command takes the file itself, for data of its own."""
    return "config" in inspect.signature(inspect.unwrap(command.callback)).parameters


def _words(
    command: Any, settings: Mapping[str, Any], typed: Mapping[str, Any], file: str
) -> tuple[list[str], list[str]]:
    """Return the words that stand for settings that were not typed: options, then arguments."""
    own = _signature(command)
    options: list[str] = []
    places: list[str] = []
    for parameter in _settable(command):
        name = parameter.name
        if name not in settings:
            continue
        # flags are checked like all others, though they are typed without their value
        where = f"{file}: {key_of(parameter)}"
        texts = _texts(parameter, own[name].annotation, settings[name], where)
        if parameter.param_type_name == "argument":
            value = typed.get(name)
            if not (isinstance(value, str | list | tuple) and value):
                places += texts
        elif name not in typed:
            if not getattr(parameter, "is_flag", False):
                options += [word for text in texts for word in (parameter.opts[0], text)]
            elif settings[name]:
                options.append(parameter.opts[0])
            elif parameter.secondary_opts:
                options.append(parameter.secondary_opts[0])
    return options, (["--", *places] if places else [])


def _texts(parameter: Any, hint: Any, value: Any, where: str) -> list[str]:
    """Return a setting as it would be typed, once or several times, after checking its type."""
    from problems.core.errors import ContentError

    kind = _kind(hint)
    if parameter.multiple or parameter.nargs == -1:
        if not isinstance(value, list):
            raise ContentError(f"{where} must be a list, not {value!r}")
        return [_text(kind, item, where) for item in value]
    if kind is str and isinstance(value, list):
        cells = io.StringIO()
        csv.writer(cells, lineterminator="").writerow([_text(kind, v, where) for v in value])
        return [cells.getvalue()]
    return [_text(kind, value, where)]


def _kind(hint: Any) -> type:
    """Return the type that a parameter's annotation comes down to: bool, int, float or str."""
    for kind in (bool, int, float):
        if hint is kind or any(argument is kind for argument in get_args(hint)):
            return kind
    inner = [a for a in get_args(hint) if a is not type(None)]
    return _kind(inner[0]) if inner and not isinstance(inner[0], str) else str


def _text(kind: type, value: Any, where: str) -> str:
    from problems.core.errors import ContentError

    words = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[kind]
    types = (int, float) if kind is float else kind
    if not isinstance(value, types) or (isinstance(value, bool) and kind is not bool):
        raise ContentError(f"{where} must be {words}, not {value!r}")
    return str(value)


def _message(error: Exception) -> str:
    message = getattr(error, "format_message", None)
    return str(message() if callable(message) else error)


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
