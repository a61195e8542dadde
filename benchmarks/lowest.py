"""Owns the test of the lower bounds: the suite in an environment that holds nothing newer.

`python -m benchmarks.lowest --out results/lowest` (needs the package uv) resolves every direct
dependency, of the core, of all extras and of the tests, to the lowest version that pyproject.toml
allows, installs them on this Python and runs the suite there. What else is needed comes as those
versions ask for it. Deprecations that old packages meet in newer ones are not ours to fail on.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from problems.report.tables import write_table

ROOT = Path(__file__).parents[1]
FORGIVEN = ("-W", "ignore::DeprecationWarning", "-W", "ignore::PendingDeprecationWarning")
_SAID = re.compile(r"(\d+) (passed|failed|skipped|errors?|deselected)")


def main() -> int:
    """Write lowest.csv, the versions and what the suite said; return what the suite returned."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "lowest")
    parser.add_argument("--extras", default="all,test")
    parser.add_argument("tests", nargs="*", help="files or options for pytest; the whole suite")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "venv"
        python = place / "bin" / "python"
        _uv("venv", "--quiet", "--python", sys.executable, str(place))
        into = ("--python", str(python))
        wanted = f"{ROOT}[{asked.extras}]"
        _uv("pip", "install", "--quiet", *into, "--resolution", "lowest-direct", "-e", wanted)
        frozen = _uv("pip", "freeze", "--exclude-editable", *into)
        tested = subprocess.run(
            [str(python), "-m", "pytest", "-p", "no:cacheprovider", *FORGIVEN, *asked.tests],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
    sys.stdout.write(tested.stdout)
    direct = _direct(frozen)
    rows = [{"what": name, "value": version} for name, version in direct.items()]
    version = ".".join(str(part) for part in sys.version_info[:3])
    said = {words.rstrip("s"): number for number, words in _SAID.findall(tested.stdout[-400:])}
    rows += [{"what": "python", "value": version}]
    rows += [{"what": f"tests {word}", "value": number} for word, number in said.items()]
    write_table(asked.out.resolve() / "lowest.csv", rows)
    return tested.returncode


def _uv(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "uv", *words], stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def _direct(frozen: str) -> dict[str, str]:
    """Return the versions of what pyproject.toml names itself, by package."""
    named = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    wanted = {_plain(name) for name in re.findall(r'"([A-Za-z][\w.-]*)(?:\[\w+\])?[<>=]', named)}
    versions = dict(line.split("==") for line in frozen.splitlines() if "==" in line)
    return {name: versions[name] for name in sorted(versions) if _plain(name) in wanted}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
