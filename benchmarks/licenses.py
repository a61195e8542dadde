"""Owns the list of what an installation brings along, each package with its license.

`python -m benchmarks.licenses --out results/licenses` reads the metadata of the packages that are
installed, from the requirements of feederlab and of its extras down, and fails where one is under
the GPL (the LGPL is allowed) or is bound to MKL. The extra `bench` is left out: nothing in the
wheel uses it.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

from problems.report.tables import write_table

ROOT = Path(__file__).parents[1]
EXTRAS = ("", "conic", "dask", "matpower", "opendss", "pandapower")
"""The core, and what `all` brings."""

_COPYLEFT = re.compile(r"(?<![Ll])(?<!Lesser )(?<!Library or Lesser )(GPL|General Public License)")
_LESSER = re.compile(r"LGPL|Lesser General Public|Library or Lesser", re.IGNORECASE)
_FREE_CHOICE = re.compile(r"\bOR\b")
_BOUND = ("mkl", "intel-openmp", "onemkl", "tbb")

STATED = {
    "graphemeu": "MIT",
    "opendssdirect-py": "BSD-3-Clause with a notice (Alliance for Sustainable Energy)",
}
"""Licenses of packages whose metadata name none, by the LICENSE file that they install."""


@dataclass(frozen=True, slots=True)
class Package:
    """Hold a package that is installed, what brought it, and its license in its own words."""

    package: str
    version: str
    brought_by: str
    license: str
    is_allowed: bool


def packages() -> list[Package]:
    """Return every package below the core and the extras that are installed, by name."""
    brought: dict[str, set[str]] = {}
    for extra in EXTRAS:
        _walk("feederlab", frozenset({extra}), extra or "core", brought, set())
    found = []
    for name in sorted(set(brought) - {"feederlab"}):
        one = distribution(name)
        words = license_of(one)
        by = "core" if "core" in brought[name] else " ".join(sorted(brought[name]))
        is_free = is_allowed(name, words) and not _holds_mkl(one)
        found.append(Package(name, one.version, by, words, is_free))
    return found


def _walk(
    name: str,
    extras: frozenset[str],
    origin: str,
    brought: dict[str, set[str]],
    seen: set[tuple[str, frozenset[str]]],
) -> None:
    plain = re.sub(r"[-_.]+", "-", name).lower()
    if (plain, extras) in seen:
        return
    seen.add((plain, extras))
    try:
        one = distribution(name)
    except PackageNotFoundError:
        return  # an extra that is not installed here
    brought.setdefault(plain, set()).add(origin)
    for words in one.requires or ():
        needed = Requirement(words)
        wanted = extras or {""}
        marker = needed.marker
        if marker is None and origin != "core" and plain == "feederlab":
            continue  # what the core needs is not the extra's
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in wanted):
            _walk(needed.name, frozenset(needed.extras), origin, brought, seen)


def license_of(one: Distribution) -> str:
    """Return what a package's metadata say of its license, in one line."""
    name = re.sub(r"[-_.]+", "-", str(one.metadata["Name"])).lower()
    if name in STATED:
        return STATED[name]
    expression = _field(one, "License-Expression")
    if expression:
        return expression
    classified = [
        words.rpartition("::")[2].strip()
        for words in one.metadata.get_all("Classifier") or ()
        if words.startswith("License ::")
    ]
    if classified:
        return "; ".join(classified)
    text = _field(one, "License")
    return text.splitlines()[0][:80] if text else ""


def _field(one: Distribution, name: str) -> str:
    return str((one.metadata.get_all(name) or [""])[0]).strip()


def _holds_mkl(one: Distribution) -> bool:
    """Return whether a package has MKL in it: wheels that do name the module after it."""
    return any("mkl" in file.name and ".so" in file.suffixes for file in one.files or ())


def is_allowed(name: str, words: str) -> bool:
    """Return whether a license is named, is not the GPL without a choice, nor bound to MKL."""
    if name.startswith(_BOUND):
        return False
    if not words:
        return False
    choices = _FREE_CHOICE.split(words)
    return any(_LESSER.search(one) or not _COPYLEFT.search(one) for one in choices)


def main() -> int:
    """Write licenses.csv; return 1 if a package is not allowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "licenses")
    asked = parser.parse_args()
    found = packages()
    write_table(asked.out / "licenses.csv", [asdict(one) for one in found])
    wrong = [one for one in found if not one.is_allowed]
    for one in wrong:
        words = one.license or "license unknown"
        sys.stderr.write(f"not allowed, or holds MKL: {one.package} {one.version}: {words}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
