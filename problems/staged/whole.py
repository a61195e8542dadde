"""Owns the plan that can be built: whole piles, no dust of the solver, and what it then costs."""

from __future__ import annotations

import numpy as np

from problems.staged.chain import ChainCost
from problems.staged.day import Day
from problems.staged.investment import Factors, basic_piles_rmb, capacity_factors
from problems.staged.program import DAYS, MILLION
from problems.staged.state import Bits, StageModel

PILES = ("smart", "two_way")
SMALLEST_KWH = 1.0
"""Storage of less than this, in kWh or kW, is what the solver's tolerance leaves of nothing."""


def whole_piles(costs: ChainCost, model: StageModel) -> tuple[dict[str, list[float]], ...]:
    """Return capacities with whole piles, rounded up, and without the dust of the solver."""
    rounded = []
    for stage in costs.capacity:
        sizes = {}
        for name, values in stage.items():
            if name in PILES:
                sizes[name] = [float(np.ceil(v - 0.01)) if v > 0.01 else 0.0 for v in values]
            else:
                sizes[name] = [v if v >= SMALLEST_KWH else 0.0 for v in values]
        rounded.append(sizes)
    return tuple(rounded)


def capacity_mrmb(capacity: tuple[dict[str, list[float]], ...], model: StageModel) -> float:
    """Return the present value of capacities present in each stage, million RMB."""
    factors = capacity_factors(model.study)
    return sum(
        float(factors[name][k]) * sum(sizes) / MILLION
        for k, stage in enumerate(capacity)
        for name, sizes in stage.items()
    )


def rounding_cost(
    costs: ChainCost, whole: tuple[dict[str, list[float]], ...], model: StageModel
) -> float:
    """Return what rounding adds, million RMB; more piles can only lower the cost of operation."""
    return max(0.0, capacity_mrmb(whole, model) - capacity_mrmb(costs.capacity, model))


def total_rmb(
    model: StageModel,
    chain: tuple[Bits, ...],
    capacity: tuple[dict[str, list[float]], ...],
    days: list[Day],
) -> float | None:
    """Return the life-cycle cost on the scenarios of `days`; None if one failed."""
    if any(day.status != "optimal" for day in days):
        return None
    factors = Factors.of(model.study.data)
    operation = sum(
        DAYS * float(factors.stage[day.k_stage]) * day.probability * sum(day.cost_rmb.values())
        for day in days
    )
    items = sum(float(model.item_mrmb[k] @ np.array(bits)) for k, bits in enumerate(chain))
    fixed = MILLION * (items + capacity_mrmb(capacity, model))
    return operation + fixed + basic_piles_rmb(model.study)
