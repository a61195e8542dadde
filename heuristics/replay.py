"""Engines written as one generator: the state is the log of the run, replayed on demand."""

from abc import abstractmethod
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from heuristics.engine import Engine
from heuristics.jit import FloatArray
from heuristics.problem import Evaluation, Space
from heuristics.sampling import make_generator

Search: TypeAlias = Generator[FloatArray, Evaluation, None]
"""Yields snapped points (n, n_var), n >= 1, and is sent their evaluation; it never returns."""


@dataclass(slots=True, eq=False)
class _Live:
    """A search at work; a pickle holds an empty one, to be brought to life by replay.

    Attributes
    ----------
    n_told : int
        Batches it was told; -1 before it was started.
    search : generator
    asked : (n, n_var) float array
        What it wants next.
    """

    n_told: int = -1
    search: Search | None = None
    asked: FloatArray | None = None

    def __reduce__(self) -> tuple[type["_Live"], tuple[()]]:
        return _Live, ()


@dataclass(frozen=True, slots=True, eq=False)
class ReplayState:
    """A seed and all that was told since: from these the search follows.

    A search at work is no value: it changes in place, and generators neither copy nor pickle. So
    the state is the log of the run, and the search is kept beside it for the usual case that the
    run goes straight on, at no cost. A state that was unpickled, or left behind by another branch,
    replays its log: the search's own time for all evaluations so far, without evaluating anything.

    Attributes
    ----------
    seed, budget : int
    told : tuple of Evaluation
        One a batch.
    is_asked : bool
        Whether a batch is on its way.
    """

    seed: int
    budget: int
    told: tuple[Evaluation, ...] = ()
    is_asked: bool = False
    live: _Live = field(default_factory=_Live)


class ReplayEngine(Engine):
    """An engine whose subclass is a frozen dataclass of settings with one method, `search`."""

    @abstractmethod
    def search(self, space: Space, rng: np.random.Generator, budget: int) -> Search:
        """Yield the points to evaluate, for ever; each yield returns their evaluation.

        It depends on its arguments and on what it is sent, and on nothing else.
        """

    def init(self, space: Space, rng: np.random.Generator, budget: int) -> ReplayState:
        """Return the state with a seed of its own: see `Engine.init`."""
        return ReplayState(int(rng.integers(2**31)), budget)

    def ask(
        self, space: Space, state: ReplayState, rng: np.random.Generator
    ) -> tuple[FloatArray, ReplayState]:
        """Return what the search wants next: see `Engine.ask`."""
        live, n_told = state.live, len(state.told)
        # The search goes forward only, so that it is where a state left it or further on: no other
        # branch of the run can have brought it to the same place.
        if live.n_told != (n_told if state.is_asked else n_told - 1):
            live = _Live()
        while live.n_told < n_told:
            if live.search is None:
                live.search = self.search(space, make_generator(state.seed), state.budget)
                live.asked = next(live.search)
            else:
                live.asked = live.search.send(state.told[live.n_told])
            live.n_told += 1
        assert live.asked is not None
        return live.asked.copy(), ReplayState(state.seed, state.budget, state.told, True, live)

    def tell(self, space: Space, state: ReplayState, x: FloatArray, e: Evaluation) -> ReplayState:
        """Return the state with one batch more in its log: see `Engine.tell`."""
        return ReplayState(state.seed, state.budget, (*state.told, e), False, state.live)
