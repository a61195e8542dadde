"""Owns a scheme's plan from search to judgment: chain, bound, money, indicators, counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from problems.staged.chain import cheapest, joint_cost
from problems.staged.day import Day
from problems.staged.floors import Floors
from problems.staged.genetic import search
from problems.staged.investment import Scheme, basic_piles_rmb
from problems.staged.memo import Counts, Memo
from problems.staged.operation import operate
from problems.staged.program import MILLION
from problems.staged.proof import bound_on_all, open_roots, prove
from problems.staged.scenarios import reduce_scenarios, whole_year
from problems.staged.state import Bits, StageModel, StateKey, StateResult
from problems.staged.studied import Studied
from problems.staged.whole import rounding_cost, total_rmb, whole_piles


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
            proves_all=asked.proves_all,
        )


@dataclass(frozen=True, slots=True, eq=False)
class SchemePlan:
    """Hold the plan of a scheme and how it was found; money in RMB, basic piles included.

    Attributes
    ----------
    model : StageModel
        With the scenarios that the search saw.
    status : str
        Of the proof: optimal or gap_limit.
    message : str
        Why the proof ended above the gap that was asked for; empty where it did not.
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
    states : dict of StateKey to StateResult
        All that is known; a scheme of the same study goes on with it.
    cpu_s : float
        Processor time of all cone programs and power flows, before an interruption too.
    """

    model: StageModel
    status: str
    message: str
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
    states: dict[StateKey, StateResult]
    cpu_s: float

    @property
    def gap(self) -> float:
        """Gap on the scenarios seen."""
        return abs(self.bound_rmb - self.lcc_rmb) / abs(self.lcc_rmb)


@dataclass(frozen=True, slots=True, eq=False)
class NoPlan:
    """Hold what is known of a scheme for which the solver failed.

    Attributes
    ----------
    model : StageModel
        With the scenarios that the search saw.
    message : str
    counts : Counts
    cpu_s : float
        Processor time of all cone programs.
    """

    model: StageModel
    message: str
    counts: Counts
    cpu_s: float


def plan_scheme(
    study: Studied,
    scheme: Scheme,
    effort: Effort,
    *,
    n_jobs: int = 1,
    folder: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
    known: Mapping[str, SchemePlan] | None = None,
) -> SchemePlan | NoPlan:
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
    SchemePlan or NoPlan
        No plan where the solver failed on a state of every chain: load may always be shed, so
        that no state is infeasible.
    """
    seen = reduce_scenarios(study.data, effort.n_scenarios)
    model = StageModel.of(study, scheme, seen)
    file = None if folder is None else folder / "states" / f"{scheme.name}.jsonl"
    memo = Memo(
        model,
        n_jobs=n_jobs,
        file=file,
        say=lambda words: say(f"{scheme.name}: {words}"),
        known=_shared_states(model, known or {}),
    )
    floors = Floors.of(memo)
    piles = basic_piles_rmb(study)
    open_roots(floors)
    proof = prove(
        floors,
        gap=effort.gap,
        constant_mrmb=piles / MILLION,
        incumbent=cheapest(memo, [plan.chain for plan in (known or {}).values()]),
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
        counts = replace(memo.counts)
        words = f"no plan: the solver failed on {counts.failed} of "
        words += f"{counts.solved + counts.nodes} states and relaxations"
        return NoPlan(model, words, counts, memo.cpu_s)
    costs = joint_cost(memo, chain)
    assert costs is not None
    whole = whole_piles(costs, model)
    rounded = rounding_cost(costs, whole, model)
    say(f"{scheme.name}: operating the plan in all scenarios")
    year = whole_year(study.data)
    days, cpu_s = operate(model, chain, whole, year, n_jobs)
    bound = min(floors.bound(), costs.cost_mrmb)
    bound_all = None
    if effort.proves_all and scheme.has_managed:
        say(f"{scheme.name}: bound on all scenarios")
        file = None if folder is None else folder / "states" / f"{scheme.name}-all.jsonl"
        bound_all, more_cpu_s = bound_on_all(StageModel.of(study, scheme, year), file, n_jobs)
        cpu_s += more_cpu_s
    return SchemePlan(
        model=model,
        status=proof.status,
        message=proof.message,
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
        states=memo.known,
        cpu_s=memo.cpu_s + cpu_s,
    )


def _shared_states(
    model: StageModel, known: Mapping[str, SchemePlan]
) -> dict[StateKey, StateResult]:
    """Return the states that schemes of the same study have solved: this one goes on with them."""
    for plan in known.values():
        is_same = plan.model.study is model.study
        if is_same and plan.model.seen.numbers == model.seen.numbers:
            return plan.states
    return {}
