"""Owns the mutation test of the money code and of the portable kernels: which slips go unseen.

Run it in a copy of the repository, for it edits files and puts them back:
`python -m benchmarks.mutation --out results/mutation` (needs the package cosmic-ray). Each mutant,
one operator or number changed, gets a process of its own, forked from one that has the libraries
loaded already, and is killed if a test fails. Mutants that mean the same program are not told apart
from survivors: the score is a lower bound.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from problems.report.tables import write_table

ROOT = Path(__file__).parents[1]
LIMIT_S = 60.0
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
PYTEST = ("-x", "-q", "-p", "no:cacheprovider", "--assert=plain")
JOBS = (
    Job("problems/core/money.py", MONEY),
    Job("problems/core/cash_flow.py", MONEY),
    Job("powerflow/kernels.py", ("tests/powerflow/test_portable_kernels.py",)),
)


def main() -> None:
    """Mutate every job's module and write survivors.csv and score.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "mutation")
    parser.add_argument("--every", type=int, default=1, help="Take every n-th mutant of a module.")
    parser.add_argument("--module", action="append", help="Only this module; repeatable.")
    asked = parser.parse_args()
    out: Path = asked.out.resolve()
    os.chdir(ROOT)
    sys.dont_write_bytecode = True
    scores, survivors = [], []
    for job in JOBS:
        if asked.module and job.module not in asked.module:
            continue
        killed, lived = _run(job, asked.every)
        survivors += lived
        n = killed + len(lived)
        scores.append(
            {
                "module": job.module,
                "mutants": n,
                "killed": killed,
                "score": killed / n if n else None,
            }
        )
        write_table(out / "score.csv", scores)
        if survivors:
            write_table(out / "survivors.csv", survivors)


def _run(job: Job, every: int) -> tuple[int, list[dict[str, Any]]]:
    """Return how many mutants of a module were killed, every n-th taken, and the others."""
    file = ROOT / job.module
    whole = file.read_text(encoding="utf-8")
    killed, lived = 0, []
    if _is_killed(job):
        raise RuntimeError(f"{job.module}: its tests fail as it stands")
    try:
        for name, occurrence, line, text in _mutants(whole)[::every]:
            file.write_text(text, encoding="utf-8")
            if _is_killed(job):
                killed += 1
            else:
                lived.append(
                    {
                        "module": job.module,
                        "line": line,
                        "operator": name.removeprefix("core/"),
                        "occurrence": occurrence,
                        "mutant": text.splitlines()[line - 1].strip(),
                    }
                )
    finally:
        file.write_text(whole, encoding="utf-8")
    return killed, lived


def _mutants(whole: str) -> list[tuple[str, int, int, str]]:
    """Return every mutant: operator, occurrence, line from 1 and text."""
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
            found.append((name, occurrence, line, text))
    return found


def _is_killed(job: Job) -> bool:
    """Return whether the tests notice the file as it stands, or never end."""
    child = os.fork()
    if child == 0:
        _test(job)
    ends = time.monotonic() + LIMIT_S
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) != 0
        time.sleep(0.02)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return True


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
