"""What every engine is (init, ask, tell), and the names engines are made by."""

import difflib
import importlib
from abc import ABC, abstractmethod
from typing import Any, ClassVar, TypeAlias

import numpy as np

from heuristics.jit import FloatArray
from heuristics.problem import Evaluation, LocalModel, Problem, Solved, Space

State: TypeAlias = Any


class Engine(ABC):
    """A search method: settings in frozen fields, state in a value of its own, chance passed in.

    An engine is a frozen dataclass of settings. Its state is an immutable, picklable value that
    only `init`, `ask`, `tell` and `inform` make, each returning a new one and leaving the one it
    was given as it was. The generator is passed in and never kept. So a run is repeated from its
    seed and continued from any of its states.

    `tell` is called after every `ask`, with exactly the points that were asked; the one exception
    is the last batch of a run, which `minimize` cuts to the budget and does not tell.

    Attributes
    ----------
    needs_model : bool
        Whether the engine works only on problems that offer local models.
    """

    needs_model: ClassVar[bool] = False

    @abstractmethod
    def init(self, space: Space, rng: np.random.Generator, budget: int) -> State:
        """Return the state before the first evaluation.

        Parameters
        ----------
        space : Space
        rng : numpy.random.Generator
        budget : int
            Evaluations the run may spend, for settings that change over the run. The engine
            counts what it is told.
        """

    @abstractmethod
    def ask(self, space: Space, state: State, rng: np.random.Generator) -> tuple[FloatArray, State]:
        """Return the points to evaluate next, (n, n_var) with n >= 1, snapped, and the state."""

    @abstractmethod
    def tell(self, space: Space, state: State, x: FloatArray, e: Evaluation) -> State:
        """Return the state that knows the points asked last and what they are worth."""

    def model_point(self, state: State) -> FloatArray | None:
        """Return the point (n_var,) whose local model the engine wants next, if any.

        Asked before each `ask`, if the problem offers local models. The model counts as one more
        evaluation.
        """
        return None

    def inform(self, space: Space, state: State, x: FloatArray, model: LocalModel) -> State:
        """Return the state that knows the local model at x (n_var,)."""
        raise NotImplementedError(f"{type(self).__name__} asks for no models")

    def solve(self, problem: Problem) -> Solved | None:
        """Return the answer of an engine that does not search; None from all that do."""
        return None


ENGINES = {
    "de": "heuristics.de:DE",
    "deap:ga": "heuristics.adapters.deap:DeapGA",
    "exact": "heuristics.exact:Exact",
    "ga": "heuristics.ga:GA",
    "hgapso": "heuristics.hgapso:HGAPSO",
    "hgapso:printed": "heuristics.hgapso:printed_hgapso",
    "memetic": "heuristics.memetic:Memetic",
    "hybrid": "heuristics.hybrid:Hybrid",
    "nsga2": "heuristics.adapters.pymoo_engine:nsga2",
    "pso": "heuristics.pso:PSO",
    "random": "heuristics.random_search:RandomSearch",
}
PYMOO = "pymoo:"
"""Prefix of the names of pymoo's algorithms."""


def list_engines() -> tuple[str, ...]:
    """Return the names that `make_engine` knows, those of pymoo's algorithms aside."""
    return tuple(ENGINES)


def make_engine(name: str, **settings: Any) -> Engine:
    """Return the engine of a name.

    Parameters
    ----------
    name : str
        One of `list_engines()`, or `pymoo:NAME` for pymoo's algorithm NAME (GA, DE, PSO, CMAES,
        NelderMead, ...: see `heuristics.adapters.pymoo_engine`).
    **settings
        Fields of the engine that shall differ from its defaults.

    Returns
    -------
    Engine

    Raises
    ------
    ValueError
        No engine of that name (the message suggests the nearest), or the library that it adapts is
        not installed.

    Examples
    --------
    >>> make_engine("random", population=10)
    RandomSearch(population=10)
    """
    place = ENGINES.get(name)
    if name.startswith(PYMOO):
        place = "heuristics.adapters.pymoo_engine:PymooEngine"
        settings = {"algorithm": name.removeprefix(PYMOO), **settings}
    if place is None:
        near = difflib.get_close_matches(name.lower(), ENGINES, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        known = ", ".join((*ENGINES, f"{PYMOO}NAME"))
        raise ValueError(f"engine {name!r}: expected one of {known}{hint}")
    module, attribute = place.split(":")
    # Imported only when asked for: an adapter's library may not be installed.
    try:
        make = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library in {"heuristics", ""}:
            raise
        raise ValueError(
            f"engine {name!r}: needs the package {library}, which is not installed: "
            f"pip install {library}"
        ) from error
    engine: Engine = make(**settings)
    return engine
