"""What all benchmarks share: the list, the clock, and going on after an interruption."""

import json
import subprocess
import sys
import time

import pytest

from benchmarks import cli, clock
from benchmarks.machine import Bystanders
from benchmarks.page import short
from benchmarks.registry import BENCHMARKS
from benchmarks.resume import Parts
from benchmarks.speed import engines, siting, workers
from benchmarks.speed.item import measured
from problems.cli import EXTRA_OF_MODULE


def test_every_benchmark_is_listed_and_importable(capsys, tmp_path):
    assert cli.main(["list", "--json", "--out", str(tmp_path)]) == 0
    listed = json.loads(capsys.readouterr().out)["benchmarks"]
    assert listed == json.loads((tmp_path / "list.json").read_text())["benchmarks"]
    assert {"peers power-flow", "speed", "trust"} <= {one["command"] for one in listed}
    titles = [one.title for one in BENCHMARKS]
    assert len(set(titles)) == len(titles)
    for one in BENCHMARKS:
        try:
            assert callable(one.load())
        except ModuleNotFoundError as error:
            if error.name not in EXTRA_OF_MODULE:
                raise


@pytest.mark.parametrize("words", [[], ["peers"], ["peers", "nobody"], ["speed", "--nonsense"]])
def test_a_wrong_command_line_exits_with_2(words, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(words)
    assert stopped.value.code == 2
    assert capsys.readouterr().err


def test_turns_are_taken_and_medians_returned():
    order = []
    times = {"a": iter([3.0, 1.0, 2.0]), "b": iter([5.0, 5.0, 9.0])}
    names = {}

    def ticking(call, repeats):
        call()
        assert repeats >= 1
        return next(times[names[call]])

    calls = {name: (lambda name=name: order.append(name)) for name in "ab"}
    names.update({call: name for name, call in calls.items()})
    assert clock.by_turns(calls, 3, ticking) == {"a": 2.0, "b": 5.0}
    # One call each before, then rounds that begin with another contender each time.
    assert order == ["a", "b", "a", "b", "b", "a", "a", "b"]


def test_the_clock_counts_processor_time():
    assert 0.3e9 < clock.processor_hz() < 8e9


def test_parts_go_on_where_they_were(tmp_path):
    made = []

    def make():
        made.append(1)
        return {"figure": len(made)}

    assert Parts(tmp_path, "one", {"seed": 1}, ["benchmarks"]).get("a", make) == {"figure": 1}
    assert Parts(tmp_path, "one", {"seed": 1}, ["benchmarks"]).get("a", make) == {"figure": 1}
    assert Parts(tmp_path, "one", {"seed": 2}, ["benchmarks"]).get("a", make) == {"figure": 2}
    assert Parts(tmp_path, "one", {"seed": 1}, ["benchmarks/peers"]).get("a", make) == {"figure": 3}
    other = Parts(tmp_path, "other", {}, [])
    other.get("a", make)
    Parts(tmp_path, "one", {"seed": 1}, ["benchmarks"]).remove()
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["other"]
    other.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_failure_is_an_item():
    def fail():
        raise FileNotFoundError("no such command\nat all")

    item = measured("help", "s", fail, 3, at_most=0.5)
    assert item.value is None
    assert item.is_met is False
    assert item.note == "failed: FileNotFoundError: no such command"
    values = iter([3.0, 0.4, 0.2])
    item = measured("help", "s", lambda: next(values), 3, at_most=0.5)
    assert (item.value, item.is_met) == (0.4, True)


def test_engines_and_siting_are_measured():
    found = engines.items(1, 500, 1)
    assert [item.figure.split(", ")[1] for item in found][:3] == ["ga", "pso", "hgapso"]
    assert all(item.value > 0.0 for item in found[:3])
    (one, *_) = siting.items(1, 100, 1)
    assert one.value > 0.0


def test_two_workers_are_timed_against_one():
    (item,) = workers.items(1, 200, 1)
    assert item.value > 0.0
    assert item.at_most == 1.0 / 1.8
    assert item.note.startswith("12 runs of 200 evaluations")


def test_few_digits():
    assert [short(x) for x in (0.0, 1234567.0, 24.04, None)] == ["0", "1,230,000", "24", "-"]


def test_bystanders_are_not_this_program():
    others = Bystanders()
    sum(k * k for k in range(3_000_000))
    assert others.cores() is None or others.cores() >= 0.0
    own = Bystanders()
    subprocess.run([sys.executable, "-c", "sum(k * k for k in range(5_000_000))"], check=True)
    watched = Bystanders()
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(1.0)
        crowded = watched.cores()
    finally:
        busy.kill()
        busy.wait()
    if crowded is not None:
        assert crowded > 0.3
        assert own.cores() >= 0.0
