"""Owns the sensitivities: assumed prices and habits swept, plans chosen anew or kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from problems.staged.case import StagedData
from problems.staged.chain import chain_cost, joint_cost
from problems.staged.floors import Floors
from problems.staged.investment import SCHEMES, basic_piles_rmb
from problems.staged.memo import Memo
from problems.staged.scheme_plan import SchemePlan
from problems.staged.state import Bits, StageModel
from problems.staged.studied import Studied

MILLION = 1e6
LINE_PRICES = (0.4e6, 0.6e6, 0.8e6, 1.0e6, 1.2e6, 1.6e6, 2.0e6)
STORAGE_PRICES = (300.0, 465.0, 650.0, 800.0, 1000.0)
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
PILE_KW = (1.33, 2.0, 3.0, 5.4)
ELASTICITIES = (0.0, 0.2, 0.4, 0.6)


@dataclass(frozen=True, slots=True)
class Point:
    """Hold one point of a sweep: cost with basic piles, storage of the last stage."""

    sweep: str
    value: float
    scheme: str
    lcc_rmb: float | None
    storage_kwh: float | None
    two_way_piles: float | None


def with_data(study: Studied, change: Callable[[StagedData], StagedData]) -> Studied:
    """Return a study with changed data; its feeder and segments stay."""
    return replace(study, data=change(study.data))


def price(study: Studied, **prices: Any) -> Studied:
    """Return a study with other prices."""
    return with_data(study, lambda data: replace(data, prices=replace(data.prices, **prices)))


def v2g_share(study: Studied, share: float) -> Studied:
    """Return a study in which this share of vehicles may discharge in the last stage."""

    def changed(data: StagedData) -> StagedData:
        last = replace(data.stages[-1], v2g_share_max=share)
        return replace(data, stages=(*data.stages[:-1], last))

    return with_data(study, changed)


def elasticity(study: Studied, epsilon: float) -> Studied:
    """Return a study whose unmanaged vehicles answer time-of-use prices in stages II and III.

    The share that moves to the course of those that answer is the elasticity times the spread of
    the tariff, (peak - valley) / mean, at most 1: a definition of ours, for the paper prints none.
    """

    def changed(data: StagedData) -> StagedData:
        tariff = np.array(data.demand.energy_price_rmb_per_kwh)
        share = min(1.0, epsilon * float((tariff.max() - tariff.min()) / tariff.mean()))
        later = tuple(replace(stage, tou_share=share) for stage in data.stages[1:])
        return replace(data, stages=(data.stages[0], *later))

    return with_data(study, changed)


def kept_plans(
    study: Studied, plans: Mapping[str, SchemePlan], name: str
) -> list[tuple[Bits, ...]]:
    """Return the discrete investments of a scheme's plan and of those it could also have made."""
    n = plans[name].model.n_item
    chains = []
    for other in SCHEMES[: SCHEMES.index(plans[name].model.scheme.name) + 1]:
        if other in plans:
            chain = tuple((*bits, *(0,) * (n - len(bits))) for bits in plans[other].chain)
            if chain not in chains:
                chains.append(chain)
    return chains


def resolved(
    study: Studied,
    plans: Mapping[str, SchemePlan],
    name: str,
    file: Path,
    most: int,
) -> tuple[float | None, float, float]:
    """Return cost, storage and two-way piles with all capacities chosen anew.

    Of discrete investments the last `most` plans of `kept_plans` are tried; the cheapest counts.
    """
    base = plans[name].model
    memo = Memo(StageModel.of(study, base.scheme, base.seen), file=file)
    best: tuple[float, Any] | None = None
    for chain in kept_plans(study, plans, name)[-most:]:
        memo.solve_leaves(memo.model.key(k, bits) for k, bits in enumerate(chain))
        found = joint_cost(memo, chain)
        if found is not None and (best is None or found.cost_mrmb < best[0]):
            best = found.cost_mrmb, found.capacity[-1]
    if best is None:
        return None, np.nan, np.nan
    capacity = best[1]
    return (
        MILLION * best[0] + basic_piles_rmb(study),
        sum(capacity.get("storage_kwh", [])),
        sum(capacity.get("two_way", [])),
    )


def sweep(
    label: str,
    values: Iterable[float],
    change: Callable[[float], Studied],
    plans: Mapping[str, SchemePlan],
    names: Iterable[str],
    folder: Path,
    most: int = 2,
) -> list[Point]:
    """Return the points of one sweep for some schemes."""
    points = []
    for value in values:
        for name in names:
            file = folder / f"{label}-{value:g}-{name}.jsonl"
            cost, storage, piles = resolved(change(value), plans, name, file, most)
            points.append(Point(label, value, name, cost, storage, piles))
    return points


def line_sweep(
    study: Studied, plans: Mapping[str, SchemePlan], states: Path, values: Iterable[float]
) -> list[Point]:
    """Return the cost of each scheme over the price of lines, from the states already solved.

    Operation and capacities do not depend on that price, so that every solved state serves every
    price: the cheapest chain of them is taken, an upper bound on the scheme's cost.
    """
    points = []
    for value in values:
        priced = price(study, line_per_km=value)
        before: tuple[Bits, ...] | None = None
        for name, plan in plans.items():
            base = plan.model
            model = StageModel.of(priced, base.scheme, base.seen)
            memo = Memo(model, file=states / f"{name}.jsonl")
            chains = [] if before is None else [widened(before, model.n_item)]
            chains += [
                widened(other.chain, model.n_item)
                for other in plans.values()
                if len(other.chain[0]) <= model.n_item and not _is_less(other, plan)
            ]
            memo.known.update(_kept_leaves(memo))
            best = cheapest_known(memo)
            if best is not None:
                chains.append(best)
            costs = []
            for chain in chains:
                memo.solve_leaves(model.key(k, bits) for k, bits in enumerate(chain))
                found = chain_cost(memo, chain)
                if found is not None:
                    costs.append((found.cost_mrmb, chain))
            cost, before = min(costs)
            points.append(
                Point(
                    "line price", value, name, MILLION * cost + basic_piles_rmb(study), None, None
                )
            )
    return points


def widened(chain: tuple[Bits, ...], n_item: int) -> tuple[Bits, ...]:
    """Return a chain of a more restricted scheme as one of a scheme with more investments."""
    return tuple((*bits, *(0,) * (n_item - len(bits))) for bits in chain)


def _is_less(plan: SchemePlan, other: SchemePlan) -> bool:
    """Return whether a plan is staged where the other's scheme may not be."""
    return plan.model.scheme.is_staged and not other.model.scheme.is_staged


def _kept_leaves(memo: Memo) -> dict[Any, Any]:
    from problems.staged.state import StateKey

    found = {}
    for text, result in memo.kept.items():
        k_stage, flexibility, digits = text.split("-")
        if "x" not in digits:
            bits = tuple(int(digit) for digit in digits)
            found[StateKey(int(k_stage), flexibility, bits, bits)] = result  # type: ignore[arg-type]
    return found


def cheapest_known(memo: Memo) -> tuple[Bits, ...] | None:
    """Return the cheapest chain whose states are all known."""
    floors = Floors.of(memo)
    value = np.full(floors.value.shape, np.inf)
    for k in range(floors.n_stage):
        for state in np.flatnonzero(np.isfinite(floors.value[k])):
            result = memo.leaf(floors.decided(k, int(state)))
            if result is not None and result.cost_mrmb is not None:
                value[k, state] = floors.value[k, state] + result.cost_mrmb
    floors.value[:] = value
    least, states = floors.best_chain()
    if not np.isfinite(least):
        return None
    return tuple(tuple(int(b) for b in floors.bits[state]) for state in states)


def pile_kw(study: Studied, discharge_kw: float) -> Studied:
    """Return a study whose two-way piles deliver another power."""
    return with_data(
        study, lambda data: replace(data, ev=replace(data.ev, discharge_kw=discharge_kw))
    )
