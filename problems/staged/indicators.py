"""Owns the figures of a finished plan: investments, cost by cause, the indicators of Table 1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from problems.staged.day import Day
from problems.staged.investment import Factors, basic_piles_rmb, capacity_factors
from problems.staged.program import DAYS
from problems.staged.scenarios import whole_year
from problems.staged.scheme_plan import NoPlan, SchemePlan
from problems.staged.screening import plain_flow

CATEGORIES = ("lines", "transformers", "storage", "managed charging", "basic piles")
KINDS = {"segment": "lines", "transformer": "transformers", "communication": "managed charging"}
CAUSES = {
    "loss": "losses",
    "unserved_charging": "unserved charging",
    "curtailment": "curtailment",
    "lost_load": "lost load",
    "storage_wear": "wear and conversion",
    "v2g_wear": "wear and conversion",
    "conversion": "wear and conversion",
    "energy": "energy purchase",
}
UNDER_TOL = 1e-6
"""Voltage that the solver's tolerance may leave under the floor, p.u."""


LEAST_LISTED = 1e-3
"""Storage that a table lists, kWh or kW: less is the tolerance of a solver."""


def listed_investments(plan: SchemePlan) -> list[dict[str, Any]]:
    """Return the rows of `investment_rows` that a table lists."""
    return [
        row
        for row in investment_rows(plan)
        if row["category"] != "storage" or row["size"] >= LEAST_LISTED
    ]


def investment_rows(plan: SchemePlan) -> list[dict[str, Any]]:
    """Return what is built in each stage, undiscounted: one row an asset."""
    model, data = plan.model, plan.model.study.data
    prices = data.prices
    unit = {
        "storage_kwh": prices.storage_per_kwh,
        "storage_kw": prices.storage_per_kw,
        "smart": prices.smart_pile - prices.basic_pile,
        "two_way": prices.v2g_pile - prices.basic_pile,
    }
    rows: list[dict[str, Any]] = []
    before = np.zeros(model.n_item)
    sizes: dict[str, Any] = {}
    piles = 0
    for k, stage in enumerate(data.stages):
        present = np.array(plan.chain[k])
        for i in np.flatnonzero(present > before):
            item = model.items[i]
            rows.append(_row(stage.name, KINDS[item.kind], item.name, item.size, item.cost_rmb))
        before = np.maximum(before, present)
        for name, values in plan.capacity[k].items():
            built = np.array(values) - sizes.get(name, np.zeros(len(values)))
            sizes[name] = np.array(values)
            is_storage = name.startswith("storage")
            labels = (
                data.storage.sites if is_storage else tuple(site.bus for site in data.ev.stations)
            )
            for label, size in zip(labels, built, strict=True):
                if size > 0.0:
                    category = "storage" if is_storage else "managed charging"
                    what = f"{name} at bus {label}"
                    rows.append(
                        _row(stage.name, category, what, float(size), float(size) * unit[name])
                    )
        new = stage.ev_count - piles
        piles = stage.ev_count
        rows.append(_row(stage.name, "basic piles", "one a vehicle", new, new * prices.basic_pile))
    return rows


def _row(stage: str, category: str, what: str, size: float, cost_rmb: float) -> dict[str, Any]:
    return {
        "stage": stage, "category": category, "what": what, "size": size, "cost_rmb": cost_rmb,
    }  # fmt: skip


def cost_breakdown(plan: SchemePlan) -> dict[str, float]:
    """Return the life-cycle cost on all scenarios by cause, present value, RMB."""
    model, study = plan.model, plan.model.study
    parts = dict.fromkeys((*CATEGORIES, *dict.fromkeys(CAUSES.values())), 0.0)
    for k, bits in enumerate(plan.chain):
        for i in np.flatnonzero(bits):
            parts[KINDS[model.items[i].kind]] += 1e6 * float(model.item_mrmb[k, i])
    factors = capacity_factors(study)
    for k, stage in enumerate(plan.capacity):
        for name, sizes in stage.items():
            category = "storage" if name.startswith("storage") else "managed charging"
            parts[category] += float(factors[name][k]) * sum(sizes)
    parts["basic piles"] = basic_piles_rmb(study)
    years = Factors.of(study.data).stage
    for day in plan.days:
        for cause, cost in day.cost_rmb.items():
            parts[CAUSES[cause]] += DAYS * float(years[day.k_stage]) * day.probability * cost
    return parts


def scheme_answer(plan: SchemePlan) -> dict[str, Any]:
    """Return the keys of a scheme: see docs/staged.md; those of the last stage where one figure."""
    study = plan.model.study
    last = study.data.n_stage - 1
    rows = investment_rows(plan)
    first = study.data.stages[0].name
    days = [day for day in plan.days if day.status == "optimal"]
    return {
        "lcc_rmb": plan.lcc_rmb,
        "bound_rmb": plan.bound_rmb,
        "gap": plan.gap,
        "scenario_ids": list(plan.model.seen.numbers),
        "lcc_all_rmb": plan.lcc_all_rmb,
        "bound_all_rmb": plan.bound_all_rmb,
        "gap_all": _gap(plan.bound_all_rmb, plan.lcc_all_rmb),
        "genetic_lcc_rmb": plan.genetic_rmb,
        "basic_piles_rmb": basic_piles_rmb(study),
        "investment_rmb": sum(row["cost_rmb"] for row in rows),
        "first_stage_investment_rmb": sum(r["cost_rmb"] for r in rows if r["stage"] == first),
        "curtailment_pct": curtailment_pct(plan, last),
        "charging_satisfaction_pct": _satisfaction_pct(plan, last),
        "heavy_load_h": {
            "before": _before(plan, "heavy_load_h"),
            "after": [_heavy_h(plan, k) for k in range(last + 1)],
        },
        "undervoltage_buses": {
            "before": _before(plan, "undervoltage_buses"),
            "after": [_under(plan, k) for k in range(last + 1)],
        },
        "lost_load_kwh": [_lost_kwh(plan, k) for k in range(last + 1)],
        "dispatches": _dispatches(plan),
        "ac": {
            "violation": _most(day.violation for day in days),
            "voltage_error_pu": _most(day.voltage_error_pu for day in days),
            "loss_error_kw": _most(day.loss_error_kw for day in days),
            "cone_gap": _most(day.cone_gap for day in days),
            "simultaneity_kw": _most(day.simultaneity_kw for day in days),
            "failed_days": len(plan.days) - len(days),
        },
        "status": plan.status,
        "message": plan.message or None,
    }


def unplanned_answer(plan: NoPlan) -> dict[str, Any]:
    """Return the keys of `scheme_answer` where the solver failed: null but for what was counted."""
    nulls = [None] * plan.model.study.data.n_stage
    return {
        **dict.fromkeys(("lcc_rmb", "bound_rmb", "gap")),
        "scenario_ids": list(plan.model.seen.numbers),
        **dict.fromkeys(("lcc_all_rmb", "bound_all_rmb", "gap_all", "genetic_lcc_rmb")),
        "basic_piles_rmb": basic_piles_rmb(plan.model.study),
        **dict.fromkeys(("investment_rmb", "first_stage_investment_rmb")),
        **dict.fromkeys(("curtailment_pct", "charging_satisfaction_pct")),
        "heavy_load_h": {"before": nulls, "after": nulls},
        "undervoltage_buses": {"before": nulls, "after": nulls},
        "lost_load_kwh": nulls,
        "dispatches": _dispatches(plan),
        "ac": dict.fromkeys(
            ("violation", "voltage_error_pu", "loss_error_kw", "cone_gap", "simultaneity_kw",
             "failed_days")
        ),
        "status": "solver_failed",
        "message": plan.message,
    }  # fmt: skip


def _dispatches(plan: SchemePlan | NoPlan) -> dict[str, int]:
    """Return the counts in dispatches: scenarios of the search times states of a stage."""
    n, counts = len(plan.model.seen.scenarios), plan.counts
    return {
        "asked": n * counts.asked,
        "cached": n * counts.cached,
        "pruned": n * counts.pruned,
        "solved": n * counts.solved,
        "cuts": counts.nodes,
        "failed": n * counts.failed,
    }


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _gap(bound: float | None, value: float | None) -> float | None:
    return None if bound is None or value is None else abs(bound - value) / abs(value)


def _of(plan: SchemePlan, k_stage: int) -> list[Day]:
    return [day for day in plan.days if day.k_stage == k_stage]


def _expected(plan: SchemePlan, k_stage: int, cause: str) -> float | None:
    days = _of(plan, k_stage)
    if any(day.status != "optimal" for day in days):
        return None
    return sum(day.probability * day.energy_kwh.get(cause, 0.0) for day in days)


def _lost_kwh(plan: SchemePlan, k_stage: int) -> float | None:
    """Return the load that is shed in a year of a stage."""
    lost = _expected(plan, k_stage, "lost_load")
    return None if lost is None else DAYS * max(lost, 0.0)


def curtailment_pct(plan: SchemePlan, k_stage: int) -> float | None:
    """Return the share of a stage's PV that is not used, from the days of that stage."""
    data = plan.model.study.data
    lost = _expected(plan, k_stage, "curtailment")
    sun = sum(w * float(s.pv.sum()) for s, w in zip(*_year(plan), strict=True))
    available = data.stages[k_stage].pv_kw * sun
    return None if lost is None or available <= 0.0 else 100.0 * max(lost, 0.0) / available


def _satisfaction_pct(plan: SchemePlan, k_stage: int) -> float | None:
    unserved = _expected(plan, k_stage, "unserved_charging")
    demand = _expected(plan, k_stage, "charging_demand")
    if unserved is None or not demand:
        return None
    return 100.0 * (1.0 - max(unserved, 0.0) / demand)


def _heavy_h(plan: SchemePlan, k_stage: int) -> float | None:
    days = _of(plan, k_stage)
    if any(day.status != "optimal" for day in days):
        return None
    share = plan.model.study.data.network.heavy_load_share
    limit = share * _rating(plan, plan.chain[k_stage])
    return DAYS * sum(day.probability * float((day.mva > limit).sum()) for day in days)


def _under(plan: SchemePlan, k_stage: int) -> int | None:
    days = _of(plan, k_stage)
    if any(day.status != "optimal" for day in days):
        return None
    lowest = np.min([day.v_pu.min(axis=0) for day in days], axis=0)
    return int((lowest < plan.model.study.data.network.v_min_pu - UNDER_TOL).sum())


def _before(plan: SchemePlan, what: str) -> list[Any]:
    """Return a figure by stage with what the stage before left, charging unmanaged."""
    model, study = plan.model, plan.model.study
    year = whole_year(study.data)
    weight = np.repeat(year.weight, 24)
    found: list[Any] = []
    for k in range(study.data.n_stage):
        bits = np.array(plan.chain[k - 1]) if k else np.zeros(model.n_item)
        flow = plain_flow(study, k, year, bits[: model.n_segment] > 0.5)
        if not flow.converged.all():
            found.append(None)
        elif what == "heavy_load_h":
            limit = study.data.network.heavy_load_share * _rating(plan, bits)
            found.append(DAYS * float(weight @ (flow.mva > limit)))
        else:
            lowest = flow.v_pu.min(axis=0)
            found.append(int((lowest < study.data.network.v_min_pu - UNDER_TOL).sum()))
    return found


def _rating(plan: SchemePlan, bits: Any) -> float:
    return float(plan.model.rating_mva(np.array(bits, dtype=np.float64)))


def _year(plan: SchemePlan) -> tuple[Any, Any]:
    year = whole_year(plan.model.study.data)
    return year.scenarios, year.weight
