"""Owns the library of feeders that come with the package, and loading one by name or path."""

from __future__ import annotations

import os
import re
from pathlib import Path

from powerflow.checks import nearest, quote
from powerflow.errors import FeederError
from powerflow.feeder import Feeder
from powerflow.readers.tables import read_folder

_LIBRARY = Path(__file__).parent / "feeders"


def list_feeders() -> tuple[str, ...]:
    """Return the names of the library's feeders, by the number in the name.

    Examples
    --------
    >>> list_feeders()[:3]
    ('ieee33', 'ieee69', 'ieee85')
    """
    names = [path.parent.name for path in _LIBRARY.glob("*/branches.csv")]
    return tuple(sorted(names, key=lambda name: (int(re.sub(r"\D", "", name) or 0), name)))


def load_feeder(name_or_path: str | os.PathLike[str]) -> Feeder:
    """Load a feeder of the library by name, or a folder in the same format by path.

    Parameters
    ----------
    name_or_path : str or path
        A name of `list_feeders()`, which wins over a folder of that name in the working directory
        (write ./NAME for that one), or a folder as `powerflow.readers.tables.read_folder` reads.

    Returns
    -------
    Feeder

    Raises
    ------
    FeederError
        If there is no such feeder or folder, or at the first thing that is wrong in its files.

    Examples
    --------
    >>> feeder = load_feeder("ieee33")
    >>> feeder.n_bus, round(float(feeder.p_kw.sum()), 6)
    (33, 3715.0)
    """
    given = os.fspath(name_or_path)
    names = list_feeders()
    if isinstance(name_or_path, str) and given in names:
        return read_folder(_LIBRARY / given)
    folder = Path(given)
    try:
        if folder.is_dir() and given:
            return read_folder(folder)
        is_file = folder.exists() and given != ""
    except OSError as error:
        raise FeederError(f"{quote(given)}: not a feeder ({error.strerror})") from None
    if is_file:
        raise FeederError(
            f"{quote(given, 200)}: a file; expected the folder that holds branches.csv"
        )
    if isinstance(name_or_path, str) and len(folder.parts) < 2 and not given.startswith("."):
        raise FeederError(
            f"no feeder {quote(given)} in the library{nearest(given, names)}; "
            f"there are {', '.join(names)}, or give the path of a folder"
        )
    raise FeederError(f"{quote(given, 200)}: no such folder")
