"""Owns how commands that take a plan find the feeder it was made for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from problems.core.errors import ContentError

if TYPE_CHECKING:
    from problems.core.instance import Instance
    from problems.core.plan import Plan


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
    reference = feeder or _locate(file, plan.feeder)
    grid = load_feeder(reference)
    if feeder is None and grid.digest() != plan.feeder_digest:
        raise ContentError(
            f"{file}: made for another content of feeder '{plan.feeder}' (digest "
            f"{plan.feeder_digest[:12]}, found {grid.digest()[:12]}); name one with --feeder"
        )
    return plan, Instance(grid, plan.conditions, reference)


def _locate(file: Path, reference: str) -> str:
    """Return a feeder folder named relative to where the plan was made, sought above the plan.

    The digest in the plan tells whether what is found is the right one.
    """
    from powerflow.library import list_feeders

    if reference in list_feeders() or Path(reference).exists():
        return reference
    places = (folder / reference for folder in file.resolve().parents)
    return next((str(place) for place in places if place.is_dir()), reference)
