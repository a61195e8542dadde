"""DEAP's genetic algorithm as an engine: tournament, bounded SBX and polynomial mutation of DEAP.

Reference: Fortin, De Rainville, Gardner, Parizeau, Gagne, "DEAP: evolutionary algorithms made
easy", Journal of Machine Learning Research 13 (2012) 2171-2175.
"""

import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from deap import algorithms, base, tools

from heuristics.adapters.chance import PrivateChance
from heuristics.adapters.columns import FreeColumns
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
from heuristics.settings import check_count, check_number


class _Fitness(base.Fitness):  # type: ignore[misc]
    """DEAP compares weighted values in order: both keys of a rule, minimized."""

    weights = (-1.0, -1.0)


class _Individual(list[float]):
    """What DEAP's operators change: a list of numbers with a fitness."""

    def __init__(self, values: Any) -> None:
        super().__init__(values)
        self.fitness = _Fitness()


@dataclass(frozen=True, slots=True, eq=False)
class DeapState:
    """Population, best first, the private state of the global generator that DEAP draws from."""

    population: Population
    chance: PrivateChance
    n_told: int
    budget: int


@dataclass(frozen=True, slots=True)
class DeapGA(Engine):
    """DEAP's operators in its scheme (mu + lambda): the best of parents and offspring survive.

    DEAP draws from Python's global generator. It is seeded from the generator of the run, put in
    place while DEAP works and taken back after it, so that neither Python's nor NumPy's global
    state changes for anybody else.

    Attributes
    ----------
    population : int
        Points kept, and offspring made a generation.
    tournament_size : int
        Contestants for each parent.
    crossover_probability, crossover_index : float
        Share of pairs that are crossed, and distribution index of the crossover.
    mutation_index : float
        Distribution index of the mutation, which changes one variable of each child on average.
    constraints : Rule
        How points are compared.
    """

    population: int = 50
    tournament_size: int = 2
    crossover_probability: float = 0.9
    crossover_index: float = 15.0
    mutation_index: float = 20.0
    constraints: Rule = field(default_factory=Deb)

    def __post_init__(self) -> None:
        check_population(self.population)
        check_count("tournament_size", self.tournament_size)
        check_number("crossover_probability", self.crossover_probability, 0.0, 1.0)
        check_number("crossover_index", self.crossover_index)
        check_number("mutation_index", self.mutation_index)

    def init(self, space: Space, rng: np.random.Generator, budget: int) -> DeapState:
        """Return the state with a seed of its own: see `Engine.init`."""
        chance = PrivateChance.seeded(int(rng.integers(2**32)))
        return DeapState(empty_population(space.n_var), chance, 0, budget)

    def ask(
        self, space: Space, state: DeapState, rng: np.random.Generator
    ) -> tuple[FloatArray, DeapState]:
        """Return uniform points at first, then DEAP's offspring: see `Engine.ask`."""
        columns = FreeColumns(space)
        if state.population.size == 0 or columns.n == 0:
            return space.sample(self.population, rng), state
        progress = state.n_told / state.budget
        keys = self.constraints.keys(state.population.f, state.population.violation, progress)
        parents = []
        for row, *values in zip(columns.of(state.population.x).tolist(), *keys, strict=True):
            parents.append(_Individual(row))
            parents[-1].fitness.values = values
        chance = copy.copy(state.chance)
        with chance:
            chosen = tools.selTournament(parents, len(parents), self.tournament_size)
            children = algorithms.varAnd(
                chosen, self._toolbox(columns), self.crossover_probability, 1.0
            )
        return columns.whole(np.array(children)), DeapState(
            state.population, chance, state.n_told, state.budget
        )

    def tell(self, space: Space, state: DeapState, x: FloatArray, e: Evaluation) -> DeapState:
        """Return the state with the best of parents and offspring: see `Engine.tell`."""
        n_told = state.n_told + x.shape[0]
        candidates = state.population.join(evaluated(x, e))
        best = survivors(candidates, self.population, self.constraints, n_told / state.budget)
        return DeapState(candidates.take(best), state.chance, n_told, state.budget)

    def _toolbox(self, columns: FreeColumns) -> Any:
        low, up = columns.lower.tolist(), columns.upper.tolist()
        toolbox = base.Toolbox()
        toolbox.register("clone", copy.deepcopy)
        toolbox.register(
            "mate", tools.cxSimulatedBinaryBounded, eta=self.crossover_index, low=low, up=up
        )
        toolbox.register(
            "mutate",
            tools.mutPolynomialBounded,
            eta=self.mutation_index,
            low=low,
            up=up,
            indpb=1.0 / columns.n,
        )
        return toolbox
