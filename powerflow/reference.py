"""Owns the one text that names a feeder: a library name or a path, and the branches to open."""

from __future__ import annotations

from pathlib import Path
from typing import get_args
from urllib.parse import quote, unquote

from powerflow import checks
from powerflow.errors import FeederError
from powerflow.loops import Opening, Radial

SAFE = ":/ ,+"


def split_reference(reference: str) -> tuple[str, Opening]:
    """Return the name or path in a reference, and what it opens.

    A reference is a library name or a path, and behind a question mark what plans and records must
    not forget: `case.m?open=8:21&open=9:15`, `case.m?radial=mst`. A path that exists with its
    question mark is that path.

    Raises
    ------
    FeederError
        If what stands behind the question mark cannot be read.

    Examples
    --------
    >>> split_reference("case.m?open=8:21")
    ('case.m', Opening(branches=('8:21',), radial=None))
    """
    path, mark, query = reference.rpartition("?")
    if not mark or _exists(reference):
        return reference, Opening()
    branches: list[str] = []
    radial: Radial | None = None
    for word in query.split("&"):
        key, equals, value = word.partition("=")
        if key == "open" and equals:
            branches.append(unquote(value))
        elif key == "radial" and value in get_args(Radial):
            radial = "mst"
        else:
            raise FeederError(
                f"{checks.quote(reference, 200)}: expected open=FROM:TO or radial=mst behind the "
                f"question mark, not {checks.quote(word)}"
            )
    return path, Opening(tuple(branches), radial)


def join_reference(path: str, opening: Opening) -> str:
    """Return the reference of a path and what is opened in it: the inverse of `split_reference`."""
    words = [f"open={quote(word, safe=SAFE)}" for word in opening.branches]
    if opening.radial is not None:
        words.append(f"radial={opening.radial}")
    return f"{path}?{'&'.join(words)}" if words else path


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:
        return False
