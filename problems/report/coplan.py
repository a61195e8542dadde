"""Owns the files of a plan of cables, breakers and storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from problems.coplan.ddcp import CurvePoint
from problems.coplan.equipment import Library
from problems.coplan.plan import CoplanPlan
from problems.coplan.scenario import Scenario
from problems.core.content import json_text, write_text
from problems.report.coplan_page import coplan_page
from problems.report.page import write_page
from problems.report.tables import write_table


def write_coplan(
    folder: Path,
    scenario: Scenario,
    library: Library,
    plan: CoplanPlan,
    answer: dict[str, Any],
    curve: Sequence[CurvePoint],
    command: str,
) -> None:
    """Write tables, the plan and the report; times stand in timing.csv alone.

    Parameters
    ----------
    folder : Path
    scenario : Scenario
        What was planned for.
    library : Library
        What could be built.
    plan : CoplanPlan
    answer : dict
        The keys of the command, for plan.json; its seconds are left out.
    curve : sequence of CurvePoint
        Stage III of the DDCP, empty for other methods.
    command : str
        What repeats it.
    """
    kept = {key: value for key, value in answer.items() if key != "seconds"}
    write_text(folder / "plan.json", json_text(kept))
    write_table(folder / "timing.csv", [{"method": plan.method, "seconds": plan.seconds}])
    figures = {k: v for k, v in kept.items() if not isinstance(v, list) and k != "message"}
    write_table(folder / "summary.csv", [figures])
    if curve:
        write_table(folder / "runs.csv", [asdict(point) for point in curve])
    write_page(folder, coplan_page(scenario, library, plan, figures, curve, command))
