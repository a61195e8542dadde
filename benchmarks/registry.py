"""Owns the list of benchmarks, and what every one of them is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class Task:
    """Hold what a benchmark is asked.

    Parameters
    ----------
    out : Path
        Folder for the files; made by the benchmark.
    seed : int
        Of all chance in it.
    is_quick : bool
        Tiny settings that show that everything runs; their figures mean nothing.
    say : callable
        Takes one line of progress.
    """

    out: Path
    seed: int
    is_quick: bool
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Hold one benchmark: how it is called and where it lives.

    Parameters
    ----------
    command : str
        First word after ``python -m benchmarks``.
    name : str
        Second word; empty where the command is one benchmark.
    summary : str
        One line for `list` and for the help.
    entry : str
        ``module:function``; the function takes a `Task` and returns the content of its JSON
        object. Imported when it runs, for a peer may not be installed.
    """

    command: str
    name: str
    summary: str
    entry: str

    @property
    def title(self) -> str:
        """Both words; also the name of the default folder."""
        return f"{self.command} {self.name}".strip()

    def load(self) -> Callable[[Task], Mapping[str, Any]]:
        """Return what runs it: a task in, what ``--json`` prints out."""
        module, function = self.entry.split(":")
        return cast(Callable[[Task], Mapping[str, Any]], getattr(import_module(module), function))


BENCHMARKS = (
    Benchmark(
        "peers",
        "power-flow",
        "batch power flow against power-grid-model, lightsim2grid and tensorpowerflow",
        "benchmarks.peers.power_flow:run",
    ),
    Benchmark(
        "peers",
        "engines",
        "the hybrid against engines of pymoo, DEAP, mealpy and pygmo, by evaluations to the bound",
        "benchmarks.peers.engines:run",
    ),
    Benchmark(
        "search",
        "certificates",
        "the certificates of five feeders, stations fixed and free, floor off and on",
        "benchmarks.search.certificates:run",
    ),
    Benchmark(
        "search",
        "memetic",
        "the memetic engine against the certified bounds, 30 runs a feeder",
        "benchmarks.search.memetic:run",
    ),
    Benchmark(
        "search",
        "dual-cuts",
        "capacities of a planning stage: one cone program against cuts from dispatch duals",
        "benchmarks.search.dual_race:run",
    ),
    Benchmark(
        "papers",
        "hgapso",
        "the HGAPSO paper, each printed figure beside ours with a verdict",
        "benchmarks.papers.hgapso.run:run",
    ),
    Benchmark(
        "papers",
        "ddcp",
        "the DDCP paper: diagnosis, cables, storage, three stages and the joint plan with proofs",
        "benchmarks.papers.ddcp.run:run",
    ),
    Benchmark(
        "papers",
        "acceptance",
        "the acceptance paper: 8 scenarios, 2 curves, 32 buses, each claim with a verdict",
        "benchmarks.papers.acceptance.run:run",
    ),
    Benchmark(
        "papers",
        "staged",
        "the staged-planning paper: schemes A to D on 33 buses, ratios and orders with verdicts",
        "benchmarks.papers.staged.run:run",
    ),
    Benchmark(
        "speed",
        "",
        "start-up, first compile, engine overhead, siting evaluations per second",
        "benchmarks.speed.report:run",
    ),
    Benchmark(
        "trust",
        "",
        "1,000 random radial feeders against pandapower's Newton",
        "benchmarks.trust:run",
    ),
)
"""Every benchmark; a new one is one entry here and one module."""
