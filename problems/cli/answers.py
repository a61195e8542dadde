"""Owns the keys in which plans and their assessments are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from problems.core.assess import Assessment
    from problems.core.plan import Plan


def money_key(name: str, currency: str) -> str:
    """Return a key that ends in the currency of the price table."""
    return f"{name}_{currency}"


def assessment_keys(assessment: Assessment, currency: str) -> dict[str, Any]:
    """Return what an assessment says, by key; a figure that does not exist is None."""
    return {
        money_key("npv", currency): assessment.npv,
        money_key("invested", currency): assessment.invested,
        "loss_kw": assessment.loss_kw,
        "v_min_pu": assessment.v_min_pu,
        "v_max_pu": assessment.v_max_pu,
        "max_loading_pct": assessment.max_loading_pct,
        "voltage_deviation_pu": assessment.voltage_deviation_pu,
        "access": assessment.access,
        "coverage": assessment.coverage,
        "min_spacing": assessment.min_spacing,
        "access_unit": assessment.access_unit,
        "feasible": assessment.is_feasible,
        "violation": assessment.violation,
    }


def asset_keys(plan: Plan | None) -> dict[str, Any]:
    """Return the stations and capacitors of a plan, by key; empty lists without a plan."""
    assets = plan.assets if plan is not None else ()
    return {
        "stations": [{"bus": a.bus, "kw": a.kw} for a in assets if a.kind == "station"],
        "capacitors": [{"bus": a.bus, "kvar": a.kvar} for a in assets if a.kind == "capacitor"],
    }


def asset_words(plan: Plan | None) -> dict[str, str]:
    """Return the stations and capacitors of a plan as one cell of a table each."""
    found = asset_keys(plan)
    stations = [f"{a['bus']} / {a['kw']:,.0f} kW" for a in found["stations"]]
    banks = [f"{a['bus']} / {a['kvar']:,.1f} kvar" for a in found["capacitors"]]
    return {"stations": ", ".join(stations) or "-", "capacitors": ", ".join(banks) or "-"}
