"""Statistics of outcomes: intervals of success, paired tests, effect size, ranks.

An outcome is an objective, minimized, inf where a run has no feasible answer: worse than every
feasible run, and as bad as each other.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from heuristics.jit import FloatArray


def wilson_interval(n_success: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a proportion.

    Parameters
    ----------
    n_success, n : int
        Successes, and trials, at least 1.
    confidence : float

    Returns
    -------
    float, float

    References
    ----------
    Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927) 209-212.

    Examples
    --------
    >>> low, high = wilson_interval(29, 30)
    >>> round(low, 3), round(high, 3)
    (0.833, 0.994)
    """
    z = float(stats.norm.ppf(0.5 + confidence / 2.0))
    share = n_success / n
    center = share + z**2 / (2 * n)
    half = z * math.sqrt(share * (1.0 - share) / n + z**2 / (4 * n**2))
    scale = 1.0 + z**2 / n
    # Without a success the interval begins at 0 exactly, and rounding must not put it below.
    low = 0.0 if n_success == 0 else (center - half) / scale
    high = 1.0 if n_success == n else (center + half) / scale
    return low, high


def wilcoxon_p(a: FloatArray, b: FloatArray) -> float:
    """Return the two-sided p-value of the Wilcoxon signed-rank test of paired outcomes.

    Parameters
    ----------
    a, b : (n,) float array
        Outcomes of the same runs; pairs of equal outcomes are left out, as Wilcoxon did.

    Returns
    -------
    float
        1 if all pairs are equal. Exact for up to 50 pairs without ties, else the normal
        approximation.

    References
    ----------
    Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1 (1945) 80-83.
    """
    is_unequal = a != b
    difference = a[is_unequal] - b[is_unequal]
    if difference.size == 0:
        return 1.0
    # The test looks at ranks alone; ranks of infinite differences are finite.
    ranks = np.sign(difference) * stats.rankdata(np.abs(difference))
    return float(stats.wilcoxon(ranks).pvalue)


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values corrected for testing them all, by Holm's step-down method.

    Parameters
    ----------
    p : sequence of float

    Returns
    -------
    list of float
        In the same order, at most 1.

    References
    ----------
    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6 (1979) 65-70.

    Examples
    --------
    >>> holm([0.04, 0.01, 0.03])
    [0.06, 0.03, 0.06]
    """
    corrected = [0.0] * len(p)
    least = 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        least = max(least, min(1.0, (len(p) - rank) * p[i]))
        corrected[i] = least
    return corrected


def a12(a: FloatArray, b: FloatArray) -> float:
    """Return the probability that an outcome of a is better (less) than one of b, ties half.

    Parameters
    ----------
    a, b : (n,), (m,) float array
        Outcomes.

    Returns
    -------
    float
        0.5: no difference; 1: every a is better; beyond 0.56, 0.64, 0.71 (or below 0.44, 0.36,
        0.29) called a small, medium, large difference by the authors.

    References
    ----------
    Vargha and Delaney, "A critique and improvement of the CL common language effect size
    statistics of McGraw and Wong", Journal of Educational and Behavioral Statistics 25 (2000)
    101-132.
    """
    # Rank sums instead of all pairs: n log n, and ties share their ranks.
    rank_sum = float(stats.rankdata(np.concatenate((a, b)))[: a.size].sum())
    return 1.0 - (rank_sum / a.size - (a.size + 1) / 2.0) / b.size


@dataclass(frozen=True, slots=True)
class FriedmanTest:
    """Engines ranked within blocks.

    Attributes
    ----------
    mean_rank : mapping of str to float
        By engine; 1 is the best.
    n_block : int
        Number of blocks.
    statistic : float
        Friedman's chi-square, corrected for ties.
    p : float
    """

    mean_rank: Mapping[str, float]
    n_block: int
    statistic: float
    p: float


def friedman(outcomes: Mapping[str, FloatArray]) -> FriedmanTest:
    """Test whether engines differ, by their ranks within blocks (runs, or problems).

    Parameters
    ----------
    outcomes : mapping of str to (n_block,) float array
        Outcomes, by engine, of the same blocks; at least three engines.

    Returns
    -------
    FriedmanTest
        Statistic 0 and p 1 if every block is a tie.

    Raises
    ------
    ValueError
        Fewer than three engines.

    References
    ----------
    Friedman, "The use of ranks to avoid the assumption of normality implicit in the analysis of
    variance", Journal of the American Statistical Association 32 (1937) 675-701.
    """
    if len(outcomes) < 3:
        raise ValueError(f"friedman: expected at least three engines, got {len(outcomes)}")
    ranks = stats.rankdata(np.stack(list(outcomes.values())), axis=0)
    mean_rank = dict(zip(outcomes, ranks.mean(axis=1).tolist(), strict=True))
    n_block = ranks.shape[1]
    if np.all(ranks == ranks[0, 0]):
        return FriedmanTest(mean_rank, n_block, 0.0, 1.0)
    test = stats.friedmanchisquare(*ranks)
    return FriedmanTest(mean_rank, n_block, float(test.statistic), float(test.pvalue))
