"""The conformance suites notice every broken promise: one offender for each check."""

import dataclasses
import pickle
from typing import ClassVar

import numpy as np
import pytest

from heuristics.engine import make_engine
from heuristics.functions import KnownProblem, g06, mixed_sphere, sphere
from heuristics.ga import GA, GAState
from heuristics.problem import Evaluation, Space
from heuristics.testing import check_engine, check_problem
from heuristics.testing.modeled import ItsOwnModel

# --- engines ---


class Loose(GA):
    """Settings can be changed."""

    __setattr__ = object.__setattr__


class Global(GA):
    """Draws from a generator of its own, seeded once for all."""

    rng: ClassVar = np.random.Generator(np.random.PCG64(1))

    def ask(self, space, state, rng):
        return super().ask(space, state, self.rng)


class Stuck(GA):
    """Heeds no seed."""

    def ask(self, space, state, rng):
        return super().ask(space, state, np.random.Generator(np.random.PCG64(1)))


class Unbounded(GA):
    """Asks points beyond the bounds."""

    def ask(self, space, state, rng):
        x, state = super().ask(space, state, rng)
        return x + (space.upper - space.lower) * 0.5, state


class Unrounded(GA):
    """Asks fractions in integer columns."""

    def ask(self, space, state, rng):
        x, state = super().ask(space, state, rng)
        return np.clip(x + 0.3, space.lower, space.upper), state


class Unrepaired(GA):
    """Forgets the repair."""

    def ask(self, space, state, rng):
        return super().ask(dataclasses.replace(space, repair=None), state, rng)


class AskChanges(GA):
    """Changes its population while asking."""

    def ask(self, space, state, rng):
        state.population.f[:1] += 1e-9
        return super().ask(space, state, rng)


class TellChanges(GA):
    """Changes the state it is told in."""

    def tell(self, space, state, x, e):
        state.population.f[:1] += 1e-9
        return super().tell(space, state, x, e)


class TellChangesPoints(GA):
    """Keeps the asked points and changes them."""

    def tell(self, space, state, x, e):
        state = super().tell(space, state, x.copy(), e)
        x += 1.0
        return state


class Secretive(GA):
    """Keeps half of its state outside the state."""

    kept: ClassVar[dict[int, GAState]] = {}

    def ask(self, space, state, rng):
        x, state = super().ask(space, state, rng)
        return space.snap(x * (0.5 if id(state) in self.kept else 1.0)), state

    def tell(self, space, state, x, e):
        state = super().tell(space, state, x, e)
        self.kept[id(state)] = state
        return state


@dataclasses.dataclass(frozen=True)
class Unpicklable(GA):
    """Keeps a function in its state."""

    def init(self, space, rng, budget):
        state = super().init(space, rng, budget)
        return GAState(state.population, lambda: 0, budget)

    def tell(self, space, state, x, e):
        told = dataclasses.replace(state, n_told=0)
        told = super().tell(space, told, x, e)
        return dataclasses.replace(told, n_told=lambda: 0)


class Fragile(GA):
    """Cannot bear NaN."""

    def tell(self, space, state, x, e):
        if np.isnan(e.f).any():
            raise FloatingPointError("NaN")
        return super().tell(space, state, x, e)


class Repetitive(GA):
    """Fills its batches with copies of one point, so it searches fifty times as slowly."""

    def ask(self, space, state, rng):
        x, state = super().ask(space, state, rng)
        return x[:1].repeat(50, axis=0), state


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        (Loose(), "setting population can be changed"),
        (Global(), "same seed, other bits"),
        (Stuck(), "the seed changes nothing"),
        (Unbounded(), "asked outside the space"),
        (Unrounded(), "asked outside the space"),
        (Unrepaired(), "asked outside the space"),
        (AskChanges(), "ask changes the state"),
        (TellChanges(), "tell changes the state"),
        (TellChangesPoints(), "tell changes the points"),
        (Secretive(), "a pickled state asks otherwise"),
        (Repetitive(), "optimum"),
        (make_engine("random"), "optimum"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_broken_engines_are_noticed(engine, message):
    with pytest.raises(AssertionError, match=message):
        check_engine(engine)


def test_crashes_are_noticed():
    with pytest.raises((AttributeError, pickle.PicklingError), match="pickle"):
        check_engine(Unpicklable())
    with pytest.raises(FloatingPointError, match="NaN"):
        check_engine(Fragile())


# --- problems ---


class Wrapped:
    """A problem that keeps its promises."""

    def __init__(self, inner: KnownProblem | None = None) -> None:
        self.inner = mixed_sphere() if inner is None else inner
        self.space = self.inner.space
        self.n_obj, self.n_con = 1, self.inner.n_con

    def evaluate(self, x):
        return self.inner.evaluate(x)


class Writes(Wrapped):
    def evaluate(self, x):
        x[:, 0] = 0.0
        return self.inner.evaluate(x)


class Misshapen(Wrapped):
    def evaluate(self, x):
        return self.inner.evaluate(x[:-1])


class Miscounts(Wrapped):
    def __init__(self) -> None:
        super().__init__(g06())
        self.n_con = 3


class Drifts(Wrapped):
    n_calls = 0

    def evaluate(self, x):
        self.n_calls += 1
        e = self.inner.evaluate(x)
        return Evaluation(e.f + 1e-12 * self.n_calls, e.g)


class Relative(Wrapped):
    """Worth depends on the batch."""

    def evaluate(self, x):
        e = self.inner.evaluate(x)
        return Evaluation(e.f - e.f.mean(), e.g)


class Ordered(Wrapped):
    """Worth depends on the place in the batch, but for single points."""

    def evaluate(self, x):
        e = self.inner.evaluate(x)
        return Evaluation(e.f + 1e-9 * np.arange(len(x))[:, np.newaxis] * (len(x) > 1), e.g)


class Forgets(Wrapped):
    def __getstate__(self):
        return {**self.__dict__, "inner": sphere(10)}


class Moody(Wrapped):
    offset = 0.0

    def evaluate(self, x):
        e = self.inner.evaluate(x)
        return Evaluation(e.f + self.offset, e.g)

    def local_model(self, x):
        self.offset = 1.0
        return ItsOwnModel(self.inner)


class Modeling(Wrapped):
    """Offers a model that its maker chooses."""

    def __init__(self, model) -> None:
        super().__init__()
        self.model = model

    def local_model(self, x):
        return self.model(self.inner)


def nothing(problem):
    return None


class Lying(ItsOwnModel):
    def predict(self, x):
        e = super().predict(x)
        return Evaluation(e.f + 0.01, e.g)


class Talkative(ItsOwnModel):
    def neighbors(self, x, n):
        return super().neighbors(x, n + 1)


class Roaming(ItsOwnModel):
    def refine(self, x):
        return super().refine(x) + 0.5


class Repaired(Wrapped):
    def __init__(self, repair) -> None:
        super().__init__()
        self.space = Space(
            self.inner.space.lower, self.inner.space.upper, self.inner.space.is_integer, repair
        )


def leaves(x):
    return x + 100.0


def fractions(x):
    return np.clip(x + 0.25, -5.0, 5.0)


def creeps(x):
    return np.clip(x + 1.0, -5.0, 5.0)


def mixes(x):
    return np.broadcast_to(x.max(axis=0), x.shape).copy()


def test_a_good_problem_passes():
    check_problem(Wrapped(), seed=1)
    check_problem(Wrapped(g06()), seed=1)


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (Writes(), "changes the points it is given"),
        (Misshapen(), "expected f and g of shapes"),
        (Miscounts(), "expected f and g of shapes"),
        (Drifts(), "the same points give other bits"),
        (Relative(), "alone gives other bits"),
        (Ordered(), "alone gives other bits|reverse order"),
        (Forgets(), "changes by a pickle"),
        (Moody(), "a local model changes later evaluations"),
        (Modeling(nothing), "no local model at a point that can be evaluated"),
        (Modeling(Lying), "the model's f at its own point"),
        (Modeling(Talkative), "asked for 7 neighbors, got 8"),
        (Modeling(Roaming), "refine leaves the space"),
        (Repaired(leaves), "leaves the bounds, in columns"),
        (Repaired(fractions), "fractions in integer columns"),
        (Repaired(creeps), "snapping again changes columns"),
        (Repaired(mixes), "repair of a row depends on the other rows"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_broken_problems_are_noticed(problem, message):
    with pytest.raises(AssertionError, match=message):
        check_problem(problem, seed=1)
