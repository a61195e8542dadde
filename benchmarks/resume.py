"""Owns the parts of a long benchmark: each is kept until all are there, so that it can go on."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from problems.core.content import json_text, write_text

ROOT = Path(__file__).parents[1]


class Parts:
    """Keep the content of each finished part beside the results, until `remove`.

    A part is taken up again only under the same settings and the same source files.

    Parameters
    ----------
    folder : Path
        Of the results; parts lie in its ``checkpoints``, which Git ignores.
    name : str
        Of the benchmark: another one may keep its parts in the same folder.
    settings : object
        JSON content that the figures depend on.
    sources : sequence of str
        Folders below the root whose Python files the figures depend on.
    """

    def __init__(self, folder: Path, name: str, settings: object, sources: Sequence[str]) -> None:
        text = json.dumps(settings, sort_keys=True) + _digest(sources)
        self._all = folder / "checkpoints" / name
        self._folder = self._all / hashlib.sha256(text.encode()).hexdigest()[:12]

    def get(self, name: str, make: Callable[[], Any]) -> Any:
        """Return the part's content: what was kept, or what `make` returns, which is kept."""
        file = self._folder / f"{name}.json"
        if file.exists():
            return json.loads(file.read_text(encoding="utf-8"))
        content = make()
        write_text(file, json_text(content))
        return content

    def remove(self) -> None:
        """Remove all parts of the benchmark, those of older settings too."""
        shutil.rmtree(self._all, ignore_errors=True)
        with suppress(OSError):  # another benchmark's parts are still there
            self._all.parent.rmdir()


def _digest(sources: Sequence[str]) -> str:
    """Return a digest of the source files."""
    digest = hashlib.sha256()
    for folder in sources:
        for file in sorted((ROOT / folder).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()
