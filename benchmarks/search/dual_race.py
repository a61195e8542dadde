"""Owns the race of two ways to solve a state: one cone program against dual cuts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from benchmarks.page import markdown_table, short, yes_no
from benchmarks.registry import Task
from benchmarks.resume import Parts
from benchmarks.search.dual_cuts import ACCURACY, by_dual_cuts
from powerflow.library import load_feeder
from problems.core.content import write_text
from problems.report.tables import write_table
from problems.staged.door import shipped_data
from problems.staged.investment import Scheme, SchemeName
from problems.staged.scenarios import reduce_scenarios
from problems.staged.solving import solve_state
from problems.staged.state import StageModel
from problems.staged.studied import studied

SOURCES = ("problems/staged", "problems/conic", "benchmarks/search")


@dataclass(frozen=True, slots=True)
class Case:
    """Name a state of the last stage: feeder, scheme, which segments stand, scenarios seen."""

    feeder: str
    scheme: SchemeName
    has_segments: bool
    n_scenarios: int

    @property
    def state(self) -> str:
        """The segments in words."""
        return "every segment" if self.has_segments else "no segment"


STATES: dict[str, tuple[tuple[SchemeName, bool], ...]] = {
    "ieee33": (("C", False), ("D", False), ("D", True)),
    "ieee123": (("C", False), ("D", False)),
}
CASES = tuple(
    Case(feeder, scheme, has_segments, n)
    for n in (2, 4, 24)
    for feeder, states in STATES.items()
    for scheme, has_segments in states
)
QUICK = (Case("ieee33", "C", False, 1),)


def run(task: Task) -> Mapping[str, Any]:
    """Race both ways on every case and write dual_cuts.csv and dual_cuts.md."""
    cases = QUICK if task.is_quick else CASES
    parts = Parts(task.out, "dual_cuts", {}, SOURCES)
    rows = []
    for case in cases:
        task.say(f"{case.feeder} {case.scheme} {case.state} {case.n_scenarios} scenarios")
        word = "-".join(map(str, asdict(case).values()))
        rows.append(parts.get(word, partial(race, case, 1e-3 if task.is_quick else ACCURACY)))
        write_table(task.out / "dual_cuts.csv", rows)
        write_text(task.out / "dual_cuts.md", page(rows))
    parts.remove()
    return {"rows": rows}


def race(case: Case, accuracy: float) -> dict[str, Any]:
    """Return one row: the same state by one cone program and by dual cuts."""
    study = studied(load_feeder(case.feeder), shipped_data(case.feeder))
    seen = reduce_scenarios(study.data, case.n_scenarios)
    model = StageModel.of(study, Scheme(case.scheme), seen)
    lines = (int(case.has_segments),) * model.n_segment
    key = model.key(study.data.n_stage - 1, (*lines, *(1,) * (model.n_item - len(lines))))
    begun = time.process_time()
    joint = solve_state(model, key)
    joint_cpu_s = time.process_time() - begun
    if joint.cost_mrmb is None:
        raise RuntimeError(f"the cone program failed: {joint.message}")
    found = by_dual_cuts(model, key, accuracy)
    difference = abs(found.cost_mrmb - joint.cost_mrmb) / joint.cost_mrmb
    return {
        "feeder": case.feeder,
        "scheme": case.scheme,
        "state": case.state,
        "n_scenarios": case.n_scenarios,
        "joint_mrmb": joint.cost_mrmb,
        "cuts_mrmb": found.cost_mrmb,
        "cuts_bound_mrmb": found.bound_mrmb,
        "difference": difference,
        "is_same": difference <= accuracy,
        "rounds": found.rounds,
        "cuts": found.n_cut,
        "joint_cpu_s": joint_cpu_s,
        "cuts_cpu_s": found.cpu_s,
        "dispatch_cpu_s": found.dispatch_cpu_s,
        "ratio": found.cpu_s / joint_cpu_s,
    }


def page(rows: list[dict[str, Any]]) -> str:
    """Return the table and what it shows."""
    lines = (
        (
            row["feeder"],
            row["scheme"],
            row["state"],
            str(row["n_scenarios"]),
            f"{row['joint_mrmb']:.6f}",
            f"{row['difference']:.1e}",
            yes_no(row["is_same"]),
            str(row["rounds"]),
            short(row["joint_cpu_s"]),
            short(row["cuts_cpu_s"]),
            short(row["dispatch_cpu_s"]),
            short(row["ratio"]),
        )
        for row in rows
    )
    header = (
        *("feeder", "scheme", "state", "scenarios", "cost, million RMB", "difference"),
        *("same to 1e-5", "rounds", "one program, CPU s", "dual cuts, CPU s"),
        *("of these dispatches", "ratio"),
    )
    slower = min((row["ratio"] for row in rows), default=0.0)
    word = "faster everywhere" if slower > 1.0 else "not faster everywhere"
    return (
        "# Capacities of a stage: one cone program against dual cuts\n\n"
        "Written by `python -m benchmarks search dual-cuts`: the last stage with the largest "
        "transformer, capacities of storage and of managed piles free. The cuts are of every "
        "scenario, stabilized by the level method, each dispatch set up once in Clarabel and then "
        f"given new capacities only. The cone program is {word}; the least ratio is "
        f"{short(slower)}. Seconds are the machine's.\n\n" + markdown_table(header, lines)
    )
