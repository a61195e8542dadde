"""Constraint handling: how far a point is from feasible, and which of two points is better.

Whatever rule an engine searches by, the answer of a run is its best point by Deb's rules.
References: Deb, "An efficient constraint handling method for genetic algorithms", Computer Methods
in Applied Mechanics and Engineering 186 (2000) 311-338. Takahama and Sakai, "Constrained
optimization by the epsilon constrained differential evolution with gradient-based mutation and
feasible elites", IEEE Congress on Evolutionary Computation 2006, 1-8. Tessema and Yen, "A self
adaptive penalty function based algorithm for constrained optimization", IEEE Congress on
Evolutionary Computation 2006, 246-253.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from heuristics.jit import BoolArray, FloatArray, IntArray, kernel


@kernel
def violation_of(f: FloatArray, g: FloatArray) -> FloatArray:
    """Return the largest positive constraint of each row, 0 if none is positive.

    Parameters
    ----------
    f : (n, n_obj) float array
        Objectives.
    g : (n, n_con) float array
        Constraints, satisfied when <= 0.

    Returns
    -------
    (n,) float array
        inf where any figure of the row is NaN or infinite: such a row was not evaluated at all
        (a diverged power flow, say), so it is behind every row that was.
    """
    n, n_obj = f.shape
    n_con = g.shape[1]
    violation = np.zeros(n)
    for i in range(n):
        worst = 0.0
        for j in range(n_con):
            if not np.isfinite(g[i, j]):
                worst = np.inf
            elif g[i, j] > worst:
                worst = g[i, j]
        for j in range(n_obj):
            if not np.isfinite(f[i, j]):
                worst = np.inf
        violation[i] = worst
    return violation


class Rule(Protocol):
    """How an engine compares points: a replaceable setting of the engine.

    A rule turns points into pairs of keys; the point with the smaller first key is better, ties
    are settled by the second, equal pairs are equally good. Keys are comparable only within one
    call, so that a rule may look at all points it is given (a penalty that adapts to them).
    """

    def keys(
        self, f: FloatArray, violation: FloatArray, progress: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return both keys of each point.

        Parameters
        ----------
        f, violation : (n,) float array
            Objective, and violation as `Evaluation` defines it (inf: never evaluated).
        progress : float
            Share of the budget spent, 0 to 1, for rules that tighten with time.

        Returns
        -------
        (n,) float array, (n,) float array
            Free of NaN.
        """
        ...


@dataclass(frozen=True, slots=True)
class Deb:
    """Deb's rules: feasible before infeasible, then objective, else violation.

    Examples
    --------
    >>> import numpy as np
    >>> f, violation = np.array([1.0, 9.0, 3.0]), np.array([0.5, 0.0, 0.0])
    >>> best_first(Deb().keys(f, violation, 0.0)).tolist()
    [2, 1, 0]
    """

    def keys(
        self, f: FloatArray, violation: FloatArray, progress: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return (violation, objective where feasible): see `Rule.keys`."""
        return violation, deb_second_key(f, violation)


@kernel
def deb_second_key(f: FloatArray, violation: FloatArray) -> FloatArray:
    """Return the objective where feasible and 0 elsewhere, where the violation alone decides."""
    second = np.zeros(f.size)
    for i in range(f.size):
        if violation[i] == 0.0:
            second[i] = f[i]
    return second


@dataclass(frozen=True, slots=True)
class EpsilonLevel:
    """Takahama and Sakai's rules: Deb's, but violations up to a level count as none.

    The level is the violation of the point at `share` of the points given, from the least, times
    (1 - progress / until) ** power. (The authors take it from the first population alone; a rule
    that keeps nothing takes it from the present one, so it also falls as the points improve.)

    Attributes
    ----------
    share : float
        0 to 1.
    until : float
        Share of the budget after which the level is 0, and the rules are Deb's.
    power : float
        The larger, the faster the level falls.

    Examples
    --------
    >>> import numpy as np
    >>> f, violation = np.array([1.0, 9.0, 3.0]), np.array([0.5, 0.0, 0.7])
    >>> best_first(EpsilonLevel(share=0.5, power=0.0).keys(f, violation, 0.0)).tolist()
    [0, 1, 2]
    """

    share: float = 0.2
    until: float = 0.8
    power: float = 5.0

    def __post_init__(self) -> None:
        if not (0.0 <= self.share <= 1.0 and 0.0 < self.until <= 1.0 and self.power >= 0.0):
            raise ValueError(
                "epsilon level: expected share in [0, 1], until in (0, 1], power >= 0, "
                f"got {self.share}, {self.until}, {self.power}"
            )

    def keys(
        self, f: FloatArray, violation: FloatArray, progress: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return (violation above the level, objective where there is none): see `Rule.keys`."""
        level = 0.0
        if progress < self.until and violation.size:
            at = np.sort(violation)[int(self.share * (violation.size - 1))]
            if np.isfinite(at):
                level = float(at) * (1.0 - progress / self.until) ** self.power
        above = np.where(violation <= level, 0.0, violation)
        return above, deb_second_key(f, above)


@dataclass(frozen=True, slots=True)
class AdaptivePenalty:
    """Tessema and Yen's penalty: without parameters, by the share r of feasible points given.

    With objective and violation scaled to [0, 1] over the points given, a point is worth its
    distance from the origin (its violation if r = 0), plus (1 - r) times its violation (if r > 0),
    plus r times its objective if it is infeasible. So few feasible points draw the search to
    feasibility, many let it pass through infeasible points of low objective.

    Examples
    --------
    >>> import numpy as np
    >>> f, violation = np.array([0.0, 9.0, 10.0]), np.array([0.01, 0.0, 0.02])
    >>> best_first(AdaptivePenalty().keys(f, violation, 0.0)).tolist()
    [0, 1, 2]
    """

    def keys(
        self, f: FloatArray, violation: FloatArray, progress: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return (penalized objective, violation): see `Rule.keys`."""
        is_evaluated = np.isfinite(violation)
        if not is_evaluated.any():
            return violation, violation
        f_scaled = _scaled(np.where(is_evaluated, f, np.nan))
        v_scaled = np.where(is_evaluated, violation, 0.0)
        v_scaled = v_scaled / max(float(v_scaled.max()), np.finfo(np.float64).tiny)
        is_feasible = violation == 0.0
        share = float(is_feasible.sum() / is_evaluated.sum())
        if share == 0.0:
            worth = v_scaled
        else:
            penalty = (1.0 - share) * v_scaled + np.where(is_feasible, 0.0, share * f_scaled)
            worth = np.hypot(f_scaled, v_scaled) + penalty
        return np.where(is_evaluated, worth, np.inf), violation


def _scaled(values: FloatArray) -> FloatArray:
    """Return values scaled to [0, 1], 0 where they are NaN."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    # Halved first: the difference of two large numbers of different sign overflows.
    width = 0.5 * high - 0.5 * low
    if width == 0.0:
        return np.zeros_like(values)
    return np.nan_to_num((0.5 * values - 0.5 * low) / width, nan=0.0)


RULES: dict[str, Callable[[], Rule]] = {
    "deb": Deb,
    "epsilon": EpsilonLevel,
    "penalty": AdaptivePenalty,
}


def make_rule(name: str) -> Rule:
    """Return the rule of a name.

    Parameters
    ----------
    name : {"deb", "epsilon", "penalty"}

    Raises
    ------
    ValueError
        No rule of that name.

    Examples
    --------
    >>> make_rule("deb")
    Deb()
    """
    if name not in RULES:
        raise ValueError(f"constraints {name!r}: expected one of {', '.join(RULES)}")
    return RULES[name]()


def best_first(keys: tuple[FloatArray, FloatArray]) -> IntArray:
    """Return the indices that sort points from best to worst; equals keep their order."""
    first, second = keys
    return np.lexsort((second, first))


@kernel
def is_better(keys: tuple[FloatArray, FloatArray], n: int) -> BoolArray:
    """Return, for i < n, whether point i is strictly better than point n + i.

    Parameters
    ----------
    keys : pair of (2 n,) float arrays
        Keys of all points from one call of `Rule.keys`.
    n : int
        Number of comparisons.

    Returns
    -------
    (n,) bool array
    """
    first, second = keys
    better = np.zeros(n, dtype=np.bool_)
    for i in range(n):
        a, b = first[i], first[n + i]
        better[i] = a < b or (a == b and second[i] < second[n + i])
    return better
