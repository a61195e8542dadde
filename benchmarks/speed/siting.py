"""Owns how many siting candidates a second an engine gets through, from asking to telling."""

from __future__ import annotations

from functools import partial

from benchmarks.clock import cpu_seconds
from benchmarks.speed.item import Item, measured
from heuristics import make_engine, minimize
from powerflow import load_feeder
from problems.core.instance import Instance
from problems.siting.equipment import BANKS_OF_FEEDER, DEFAULT_BANKS, SitingEquipment
from problems.siting.problem import SitingProblem

FEEDERS = ("ieee33", "ieee69", "ieee85", "ieee118", "brazil136")
ENGINES = ("ga", "hgapso")


def items(runs: int, n_evaluation: int, seed: int) -> list[Item]:
    """Return siting evaluations per CPU second, an item a feeder and engine."""
    found = []
    for name in FEEDERS:
        equipment = SitingEquipment(capacitors=BANKS_OF_FEEDER.get(name, DEFAULT_BANKS))
        problem = SitingProblem(Instance(load_feeder(name)), equipment)
        for engine in ENGINES:
            take = partial(_rate, problem, engine, n_evaluation, seed)
            take()  # compiled before the clock runs
            figure = f"siting evaluations, {name}, {engine}"
            note = "2 stations, the feeder's default banks, population 50"
            found.append(measured(figure, "per CPU second", take, runs, note=note))
    return found


def _rate(problem: SitingProblem, engine: str, n_evaluation: int, seed: int) -> float:
    made = make_engine(engine)
    seconds = cpu_seconds(lambda: minimize(problem, made, seed=seed, budget=n_evaluation))
    return n_evaluation / seconds
