"""Owns --open and --radial of every command that takes a feeder, and what reading one says."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Annotated, Any

import typer

from problems.core.errors import SettingError

NAMES = ("feeder", "feeders")
"""Parameters that hold a feeder, or a list of them."""

Open = Annotated[
    list[str] | None,
    typer.Option(
        "--open",
        metavar="FROM:TO",
        help="Open the branches between two buses of the feeder. Repeatable.",
        rich_help_panel="Feeder",
    ),
]
Tree = Annotated[
    str | None,
    typer.Option(
        "--radial",
        metavar="mst",
        help="Open what closes loops; left is the tree of least impedance, switches opened first.",
        rich_help_panel="Feeder",
    ),
]


def add_feeder_options(app: typer.Typer) -> None:
    """Give every command of `app` that takes a feeder the options --open and --radial.

    What they say becomes part of the reference, so that plans and records carry it.
    """
    for command in app.registered_commands:
        if command.callback is not None:
            command.callback = _with_options(command.callback)


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    own = inspect.signature(command, eval_str=True)
    name = next((name for name in NAMES if name in own.parameters), None)
    if name is None:
        return command

    @functools.wraps(command)
    def with_feeder(*args: Any, **kwargs: Any) -> None:
        words, radial = kwargs.pop("open_branches"), kwargs.pop("radial")
        kwargs[name] = _referred(kwargs[name], tuple(words or ()), radial)
        with warnings.catch_warnings():
            _announce(kwargs[name])
            command(*args, **kwargs)

    added = [
        inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for key, annotation in (("open_branches", Open), ("radial", Tree))
    ]
    kept = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own.parameters.values()]
    with_feeder.__signature__ = inspect.Signature(kept + added)  # type: ignore[attr-defined]
    with_feeder.__annotations__ = {p.name: p.annotation for p in kept + added}
    return with_feeder


def _referred(given: Any, words: tuple[str, ...], radial: str | None) -> Any:
    """Return the references of the feeders given, with what is opened in them."""
    from powerflow.loops import Opening
    from powerflow.reference import join_reference, split_reference

    if radial not in (None, "mst"):
        raise SettingError(f"--radial takes mst, not '{radial}'")
    if not words and radial is None:
        return given
    if given is None:
        raise SettingError("--open and --radial need a feeder: name one with --feeder")

    def refer(reference: str) -> str:
        path, own = split_reference(reference)
        return join_reference(path, Opening(own.branches + words, "mst" if radial else own.radial))

    return [refer(one) for one in given] if isinstance(given, list) else refer(given)


def _announce(given: Any) -> None:
    """Say on stderr what reading feeders that are not of the library changed, and what to doubt."""
    from powerflow.errors import FeederWarning
    from powerflow.library import list_feeders, read_feeder

    warnings.simplefilter("ignore", FeederWarning)
    for reference in given if isinstance(given, list) else [given]:
        if reference is None or reference in list_feeders():
            continue
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", FeederWarning)
            report = read_feeder(reference).report
        for one in caught:
            typer.echo(f"warning: {one.message}", err=True)
        counts = [
            f"{len(words)} {name.removesuffix('s') if len(words) == 1 else name}"
            for name, words in report.named()
            if words and name != "warnings"
        ]
        if counts:
            typer.echo(
                f"note: {reference}: {', '.join(counts)}; see feederlab convert --json", err=True
            )
        for words in report.warnings:
            typer.echo(f"warning: {reference}: {words}", err=True)
