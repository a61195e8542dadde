"""What every engine must do: the checks of `heuristics.engine.Engine`'s promises."""

import contextlib
import dataclasses
import pickle
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from heuristics.engine import Engine
from heuristics.functions import g08, mixed_sphere, sphere
from heuristics.loop import Progress, minimize
from heuristics.problem import LocalModelProblem
from heuristics.testing.modeled import Modeled, offered
from heuristics.testing.trials import Broken, Impossible, OnSpace, Shifted, Watched, spaces

OPTIMUM_BUDGET = 20_000


def check_engine(engine: Engine, *, finds_optimum: bool = True) -> None:
    """Raise AssertionError, with the reason, unless an engine keeps every promise of `Engine`.

    Parameters
    ----------
    engine : Engine
        One that needs local models is given them: the problem itself, searched on a small scale.
    finds_optimum : bool
        Whether the engine claims to reach the optima of easy functions: sphere (5 variables) and
        mixed sphere (3 and 3) within 0.01, G08 within 0.001, each in 20,000 evaluations. Random
        search does not.

    Examples
    --------
    >>> from heuristics.engine import make_engine
    >>> check_engine(make_engine("ga"))
    """
    for check in ENGINE_CHECKS:
        check(engine)
    if finds_optimum:
        check_optimum(engine)


def check_settings(engine: Engine) -> None:
    """Check that settings cannot be changed, and survive a pickle."""
    assert dataclasses.is_dataclass(engine), f"{engine!r}: expected a frozen dataclass"
    for setting in dataclasses.fields(engine):
        try:
            setattr(engine, setting.name, getattr(engine, setting.name))
        except dataclasses.FrozenInstanceError:
            continue
        raise AssertionError(f"{engine!r}: setting {setting.name} can be changed")
    copy = pickle.loads(pickle.dumps(engine))
    assert repr(copy) == repr(engine), f"{engine!r}: changed by a pickle into {copy!r}"


def check_determinism(engine: Engine) -> None:
    """Check that the same seed gives the same bits, and another seed does not."""
    problem = offered(mixed_sphere(), engine)
    first, again, other = (minimize(problem, engine, seed=s, budget=400) for s in (1, 1, 2))
    assert first.digest() == again.digest(), f"{engine!r}: same seed, other bits"
    assert first.x.tobytes() != other.x.tobytes(), f"{engine!r}: the seed changes nothing"


def check_points(engine: Engine) -> None:
    """Check that points asked are points of the space: bounds, whole numbers, repair."""
    for space in spaces():
        watched = Watched(OnSpace(space))
        minimize(offered(watched, engine), engine, seed=3, budget=400)
        for x in watched.batches:
            assert x.dtype == np.float64, f"{engine!r}: asked {x.dtype}, expected float64"
            is_off = np.any(x != space.snap(x), axis=1)
            assert not is_off.any(), f"{engine!r}: asked outside the space: {x[is_off][0]}"


def check_budget(engine: Engine) -> None:
    """Check that the budget is spent to the last evaluation and not exceeded."""
    for budget in (1, 2, 49, 50, 51, 333):
        watched = Watched(sphere(3))
        problem = offered(watched, engine)
        result = minimize(problem, engine, seed=4, budget=budget)
        spent = watched.n_evaluations + (problem.n_models if isinstance(problem, Modeled) else 0)
        assert spent == budget, f"{engine!r}: spent {spent} evaluations of {budget}"
        assert result.n_evaluations == budget, f"{engine!r}: counted {result.n_evaluations}"


def check_states(engine: Engine) -> None:
    """Check that states are values: picklable, left as they are, all the future depends on."""
    problem = offered(g08(), engine)
    space = problem.space
    rng, twin_rng = (np.random.Generator(np.random.PCG64(5)) for _ in range(2))
    state = engine.init(space, rng, 500)
    twin = engine.init(space, twin_rng, 500)
    for _ in range(6):
        point = engine.model_point(state)
        if point is not None and isinstance(problem, LocalModelProblem):
            before, model = pickle.dumps(state), problem.local_model(point)
            assert model is not None
            told = engine.inform(space, state, point, model)
            assert pickle.dumps(state) == before, (
                f"{engine!r}: inform changes the state it is given"
            )
            state = told
            twin = engine.inform(space, pickle.loads(pickle.dumps(twin)), point, model)
        before = pickle.dumps(state)
        x, asked = engine.ask(space, state, rng)
        assert pickle.dumps(state) == before, f"{engine!r}: ask changes the state it is given"
        twin_x, twin_asked = engine.ask(space, pickle.loads(pickle.dumps(twin)), twin_rng)
        assert x.tobytes() == twin_x.tobytes(), f"{engine!r}: a pickled state asks otherwise"
        before, points = pickle.dumps(asked), x.copy()
        state = engine.tell(space, asked, x, problem.evaluate(x))
        assert pickle.dumps(asked) == before, f"{engine!r}: tell changes the state it is given"
        assert np.array_equal(x, points), f"{engine!r}: tell changes the points it is given"
        twin = engine.tell(space, pickle.loads(pickle.dumps(twin_asked)), x, problem.evaluate(x))


def check_failures(engine: Engine) -> None:
    """Check that points that cannot be evaluated never win, and lose no run."""
    for bad in (np.nan, np.inf, -np.inf):
        result = minimize(offered(Broken(0.0, bad), engine), engine, seed=6, budget=500)
        assert result.is_feasible, f"{engine!r}: lost among evaluations of {bad}"
        assert result.x[0] >= 0.0, f"{engine!r}: an evaluation of {bad} won"
        result = minimize(offered(Broken(np.inf, bad), engine), engine, seed=6, budget=200)
        assert not result.is_feasible, f"{engine!r}: feasible where every evaluation is {bad}"
        assert result.violation == np.inf, f"{engine!r}: violation {result.violation}, all {bad}"


def check_constraints(engine: Engine) -> None:
    """Check that feasible points win, or the least violation where there are none."""
    watched = Watched(Shifted())
    result = minimize(offered(watched, engine), engine, seed=7, budget=500)
    seen = [watched.problem.evaluate(x) for x in watched.batches]
    best = min(float(e.f[e.violation == 0.0].min(initial=np.inf)) for e in seen)
    assert result.is_feasible, f"{engine!r}: not feasible where half the space is"
    assert result.f == best, f"{engine!r}: answers {result.f}, saw {best} feasible"
    watched = Watched(Impossible())
    result = minimize(offered(watched, engine), engine, seed=7, budget=500)
    least = min(float(watched.problem.evaluate(x).violation.min()) for x in watched.batches)
    assert not result.is_feasible, f"{engine!r}: feasible where nothing is"
    assert result.violation == least, f"{engine!r}: violation {result.violation}, saw {least}"
    assert "no feasible point" in result.message, f"{engine!r}: says {result.message!r}"


def check_checkpoint(engine: Engine) -> None:
    """Check that an interrupted run continues to the result of an undisturbed one."""
    problem = offered(mixed_sphere(), engine)
    whole = minimize(problem, engine, seed=8, budget=333).digest()
    with tempfile.TemporaryDirectory() as folder:
        for at in (1, 60, 170, 333):
            path = Path(folder) / "checkpoint"
            watched = Watched(mixed_sphere(), interrupt_at=at)
            problem = offered(watched, engine)
            with contextlib.suppress(KeyboardInterrupt):
                minimize(problem, engine, seed=8, budget=333, checkpoint=path)
            watched.interrupt_at = None
            result = minimize(problem, engine, seed=8, budget=333, checkpoint=path)
            assert result.digest() == whole, f"{engine!r}: interrupted at {at}, other bits"


def check_optimum(engine: Engine) -> None:
    """Check that the optima of easy functions are reached: real, mixed, constrained."""
    for problem, tolerance in ((sphere(5), 0.01), (mixed_sphere(3, 3), 0.01), (g08(), 0.001)):
        near = problem.f_optimum + tolerance
        result = minimize(
            offered(problem, engine),
            engine,
            seed=9,
            budget=OPTIMUM_BUDGET,
            callback=partial(is_near, near),
        )
        assert result.is_feasible, f"{engine!r}: {problem.name}: {result.message}"
        assert abs(result.f - problem.f_optimum) <= tolerance, (
            f"{engine!r}: {problem.name}: {result.f} after {result.n_evaluations} evaluations, "
            f"optimum {problem.f_optimum}"
        )


def is_near(f: float, now: Progress) -> bool:
    """Return whether the best point so far is feasible and its objective at most f."""
    return now.best.violation == 0.0 and now.best.f <= f


ENGINE_CHECKS: tuple[Callable[[Engine], None], ...] = (
    check_settings,
    check_determinism,
    check_points,
    check_budget,
    check_states,
    check_failures,
    check_constraints,
    check_checkpoint,
)
