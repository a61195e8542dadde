"""Variation of the genetic engines: simulated binary crossover and polynomial mutation.

Deb and Agrawal, "Simulated binary crossover for continuous search space", Complex Systems 9 (1995)
115-148. Deb and Goyal, "A combined genetic adaptive search (GeneAS) for engineering design",
Computer Science and Informatics 26 (1996) 30-45. The printed reading is Figure 1 of Kumar and
Farhan, "Optimal integration of EV charging stations and capacitors for net present value
maximization in distribution network", IEEE Latin America Transactions 2025.
"""

from dataclasses import dataclass

import numpy as np

from heuristics.jit import BoolArray, FloatArray, kernel
from heuristics.problem import Space
from heuristics.selection import tournament
from heuristics.settings import check_count, check_number


@dataclass(frozen=True, slots=True)
class Variation:
    """How parents make offspring: tournament, crossover, mutation.

    Attributes
    ----------
    tournament_size : int
        Contestants for each parent.
    crossover_probability : float
        Share of pairs that are crossed; the others are copied.
    crossover_index : float
        Distribution index: the larger, the nearer children stay to their parents.
    mutation_probability : float
        Share of the variables of each child that are mutated.
    mutation_index : float
        Distribution index: the larger, the smaller the steps.
    is_printed : bool
        Operators exactly as printed in Figure 1 of the HGAPSO paper instead of the standard ones.
    """

    tournament_size: int = 2
    crossover_probability: float = 0.8
    crossover_index: float = 20.0
    mutation_probability: float = 0.2
    mutation_index: float = 20.0
    is_printed: bool = False

    def __post_init__(self) -> None:
        check_count("tournament_size", self.tournament_size)
        for name in ("crossover_probability", "mutation_probability"):
            check_number(name, getattr(self, name), 0.0, 1.0)
        for name in ("crossover_index", "mutation_index"):
            check_number(name, getattr(self, name))

    def offspring(self, space: Space, x: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Return as many children as there are parents.

        Parameters
        ----------
        space : Space
        x : (n, n_var) float array
            The population, best first.
        rng : numpy.random.Generator

        Returns
        -------
        (n, n_var) float array
            Snapped.
        """
        n, n_var = x.shape
        n_pair = (n + 1) // 2
        parents = x[tournament(n, rng.random((2 * n_pair, self.tournament_size)))]
        children = crossed(
            parents,
            rng.random((n_pair, 1 + 3 * n_var)),
            self.crossover_probability,
            self.crossover_index,
            self.is_printed,
        )[:n]
        mutants = mutated(
            children,
            rng.random((n, 2 * n_var)),
            space.lower,
            space.upper,
            space.is_integer,
            self.mutation_probability,
            self.mutation_index,
            self.is_printed,
        )
        return space.snap(mutants)


@kernel
def crossed(
    parents: FloatArray, draws: FloatArray, probability: float, index: float, is_printed: bool
) -> FloatArray:
    """Cross neighboring pairs of parents by simulated binary crossover.

    Parameters
    ----------
    parents : (2 n_pair, n_var) float array
        Rows 2 k and 2 k + 1 make a pair.
    draws : (n_pair, 1 + 3 n_var) float array
        Uniform in [0, 1): whether the pair is crossed; then for each variable whether it is
        crossed, its spread, and whether the children swap their values.
    probability, index, is_printed
        As in `Variation`.

    Returns
    -------
    (2 n_pair, n_var) float array
        Each pair of children has the mean of its parents; values may leave the bounds.
    """
    children = parents.copy()
    n_var = parents.shape[1]
    # The figure prints the exponent 1/|c - 1|; the operator's authors have 1/(c + 1).
    exponent = 1.0 / abs(index - 1.0) if is_printed else 1.0 / (index + 1.0)
    for k in range(draws.shape[0]):
        if draws[k, 0] >= probability:
            continue
        for j in range(n_var):
            # The authors cross each variable with probability 1/2, and exchange the values with
            # probability 1/2, lest a child copies one parent's half of the point. The figure has
            # neither: every variable is crossed and none is exchanged.
            if not is_printed and draws[k, 1 + 3 * j] >= 0.5:
                continue
            spread = draws[k, 2 + 3 * j]
            if spread <= 0.5:
                beta = (2.0 * spread) ** exponent
            else:
                beta = (1.0 / (2.0 * (1.0 - spread))) ** exponent
            a, b = parents[2 * k, j], parents[2 * k + 1, j]
            first = 0.5 * ((1.0 + beta) * a + (1.0 - beta) * b)
            second = 0.5 * ((1.0 - beta) * a + (1.0 + beta) * b)
            if not is_printed and draws[k, 3 + 3 * j] < 0.5:
                first, second = second, first
            children[2 * k, j] = first
            children[2 * k + 1, j] = second
    return children


@kernel
def mutated(
    x: FloatArray,
    draws: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    is_integer: BoolArray,
    probability: float,
    index: float,
    is_printed: bool,
) -> FloatArray:
    """Mutate points by polynomial mutation.

    Parameters
    ----------
    x : (n, n_var) float array
    draws : (n, 2 n_var) float array
        Uniform in [0, 1): for each variable whether it is mutated, and its step.
    lower, upper, is_integer
        As in `Space`.
    probability, index, is_printed
        As in `Variation`.

    Returns
    -------
    (n, n_var) float array
        Values may leave the bounds, by less than the width of the box.
    """
    mutants = x.copy()
    n, n_var = x.shape
    exponent = 1.0 / (index + 1.0)
    for i in range(n):
        for j in range(n_var):
            if draws[i, 2 * j] >= probability:
                continue
            step = draws[i, 2 * j + 1]
            if step <= 0.5:
                # The figure lacks the -1 of the operator's authors: its steps never go down, and
                # half of them nearly span the box.
                delta = (2.0 * step) ** exponent - (0.0 if is_printed else 1.0)
            else:
                delta = 1.0 - (2.0 * (1.0 - step)) ** exponent
            value = x[i, j] + delta * (upper[j] - lower[j])
            if is_integer[j] and not is_printed:
                # Rounding would undo most steps on a short range (all but 1 in 10^6 on 0/1): a
                # mutated whole number moves by at least one, away from a bound that it stands on.
                landing = np.rint(min(max(value, lower[j]), upper[j]))
                if landing == x[i, j]:
                    one = -1.0 if delta < 0.0 else 1.0
                    if x[i, j] + one < lower[j] or x[i, j] + one > upper[j]:
                        one = -one
                    value = x[i, j] + one
            mutants[i, j] = value
    return mutants
