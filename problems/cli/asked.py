"""Owns the words of the command at hand, as its report names them: what repeats the study."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

ELSEWHERE = ("out", "jobs", "quiet", "as_json", "config", "write_config", "backend", "scheduler")
"""Parameters that no figure depends on."""

_ASKED: ContextVar[str] = ContextVar("asked", default="feederlab")


def asked() -> str:
    """Return the command at hand without options left at their defaults, nor where files go.

    A setting that came from a file stands there as if typed, so that the file is not needed again.
    """
    return _ASKED.get()


def remember(command: Any, values: Mapping[str, Any]) -> None:
    """Keep what a command was asked, by the values of its parameters."""
    own = inspect.signature(command.callback, eval_str=True).parameters
    options: list[str] = []
    places: list[str] = []
    for parameter in command.params:
        value = values.get(parameter.name)
        is_known = parameter.name in own and parameter.name not in ELSEWHERE
        if not is_known or value is None or value == own[parameter.name].default:
            continue
        texts = [str(item) for item in (value if isinstance(value, list | tuple) else [value])]
        if parameter.param_type_name == "argument":
            places += texts
        elif isinstance(value, bool):
            options.append(parameter.opts[0] if value else parameter.secondary_opts[0])
        else:
            options += [word for text in texts for word in (parameter.opts[0], text)]
    # a negative number or a label like -3 is not an option
    fence = ["--"] if any(place.startswith("-") for place in places) else []
    words = ["feederlab", str(command.name), *options, *fence, *places]
    if not fence:
        words = ["feederlab", str(command.name), *places, *options]
    _ASKED.set(shlex.join(words))
