"""Mean ranks that differ by more than chance: Nemenyi's critical difference and groups of ranks."""

import math
from collections.abc import Mapping

from scipy import stats


def critical_difference(n_engine: int, n_block: int, significance: float = 0.05) -> float:
    """Return the difference from which two mean ranks differ significantly (Nemenyi's test).

    Parameters
    ----------
    n_engine : int
        Engines ranked, at least 2.
    n_block : int
        Blocks in which they were ranked.
    significance : float

    References
    ----------
    Demsar, "Statistical comparisons of classifiers over multiple data sets", Journal of Machine
    Learning Research 7 (2006) 1-30.

    Examples
    --------
    >>> round(critical_difference(4, 14), 2)
    1.25
    """
    quantile = float(stats.studentized_range.ppf(1.0 - significance, n_engine, math.inf))
    return quantile / math.sqrt(2.0) * math.sqrt(n_engine * (n_engine + 1) / (6.0 * n_block))


def rank_groups(mean_rank: Mapping[str, float], difference: float) -> list[tuple[str, ...]]:
    """Return the largest groups of engines whose mean ranks lie within a difference.

    Parameters
    ----------
    mean_rank : mapping of str to float
        By engine; 1 is the best.
    difference : float
        Critical difference.

    Returns
    -------
    list of tuple of str
        Groups of at least two, best rank first; none lies within another.

    Examples
    --------
    >>> rank_groups({"a": 1.0, "b": 1.8, "c": 2.6, "d": 4.6}, 1.0)
    [('a', 'b'), ('b', 'c')]
    """
    ordered = sorted(mean_rank, key=lambda engine: mean_rank[engine])
    groups: list[tuple[str, ...]] = []
    last_end = 0
    for start, first in enumerate(ordered):
        end = start
        while end < len(ordered) and mean_rank[ordered[end]] <= mean_rank[first] + difference:
            end += 1
        if end - start > 1 and end > last_end:
            groups.append(tuple(ordered[start:end]))
            last_end = end
    return groups
