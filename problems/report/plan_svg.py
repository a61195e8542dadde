"""Owns the figures of one siting plan on the page: its feeder, and voltages before and after."""

from __future__ import annotations

import numpy as np

from problems.core.assess import Assessment, required
from problems.core.equipment import Asset
from problems.core.plan import Plan
from problems.core.years import study_states
from problems.report.feeder_svg import Mark, feeder_figure
from problems.report.page import Figure
from problems.report.profile_svg import limit_levels, lowest_v_pu, profile_figure


def diagram(assessment: Assessment, plan: Plan) -> Figure:
    """Return the feeder with the sited and the existing equipment, buses colored by voltage."""
    feeder = assessment.flow.feeder
    sited = [(asset, False) for asset in plan.assets]
    existing = [(asset, True) for asset in plan.conditions.existing or ()]
    marks = [
        Mark(*_rating(asset), bus=feeder.bus_index(asset.bus), stands_already=stands)
        for asset, stands in existing + sited
    ]
    return feeder_figure(
        feeder,
        lowest_v_pu(required(assessment.base_flow.v_pu)),
        lowest_v_pu(required(assessment.flow.v_pu)),
        marks,
    )


def profile(assessment: Assessment, plan: Plan) -> Figure:
    """Return the voltage along every path, before and with the plan, in the worst load state."""
    feeder = assessment.flow.feeder
    before, after = required(assessment.base_flow.v_pu), required(assessment.flow.v_pu)
    state = int(np.argmin(np.where(np.isfinite(after), after, np.inf).min(axis=1)))
    states, limits = study_states(plan.conditions).states, plan.conditions.limits
    highest = max(float(v[state].max()) for v in (before, after))
    return profile_figure(
        feeder,
        before[state],
        after[state],
        limit_levels(limits.v_min_pu, limits.v_max_pu, highest),
        shown=f", load state {states[state].name}" if len(states) > 1 else "",
    )


def _rating(asset: Asset) -> tuple[str, str]:
    """Return the kind of mark and the rating in words."""
    if asset.kw is not None:
        return "station", f"station of {asset.kw:,.0f} kW"
    return "bank", f"bank of {asset.kvar:,.1f} kvar"
