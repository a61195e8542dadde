"""Owns the mutation test of the money code and of the sweeps: which slips go unseen.

Run it in a copy of the repository, for it edits files and puts them back:
`python -m benchmarks.mutation --out results/mutation` (needs the package cosmic-ray). Each mutant,
one operator or number changed, gets a process of its own, forked from one that has the libraries
loaded already, and is killed if a test fails. A survivor that means the same program is argued in
`mutation_equivalent.csv` (module, line, mutant, how many times, because) and taken off. If fewer or
more of them live than that file says, the run ends with an error.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import re
import resource
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from problems.report.tables import write_table

ROOT = Path(__file__).parents[1]
EQUIVALENT = Path(__file__).parent / "mutation_equivalent.csv"
LIMIT_S = 60
LEFT_OUT = re.compile(
    r"Replace(Binary|Unary)Operator_.*_(Mod|FloorDiv|RShift|LShift|BitOr|BitAnd|BitXor|Invert|UAdd|Not)$"
    r"|BinaryOperator_BitOr_|BinaryOperator_(Add|Sub)_(Mul|Div|Pow)$"
    r"|BinaryOperator_(Mul|Div)_(Add|Sub|Pow)$|_Is(Not)?$|RemoveDecorator|ExceptionReplacer|Variable"
)
"""Operators that change types or annotations instead of figures, or say the same in other words."""


@dataclass(frozen=True, slots=True)
class Job:
    """Hold a module to mutate, and the tests that are to notice."""

    module: str
    tests: tuple[str, ...]


MONEY = ("tests/problems/test_money.py", "tests/problems/test_cash_flow.py")
PORTABLE = ("tests/powerflow/test_portable_kernels.py", "tests/powerflow/test_portable_steps.py")
VECTORS = ("tests/powerflow/test_plain_sweeps.py", "tests/powerflow/test_plain_flows.py")
PYTEST = ("-x", "-q", "-p", "no:cacheprovider", "--assert=plain")
JOBS = (
    Job("problems/core/money.py", MONEY),
    Job("problems/core/cash_flow.py", MONEY),
    Job("powerflow/kernels.py", PORTABLE),
    Job("powerflow/block.py", VECTORS),
    Job("powerflow/newton.py", VECTORS),
    Job("powerflow/stopped.py", VECTORS),
)


def main() -> None:
    """Mutate every job's module and write survivors.csv and score.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "mutation")
    parser.add_argument("--every", type=int, default=1, help="Take every n-th mutant of a module.")
    parser.add_argument(
        "--module", action="append", help="Only this module, its rows anew; repeatable."
    )
    asked = parser.parse_args()
    out: Path = asked.out.resolve()
    os.chdir(ROOT)
    sys.dont_write_bytecode = True
    jobs = [job for job in JOBS if not asked.module or job.module in asked.module]
    run = {job.module for job in jobs}
    scores = [row for row in _rows(out / "score.csv") if row["module"] not in run]
    survivors = [row for row in _rows(out / "survivors.csv") if row["module"] not in run]
    wrong: list[str] = []
    for job in jobs:
        lived, n_killed = _run(job, asked.every)
        excused = _equivalent(job.module)
        left = [row for row in lived if _key(row) not in excused]
        if asked.every == 1:
            seen = Counter(map(_key, lived))
            wrong += [
                f"{job.module}: {seen[key]} live of {n}: {key}"
                for key, n in excused.items()
                if seen[key] != n
            ]
        n_equivalent = len(lived) - len(left)
        n = n_killed + len(left)
        scores.append(
            {
                "module": job.module,
                "mutants": n + n_equivalent,
                "equivalent": n_equivalent,
                "killed": n_killed,
                "score": n_killed / n if n else None,
                "every": asked.every,
            }
        )
        survivors += left
        write_table(out / "score.csv", scores)
        write_table(out / "survivors.csv", survivors)
    if wrong:
        sys.exit("\n".join(("not as mutation_equivalent.csv says:", *wrong)))


def _equivalent(module: str) -> dict[tuple[str, str], int]:
    """Return the lines and mutants of a module that mean the same program, and how often."""
    rows = _rows(EQUIVALENT)
    return {_key(row): int(row["times"]) for row in rows if row["module"] == module}


def _rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a table, none where there is no file: what other modules left there."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _key(row: dict[str, Any]) -> tuple[str, str]:
    return row["line"], row["mutant"]


def _run(job: Job, every: int) -> tuple[list[dict[str, Any]], int]:
    """Return the mutants of a module that lived and how many were killed, every n-th taken."""
    file = ROOT / job.module
    whole = file.read_text(encoding="utf-8")
    lived: list[dict[str, Any]] = []
    n_killed = 0
    if _is_killed(job):
        raise RuntimeError(f"{job.module}: its tests fail as it stands")
    try:
        for name, number, text in _mutants(whole)[::every]:
            file.write_text(text, encoding="utf-8")
            if _is_killed(job):
                n_killed += 1
                continue
            lived.append(
                {
                    "module": job.module,
                    "number": number,
                    "operator": name.removeprefix("core/"),
                    "line": whole.splitlines()[number - 1].strip(),
                    "mutant": text.splitlines()[number - 1].strip(),
                }
            )
    finally:
        file.write_text(whole, encoding="utf-8")
    return lived, n_killed


def _mutants(whole: str) -> list[tuple[str, int, str]]:
    """Return every mutant: operator, line from 1 and text."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    found = []
    for name in operator_names():
        if LEFT_OUT.search(name):
            continue
        for occurrence in range(10_000):
            text = mutate_code(whole, get_operator(name)(), occurrence)
            if text is None:
                break
            pairs = zip(whole.splitlines(), text.splitlines(), strict=False)
            line = next((k for k, (a, b) in enumerate(pairs, start=1) if a != b), 1)
            found.append((name, line, text))
    return found


def _is_killed(job: Job) -> bool:
    """Return whether the tests notice the file as it stands, or never end."""
    child = os.fork()
    if child == 0:
        # seconds of its own work, whatever else the machine does
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S, LIMIT_S))
        _test(job)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0


def _test(job: Job) -> None:
    """Run the tests in this forked process, which ends with their code."""
    import pytest

    for name in [name for name in sys.modules if name.startswith("problems")]:
        del sys.modules[name]
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        code = 1
        with contextlib.suppress(BaseException):
            code = int(pytest.main([*PYTEST, *job.tests]))
        os._exit(code)


if __name__ == "__main__":
    import hypothesis
    import numba
    import pandas  # noqa: F401  (loaded before the forks)

    import powerflow.solve

    assert hypothesis.__file__
    assert numba.__file__
    assert powerflow.solve.__file__
    main()
