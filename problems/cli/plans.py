"""Owns how commands that take a plan find the feeder it was made for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from problems.core.errors import ContentError

if TYPE_CHECKING:
    from problems.core.instance import Instance
    from problems.core.plan import Plan
    from problems.siting.equipment import SitingEquipment


def load_plan(file: Path, feeder: str | None) -> tuple[Plan, Instance]:
    """Return a plan and the instance it carries, on its own feeder or another one.

    Raises
    ------
    ContentError
        If the plan's own feeder no longer has the content that the plan was made for.
    """
    from powerflow.library import load_feeder
    from problems.core.instance import Instance
    from problems.core.plan import Plan

    plan = Plan.load(file)
    reference = feeder or locate_feeder(plan.feeder, file)
    grid = load_feeder(reference)
    if feeder is None and grid.digest() != plan.feeder_digest:
        raise ContentError(
            f"{file}: made for another content of feeder '{plan.feeder}' (digest "
            f"{plan.feeder_digest[:12]}, found {grid.digest()[:12]}); name one with --feeder"
        )
    return plan, Instance(grid, plan.conditions, reference)


def recorded_equipment(file: Path, plan: Plan) -> tuple[SitingEquipment, Path] | None:
    """Return what the study that a plan lies in could place, and its record; None without one.

    The record stands beside the plan, or above the folder of plans; it must be about the plan's
    feeder.
    """
    from problems.core.content import from_content, read_json
    from problems.siting.equipment import SitingEquipment

    for record in (file.with_name("record.json"), file.resolve().parent.parent / "record.json"):
        content = read_json(record) if record.exists() else None
        if not isinstance(content, dict) or "equipment" not in content.get("settings", {}):
            continue
        for name, digest in content.get("feeders", {}).items():
            if digest == plan.feeder_digest:
                where = f"{record}: settings: equipment: {name}"
                equipment = content["settings"]["equipment"][name]
                return from_content(SitingEquipment, equipment, where), record
    return None


def locate_feeder(reference: str, file: Path) -> str:
    """Return a feeder named by a path relative to where a file was made, sought above the file.

    The digest in the plan or record tells whether what is found is the right one.
    """
    from powerflow.library import list_feeders
    from powerflow.reference import join_reference, split_reference

    path, opening = split_reference(reference)
    if path in list_feeders() or Path(path).exists():
        return reference
    places = (folder / path for folder in file.resolve().parents)
    found = next((str(place) for place in places if place.exists()), path)
    return join_reference(found, opening)
