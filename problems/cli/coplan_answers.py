"""Owns how the command coplan answers: its keys and its tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from problems.cli.output import print_table

if TYPE_CHECKING:
    from problems.coplan.plan import CoplanPlan


def plan_keys(plan: CoplanPlan) -> dict[str, Any]:
    """Return a plan as the keys of the command's JSON."""
    has_plan = plan.total_usd is not None
    cables = [
        {key: value for key, value in asdict(line).items() if key != "is_breaker"}
        for line in plan.cables
    ]
    return {
        "method": plan.method,
        "total_usd": plan.total_usd,
        "cable_usd": plan.cable_usd if has_plan else None,
        "breaker_usd": plan.breaker_usd if has_plan else None,
        "storage_usd": plan.storage_usd if has_plan else None,
        "conversion_usd": plan.conversion_usd,
        "storage_kwh": plan.storage_kwh if has_plan else None,
        "bound_usd": plan.bound_usd,
        "gap": plan.gap,
        "is_ac_feasible": plan.is_ac_feasible,
        "v_min_pu": plan.v_min_pu,
        "max_loading_pct": plan.max_loading_pct,
        "cables": cables if has_plan else None,
        "storage": [asdict(unit) for unit in plan.storage] if has_plan else None,
        "conflicts": [asdict(conflict) for conflict in plan.conflicts],
        "seconds": plan.seconds,
        "status": plan.status,
        "message": plan.message,
    }


def print_plan(answer: dict[str, Any]) -> None:
    """Print the tables that a person reads."""
    figures = [(k, v) for k, v in answer.items() if not isinstance(v, list) and v != ""]
    print_table(f"Plan for {answer['feeder']}", ("figure", "value"), figures)
    if answer["cables"]:
        rows = [tuple(line.values()) for line in answer["cables"]]
        print_table("Lines replaced", ("from", "to", "size", "cost USD"), rows)
    if answer["storage"]:
        rows = [(s["bus"], s["kwh"], s["kw"], s["cost_usd"]) for s in answer["storage"]]
        print_table("Storage", ("bus", "kWh", "kW", "cost USD"), rows)
    if answer.get("curve"):
        rows = [tuple(point.values()) for point in answer["curve"]]
        columns = (
            *("N", "total USD", "lines USD", "storage kWh", "bound USD"),
            *("status", "AC feasible", "message"),
        )
        print_table("Stage III", columns, rows)
    if answer["conflicts"]:
        rows = [tuple(conflict.values()) for conflict in answer["conflicts"][:20]]
        print_table("What stands in the way", ("limit", "where", "hour", "A or p.u."), rows)
