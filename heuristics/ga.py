"""Genetic algorithm: Deb (2000), with simulated binary crossover and polynomial mutation.

Reference: Deb, "An efficient constraint handling method for genetic algorithms", Computer Methods
in Applied Mechanics and Engineering 186 (2000) 311-338.
"""

from dataclasses import dataclass, field

import numpy as np

from heuristics.constraints import Deb, Rule
from heuristics.engine import Engine
from heuristics.jit import FloatArray
from heuristics.problem import Evaluation, Space
from heuristics.selection import (
    Population,
    check_population,
    empty_population,
    evaluated,
    survivors,
)
from heuristics.variation import Variation


@dataclass(frozen=True, slots=True, eq=False)
class GAState:
    """Population, best first (empty before the first `tell`), and evaluations told of budget."""

    population: Population
    n_told: int
    budget: int


@dataclass(frozen=True, slots=True)
class GA(Engine):
    """Genetic algorithm: each generation the best of parents and offspring survive.

    Attributes
    ----------
    population : int
        Points kept, and offspring made a generation.
    variation : Variation
        Tournament, crossover and mutation.
    constraints : Rule
        How points are compared.
    """

    population: int = 50
    variation: Variation = field(default_factory=Variation)
    constraints: Rule = field(default_factory=Deb)

    def __post_init__(self) -> None:
        check_population(self.population)

    def init(self, space: Space, rng: np.random.Generator, budget: int) -> GAState:
        """Return the state without a population: see `Engine.init`."""
        return GAState(empty_population(space.n_var), 0, budget)

    def ask(
        self, space: Space, state: GAState, rng: np.random.Generator
    ) -> tuple[FloatArray, GAState]:
        """Return uniform points at first, then offspring: see `Engine.ask`."""
        if state.population.size == 0:
            return space.sample(self.population, rng), state
        return self.variation.offspring(space, state.population.x, rng), state

    def tell(self, space: Space, state: GAState, x: FloatArray, e: Evaluation) -> GAState:
        """Return the state with the best of parents and offspring: see `Engine.tell`."""
        n_told = state.n_told + x.shape[0]
        candidates = state.population.join(evaluated(x, e))
        best = survivors(candidates, self.population, self.constraints, n_told / state.budget)
        return GAState(candidates.take(best), n_told, state.budget)
