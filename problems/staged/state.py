"""Owns what the operation of a stage depends on, and what is known once it is solved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from problems.staged.investment import Item, Scheme, item_factors, items_of
from problems.staged.program import MILLION
from problems.staged.scenarios import ScenarioSet
from problems.staged.studied import Studied

FloatArray = NDArray[np.float64]

Flexibility = Literal["none", "storage", "managed"]
Bits = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StateKey:
    """Hold all that the operation of a stage depends on: schemes that share it share its cost.

    Parameters
    ----------
    k_stage : int
    flexibility : {"none", "storage", "managed"}
        What besides lines and the transformer the stage may use.
    low, high : tuple of int
        Range of each discrete investment; equal in a plan, 0 and 1 where it is open.
    """

    k_stage: int
    flexibility: Flexibility
    low: Bits
    high: Bits

    @property
    def is_leaf(self) -> bool:
        """Whether every discrete investment is decided."""
        return self.low == self.high

    def text(self) -> str:
        """Return the key as one word, for files."""
        digits = "".join(
            str(a) if a == b else "x" for a, b in zip(self.low, self.high, strict=True)
        )
        return f"{self.k_stage}-{self.flexibility}-{digits}"


@dataclass(frozen=True, slots=True)
class StateResult:
    """Hold the least cost of a state, or a bound on that of all states in an open one.

    Parameters
    ----------
    status, message : str
        As of the solver; a failed state loses, and says why.
    cost_mrmb, bound_mrmb : float or None
        Operation of the stage's years and presence of its capacities, and, in an open state, of its
        discrete investments; the solver's own proven bound on it. Million RMB.
    capacity : dict of str to list of float
        kWh and kW of storage by site, piles by station.
    max_mva : float
        Least rating that would do, by apparent and by reverse power.
    share, slope : tuple of float
        In an open state, the share built of each investment, and by how much the bound rises with
        it: bound(x) >= bound + slope . (x - nearest bound of the range); empty in a leaf.
    """

    status: str
    message: str = ""
    cost_mrmb: float | None = None
    bound_mrmb: float | None = None
    capacity: dict[str, list[float]] | None = None
    max_mva: float = 0.0
    share: tuple[float, ...] = ()
    slope: tuple[float, ...] = ()

    @property
    def is_solved(self) -> bool:
        """Whether there is a cost."""
        return self.cost_mrmb is not None


@dataclass(frozen=True, slots=True, eq=False)
class StageModel:
    """Hold what states of a scheme are solved with."""

    study: Studied
    scheme: Scheme
    seen: ScenarioSet
    items: tuple[Item, ...]
    item_mrmb: FloatArray
    """Cost of each item's presence in each stage, (n_stage, n_item), million RMB."""

    @classmethod
    def of(cls, study: Studied, scheme: Scheme, seen: ScenarioSet) -> StageModel:
        """Return the model of a scheme on some scenarios."""
        items = items_of(study, scheme)
        return cls(study, scheme, seen, items, item_factors(study, items) / MILLION)

    @property
    def n_item(self) -> int:
        """Number of discrete investments."""
        return len(self.items)

    @property
    def n_segment(self) -> int:
        """Number of segments; they come first."""
        return len(self.study.segments)

    @property
    def steps(self) -> slice:
        """Places of the transformer's steps among the items."""
        return slice(self.n_segment, self.n_segment + len(self.study.data.transformer_mva) - 1)

    def flexibility(self, k_stage: int) -> Flexibility:
        """Return what the scheme may use in a stage."""
        stage = self.study.data.stages[k_stage]
        has_pool = stage.smart_share_max + stage.v2g_share_max > 0.0 and stage.ev_count > 0
        if self.scheme.has_managed and has_pool:
            return "managed"
        has_storage = self.scheme.has_storage and bool(self.study.data.storage.sites)
        return "storage" if has_storage else "none"

    def key(self, k_stage: int, low: Bits, high: Bits | None = None) -> StateKey:
        """Return the key of a state; investments that a stage cannot use are not part of it."""
        high = low if high is None else high
        flexibility = self.flexibility(k_stage)
        n = self.n_item if flexibility == "managed" else self.steps.stop
        return StateKey(k_stage, flexibility, low[:n], high[:n])

    def rating_mva(self, bits: Any) -> Any:
        """Return the rating of the transformer with some of its steps built."""
        ratings = np.array(self.study.data.transformer_mva)
        return ratings[0] + np.diff(ratings) @ bits[self.steps]
