"""What a comparison runs: problems x engines x runs, and the seed of each run."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from heuristics.engine import Engine
from heuristics.problem import Problem

Source: TypeAlias = Problem | Callable[[], Problem]


class RunKey(NamedTuple):
    """Which run of an experiment: names of problem and engine, and a number from 0."""

    problem: str
    engine: str
    run: int


@dataclass(frozen=True, slots=True, eq=False)
class Experiment:
    """Engines compared on problems with equal budgets and paired seeds.

    Attributes
    ----------
    problems : mapping of str to Problem or callable
        By name; a callable without arguments makes the problem where it is needed. Either must
        survive a pickle. A name stands for its problem wherever rows are kept.
    engines : mapping of str to Engine
        By name.
    n_runs : int
        Runs of each engine on each problem, each with a seed of its own.
    budget : int
        Evaluations of each run.
    seed : int
        Of the whole experiment.

    Raises
    ------
    ValueError
        No problem, no engine, an empty name, or a number out of range.

    Examples
    --------
    >>> from heuristics.engine import make_engine
    >>> from heuristics.functions import sphere
    >>> plan = Experiment({"sphere": sphere()}, {"ga": make_engine("ga")}, 30, 5000, seed=1)
    >>> len(plan.run_keys()), plan.run_keys()[0]
    (30, RunKey(problem='sphere', engine='ga', run=0))
    """

    problems: Mapping[str, Source]
    engines: Mapping[str, Engine]
    n_runs: int
    budget: int
    seed: int

    def __post_init__(self) -> None:
        for role, names in (("problems", self.problems), ("engines", self.engines)):
            if not names or not all(isinstance(name, str) and name for name in names):
                raise ValueError(f"{role}: expected at least one, each with a name")
        for role, number, least in (
            ("n_runs", self.n_runs, 1),
            ("budget", self.budget, 1),
            ("seed", self.seed, 0),
        ):
            if isinstance(number, bool) or not isinstance(number, int) or number < least:
                raise ValueError(f"{role}: expected a whole number >= {least}, got {number!r}")

    def run_keys(self) -> tuple[RunKey, ...]:
        """Return every run, by problem, then engine, then number."""
        return tuple(
            RunKey(problem, engine, run)
            for problem in self.problems
            for engine in self.engines
            for run in range(self.n_runs)
        )


def run_seed(seed: int, problem: str, run: int) -> np.random.SeedSequence:
    """Return the seed of a run: the same for every engine, so that runs are paired.

    It depends on nothing else of the experiment: a further problem, engine or run leaves the
    others as they were.
    """
    name = np.frombuffer(hashlib.sha256(problem.encode()).digest()[:16], dtype="<u4")
    return np.random.SeedSequence(seed, spawn_key=(*name.tolist(), run))
