"""Owns the measure of line coverage: the whole suite under coverage.py, a row a file.

`python -m benchmarks.coverage --out results/coverage` (needs the package coverage and every extra).
Worker processes count. Compiled kernels are seen through their plain Python twins, which tests run
line by line (`tests/oracles/plain_python.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from problems.report.tables import write_table

ROOT = Path(__file__).parents[1]
AT_LEAST_PCT = 95.0


def main() -> int:
    """Run the suite, write coverage.csv and return 0 if enough lines were reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "coverage")
    parser.add_argument("tests", nargs="*", help="files or options for pytest; the whole suite")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COVERAGE_FILE"] = str(Path(folder) / "coverage")
        tested = _coverage("run", "-m", "pytest", *asked.tests)
        _coverage("combine", "--quiet")
        made = Path(folder) / "coverage.json"
        _coverage("json", "--quiet", "-o", str(made))
        found = json.loads(made.read_text(encoding="utf-8"))
    rows = [
        _row(name, file["summary"], file["missing_lines"])
        for name, file in sorted(found["files"].items())
    ]
    total = _row("total", found["totals"], [])
    write_table(asked.out.resolve() / "coverage.csv", [*rows, total])
    sys.stdout.write(f"{total['covered_pct']} % of {total['statements']} statements\n")
    return tested or int(found["totals"]["percent_covered"] < AT_LEAST_PCT)


def _coverage(*words: str) -> int:
    return subprocess.run(
        [sys.executable, "-m", "coverage", *words], cwd=ROOT, check=False
    ).returncode


def _row(name: str, summary: dict[str, float], missing: list[int]) -> dict[str, object]:
    return {
        "file": name,
        "statements": summary["num_statements"],
        "missed": summary["missing_lines"],
        "covered_pct": round(summary["percent_covered"], 1),
        "missed_lines": " ".join(map(str, missing)),
    }


if __name__ == "__main__":
    sys.exit(main())
