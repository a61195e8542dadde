"""Owns a plan as a chain of states: its cost, and capacities that never shrink."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from problems.staged.investment import capacity_factors
from problems.staged.memo import Memo
from problems.staged.program import CAPACITIES, MILLION, StageProgram
from problems.staged.retry import solve_steadily
from problems.staged.solving import built_sizes, leaf_program
from problems.staged.state import Bits

FloatArray = NDArray[np.float64]

WORTH_JOINING = 1e-5
"""Share of the cost that capacities which may not shrink must add for a joint program to pay."""


@dataclass(frozen=True, slots=True, eq=False)
class ChainCost:
    """Hold what a chain costs.

    Attributes
    ----------
    cost_mrmb : float
        Cost of a plan with these discrete investments: capacities never shrink.
    floor_mrmb : float
        The sum over stages with capacities of their own; no plan with these is cheaper.
    capacity : tuple of dict
        Of each stage, as of `StateResult`.
    """

    cost_mrmb: float
    floor_mrmb: float
    capacity: tuple[dict[str, list[float]], ...]


def chain_cost(memo: Memo, chain: tuple[Bits, ...]) -> ChainCost | None:
    """Return the cost of a chain whose states are all known; None if one failed or is not.

    A capacity that a later stage alone would not need stays: it is paid for, and can only lower the
    cost of operation. So the cost is that of a real plan, though a joint choice of all capacities
    might find a cheaper one between it and the floor.
    """
    model = memo.model
    factors = capacity_factors(model.study)
    total, extra = 0.0, 0.0
    built: dict[str, FloatArray] = {}
    capacity = []
    for k, bits in enumerate(chain):
        result = memo.leaf(model.key(k, bits))
        if result is None or result.cost_mrmb is None or result.capacity is None:
            return None
        total += result.cost_mrmb + float(model.item_mrmb[k] @ np.array(bits))
        for name in CAPACITIES:
            alone = np.array(result.capacity.get(name, ()))
            if not len(alone):
                continue
            before = built.get(name, np.zeros_like(alone))
            built[name] = np.maximum(before, alone)
            added = float((built[name] - alone).sum())
            extra += float(factors[name][k]) * added / MILLION
        capacity.append({name: sizes.tolist() for name, sizes in built.items()})
    return ChainCost(total + extra, total, tuple(capacity))


def cheapest(
    memo: Memo, chains: Iterable[tuple[Bits, ...]]
) -> tuple[tuple[Bits, ...], float] | None:
    """Return the cheapest of some chains and its cost; what later schemes add is not built."""
    best: tuple[tuple[Bits, ...], float] | None = None
    for some in chains:
        n = memo.model.n_item
        chain = tuple((*bits, *(0,) * (n - len(bits))) for bits in some)
        memo.solve_leaves(memo.model.key(k, bits) for k, bits in enumerate(chain))
        costs = chain_cost(memo, chain)
        if costs is not None and (best is None or costs.cost_mrmb < best[1]):
            best = chain, costs.cost_mrmb
    return best


def joint_cost(memo: Memo, chain: tuple[Bits, ...]) -> ChainCost | None:
    """Return the least cost of a chain with all stages and capacities in one cone program.

    It is solved only where the stages on their own would let a capacity shrink; where the solver
    fails on it, the cost of `chain_cost` stands.
    """
    model = memo.model
    alone = chain_cost(memo, chain)
    if alone is None or alone.cost_mrmb - alone.floor_mrmb <= WORTH_JOINING * alone.cost_mrmb:
        return alone
    programs: list[StageProgram] = []
    rows: list[Any] = []
    cost: Any = 0.0
    for k, bits in enumerate(chain):
        program, stage_cost = leaf_program(model, model.key(k, bits))
        if programs:
            before = programs[-1].capacity
            rows += [program.capacity[name] >= before[name] for name in before]
        programs.append(program)
        cost += stage_cost + float(model.item_mrmb[k] @ np.array(bits))
        rows += program.all_rows()
    outcome = solve_steadily(cp.Problem(cp.Minimize(cost), rows))
    if outcome.value is None or outcome.status != "optimal" or outcome.value > alone.cost_mrmb:
        return alone
    capacity: list[dict[str, list[float]]] = []
    for program in programs:
        sizes = dict(capacity[-1]) if capacity else {}
        for name, found in built_sizes(program).items():
            least = sizes.get(name, [0.0] * len(found))
            sizes[name] = [max(a, b) for a, b in zip(found, least, strict=True)]
        capacity.append(sizes)
    return ChainCost(outcome.value, alone.floor_mrmb, tuple(capacity))
