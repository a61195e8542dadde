"""Owns the log files of a comparison in the layout of IOHprofiler, which IOHanalyzer opens.

Each engine has a folder, each feeder in it a JSON file that names the runs, and a .dat file with
their improvements. `raw_y` is the best NPV so far, to be maximized. IOHprofiler knows no
constraints: before a run's first feasible plan, `raw_y` is below the least NPV logged for the
feeder by (1 + violation) times its size, so that it still rises as the violation falls; `violation`
is a column of its own. A failed run has no log.

References
----------
Doerr, Wang, Ye, van Rijn, Back, "IOHprofiler: a benchmarking and profiling tool for iterative
optimization heuristics", arXiv 1810.05281 (2018).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from heuristics.experiment import RunRow
from heuristics.experiment.folder import plain_name
from problems.core.content import write_text
from problems.report.study import SitingStudy

LAYOUT = "0.3.22"
"""Version of the IOHexperimenter whose files these are like."""

UNEVALUATED = 1e6
"""Violation that stands for a point that could not be evaluated, or for none yet."""

Line = tuple[int, float, float]


def write_logs(folder: Path, study: SitingStudy) -> None:
    """Write the logs of every engine on every feeder into a folder."""
    for number, (feeder, problem) in enumerate(study.problems.items(), start=1):
        rows = [run.row for run in study.of(feeder)]
        floor = _floor(rows)
        for engine in study.engines:
            logged = [row for row in rows if row.engine == engine and not row.is_failed]
            if logged:
                home = folder / plain_name(engine)
                n_var = int(problem.space.lower.size)
                _write(home, number, feeder, engine, n_var, logged, floor)


def _write(
    home: Path,
    number: int,
    feeder: str,
    engine: str,
    n_var: int,
    rows: Sequence[RunRow],
    floor: float,
) -> None:
    name = f"f{number}_{plain_name(feeder)}"
    data = f"data_{name}/IOHprofiler_f{number}_DIM{n_var}.dat"
    logs = [_lines(row, floor) for row in rows]
    text = []
    for log in logs:
        text.append("evaluations raw_y violation\n")
        text += [f"{at} {y!r} {violation!r}\n" for at, y, violation in log]
    write_text(home / data, "".join(text))
    content = {
        "version": LAYOUT,
        "suite": "feederlab",
        "function_id": number,
        "function_name": feeder,
        "maximization": True,
        "algorithm": {"name": engine, "info": rows[0].settings},
        "attributes": ["evaluations", "raw_y", "violation"],
        "scenarios": [
            {
                "dimension": n_var,
                "path": data,
                "runs": [_run(row, log) for row, log in zip(rows, logs, strict=True)],
            }
        ],
    }
    write_text(home / f"IOHprofiler_{name}.json", json.dumps(content, indent=1) + "\n")


def _run(row: RunRow, log: Sequence[Line]) -> dict[str, object]:
    at, y, _ = max(log, key=lambda line: (line[1], -line[0]))
    best = {"evals": at, "y": y, "x": list(row.x)}
    # runs are paired by their seeds, over engines: instances of IOHprofiler
    return {"instance": row.run + 1, "evals": row.n_evaluations, "best": best}


def _lines(row: RunRow, floor: float) -> list[Line]:
    """Return improvements from the first evaluation to the last, as readers expect."""
    worst = _infeasible(floor, UNEVALUATED)
    lines: list[Line] = []
    for at, f, violation in row.history:
        if f is None or violation is None:
            lines.append((at, worst, UNEVALUATED))
        elif violation > 0.0:
            lines.append((at, _infeasible(floor, violation), violation))
        else:
            lines.append((at, 0.0 - f, 0.0))
    if not lines or lines[0][0] > 1:
        lines.insert(0, (1, worst, UNEVALUATED))
    if lines[-1][0] < row.n_evaluations:
        lines.append((row.n_evaluations, *lines[-1][1:]))
    return lines


def _floor(rows: Sequence[RunRow]) -> float:
    """Return the least NPV of a feasible plan that any run logged."""
    found = [
        -f for row in rows for _, f, violation in row.history if violation == 0.0 and f is not None
    ]
    return min(found, default=0.0)


def _infeasible(floor: float, violation: float) -> float:
    return floor - (1.0 + violation) * max(abs(floor), 1.0)
