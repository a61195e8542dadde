"""Any single-objective algorithm of pymoo as an engine, through its ask-and-tell interface."""

import difflib
import importlib
from dataclasses import dataclass, field
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
from heuristics.engine import Engine
from heuristics.jit import FloatArray
from heuristics.problem import Evaluation, Space

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


@dataclass(slots=True, eq=False)
class _Live:
    """A pymoo algorithm at work; a pickle holds an empty one, to be brought to life by replay.

    Attributes
    ----------
    position : int
        Batches it was told; -1 before it was set up. The next one is asked already.
    n_start : int
        How often it has started.
    algorithm, infills, asked : pymoo objects
        The algorithm, the batch it wants back, and the points of it that are not evaluated yet.
    chance : PrivateChance
        Its global generators: not all of pymoo draws from generators of its own.
    """

    position: int = -1
    n_start: int = 0
    algorithm: Any = None
    infills: Any = None
    asked: Any = None
    chance: Any = None

    def __reduce__(self) -> tuple[type["_Live"], tuple[()]]:
        return _Live, ()


@dataclass(frozen=True, slots=True, eq=False)
class PymooState:
    """A seed and all that was told since: from these pymoo's algorithm follows.

    The algorithm itself is no value: it changes in place, and some (CMA-ES, Nelder-Mead) live in
    Python generators, which neither copy nor pickle. So the state is the log of the run, and the
    algorithm at work is kept beside it for the usual case that the run goes straight on, at no
    cost. A state that was unpickled, or left behind by another branch, replays the log: pymoo's
    own time for all evaluations so far, without evaluating anything.

    Attributes
    ----------
    seed : int
    told : tuple of pairs of arrays
        Objective (n, 1) and violation (n, 1) of each batch.
    is_asked : bool
        Whether a batch is on its way.
    """

    seed: int
    told: tuple[tuple[FloatArray, FloatArray], ...] = ()
    is_asked: bool = False
    live: _Live = field(default_factory=_Live)


@dataclass(frozen=True, slots=True)
class PymooEngine(Engine):
    """An algorithm of pymoo with its own settings.

    pymoo sees one objective and one constraint, the violation: it compares by Deb's rules as our
    engines do. Its genetic algorithms keep points snapped, by a repair; others keep real numbers
    and are judged where these are snapped to. An algorithm that ends of its own accord (CMA-ES
    that has converged, say) starts anew with the next seed.

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

    def init(self, space: Space, rng: np.random.Generator, budget: int) -> PymooState:
        """Return the state with a seed of its own: see `Engine.init`."""
        return PymooState(int(rng.integers(2**31)))

    def ask(
        self, space: Space, state: PymooState, rng: np.random.Generator
    ) -> tuple[FloatArray, PymooState]:
        """Return the points that pymoo wants evaluated: see `Engine.ask`."""
        columns = FreeColumns(space)
        if columns.n == 0:
            return space.snap(space.lower[np.newaxis]), state
        live = self._live(columns, state)
        x = columns.whole(live.asked.get("X"))
        return x, PymooState(state.seed, state.told, True, live)

    def tell(self, space: Space, state: PymooState, x: FloatArray, e: Evaluation) -> PymooState:
        """Return the state with one batch more in its log: see `Engine.tell`."""
        if not state.is_asked:
            return state
        batch = (finite(e.f), finite(e.violation[:, np.newaxis]))
        return PymooState(state.seed, (*state.told, batch), False, state.live)

    def _live(self, columns: FreeColumns, state: PymooState) -> _Live:
        """Return the algorithm after all that the state was told, its next batch asked."""
        live, n_told = state.live, len(state.told)
        if live.position != (n_told if state.is_asked else n_told - 1):
            live = _Live()
        while live.position < n_told:
            if live.position < 0:
                live.chance = PrivateChance.seeded(state.seed)
                with live.chance:
                    self._start(live, columns, state.seed)
            else:
                with live.chance:
                    _tell(live, *state.told[live.position])
                    self._next(live, columns, state.seed)
            live.position += 1
        return live

    def _start(self, live: _Live, columns: FreeColumns, seed: int) -> None:
        """Set up the algorithm anew, with a seed for each start, and ask its first batch."""
        kind = algorithm_class(self.algorithm)
        settings = dict(self.settings)
        if self.population is not None:
            settings["pop_size"] = self.population
        if issubclass(kind, GeneticAlgorithm):
            settings["repair"] = _SnapFree(columns)
        live.algorithm = kind(**settings)
        if hasattr(live.algorithm, "mating"):
            # pymoo tries 100 matings to find a point that is new, in vain on a space of few points.
            live.algorithm.mating.n_max_iterations = 10
        number = int(np.random.SeedSequence((seed, live.n_start)).generate_state(1)[0] >> 1)
        problem = PymooBase(
            n_var=columns.n, n_obj=1, n_ieq_constr=1, xl=columns.lower, xu=columns.upper
        )
        live.algorithm.setup(problem, seed=number)
        live.n_start += 1
        live.infills = live.asked = live.algorithm.ask()

    def _next(self, live: _Live, columns: FreeColumns, seed: int) -> None:
        """Ask the next batch, skipping what was evaluated, starting anew where it ends."""
        while live.algorithm.has_next():
            live.infills = live.algorithm.ask()
            if live.infills is None:
                break
            # Some ask a single individual, and want it back as one.
            batch = (
                Population.create(live.infills)
                if isinstance(live.infills, Individual)
                else live.infills
            )
            if len(batch) == 0:
                break
            live.asked = batch[[not one.evaluated for one in batch]]
            if len(live.asked):
                return
            live.algorithm.tell(infills=live.infills)
        self._start(live, columns, seed)


class _SnapFree(Repair):  # type: ignore[misc]
    """Keep pymoo's points snapped, in the free columns that pymoo sees."""

    def __init__(self, columns: FreeColumns) -> None:
        super().__init__()
        self.columns = columns

    def _do(self, problem: Any, x: Any, **_: Any) -> FloatArray:
        return self.columns.of(self.columns.whole(x))


def _tell(live: _Live, f: FloatArray, violation: FloatArray) -> None:
    told = StaticProblem(live.algorithm.problem, F=f, G=violation)
    live.algorithm.evaluator.eval(told, live.asked)
    live.algorithm.tell(infills=live.infills)


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
