"""Checkpoints of the loop: interrupted anywhere, continued to the same bits, or refused."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loop_runs import ENGINES

import heuristics.loop
from heuristics.engine import make_engine
from heuristics.functions import g08, mixed_sphere, rastrigin, sphere
from heuristics.loop import minimize
from heuristics.testing.trials import Watched


@given(name=st.sampled_from(ENGINES), at=st.lists(st.integers(1, 640), max_size=4))
def test_run_interrupted_anywhere_ends_in_the_same_bits(tmp_path_factory, name, at):
    path = tmp_path_factory.mktemp("run") / "checkpoint"
    engine = make_engine(name)
    whole = minimize(mixed_sphere(), engine, seed=3, budget=640).digest()
    for evaluation in at:
        watched = Watched(mixed_sphere(), interrupt_at=evaluation)
        # Counted from where this session starts, so the last ones may not strike.
        try:
            result = minimize(watched, engine, seed=3, budget=640, checkpoint=path)
        except KeyboardInterrupt:
            assert path.exists()
            continue
        assert result.digest() == whole
    result = minimize(mixed_sphere(), engine, seed=3, budget=640, checkpoint=path)
    assert result.digest() == whole
    assert list(path.parent.iterdir()) == []


def test_run_goes_on_from_its_checkpoint_instead_of_starting_anew(tmp_path):
    path = tmp_path / "checkpoint"
    watched = Watched(sphere(3), interrupt_at=501)
    with pytest.raises(KeyboardInterrupt):
        minimize(watched, make_engine("ga"), seed=1, budget=1000, checkpoint=path)
    watched = Watched(sphere(3))
    minimize(watched, make_engine("ga"), seed=1, budget=1000, checkpoint=path)
    assert watched.n_evaluations == 501  # half the budget, and the best point once more


def test_checkpoint_is_written_every_few_seconds(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint"
    clock = iter(np.arange(0.0, 1e6, 2.0))
    monkeypatch.setattr(heuristics.loop.time, "monotonic", lambda: next(clock))
    there = []
    minimize(
        sphere(2),
        make_engine("ga"),
        seed=1,
        budget=400,
        checkpoint=path,
        callback=lambda progress: there.append(path.exists()) or False,
    )
    assert there[0] is False
    assert there[-1] is True
    assert not path.exists()


def test_stopped_run_can_be_continued(tmp_path):
    path = tmp_path / "checkpoint"
    engine = make_engine("pso")
    stopped = minimize(
        rastrigin(3), engine, seed=1, budget=500, checkpoint=path, callback=lambda progress: True
    )
    assert stopped.n_evaluations == 50
    continued = minimize(rastrigin(3), engine, seed=1, budget=500, checkpoint=path)
    assert continued.digest() == minimize(rastrigin(3), engine, seed=1, budget=500).digest()


def interrupted(path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        minimize(
            Watched(sphere(3), interrupt_at=200),
            make_engine("ga"),
            seed=1,
            budget=500,
            checkpoint=path,
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 2}, "its seed is 1, expected 2"),
        ({"budget": 600}, "its budget is 500, expected 600"),
        ({"engine": make_engine("pso")}, r"its engine is GA\(.*, expected PSO"),
        ({"engine": make_engine("ga", population=40)}, "its engine is"),
        ({"problem": Watched(sphere(4))}, "its problem is"),
        ({"problem": Watched(rastrigin(3))}, "its best point has another value"),
        ({"problem": Watched(g08())}, "its problem is"),
    ],
)
def test_checkpoint_of_another_run_is_refused(tmp_path, change, message):
    path = tmp_path / "checkpoint"
    interrupted(path)
    run = {"problem": Watched(sphere(3)), "engine": make_engine("ga"), "seed": 1, "budget": 500}
    run |= change
    with pytest.raises(ValueError, match=f"checkpoint .*: belongs to another run: {message}"):
        minimize(run.pop("problem"), run.pop("engine"), **run, checkpoint=path)
    assert path.exists()


@pytest.mark.parametrize("damage", [b"", b"{}\n", b"no\n", b"[1]\n", b"cut", b"grown"])
def test_damaged_checkpoint_is_refused(tmp_path, damage):
    path = tmp_path / "checkpoint"
    interrupted(path)
    content = path.read_bytes()
    path.write_bytes({b"cut": content[:-9], b"grown": content + b"x"}.get(damage, damage))
    with pytest.raises(ValueError, match="expected 'feederlab checkpoint 1', undamaged"):
        minimize(Watched(sphere(3)), make_engine("ga"), seed=1, budget=500, checkpoint=path)


def test_failing_run_leaves_a_checkpoint(tmp_path):
    class Failing(Watched):
        def evaluate(self, x):
            if self.n_evaluations >= 100:
                raise RuntimeError("no licence left")
            return super().evaluate(x)

    path = tmp_path / "folder" / "checkpoint"
    with pytest.raises(RuntimeError, match="no licence left"):
        minimize(Failing(sphere(3)), make_engine("ga"), seed=1, budget=500, checkpoint=path)
    assert path.exists()


def test_interrupt_from_the_keyboard_leaves_a_checkpoint_to_continue_from(tmp_path):
    path = tmp_path / "checkpoint"
    script = textwrap.dedent(
        f"""
        from heuristics.engine import make_engine
        from heuristics.functions import sphere
        from heuristics.loop import minimize

        is_told = []
        def tell(progress):
            if not is_told:
                print("running", flush=True)
                is_told.append(True)

        minimize(sphere(3), make_engine("hgapso"), seed=1, budget=100_000_000,
                 checkpoint={str(path)!r}, callback=tell)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, signal.SIGINT)
        _, error = process.communicate(timeout=60)
    assert b"KeyboardInterrupt" in error
    seen = []
    minimize(
        sphere(3),
        make_engine("hgapso"),
        seed=1,
        budget=100_000_000,
        checkpoint=path,
        callback=lambda progress: seen.append(progress) or True,
    )
    assert seen[0].n_evaluations > 50
