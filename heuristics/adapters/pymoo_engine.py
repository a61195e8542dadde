"""Any single-objective algorithm of pymoo as an engine, through its ask-and-tell interface."""

import difflib
import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from pymoo.algorithms.base.genetic import GeneticAlgorithm
from pymoo.core.individual import Individual
from pymoo.core.population import Population
from pymoo.core.problem import Problem as PymooBase
from pymoo.core.repair import Repair
from pymoo.problems.static import StaticProblem

from heuristics.adapters.chance import PrivateChance
from heuristics.adapters.columns import FreeColumns
from heuristics.adapters.pymoo import finite
from heuristics.jit import FloatArray
from heuristics.problem import Space
from heuristics.replay import ReplayEngine, Search
from heuristics.selection import check_population

ALGORITHMS = {
    "BIPOPCMAES": "soo.nonconvex.cmaes",
    "BRKGA": "soo.nonconvex.brkga",
    "CMAES": "soo.nonconvex.cmaes",
    "DE": "soo.nonconvex.de",
    "EPPSO": "soo.nonconvex.pso_ep",
    "ES": "soo.nonconvex.es",
    "G3PCX": "soo.nonconvex.g3pcx",
    "GA": "soo.nonconvex.ga",
    "NRBO": "soo.nonconvex.nrbo",
    "NSGA2": "moo.nsga2",
    "NelderMead": "soo.nonconvex.nelder",
    "NicheGA": "soo.nonconvex.ga_niching",
    "PSO": "soo.nonconvex.pso",
    "RandomSearch": "soo.nonconvex.random_search",
}
"""Class by name: the module below `pymoo.algorithms`.

PatternSearch, SRES and ISRES are not among them: pymoo 0.6.2 makes generators in them that no seed
reaches, so their runs cannot be repeated.
"""


@dataclass(frozen=True, slots=True)
class PymooEngine(ReplayEngine):
    """An algorithm of pymoo with its own settings.

    pymoo sees one objective and one constraint, the violation: it compares by Deb's rules as our
    engines do. Its genetic algorithms keep points snapped, by a repair; others keep real numbers
    and are judged where these are snapped to. An algorithm that ends of its own accord (CMA-ES
    that has converged, say) starts anew with the next seed. Algorithms change in place, and some
    live in generators that cannot be copied: the state is the log of the run (`ReplayState`).

    Attributes
    ----------
    algorithm : str
        A key of `ALGORITHMS`, or the import path of another class.
    population : int, optional
        Points kept, where the algorithm has such a setting; pymoo's own choice if left out.
    settings : tuple of (str, object)
        Further arguments of pymoo's class.
    """

    algorithm: str = "GA"
    population: int | None = None
    settings: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        algorithm_class(self.algorithm)
        if self.population is not None:
            check_population(self.population)

    def search(self, space: Space, rng: np.random.Generator, budget: int) -> Search:
        """Run the algorithm again and again: see `ReplayEngine.search`."""
        columns = FreeColumns(space)
        while columns.n == 0:
            yield space.snap(space.lower[np.newaxis])
        # Not all of pymoo draws from generators of its own.
        chance = PrivateChance.seeded(int(rng.integers(2**31)))
        while True:
            with chance:
                algorithm = self._make(columns, int(rng.integers(2**31)))
            while algorithm.has_next():
                with chance:
                    infills = algorithm.ask()
                # None or empty: every offspring repeats a point, the space is exhausted.
                if infills is None or (isinstance(infills, Population) and len(infills) == 0):
                    break
                # Some ask a single individual, or points that were evaluated before.
                is_one = isinstance(infills, Individual)
                batch = Population.create(infills) if is_one else infills
                asked = batch[[not one.evaluated for one in batch]]
                if len(asked):
                    e = yield columns.whole(asked.get("X"))
                    told = StaticProblem(
                        algorithm.problem, F=finite(e.f), G=finite(e.violation[:, np.newaxis])
                    )
                    algorithm.evaluator.eval(told, asked)
                with chance:
                    algorithm.tell(infills=infills)

    def _make(self, columns: FreeColumns, seed: int) -> Any:
        """Return the algorithm, ready to be asked."""
        kind = algorithm_class(self.algorithm)
        settings = dict(self.settings)
        if self.population is not None:
            settings["pop_size"] = self.population
        if issubclass(kind, GeneticAlgorithm):
            settings["repair"] = _SnapFree(columns)
        algorithm = kind(**settings)
        if hasattr(algorithm, "mating"):
            # pymoo tries 100 matings to find a point that is new, in vain on a space of few points.
            algorithm.mating.n_max_iterations = 10
        problem = PymooBase(
            n_var=columns.n, n_obj=1, n_ieq_constr=1, xl=columns.lower, xu=columns.upper
        )
        return algorithm.setup(problem, seed=seed)


class _SnapFree(Repair):  # type: ignore[misc]
    """Keep pymoo's points snapped, in the free columns that pymoo sees."""

    def __init__(self, columns: FreeColumns) -> None:
        super().__init__()
        self.columns = columns

    def _do(self, problem: Any, x: Any, **_: Any) -> FloatArray:
        return self.columns.of(self.columns.whole(x))


def algorithm_class(name: str) -> Any:
    """Return pymoo's class of a name, a key of `ALGORITHMS` or an import path.

    Raises
    ------
    ValueError
        There is no such class; the message suggests the nearest name.
    """
    module, _, attribute = name.rpartition(".")
    if name in ALGORITHMS:
        module, attribute = f"pymoo.algorithms.{ALGORITHMS[name]}", name
    if module:
        try:
            return getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError):
            pass
    near = difflib.get_close_matches(name, ALGORITHMS, n=1, cutoff=0.3)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"pymoo algorithm {name!r}: expected one of {', '.join(ALGORITHMS)}{hint}")


def nsga2(**settings: Any) -> PymooEngine:
    """Return NSGA-II as an engine: for one objective, as every engine of `minimize`.

    Fronts of several objectives come from `heuristics.adapters.pymoo.nsga2_front`.
    """
    return PymooEngine("NSGA2", **settings)
