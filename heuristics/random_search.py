"""Random search: uniform points, the floor that every engine must beat."""

from dataclasses import dataclass

import numpy as np

from heuristics.engine import Engine
from heuristics.jit import FloatArray
from heuristics.problem import Evaluation, Space
from heuristics.selection import check_population


@dataclass(frozen=True, slots=True)
class RandomSearch(Engine):
    """Uniform points of the space, `population` a batch; it remembers nothing."""

    population: int = 50

    def __post_init__(self) -> None:
        check_population(self.population)

    def init(self, space: Space, rng: np.random.Generator, budget: int) -> None:
        """Return None: see `Engine.init`."""

    def ask(self, space: Space, state: None, rng: np.random.Generator) -> tuple[FloatArray, None]:
        """Return fresh uniform points: see `Engine.ask`."""
        return space.sample(self.population, rng), None

    def tell(self, space: Space, state: None, x: FloatArray, e: Evaluation) -> None:
        """Return None: see `Engine.tell`."""
