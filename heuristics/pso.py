"""Particle swarm optimization: Kennedy and Eberhart (1995), inertia by Shi and Eberhart (1998).

References: Kennedy and Eberhart, "Particle swarm optimization", Proceedings of ICNN'95, 1942-1948.
Shi and Eberhart, "A modified particle swarm optimizer", IEEE International Conference on
Evolutionary Computation 1998, 69-73.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from heuristics.constraints import Deb, Rule, is_better
from heuristics.engine import Engine
from heuristics.jit import FloatArray, kernel
from heuristics.problem import Evaluation, Space
from heuristics.selection import (
    Population,
    check_population,
    empty_population,
    evaluated,
    survivors,
)
from heuristics.settings import check_number


@dataclass(frozen=True, slots=True)
class Flight:
    """How particles move.

    Attributes
    ----------
    inertia_start, inertia_end : float
        Share of its velocity that a particle keeps, falling linearly over the budget.
    cognitive, social : float
        Pull towards the particle's own best point and the swarm's best point.
    velocity_limit : float
        Largest velocity, as a share of the width of the box, variable by variable.
    is_printed : bool
        One pair of random numbers a particle, as printed in Figure 1 of the HGAPSO paper, instead
        of one pair a variable.
    """

    inertia_start: float = 0.9
    inertia_end: float = 0.4
    cognitive: float = 2.01
    social: float = 2.02
    velocity_limit: float = 0.2
    is_printed: bool = False

    def __post_init__(self) -> None:
        for name in ("inertia_start", "inertia_end", "cognitive", "social"):
            check_number(name, getattr(self, name))
        check_number("velocity_limit", self.velocity_limit, above=True)

    def move(
        self,
        space: Space,
        position: FloatArray,
        velocity: FloatArray,
        own_best: FloatArray,
        swarm_best: FloatArray,
        progress: float,
        rng: np.random.Generator,
    ) -> tuple[FloatArray, FloatArray]:
        """Return positions and velocities one step later.

        Parameters
        ----------
        space : Space
        position, velocity, own_best : (n, n_var) float array
        swarm_best : (n_var,) float array
        progress : float
            Share of the budget spent.
        rng : numpy.random.Generator

        Returns
        -------
        (n, n_var) float array, (n, n_var) float array
            Positions within bounds, not rounded.
        """
        n, n_var = position.shape
        inertia = self.inertia_start + (self.inertia_end - self.inertia_start) * progress
        return moved(
            position,
            velocity,
            own_best,
            swarm_best,
            rng.random((n, 2, 1 if self.is_printed else n_var)),
            space.lower,
            space.upper,
            inertia,
            self.cognitive,
            self.social,
            self.velocity_limit,
        )


@dataclass(frozen=True, slots=True, eq=False)
class PSOState:
    """Where the particles are, how they move, the best point of each, evaluations told of budget.

    Positions stay real in integer columns: rounding them would lose every move under one half.
    """

    position: FloatArray
    velocity: FloatArray
    best: Population
    n_told: int
    budget: int


@dataclass(frozen=True, slots=True)
class PSO(Engine):
    """Particle swarm: each particle is pulled to its own best point and to the swarm's.

    Attributes
    ----------
    population : int
        Number of particles.
    flight : Flight
        How they move.
    constraints : Rule
        How points are compared.
    """

    population: int = 50
    flight: Flight = field(default_factory=Flight)
    constraints: Rule = field(default_factory=Deb)

    def __post_init__(self) -> None:
        check_population(self.population)

    def init(self, space: Space, rng: np.random.Generator, budget: int) -> PSOState:
        """Return the state without particles: see `Engine.init`."""
        nowhere = np.empty((0, space.n_var))
        return PSOState(nowhere, nowhere, empty_population(space.n_var), 0, budget)

    def ask(
        self, space: Space, state: PSOState, rng: np.random.Generator
    ) -> tuple[FloatArray, PSOState]:
        """Return uniform points at first, then the particles moved on: see `Engine.ask`."""
        if state.best.size == 0:
            x = space.sample(self.population, rng)
            return x, replace(state, position=x, velocity=np.zeros_like(x))
        progress = state.n_told / state.budget
        swarm_best = state.best.x[survivors(state.best, 1, self.constraints, progress)[0]]
        position, velocity = self.flight.move(
            space, state.position, state.velocity, state.best.x, swarm_best, progress, rng
        )
        moved_on = PSOState(position, velocity, state.best, state.n_told, state.budget)
        return space.snap(position), moved_on

    def tell(self, space: Space, state: PSOState, x: FloatArray, e: Evaluation) -> PSOState:
        """Return the state with the best point of each particle: see `Engine.tell`."""
        n_told = state.n_told + x.shape[0]
        best = evaluated(x, e)
        if state.best.size:
            both = best.join(state.best)
            keys = self.constraints.keys(both.f, both.violation, n_told / state.budget)
            n = best.size
            best = both.take(np.arange(n) + np.where(is_better(keys, n), 0, n))
        return PSOState(state.position, state.velocity, best, n_told, state.budget)


@kernel
def moved(
    position: FloatArray,
    velocity: FloatArray,
    own_best: FloatArray,
    swarm_best: FloatArray,
    draws: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    inertia: float,
    cognitive: float,
    social: float,
    velocity_limit: float,
) -> tuple[FloatArray, FloatArray]:
    """Move particles by one step.

    Parameters
    ----------
    position, velocity, own_best : (n, n_var) float array
    swarm_best, lower, upper : (n_var,) float array
    draws : (n, 2, n_var or 1) float array
        Uniform in [0, 1): weights of the pull to the own and to the swarm's best point.
    inertia, cognitive, social, velocity_limit
        As in `Flight`.

    Returns
    -------
    (n, n_var) float array, (n, n_var) float array
        New positions and velocities; a particle stops at the wall it meets.
    """
    n, n_var = position.shape
    step = 1 if draws.shape[2] == n_var else 0
    new_position = np.empty((n, n_var))
    new_velocity = np.empty((n, n_var))
    for i in range(n):
        for j in range(n_var):
            v = (
                inertia * velocity[i, j]
                + cognitive * draws[i, 0, step * j] * (own_best[i, j] - position[i, j])
                + social * draws[i, 1, step * j] * (swarm_best[j] - position[i, j])
            )
            limit = velocity_limit * (upper[j] - lower[j])
            v = min(max(v, -limit), limit)
            p = position[i, j] + v
            if p < lower[j]:
                p, v = lower[j], 0.0
            elif p > upper[j]:
                p, v = upper[j], 0.0
            new_position[i, j] = p
            new_velocity[i, j] = v
    return new_position, new_velocity
