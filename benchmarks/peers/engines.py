"""Owns the contest of engines: expected evaluations to within 0.1 % of the certified bound.

A run ends when it has a feasible plan within the share of the bound, or its budget is spent. The
expected running time (ERT) is what all runs spent, divided by the runs that got there. Ours, the
hybrid, sees nothing but space and evaluations, as its peers do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.engines_figure import draw, page
from benchmarks.peers.outsiders import OUTSIDERS, missing, run_outsider
from benchmarks.registry import Task
from benchmarks.resume import Parts
from heuristics.engine import make_engine
from heuristics.loop import Progress, minimize
from powerflow import load_feeder
from powerflow.limits import Limits
from problems.core.content import write_text
from problems.core.instance import Conditions, Instance
from problems.report.tables import write_table
from problems.siting.certified import certify_problem
from problems.siting.equipment import SitingEquipment
from problems.siting.problem import SitingProblem

OURS = "hybrid"
PEERS = ("ga", "pso", "hgapso", "de", "pymoo:GA", "pymoo:PSO", "pymoo:DE", "pymoo:CMAES", "deap:ga")
JOBS = {"floor-off": 0.0, "floor-on": 0.95}
FEEDERS = ("ieee33", "ieee69", "ieee85")
SHARE = 1e-3
BUDGET, LONG_BUDGET = 5_000, 30_000
LONG = (("floor-on", "ieee85"),)
"""Where hardly any run gets there within the shorter budget."""
N_RUN = 30
N_RESAMPLE = 10_000
UNIT = "evaluations to within 0.1 % of the certified bound"
SOURCES = ("heuristics", "benchmarks/peers", "problems/siting", "powerflow")


@dataclass(frozen=True, slots=True)
class EngineRow:
    """Hold one contender on one case.

    Parameters
    ----------
    job, case, contender : str
    figure : float or None
        ERT, None where no run got there; `note` says so.
    unit : str
    ratio_to_best_peer : float or None
        ERT over that of the best peer; less is better.
    successes, runs, budget : int
    spent : int
        Evaluations of all runs.
    ours_over_this, low, high : float or None
        ERT of ours over that of this contender, and its 95 % bootstrap interval. A contender
        without success is counted as if one run had succeeded at its very end, in its favor.
    note : str
    """

    job: str
    case: str
    contender: str
    figure: float | None = None
    unit: str = UNIT
    ratio_to_best_peer: float | None = None
    successes: int = 0
    runs: int = 0
    budget: int = 0
    spent: int = 0
    ours_over_this: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Runs:
    """Hold what each run spent, and whether it got there; a reason where there are none."""

    spent: tuple[int, ...] = ()
    is_reached: tuple[bool, ...] = ()
    note: str = ""


def run(task: Task) -> Mapping[str, Any]:
    """Run the contest; race.csv, runs.csv, bounds.csv, race.md and ert.png grow with each case."""
    n_run = 2 if task.is_quick else N_RUN
    cases = [(job, feeder) for job in JOBS for feeder in FEEDERS]
    settings = {"seed": task.seed, "runs": n_run, "share": SHARE}
    parts = Parts(task.out, "contest", settings, SOURCES)
    rows: list[EngineRow] = []
    all_runs: list[dict[str, object]] = []
    bounds: list[dict[str, object]] = []
    for job, case in cases[:1] if task.is_quick else cases:
        budget = 400 if task.is_quick else LONG_BUDGET if (job, case) in LONG else BUDGET
        problem = make_problem(case, JOBS[job])
        bound = parts.get(f"{job}-{case}-bound", partial(prove, problem))["bound_usd"]
        bounds.append({"job": job, "case": case, "bound_usd": bound})
        target = -bound + SHARE * abs(bound)
        runs: dict[str, Runs] = {}
        for name in (OURS, *PEERS, *OUTSIDERS):
            task.say(f"{job} {case} {name}")
            plain = f"{job}-{case}-{budget}-{name.replace(':', '-')}"
            make = partial(contest, name, problem, target, task.seed, n_run, budget)
            part = parts.get(plain, make)
            runs[name] = Runs(tuple(part["spent"]), tuple(part["is_reached"]), part["note"])
            pairs = enumerate(zip(part["spent"], part["is_reached"], strict=True))
            who = {"job": job, "case": case, "contender": name}
            all_runs += [who | {"run": i, "spent": s, "reached": r} for i, (s, r) in pairs]
        rows += judge(job, case, runs, budget, task.seed)
        write_table(task.out / "race.csv", [asdict(row) for row in rows])
        write_table(task.out / "runs.csv", all_runs)
        write_table(task.out / "bounds.csv", bounds)
        write_text(task.out / "race.md", page(rows))
        draw(task.out / "ert.png", rows)
    parts.remove()
    return {"settings": settings, "rows": [asdict(row) for row in rows]}


def prove(problem: SitingProblem) -> dict[str, float]:
    """Return the certified bound of a case, as JSON content."""
    found = certify_problem(problem, gap=1e-5, limit_s=120.0)
    if found.bound_usd is None:
        name = problem.instance.feeder.name
        raise RuntimeError(f"{name}: no certified bound: {found.message}")
    return {"bound_usd": found.bound_usd}


def make_problem(feeder: str, v_min_pu: float) -> SitingProblem:
    """Return the siting problem that `feederlab compare` has by default, with a voltage floor."""
    conditions = Conditions(limits=Limits(v_min_pu, 1.05))
    return SitingProblem(Instance(load_feeder(feeder), conditions, feeder), SitingEquipment())


def contest(
    name: str, problem: SitingProblem, target: float, seed: int, n_run: int, budget: int
) -> dict[str, Any]:
    """Return the `Runs` of one contender as JSON content; run i of each has the same seed."""
    if name in OUTSIDERS and missing(name):
        return asdict(Runs(note=missing(name)))
    spent, is_reached = [], []
    for i in range(n_run):
        sequence = np.random.SeedSequence((seed, i))
        if name in OUTSIDERS:
            number = int(sequence.generate_state(1)[0] >> 2)
            n, is_there = run_outsider(name, problem, target, number, budget)
        else:
            n, is_there = run_engine(name, problem, target, sequence, budget)
        spent.append(n)
        is_reached.append(is_there)
    return asdict(Runs(tuple(spent), tuple(is_reached)))


def run_engine(
    name: str, problem: SitingProblem, target: float, seed: np.random.SeedSequence, budget: int
) -> tuple[int, bool]:
    """Return the evaluations until the target or the end of a run, and whether it got there."""

    def is_there(progress: Progress) -> bool:
        return progress.best.violation == 0.0 and progress.best.f <= target

    history = minimize(
        problem, make_engine(name), seed=seed, budget=budget, callback=is_there
    ).history
    reached = np.flatnonzero((history.violation == 0.0) & (history.f <= target))
    return (int(history.evaluation[reached[0]]), True) if reached.size else (budget, False)


def judge(job: str, case: str, runs: Mapping[str, Runs], budget: int, seed: int) -> list[EngineRow]:
    """Return the rows of one job and case, in the order of the contenders."""
    ert = {name: expected(r.spent, r.is_reached) for name, r in runs.items()}
    best = min((e for name, e in ert.items() if name != OURS and e is not None), default=None)
    rows = []
    for name, r in runs.items():
        figure, ratio = ert[name], None
        if r.note:
            rows.append(EngineRow(job, case, name, note=r.note))
            continue
        if figure is not None and best is not None:
            ratio = figure / best
        over, low, high = (None, None, None)
        if name != OURS:
            over, low, high = bootstrap(runs[OURS], r, seed)
        note = "" if figure is not None else f"no success in {len(r.spent)} runs"
        rows.append(
            EngineRow(
                job, case, name, figure, UNIT, ratio, sum(r.is_reached), len(r.spent), budget,
                sum(r.spent), over, low, high, note,
            )
        )  # fmt: skip
    return rows


def expected(spent: Sequence[int], is_reached: Sequence[bool]) -> float | None:
    """Return the expected running time, None without success.

    Examples
    --------
    >>> expected([100, 300], [True, False])
    400.0
    """
    return sum(spent) / sum(is_reached) if any(is_reached) else None


def bootstrap(ours: Runs, peer: Runs, seed: int) -> tuple[float | None, float | None, float | None]:
    """Return the ratio of our ERT to a peer's, and its 95 % percentile interval over the runs.

    The peer counts at least one success, ours only what it has. None where ours has none.
    """
    if not any(ours.is_reached):
        return None, None, None
    rng = np.random.default_rng(seed)
    pick = rng.integers(len(ours.spent), size=(N_RESAMPLE, len(ours.spent)))
    other = rng.integers(len(peer.spent), size=(N_RESAMPLE, len(peer.spent)))

    def ert(runs: Runs, index: NDArray[np.int64], least: int) -> NDArray[np.float64]:
        success = np.array(runs.is_reached)[index].sum(axis=-1)
        with np.errstate(divide="ignore"):
            spent: NDArray[np.float64] = np.array(runs.spent, dtype=float)[index].sum(axis=-1)
            ratio: NDArray[np.float64] = spent / np.maximum(success, least)
            return ratio

    everyone = np.arange(len(ours.spent)), np.arange(len(peer.spent))
    ratio = float(ert(ours, everyone[0], 0) / ert(peer, everyone[1], 1))
    ratios = ert(ours, pick, 0) / ert(peer, other, 1)
    low, high = np.quantile(ratios, (0.025, 0.975), method="inverted_cdf")
    return ratio, float(low), float(high) if np.isfinite(high) else None
