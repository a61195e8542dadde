"""Owns the hint of the nearest choice where an option was given none of its own."""

from __future__ import annotations

import re
from typing import Any

_NOT_ONE_OF = re.compile(r"'(?P<given>[^']*)' is not one of (?P<known>.+)")


def add_hint(error: Any) -> None:
    """Add the nearest choice to what a library says of a wrong one; leave other errors alone.

    Parameters
    ----------
    error : exception
        Of the command-line library, or of its copy in typer; its `message` is changed in place.
    """
    message = getattr(error, "message", None)
    found = _NOT_ONE_OF.search(message) if isinstance(message, str) else None
    if found is not None:
        from powerflow.checks import nearest

        known = re.findall("'([^']*)'", found["known"])
        told = str(message).replace("Value error, ", "").rstrip(".")
        error.message = f"{told}{nearest(found['given'], known)}."
