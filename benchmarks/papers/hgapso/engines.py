"""Owns our runs of Case 3: GA, PSO and HGAPSO on the paper's own problem, with certificates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.papers.hgapso.physics import UNKNOWN_BANKS
from benchmarks.papers.hgapso.printed import printed
from benchmarks.papers.hgapso.readings import CONVERGED, EQUATION_5, STATION_KW, Reading
from heuristics import make_engine, minimize
from problems.core.plan import Plan
from problems.report.bounds import prove_bounds
from problems.report.folder import write_study
from problems.report.study import SitingStudy, run_study
from problems.siting.certificate import Certificate
from problems.siting.certified import certified_plan, certify_problem
from problems.siting.equipment import DEFAULT_BANKS, SitingEquipment
from problems.siting.problem import SitingProblem

ENGINES = ("ga", "pso", "hgapso", "hgapso:printed")
N_RUNS = 30
BUDGET = 5000
SEED = 1
FLOOR_PU = 0.95
PROOF_LIMIT_S = 120.0
GAP, FIRST_LIMIT_S, SEARCH_BUDGET = 1e-5, 30.0, 200
"""Of `prove`: the gap it asks for, and when and how long the search for a plan comes first."""

BANKS = {"ieee118": 10, "brazil136": UNKNOWN_BANKS}
"""Banks allowed where not four: the 118-bus NPVs pay for ten; the lists of 136 are missing."""


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """Hold our runs in one reading, with the proven bound of each feeder."""

    reading: Reading
    study: SitingStudy


def case_3(name: str, reading: Reading, v_min_pu: float = 0.0) -> SitingProblem:
    """Return the problem of Case 3: stations at the printed buses, banks to be sited."""
    equipment = SitingEquipment(
        station_kw=STATION_KW,
        station_buses=printed().feeder_of(name).station_buses,
        capacitors=BANKS.get(name, DEFAULT_BANKS),
    )
    return SitingProblem(reading.instance(name, v_min_pu=v_min_pu), equipment)


def run_contests(out: Path, n_runs: int, n_jobs: int) -> Iterator[Contest]:
    """Run the engines in both converged readings, without the floor that the paper breaks."""
    for reading, folder in ((CONVERGED, "final-year"), (EQUATION_5, "equation-5")):
        problems = {feeder.name: case_3(feeder.name, reading) for feeder in printed().feeder}
        study = run_study(
            problems,
            ENGINES,
            n_runs=n_runs,
            budget=BUDGET,
            seed=SEED,
            n_jobs=n_jobs,
            folder=out / folder,
            bounds=prove_bounds(problems, out / folder, PROOF_LIMIT_S),
        )
        write_study(out / folder, study)
        yield Contest(reading, study)


@dataclass(frozen=True, slots=True)
class BestPlan:
    """Hold the best plan of a feeder under one set of assumptions, and its certificate."""

    feeder: str
    reading: str
    v_min_pu: float
    plan: Plan | None
    certificate: Certificate


def best_plans(limit_s: float) -> Iterator[BestPlan]:
    """Yield the certified best plan of each feeder, floor off and on, in both money rules."""
    for feeder in printed().feeder:
        for reading in (CONVERGED, EQUATION_5):
            for v_min_pu in (0.0, FLOOR_PU):
                problem = case_3(feeder.name, reading, v_min_pu)
                certificate = prove(problem, limit_s)
                plan = certified_plan(problem, certificate)
                yield BestPlan(feeder.name, reading.name, v_min_pu, plan, certificate)


def prove(problem: SitingProblem, limit_s: float) -> Certificate:
    """Return a problem's certificate; one that is slow starts again from a plan searched for."""
    found = certify_problem(problem, gap=GAP, limit_s=min(limit_s, FIRST_LIMIT_S))
    if found.status in ("optimal", "infeasible") or limit_s <= FIRST_LIMIT_S:
        return found
    searched = minimize(problem, make_engine("memetic"), seed=SEED, budget=SEARCH_BUDGET)
    incumbent = problem.plan(searched.x) if searched.is_feasible else None
    return certify_problem(problem, gap=GAP, limit_s=limit_s, incumbent=incumbent)
