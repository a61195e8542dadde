"""Owns the genetic search over when each discrete investment is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heuristics.ga import GA, GAState
from heuristics.problem import Evaluation, Space
from heuristics.variation import Variation
from problems.staged.chain import chain_cost
from problems.staged.floors import Floors, state_of
from problems.staged.state import Bits, StageModel

FloatArray = NDArray[np.float64]

VARIATION = Variation(crossover_index=2.0, mutation_index=1.0)
"""Wide steps: genes have a few whole values, and small ones would all be rounded away."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Hold the end of a genetic search: the best chain, and the last population's costs."""

    chain: tuple[Bits, ...] | None
    cost_mrmb: float
    survivors: tuple[tuple[float, ...], ...]
    history: tuple[float, ...]


def gene_space(model: StageModel) -> Space:
    """Return the space of genes: the stage in which each investment is built, or never.

    Every value from the number of stages on means never. There are twice as many of these as of
    stages, so that the first plans are built sparingly. Where everything is built at once, 0 means
    built.
    """
    n_value = 3 * (model.study.data.n_stage if model.scheme.is_staged else 1)
    n = model.n_item

    def repaired(x: FloatArray) -> FloatArray:
        # a step of the transformer is not built before the one below it
        x = x.copy()
        x[:, model.steps] = np.sort(x[:, model.steps], axis=1)
        return x

    return Space(np.zeros(n), np.full(n, n_value - 1.0), np.ones(n, dtype=bool), repaired)


def chain_of(model: StageModel, genes: FloatArray) -> tuple[Bits, ...]:
    """Return the states of a plan: what is present in each stage."""
    n_stage = model.study.data.n_stage
    if not model.scheme.is_staged:
        once = tuple((genes < 0.5).astype(int).tolist())
        return (once,) * n_stage
    return tuple(tuple((genes <= k + 0.5).astype(int).tolist()) for k in range(n_stage))


def search(
    floors: Floors,
    *,
    population: int,
    generations: int,
    seed: int,
    is_pruning: bool = True,
    progress: Callable[[int, float], None] | None = None,
) -> Found:
    """Search with the genetic algorithm of `heuristics`.

    A candidate whose bound is above the worst of a full population cannot survive; with pruning
    its states are not solved and its bound stands for its cost. So pruning changes no survivor.

    Parameters
    ----------
    floors : Floors
        What is proven of each state; candidates are pruned by it, and it learns.
    population, generations, seed : int
    is_pruning : bool
    progress : callable, optional
        Told the generation and the least cost so far, million RMB.
    """
    model = floors.model
    engine, space = GA(population=population, variation=VARIATION), gene_space(model)
    rng = np.random.default_rng(seed)
    state: GAState = engine.init(space, rng, population * generations)
    best: tuple[float, tuple[Bits, ...]] | None = None
    history, survivors = [], []
    for generation in range(generations):
        x, state = engine.ask(space, state, rng)
        is_full = state.population.size == population and is_pruning
        threshold = float(state.population.f.max()) if is_full else np.inf
        chains = [chain_of(model, genes) for genes in x]
        cost = evaluate(floors, chains, threshold)
        for value, chain in zip(cost, chains, strict=True):
            is_real = value <= threshold and np.isfinite(value)
            if is_real and (best is None or value < best[0]):
                best = float(value), chain
        f = np.where(np.isfinite(cost), cost, np.nan)
        state = engine.tell(space, state, x, Evaluation(f[:, None], np.empty((len(x), 0))))
        survivors.append(tuple(state.population.f.tolist()))
        history.append(best[0] if best is not None else np.inf)
        if progress is not None:
            progress(generation + 1, history[-1])
    return Found(
        None if best is None else best[1],
        np.inf if best is None else best[0],
        tuple(survivors),
        tuple(history),
    )


def evaluate(floors: Floors, chains: list[tuple[Bits, ...]], threshold: float) -> FloatArray:
    """Return the cost of each plan, million RMB; its bound where that is above the threshold.

    Stages are solved from the last, which costs most, to the first, all plans together; what one
    stage shows may prune the plan before the next is solved.
    """
    memo, model = floors.memo, floors.model
    counts = memo.counts
    states = [tuple(state_of(bits) for bits in chain) for chain in chains]
    n_stage = floors.n_stage
    counts.asked += n_stage * len(chains)
    fresh: set[tuple[int, int]] = set()
    for k in range(n_stage - 1, -1, -1):
        alive = [i for i in range(len(chains)) if floors.chain_floor(states[i]) <= threshold]
        keys = {model.key(k, chains[i][k]) for i in alive}
        unknown = {key for key in keys if memo.leaf(key) is None}
        memo.solve_leaves(unknown)
        floors.learn()
        fresh |= {(i, k) for i in alive if model.key(k, chains[i][k]) in unknown}
        counts.pruned += len(chains) - len(alive)
        counts.cached += sum(model.key(k, chains[i][k]) not in unknown for i in alive)
    cost = np.empty(len(chains))
    for i, chain in enumerate(chains):
        floor = floors.chain_floor(states[i])
        if floor > threshold:
            cost[i] = floor
            continue
        found = chain_cost(memo, chain)
        cost[i] = np.inf if found is None else found.cost_mrmb
    return cost
