"""Owns branching in the order of bounds: the open nodes, what is closed, and what that proves."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import numpy as np

UNRESOLVED = "no plan was found and nothing is proven: a part of the search was closed unresolved"

LEAST_GAP = 1e-4
"""Gap up to which a plan is called optimal, however small the one asked for."""


class Bounded(Protocol):
    """What holds no plan cheaper than its bound."""

    @property
    def bound_usd(self) -> float:
        """Proven least cost of its plans."""


N = TypeVar("N", bound=Bounded)


@dataclass(slots=True)
class BestFirst(Generic[N]):
    """Carry the open nodes of a search, and the least bound of those that are done with.

    Attributes
    ----------
    closed_usd : float
        Infinite while every node was resolved.
    """

    closed_usd: float = np.inf
    _open: list[tuple[float, int, N]] = field(default_factory=list)
    _count: int = 0

    @property
    def floor_usd(self) -> float:
        """Proven least cost of every plan but the incumbent."""
        return min(self.closed_usd, self._open[0][0] if self._open else np.inf)

    def close(self, node: Bounded) -> None:
        """Be done with a node that may hold plans as cheap as its bound."""
        self.closed_usd = min(self.closed_usd, node.bound_usd)

    def run(
        self,
        nodes: Iterable[N],
        children: Callable[[N], Iterable[N]],
        cutoff_usd: Callable[[], float],
        end: float,
    ) -> str:
        """Branch on the node of the least bound until none below the cutoff is open.

        Parameters
        ----------
        nodes : iterable of N
            The roots.
        children : callable
            From a node to nodes that hold its plans; what it leaves out it has closed.
        cutoff_usd : callable
            Cost below which a plan would be news; may fall as plans are found.
        end : float
            Reading of `time.perf_counter` at which to stop.

        Returns
        -------
        {"optimal", "time_limit"}
        """
        while True:
            for node in nodes:
                if node.bound_usd >= cutoff_usd():
                    self.close(node)
                    continue
                self._count += 1
                heapq.heappush(self._open, (node.bound_usd, self._count, node))
            if not self._open or self.floor_usd >= cutoff_usd():
                return "optimal"
            if time.perf_counter() > end:
                return "time_limit"
            nodes = children(heapq.heappop(self._open)[2])

    def proven(self, status: str, cost_usd: float, gap: float) -> tuple[str, float]:
        """Return the status and the bound of a plan of this cost."""
        bound_usd = min(self.floor_usd, cost_usd)
        if status == "optimal" and bound_usd < cost_usd * (1.0 - max(gap, LEAST_GAP)):
            status = "gap_limit"
        return status, bound_usd

    def without_plan(self, status: str) -> str:
        """Return the status of a search that found no plan."""
        if status != "optimal":
            return status
        return "solver_failed" if np.isfinite(self.closed_usd) else "infeasible"
