"""The one loop: ask, evaluate, tell, record, stop, checkpoint."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from heuristics.checkpoint import Checkpoint, Snapshot, run_identity
from heuristics.engine import Engine, State
from heuristics.interrupt import HeldInterrupt
from heuristics.problem import LocalModelProblem, Problem, Solved
from heuristics.record import Best, Record
from heuristics.result import Result
from heuristics.sampling import Seed, make_generator, seed_label

CHECKPOINT_PERIOD_S = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """What a callback is told after each batch.

    Attributes
    ----------
    n_evaluations, budget : int
        Spent, and allowed.
    best : Best
        Best point so far: x, f, g, violation (0: feasible).
    """

    n_evaluations: int
    budget: int
    best: Best


Callback: TypeAlias = Callable[[Progress], bool | None]


def minimize(
    problem: Problem,
    engine: Engine,
    *,
    seed: Seed,
    budget: int,
    callback: Callback | None = None,
    checkpoint: str | Path | None = None,
) -> Result:
    """Search a problem with an engine until the budget is spent.

    Ctrl-C ends the run after the batch at hand, a second one at once.

    Parameters
    ----------
    problem : Problem
        With one objective.
    engine : Engine
    seed : int or numpy.random.SeedSequence
        The same seed gives the same bits.
    budget : int
        Evaluations, at least 1; never exceeded: the last batch is cut. A local model counts as
        one.
    callback : callable, optional
        Called after each batch; the run stops if it returns True.
    checkpoint : path, optional
        File that an unfinished run leaves behind, written every few seconds and whenever the run
        is interrupted, stopped or fails. If it exists, the run continues from it to the result
        that it would have had undisturbed; when the budget is spent, it is removed. It holds a
        pickle: do not continue from a file that you do not trust.

    Returns
    -------
    Result
        Without a feasible point, the point of least violation; `is_feasible` and `message` say so.

    Raises
    ------
    ValueError
        The problem has several objectives, an evaluation has not the shape that the problem
        states, or the checkpoint belongs to another run or is damaged.

    Examples
    --------
    >>> from heuristics.engine import make_engine
    >>> from heuristics.functions import sphere
    >>> result = minimize(sphere(2), make_engine("ga"), seed=1, budget=2000)
    >>> result.n_evaluations, result.f < 1e-3
    (2000, True)
    """
    if isinstance(budget, bool) or not isinstance(budget, int | np.integer) or budget < 1:
        raise ValueError(f"budget: expected a whole number of evaluations >= 1, got {budget!r}")
    if problem.n_obj != 1:
        raise ValueError(f"problem: expected one objective, got {problem.n_obj}")
    if engine.needs_model and not isinstance(problem, LocalModelProblem):
        raise ValueError(f"engine {engine!r} needs a problem with a local model")
    solved = engine.solve(problem)
    if solved is not None:
        return _answer(problem, engine, seed_label(seed), solved)
    run = _Run(problem, engine, make_generator(seed), int(budget))
    with HeldInterrupt() as held:
        if checkpoint is None:
            is_stopped = run.advance(callback, held)
        else:
            identity = run_identity(problem, engine, seed_label(seed), int(budget))
            kept = Checkpoint(Path(checkpoint), identity)
            is_stopped = run.advance_safely(callback, held, kept)
    return _result(run, seed_label(seed), is_stopped)


class _Run:
    """A run between two batches: all that changes while it goes on."""

    def __init__(
        self, problem: Problem, engine: Engine, rng: np.random.Generator, budget: int
    ) -> None:
        self.problem = problem
        self.space = problem.space
        self.modeled = problem if isinstance(problem, LocalModelProblem) else None
        self.engine = engine
        self.rng = rng
        self.budget = budget
        self.n_evaluations = 0
        self.record = Record()
        self.state: State = engine.init(self.space, rng, budget)

    def step(self) -> None:
        """Spend one batch, or one local model."""
        engine, space = self.engine, self.space
        if self.modeled is not None:
            point = engine.model_point(self.state)
            if point is not None:
                model = self.modeled.local_model(point)
                if model is None:
                    raise ValueError(f"problem: expected a local model at {point}, got none")
                self.n_evaluations += 1
                self.state = engine.inform(space, self.state, point, model)
                return
        asked, state = engine.ask(space, self.state, self.rng)
        x = asked[: self.budget - self.n_evaluations]
        e = self.problem.evaluate(x)
        if e.f.shape != (x.shape[0], 1) or e.g.shape != (x.shape[0], self.problem.n_con):
            raise ValueError(
                f"problem: expected f {(x.shape[0], 1)} and g {(x.shape[0], self.problem.n_con)} "
                f"for {x.shape[0]} points, got {e.f.shape} and {e.g.shape}"
            )
        self.record.add(x, e, self.n_evaluations)
        self.n_evaluations += x.shape[0]
        if x.shape[0] == asked.shape[0]:
            self.state = engine.tell(space, state, x, e)

    def advance(self, callback: Callback | None, held: HeldInterrupt) -> bool:
        """Go on to the end of the budget; return whether the callback stopped the run before."""
        while self.n_evaluations < self.budget:
            self.step()
            held.release()
            if callback is not None and self._is_stopped_by(callback):
                return self.n_evaluations < self.budget
        return False

    def advance_safely(
        self, callback: Callback | None, held: HeldInterrupt, checkpoint: Checkpoint
    ) -> bool:
        """Do what `advance` does, from the checkpoint if there is one, and keep it up to date."""
        saved = checkpoint.read(self.problem)
        if saved is not None:
            self._restore(saved)
        snapshot = self._snapshot()
        written_at = time.monotonic()
        is_stopped = False
        try:
            while self.n_evaluations < self.budget and not is_stopped:
                self.step()
                # One assignment of an immutable value: an error finds this one or the last.
                snapshot = self._snapshot()
                if time.monotonic() - written_at > CHECKPOINT_PERIOD_S:
                    checkpoint.write(snapshot)
                    written_at = time.monotonic()
                held.release()
                is_stopped = callback is not None and self._is_stopped_by(callback)
        except BaseException:
            checkpoint.write(snapshot)
            raise
        if self.n_evaluations < self.budget:
            checkpoint.write(snapshot)
            return True
        checkpoint.remove()
        return False

    def _is_stopped_by(self, callback: Callback) -> bool:
        best = self.record.best
        if best is None:  # only local models so far
            return False
        return callback(Progress(self.n_evaluations, self.budget, best)) is True

    def _snapshot(self) -> Snapshot:
        return Snapshot(
            self.state,
            dict(self.rng.bit_generator.state),
            self.n_evaluations,
            tuple(self.record.steps),
            self.record.best,
        )

    def _restore(self, snapshot: Snapshot) -> None:
        self.state = snapshot.state
        self.rng.bit_generator.state = snapshot.rng_state
        self.n_evaluations = snapshot.n_evaluations
        self.record.steps = list(snapshot.steps)
        self.record.best = snapshot.best


def _answer(problem: Problem, engine: Engine, seed: str, solved: Solved) -> Result:
    """Return the result of an engine that does not search."""
    if solved.x is None:
        raise ValueError(f"engine {engine!r}: no point found: {solved.message}")
    record = Record()
    x = solved.x[np.newaxis]
    record.add(x, problem.evaluate(x), solved.n_evaluations)
    assert record.best is not None
    best = record.best
    return Result(
        x=best.x,
        f=best.f,
        g=best.g,
        violation=best.violation,
        is_feasible=best.violation == 0.0,
        n_evaluations=solved.n_evaluations + 1,
        history=record.history(),
        seed=seed,
        engine=repr(engine),
        message=solved.message,
    )


def _result(run: _Run, seed: str, is_stopped: bool) -> Result:
    best = run.record.best
    if best is None:
        raise ValueError(f"engine {run.engine!r}: spent its budget on local models alone")
    spent = f"{run.n_evaluations} evaluations"
    message = (
        f"stopped by the callback after {spent} of {run.budget}"
        if is_stopped
        else f"spent its budget of {spent}"
    )
    if best.violation == np.inf:
        message += "; no point could be evaluated"
    elif best.violation > 0.0:
        message += f"; no feasible point found, least violation {best.violation:.6g}"
    return Result(
        x=best.x,
        f=best.f,
        g=best.g,
        violation=best.violation,
        is_feasible=best.violation == 0.0,
        n_evaluations=run.n_evaluations,
        history=run.record.history(),
        seed=seed,
        engine=repr(run.engine),
        message=message,
    )
