"""HGAPSO: the hybrid of genetic algorithm and particle swarm of Kumar and Farhan (2025).

Reference: Kumar and Farhan, "Optimal integration of EV charging stations and capacitors for net
present value maximization in distribution network", IEEE Latin America Transactions 2025, Figure 1
and Table I.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from heuristics.constraints import Deb, Rule
from heuristics.engine import Engine
from heuristics.jit import FloatArray
from heuristics.problem import Evaluation, Space
from heuristics.pso import Flight
from heuristics.selection import (
    Population,
    check_population,
    empty_population,
    evaluated,
    survivors,
)
from heuristics.variation import Variation


@dataclass(frozen=True, slots=True, eq=False)
class HGAPSOState:
    """Population, best first, the velocity of each point, and whose turn it is.

    Attributes
    ----------
    population : Population
        Empty before the first `tell`.
    velocity : (n, n_var) float array
        Velocities of the population's points.
    asked_velocity : (n, n_var) float array
        Velocities of the points asked last.
    is_genetic_turn : bool
        Whether the next generation is offspring rather than particles moved on.
    n_told, budget : int
        Evaluations.
    """

    population: Population
    velocity: FloatArray
    asked_velocity: FloatArray
    is_genetic_turn: bool
    n_told: int
    budget: int


@dataclass(frozen=True, slots=True)
class HGAPSO(Engine):
    """Alternate a generation of the genetic algorithm and a step of the particle swarm.

    Choices where the figure leaves one:

    - Survivors: line 12 updates the population without a rule, line 24 combines both populations
      and leaves it at that. Both times the best n stay.
    - Lines 15 and 24 evaluate points whose values are known: they are not evaluated again.
    - Line 15 stands inside the loop, so the swarm starts anew each iteration and takes one step:
      own best points are the starting points, and the pull towards them is zero at that step. It
      does not initialize velocities, though line 18 uses V(t): a point keeps the velocity that it
      was moved with as long as it survives, and new points start at rest.
    - Line 22 updates the best point particle by particle; here the swarm moves as one batch, and
      the best point is updated after it.
    - t counts twice in an iteration, and only the inertia depends on it: it falls with the share
      of the budget spent, whoever spent it.

    Attributes
    ----------
    population : int
        Points kept, offspring made and particles moved an iteration.
    variation : Variation
        Tournament, crossover and mutation of the genetic half.
    flight : Flight
        How particles move in the swarm half.
    constraints : Rule
        How points are compared.
    """

    population: int = 50
    variation: Variation = field(default_factory=Variation)
    flight: Flight = field(default_factory=Flight)
    constraints: Rule = field(default_factory=Deb)

    def __post_init__(self) -> None:
        check_population(self.population)

    def init(self, space: Space, rng: np.random.Generator, budget: int) -> HGAPSOState:
        """Return the state without a population: see `Engine.init`."""
        nowhere = np.empty((0, space.n_var))
        return HGAPSOState(empty_population(space.n_var), nowhere, nowhere, False, 0, budget)

    def ask(
        self, space: Space, state: HGAPSOState, rng: np.random.Generator
    ) -> tuple[FloatArray, HGAPSOState]:
        """Return uniform points, then offspring and moved points in turn: see `Engine.ask`."""
        x = state.population.x
        if state.population.size == 0:
            x = space.sample(self.population, rng)
            return x, replace(state, asked_velocity=np.zeros_like(x))
        if state.is_genetic_turn:
            return self.variation.offspring(space, x, rng), state
        progress = state.n_told / state.budget
        position, velocity = self.flight.move(space, x, state.velocity, x, x[0], progress, rng)
        return space.snap(position), replace(state, asked_velocity=velocity)

    def tell(self, space: Space, state: HGAPSOState, x: FloatArray, e: Evaluation) -> HGAPSOState:
        """Return the state with the best n of old and new points: see `Engine.tell`."""
        n_told = state.n_told + x.shape[0]
        both = state.population.join(evaluated(x, e))
        best = survivors(both, self.population, self.constraints, n_told / state.budget)
        velocity = np.concatenate((state.velocity, state.asked_velocity))[best]
        return HGAPSOState(
            both.take(best),
            velocity,
            np.zeros_like(velocity),
            not state.is_genetic_turn,
            n_told,
            state.budget,
        )


def printed_hgapso(**settings: Any) -> HGAPSO:
    """Return HGAPSO with its operators exactly as Figure 1 prints them.

    The survivor rule and the other choices of `HGAPSO` stay: the figure prints nothing there.
    """
    printed = HGAPSO(variation=Variation(is_printed=True), flight=Flight(is_printed=True))
    return replace(printed, **settings)
