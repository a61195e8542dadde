"""Owns a scheme's plan from search to judgment: chain, bound, money, indicators, counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from problems.staged.chain import ChainCost, chain_cost, joint_cost
from problems.staged.floors import Floors
from problems.staged.genetic import search
from problems.staged.investment import Factors, Scheme, basic_piles_rmb, capacity_factors
from problems.staged.memo import Counts, Memo
from problems.staged.operation import Day, operate
from problems.staged.program import DAYS, MILLION
from problems.staged.proof import open_roots, prove
from problems.staged.scenarios import reduce_scenarios, whole_year
from problems.staged.state import Bits, StageModel
from problems.staged.studied import Studied

PILES = ("smart", "two_way")
SMALLEST_KWH = 1.0
"""Storage of less than this, in kWh or kW, is what the solver's tolerance leaves of nothing."""


@dataclass(frozen=True, slots=True)
class Effort:
    """Hold how hard a scheme is searched.

    Parameters
    ----------
    n_scenarios, population, generations, seed : int
    gap : float
        At which the proof stops.
    max_states : int or None
        States and relaxations that the proof may solve.
    proves_all : bool
        Whether a bound is proven on all scenarios too, for the scheme with every flexibility.
    """

    n_scenarios: int
    population: int
    generations: int
    seed: int
    gap: float
    max_states: int | None = None
    proves_all: bool = False

    @classmethod
    def of(cls, study: Studied, *, seed: int, is_quick: bool) -> Effort:
        """Return the effort that the data ask for."""
        asked = study.data.search
        if is_quick:
            return cls(
                asked.n_scenarios_quick,
                asked.population_quick,
                asked.generations_quick,
                seed,
                3.0 * asked.gap,
                60,
            )
        return cls(
            asked.n_scenarios,
            asked.population,
            asked.generations,
            seed,
            asked.gap,
            proves_all=True,
        )


@dataclass(frozen=True, slots=True, eq=False)
class SchemePlan:
    """Hold the plan of a scheme and how it was found; money in RMB, basic piles included.

    Attributes
    ----------
    model : StageModel
        With the scenarios that the search saw.
    status : str
        Of the proof: optimal, gap_limit, budget or stalled; infeasible without a plan.
    chain : tuple of Bits
        Discrete investments present in each stage.
    capacity : tuple of dict
        Capacities present in each stage: kWh, kW, whole piles.
    lcc_rmb, bound_rmb : float
        Cost on the scenarios seen, and the proven bound on it.
    genetic_rmb : float or None
        Cost of the best plan that the genetic search found.
    counts : Counts
    history : tuple of float
        Least cost after each generation, million RMB, without basic piles.
    days : list of Day
        Operation in all scenarios of the year.
    lcc_all_rmb : float or None
        Cost on all scenarios; None if a dispatch failed.
    bound_all_rmb : float or None
        Proven bound on that; None where none was proven.
    """

    model: StageModel
    status: str
    chain: tuple[Bits, ...]
    capacity: tuple[dict[str, list[float]], ...]
    lcc_rmb: float
    bound_rmb: float
    genetic_rmb: float | None
    counts: Counts
    history: tuple[float, ...]
    days: list[Day]
    lcc_all_rmb: float | None
    bound_all_rmb: float | None

    @property
    def gap(self) -> float:
        """Gap on the scenarios seen."""
        return abs(self.bound_rmb - self.lcc_rmb) / abs(self.lcc_rmb)


def plan_scheme(
    study: Studied,
    scheme: Scheme,
    effort: Effort,
    *,
    n_jobs: int = 1,
    folder: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
    known: Mapping[str, SchemePlan] | None = None,
) -> SchemePlan | None:
    """Find a plan of a scheme, prove how good it is, and judge it on all scenarios.

    Parameters
    ----------
    study : Studied
    scheme : Scheme
    effort : Effort
    n_jobs : int
        Worker processes; the plan does not depend on it.
    folder : Path, optional
        Where solved states are kept; a continued run reads them and ends in the same bits.
    say : callable
        Takes one line of progress.
    known : dict of str to SchemePlan, optional
        Plans of more restricted schemes: what they build, this scheme may build too.

    Returns
    -------
    SchemePlan or None
        None if no plan could be operated.
    """
    seen = reduce_scenarios(study.data, effort.n_scenarios)
    model = StageModel.of(study, scheme, seen)
    file = None if folder is None else folder / "states" / f"{scheme.name}.jsonl"
    memo = Memo(model, n_jobs=n_jobs, file=file, say=lambda words: say(f"{scheme.name}: {words}"))
    floors = Floors.of(memo)
    piles = basic_piles_rmb(study)
    open_roots(floors)
    proof = prove(
        floors,
        gap=effort.gap,
        constant_mrmb=piles / MILLION,
        incumbent=_best_known(memo, known or {}),
        max_states=effort.max_states,
    )
    say(f"{scheme.name}: bound and plan from the proof, genetic search next")
    found = search(
        floors, population=effort.population, generations=effort.generations, seed=effort.seed
    )
    chain = proof.chain
    if found.chain is not None and found.cost_mrmb < proof.cost_mrmb:
        chain = found.chain
    if chain is None:
        return None
    costs = joint_cost(memo, chain)
    assert costs is not None
    whole = whole_piles(costs, model)
    rounded = rounding_cost(costs, whole, model)
    say(f"{scheme.name}: operating the plan in all scenarios")
    year = whole_year(study.data)
    days = operate(model, chain, whole, year, n_jobs)
    bound = min(floors.bound(), costs.cost_mrmb)
    bound_all = None
    if effort.proves_all and scheme.has_managed:
        say(f"{scheme.name}: bound on all scenarios")
        file = None if folder is None else folder / "states" / f"{scheme.name}-all.jsonl"
        bound_all = bound_on_all(StageModel.of(study, scheme, year), file, n_jobs)
    return SchemePlan(
        model=model,
        status=proof.status,
        chain=chain,
        capacity=whole,
        lcc_rmb=MILLION * (costs.cost_mrmb + rounded) + piles,
        bound_rmb=MILLION * bound + piles,
        genetic_rmb=None if found.chain is None else MILLION * found.cost_mrmb + piles,
        counts=replace(memo.counts),
        history=found.history,
        days=days,
        lcc_all_rmb=total_rmb(model, chain, whole, days),
        bound_all_rmb=None if bound_all is None else MILLION * bound_all + piles,
    )


def _best_known(
    memo: Memo, known: Mapping[str, SchemePlan]
) -> tuple[tuple[Bits, ...], float] | None:
    """Return the cheapest of the known plans in this scheme, and its cost here."""
    best: tuple[tuple[Bits, ...], float] | None = None
    for plan in known.values():
        n = memo.model.n_item
        chain = tuple((*bits, *(0,) * (n - len(bits))) for bits in plan.chain)
        memo.solve_leaves(memo.model.key(k, bits) for k, bits in enumerate(chain))
        costs = chain_cost(memo, chain)
        if costs is not None and (best is None or costs.cost_mrmb < best[1]):
            best = chain, costs.cost_mrmb
    return best


def bound_on_all(model: StageModel, file: Path | None, n_jobs: int) -> float | None:
    """Return a bound from the relaxation of every stage on all scenarios, million RMB."""
    memo = Memo(model, n_jobs=n_jobs, file=file)
    floors = Floors.of(memo)
    open_roots(floors)
    if len(floors.nodes) < floors.n_stage:
        return None
    return floors.best_chain()[0]


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
