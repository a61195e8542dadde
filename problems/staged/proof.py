"""Owns the proof: branch and bound over the discrete investments of all stages at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from problems.staged.chain import chain_cost
from problems.staged.floors import Floors
from problems.staged.memo import Memo
from problems.staged.state import Bits, StageModel, StateKey, StateResult

MOST_ENUMERATED = 8
"""Segments up to which all their sets are solved where hours stand alone."""

INTEGRAL = 1e-3
"""Distance from 0 or 1 at which a share of a relaxation counts as decided."""

BUDGET = "budget: the proof has solved as many states as it may"
STALLED = "stalled: no state is left whose bound could be raised"


@dataclass(frozen=True, slots=True, eq=False)
class Proof:
    """Hold a proven bound, the best chain known, and why the proof ended.

    Attributes
    ----------
    bound_mrmb : float
        No plan of the scheme costs less, on the scenarios seen; without basic piles.
    chain : tuple of Bits or None
    cost_mrmb : float
    status : {"optimal", "gap_limit"}
    message : str
        Why the proof ended above the gap that was asked for; empty where it did not.
    """

    bound_mrmb: float
    chain: tuple[Bits, ...] | None
    cost_mrmb: float
    status: str
    message: str = ""


def open_roots(floors: Floors) -> None:
    """Solve the relaxation of every stage with all investments open."""
    model = floors.model
    n = model.n_item
    floors.add_nodes([model.key(k, (0,) * n, (1,) * n) for k in range(floors.n_stage)])


def prove(
    floors: Floors,
    *,
    gap: float,
    constant_mrmb: float,
    incumbent: tuple[tuple[Bits, ...], float] | None = None,
    max_states: int | None = None,
    progress: Callable[[float, float], None] | None = None,
) -> Proof:
    """Raise the least sum of bounds over all chains until it meets the best plan known.

    The cheapest chain that the bounds allow is looked at: where a state of it is not exact, the
    relaxation that covers it is branched on its least decided investment, or the state itself is
    solved once its relaxation is decided. When all its states are exact it is a plan.

    Parameters
    ----------
    floors : Floors
    gap : float
        Stops at this share of the plan's cost, `constant_mrmb` included.
    constant_mrmb : float
        What every plan costs besides.
    incumbent : (chain, cost), optional
        Best plan known.
    max_states : int, optional
        Relaxations, and states with storage or managed charging, that may be solved.
    progress : callable, optional
        Told bound and cost so far, million RMB.
    """
    memo = floors.memo
    chain, cost = (None, np.inf) if incumbent is None else incumbent
    begun = _costly(floors)
    _enumerate(floors)
    floors.learn()
    while True:
        bound, states = floors.best_chain()
        failed = [k for k, state in enumerate(states) if _has_failed(floors, k, state)]
        if failed and np.isfinite(bound):
            for k in failed:
                floors.give_up(k, states[k])
            continue
        bound = min(bound, floors.lost_mrmb)
        bits = tuple(tuple(int(b) for b in floors.bits[state]) for state in states)
        candidate = chain_cost(memo, bits)
        if candidate is not None and candidate.cost_mrmb < cost:
            chain, cost = bits, candidate.cost_mrmb
        if progress is not None:
            progress(bound, cost)
        if np.isfinite(cost) and cost - bound <= gap * (cost + constant_mrmb):
            is_tight = cost - bound <= 1e-4 * (cost + constant_mrmb)
            return Proof(min(bound, cost), chain, cost, "optimal" if is_tight else "gap_limit")
        if max_states is not None and _costly(floors) - begun >= max_states:
            return Proof(bound, chain, cost, "gap_limit", BUDGET)
        vague = [
            k
            for k, state in enumerate(states)
            if floors.node[k, state] != -2 and np.isfinite(floors.value[k, state])
        ]
        if not vague:
            return Proof(bound, chain, cost, "gap_limit", STALLED)
        _refine(floors, vague, states)


def bound_on_all(model: StageModel, file: Path | None, n_jobs: int) -> tuple[float | None, float]:
    """Return a bound from the relaxation of every stage on all scenarios, million RMB.

    The processor time it took is returned with it.
    """
    memo = Memo(model, n_jobs=n_jobs, file=file)
    floors = Floors.of(memo)
    open_roots(floors)
    is_whole = len(floors.nodes) == floors.n_stage
    return floors.best_chain()[0] if is_whole else None, memo.cpu_s


def _enumerate(floors: Floors) -> None:
    """Solve every set of segments where hours stand alone: cheaper than relaxations of them."""
    model = floors.model
    if model.scheme.has_storage or model.n_segment > MOST_ENUMERATED:
        return
    n_step = model.steps.stop - model.steps.start
    for k in range(floors.n_stage):
        floors.memo.solve(
            model.key(k, (*segments, *(1,) * n_step))
            for segments in product((0, 1), repeat=model.n_segment)
        )


def _costly(floors: Floors) -> int:
    """Return how many states were solved whose hours are linked, relaxations included."""
    return sum(not (key.is_leaf and key.flexibility == "none") for key in floors.memo.known)


def _refine(floors: Floors, vague: list[int], states: tuple[int, ...]) -> None:
    """Branch, or solve the states, where the bounds of the chain's stages are not exact."""
    memo = floors.memo
    children: list[StateKey] = []
    leaves: list[StateKey] = []
    for k in vague:
        cover = floors.covering(k, states[k])
        key = floors.decided(k, states[k])
        item = None if cover is None else _least_decided(floors, *cover)
        if cover is None or item is None:
            leaves.append(key)
        else:
            children += _halves(cover[0], item)
            leaves.append(key)
    memo.solve_leaves(leaves)
    floors.add_nodes([child for child in children if not child.is_leaf])
    memo.solve_leaves(child for child in children if child.is_leaf)
    floors.learn()


def _halves(key: StateKey, item: int) -> list[StateKey]:
    low, high = list(key.low), list(key.high)
    low[item], high[item] = 1, 0
    return [replace(key, high=tuple(high)), replace(key, low=tuple(low))]


def _least_decided(floors: Floors, key: StateKey, result: StateResult) -> int | None:
    """Return the open investment whose share times price is furthest from decided, if any is."""
    share = np.array(result.share)
    is_open = np.array(key.low) < np.array(key.high)
    doubt = np.where(is_open, np.minimum(share, 1.0 - share), 0.0)
    if float(doubt.max(initial=0.0)) < INTEGRAL:
        return None
    price = floors.model.item_mrmb[key.k_stage, : len(share)]
    return int(np.argmax(doubt * price))


def _has_failed(floors: Floors, k_stage: int, state: int) -> bool:
    result = floors.memo.leaf(floors.decided(k_stage, state))
    return result is not None and not result.is_solved
