"""Owns what is proven of each state's cost, and the cheapest chain of states it allows.

A chain holds one state a stage, each a subset of the next, for nothing is unbuilt. The sum of its
states' costs is a bound on the plan's: only that capacities may not shrink either is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from problems.staged.memo import Memo
from problems.staged.state import Bits, StageModel, StateKey, StateResult

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BOUND_TOL = 1e-6
"""Million RMB taken off every bound: the accuracy of the cone solver."""


@dataclass(slots=True, eq=False)
class Floors:
    """Hold a lower bound on the cost of every state of every stage.

    Attributes
    ----------
    model : StageModel
    memo : Memo
    bits : (n_state, n_item) int8 array
        Row m holds the investments of state m, item k being bit k of m.
    value : (n_stage, n_state) float array
        Bound in million RMB, discrete investments included; infinite for impossible states.
    node : (n_stage, n_state) int array
        Place in `nodes` of the relaxation that gave the bound; -1 for none, -2 where it is exact.
    nodes : list of (StateKey, StateResult)
    learned : set of StateKey
        Decided states that were looked at.
    lost_mrmb : float
        Least bound of the chains that were given up because the solver failed on a state.
    """

    model: StageModel
    memo: Memo
    bits: NDArray[np.int8]
    value: FloatArray
    node: IntArray
    nodes: list[tuple[StateKey, StateResult]]
    learned: set[StateKey] = field(default_factory=set)
    lost_mrmb: float = np.inf

    @classmethod
    def of(cls, memo: Memo) -> Floors:
        """Return the bounds that the prices of discrete investments alone give."""
        model = memo.model
        n = model.n_item
        mask = np.arange(1 << n)
        bits = ((mask[:, None] >> np.arange(n)) & 1).astype(np.int8)
        steps = bits[:, model.steps]
        is_possible = (steps[:, 1:] <= steps[:, :-1]).all(axis=1)
        value = model.item_mrmb @ bits.T
        value[:, ~is_possible] = np.inf
        return cls(model, memo, bits, value, np.full(value.shape, -1), [])

    @property
    def n_stage(self) -> int:
        """Number of stages."""
        return len(self.value)

    def decided(self, k_stage: int, state: int) -> StateKey:
        """Return the key of a state."""
        return self.model.key(k_stage, tuple(int(b) for b in self.bits[state]))

    def add_nodes(self, keys: list[StateKey]) -> None:
        """Solve relaxations of open states and raise the bounds of all states in them."""
        self.memo.solve(keys)
        for key in keys:
            result = self.memo.known[key]
            if result.bound_mrmb is None:
                continue
            self.nodes.append((key, result))
            n = len(key.low)
            low, high = np.array(key.low), np.array(key.high)
            some = self.bits[:, :n]
            inside = np.flatnonzero(((some >= low) & (some <= high)).all(axis=1))
            slope = np.array(result.slope)
            rise = some[inside] - (slope < 0.0)
            bound = result.bound_mrmb - BOUND_TOL + rise @ slope
            bound += self.model.item_mrmb[key.k_stage, n:] @ self.bits[inside, n:].T
            self._raise(key.k_stage, inside, bound, len(self.nodes) - 1)

    def learn(self) -> None:
        """Raise the bounds by every decided state the memo knows that the scheme may be in."""
        for key, result in self.memo.known.items():
            if not key.is_leaf or key in self.learned:
                continue
            self.learned.add(key)
            if key.flexibility == self.model.flexibility(key.k_stage):
                self._learn_one(key, result)

    def _learn_one(self, key: StateKey, result: StateResult) -> None:
        if result.bound_mrmb is None:
            # a failed state proves nothing
            return
        low = np.array(key.low)
        some = self.bits[:, : len(low)]
        state = self._told_of(key)
        items = self.model.item_mrmb[key.k_stage] @ self.bits[state].T
        bound = result.bound_mrmb - BOUND_TOL + items
        rating = self.model.rating_mva(self.bits[state].T.astype(np.float64))
        own = (some[state] == low).all(axis=1)
        is_exact = own | (result.max_mva <= rating)
        self._raise(key.k_stage, state[~is_exact], bound[~is_exact], -1)
        exact = state[is_exact]
        self.value[key.k_stage, exact] = np.maximum(self.value[key.k_stage, exact], bound[is_exact])
        self.node[key.k_stage, exact] = -2

    def _told_of(self, key: StateKey) -> IntArray:
        """Return the possible states that a decided one tells of.

        A smaller transformer never costs less to operate, and investments that the stage cannot use
        make no difference.
        """
        steps, n = range(self.model.n_item)[self.model.steps], len(key.low)
        state = np.array([sum(bit << k for k, bit in enumerate(key.low) if k not in steps)])
        either = [k for k in steps if key.low[k]] + list(range(n, self.model.n_item))
        for k in either:
            state = np.concatenate([state, state | (1 << k)])
        return np.sort(state[np.isfinite(self.value[key.k_stage, state])])

    def _raise(self, k_stage: int, state: IntArray, bound: FloatArray, place: int) -> None:
        is_higher = (bound > self.value[k_stage, state]) & (self.node[k_stage, state] != -2)
        raised = state[is_higher]
        self.value[k_stage, raised] = bound[is_higher]
        if place >= 0:
            self.node[k_stage, raised] = place

    def covering(self, k_stage: int, state: int) -> tuple[StateKey, StateResult] | None:
        """Return the smallest relaxation that holds a state; None if there is none."""
        bits = self.bits[state]
        found = None
        for key, result in self.nodes:
            n = len(key.low)
            holds = all(a <= b <= c for a, b, c in zip(key.low, bits[:n], key.high, strict=True))
            if key.k_stage == k_stage and holds and (found is None or _size(key) < _size(found[0])):
                found = key, result
        return found

    def best_chain(self) -> tuple[float, tuple[int, ...]]:
        """Return the least sum of bounds over all chains, and the chain."""
        if not self.model.scheme.is_staged:
            total = self.value.sum(axis=0)
            state = int(np.argmin(total))
            return float(total[state]), (state,) * self.n_stage
        least = [self.value[0]]
        for k in range(1, self.n_stage):
            least.append(self.value[k] + subset_minimum(least[-1]))
        chain = [int(np.argmin(least[-1]))]
        mask = np.arange(len(self.bits))
        for k in range(self.n_stage - 2, -1, -1):
            within = np.where((mask & ~chain[0]) == 0, least[k], np.inf)
            chain.insert(0, int(np.argmin(within)))
        return float(least[-1].min()), tuple(chain)

    def bound(self) -> float:
        """Return what no plan costs less than, chains that were given up included."""
        return min(self.best_chain()[0], self.lost_mrmb)

    def give_up(self, k_stage: int, state: int) -> None:
        """Propose a state no more; its bound stays part of what is proven."""
        self.lost_mrmb = min(self.lost_mrmb, self.best_chain()[0])
        self.value[k_stage, state] = np.inf

    def chain_floor(self, states: tuple[int, ...]) -> float:
        """Return the sum of the bounds of a chain."""
        return float(sum(self.value[k, state] for k, state in enumerate(states)))


def subset_minimum(value: FloatArray) -> FloatArray:
    """Return for each set the least value among its subsets, itself included, (2^n,)."""
    least = value.copy()
    n = (len(value) - 1).bit_length()
    for k in range(n):
        pairs = least.reshape(-1, 2, 1 << k)
        np.minimum(pairs[:, 1], pairs[:, 0], out=pairs[:, 1])
    return least


def state_of(bits: Bits) -> int:
    """Return the number of a state."""
    return sum(int(bit) << k for k, bit in enumerate(bits))


def _size(key: StateKey) -> int:
    return sum(b - a for a, b in zip(key.low, key.high, strict=True))
