"""Ctrl-C: held until the batch is done, never lost, and no matter for anyone else's handler."""

import dataclasses
import os
import signal
import threading

import pytest

from heuristics.engine import make_engine
from heuristics.functions import rastrigin, sphere
from heuristics.loop import minimize
from heuristics.testing.trials import Watched


@dataclasses.dataclass(slots=True, eq=False)
class Struck(Watched):
    """A problem during whose evaluation Ctrl-C is pressed."""

    strike_at: int = 1
    n_strikes: int = 1

    def evaluate(self, x):
        # The method of the outer class is called by name: slots make two classes of this one.
        e = Watched.evaluate(self, x)
        if self.n_evaluations >= self.strike_at:
            for _ in range(self.n_strikes):
                os.kill(os.getpid(), signal.SIGINT)
        return e


@pytest.fixture(autouse=True)
def handler():
    """Give the process Python's own handler, as a command line has it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("strike_at", [1, 120, 500])
def test_interrupt_waits_for_the_batch_and_is_not_lost(tmp_path, strike_at):
    struck = Struck(sphere(2), strike_at=strike_at)
    engine, path = make_engine("ga"), tmp_path / "checkpoint"
    with pytest.raises(KeyboardInterrupt):
        minimize(struck, engine, seed=1, budget=500, checkpoint=path)
    n_spent = struck.n_evaluations
    assert n_spent == -(-strike_at // 50) * 50
    # The batch that was struck is kept: it is not evaluated again.
    watched = Watched(sphere(2))
    result = minimize(watched, engine, seed=1, budget=500, checkpoint=path)
    assert watched.n_evaluations == 500 - n_spent + 1  # and the best point once more
    assert result.digest() == minimize(sphere(2), engine, seed=1, budget=500).digest()


def test_interrupt_without_checkpoint_is_raised_too():
    struck = Struck(sphere(2), strike_at=120)
    with pytest.raises(KeyboardInterrupt):
        minimize(struck, make_engine("pso"), seed=1, budget=500)
    assert struck.n_evaluations == 150


def test_a_second_interrupt_does_not_wait():
    struck = Struck(sphere(2), n_strikes=2)
    with pytest.raises(KeyboardInterrupt) as caught:
        minimize(struck, make_engine("ga"), seed=1, budget=500)
    assert any(entry.name == "evaluate" for entry in caught.traceback)


def test_a_handler_of_the_process_stays_in_charge():
    calls = []
    signal.signal(signal.SIGINT, lambda *_: calls.append(signal.getsignal(signal.SIGINT)))
    struck = Struck(sphere(2), strike_at=500)
    result = minimize(struck, make_engine("ga"), seed=1, budget=500)
    assert result.n_evaluations == 500
    assert len(calls) == 1
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_other_threads_run_without_it():
    digests = []
    thread = threading.Thread(
        target=lambda: digests.append(
            minimize(sphere(2), make_engine("ga"), seed=1, budget=500).digest()
        )
    )
    thread.start()
    thread.join()
    assert digests == [minimize(sphere(2), make_engine("ga"), seed=1, budget=500).digest()]


def test_errors_pass_through():
    class Failing(Watched):
        def evaluate(self, x):
            raise RuntimeError("no licence left")

    with pytest.raises(RuntimeError, match="no licence left"):
        minimize(Failing(sphere(2)), make_engine("ga"), seed=1, budget=500)


@pytest.mark.slow
def test_interrupts_at_any_moment_are_raised():
    # Without holding, some vanish or come out as SystemError, while Numba hands results over.
    def run_struck(after_s: float) -> None:
        timer = threading.Timer(after_s, lambda: os.kill(os.getpid(), signal.SIGINT))
        timer.start()
        minimize(rastrigin(), make_engine("hgapso"), seed=1, budget=1_000_000)

    for k in range(400):
        with pytest.raises(KeyboardInterrupt):
            run_struck(0.002 + k * 5e-5)
