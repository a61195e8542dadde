"""Differential evolution, DE/rand/1/bin: Storn and Price (1997), mixed integers by rounding.

References: Storn and Price, "Differential evolution: a simple and efficient heuristic for global
optimization over continuous spaces", Journal of Global Optimization 11 (1997) 341-359. Lampinen and
Zelinka, "Mixed integer-discrete-continuous optimization by differential evolution", MENDEL'99,
71-76 (whole numbers). Deb's rules in the place of the paper's plain comparison.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from heuristics.constraints import Deb, Rule, is_better
from heuristics.engine import Engine
from heuristics.jit import FloatArray, kernel
from heuristics.problem import Evaluation, Space
from heuristics.selection import Population, check_population, empty_population, evaluated
from heuristics.settings import check_number


@dataclass(frozen=True, slots=True, eq=False)
class DEState:
    """Vectors, the trial vectors asked last, what the vectors are worth, evaluations told.

    Vectors stay real in integer columns, as Lampinen and Zelinka have them: rounded vectors would
    soon have no differences left.

    Attributes
    ----------
    vector, trial : (n, n_var) float array
        Within bounds, not rounded; empty before the first `tell` and `ask`.
    population : Population
        The vectors snapped, and their worth.
    n_told, budget : int
        Evaluations.
    """

    vector: FloatArray
    trial: FloatArray
    population: Population
    n_told: int
    budget: int


@dataclass(frozen=True, slots=True)
class DE(Engine):
    """Differential evolution: a trial vector replaces its target if it is no worse.

    Attributes
    ----------
    population : int
        Number of vectors, at least 4: a target and three others.
    weight : float
        F of the paper: what a difference of two vectors is multiplied by.
    crossover : float
        CR of the paper: share of the variables taken from the mutant.
    constraints : Rule
        How points are compared.
    """

    population: int = 50
    weight: float = 0.5
    crossover: float = 0.9
    constraints: Rule = field(default_factory=Deb)

    def __post_init__(self) -> None:
        check_population(self.population)
        if self.population < 4:
            raise ValueError(f"population: expected at least 4 vectors, got {self.population}")
        check_number("weight", self.weight, 0.0, 2.0, above=True)
        check_number("crossover", self.crossover, 0.0, 1.0)

    def init(self, space: Space, rng: np.random.Generator, budget: int) -> DEState:
        """Return the state without vectors: see `Engine.init`."""
        nowhere = np.empty((0, space.n_var))
        return DEState(nowhere, nowhere, empty_population(space.n_var), 0, budget)

    def ask(
        self, space: Space, state: DEState, rng: np.random.Generator
    ) -> tuple[FloatArray, DEState]:
        """Return uniform points at first, then a trial for each vector: see `Engine.ask`."""
        if state.population.size == 0:
            x = space.sample(self.population, rng)
            return x, replace(state, trial=x)
        n, n_var = state.vector.shape
        trial = trials(
            state.vector,
            rng.random((n, 4 + 2 * n_var)),
            space.lower,
            space.upper,
            self.weight,
            self.crossover,
        )
        return space.snap(trial), replace(state, trial=trial)

    def tell(self, space: Space, state: DEState, x: FloatArray, e: Evaluation) -> DEState:
        """Return the state with the better of each vector and its trial: see `Engine.tell`."""
        n_told = state.n_told + x.shape[0]
        population, vector = evaluated(x, e), state.trial
        if state.population.size:
            both = state.population.join(population)
            keys = self.constraints.keys(both.f, both.violation, n_told / state.budget)
            n = population.size
            kept = np.arange(n) + np.where(is_better(keys, n), 0, n)
            population = both.take(kept)
            vector = np.concatenate((state.vector, state.trial))[kept]
        return DEState(vector, state.trial[:0], population, n_told, state.budget)


@kernel
def trials(
    vector: FloatArray,
    draws: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    weight: float,
    crossover: float,
) -> FloatArray:
    """Return a trial for each vector: a third vector plus a difference of two others, crossed in.

    Parameters
    ----------
    vector : (n, n_var) float array
        n >= 4.
    draws : (n, 4 + 2 n_var) float array
        Uniform in [0, 1): the three other vectors, the variable that is taken from the mutant
        whatever happens; then for each variable whether it is taken, and where it lands if the
        mutant is out of bounds.
    lower, upper : (n_var,) float array
    weight, crossover : float
        As in `DE`.

    Returns
    -------
    (n, n_var) float array
        Within bounds: what leaves them lands between the bound and the target.
    """
    n, n_var = vector.shape
    trial = vector.copy()
    taken = np.empty(4, dtype=np.int64)
    for i in range(n):
        # Three distinct others: the k-th index not taken yet, taken ones in increasing order.
        taken[0] = i
        others = np.empty(3, dtype=np.int64)
        for k in range(3):
            index = int(draws[i, k] * (n - 1 - k))
            for t in range(k + 1):
                if index >= taken[t]:
                    index += 1
            others[k] = index
            place = k + 1
            while place > 0 and taken[place - 1] > index:
                taken[place] = taken[place - 1]
                place -= 1
            taken[place] = index
        forced = int(draws[i, 3] * n_var)
        for j in range(n_var):
            if j != forced and draws[i, 4 + 2 * j] >= crossover:
                continue
            difference = vector[others[1], j] - vector[others[2], j]
            value = vector[others[0], j] + weight * difference
            if value < lower[j]:
                value = lower[j] + draws[i, 5 + 2 * j] * (vector[i, j] - lower[j])
            elif value > upper[j]:
                value = upper[j] + draws[i, 5 + 2 * j] * (vector[i, j] - upper[j])
            trial[i, j] = value
    return trial
