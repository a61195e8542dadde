"""Engines that know the problem, on published feeders, against the certified bound."""

from typing import Any

import numpy as np
import pytest

from heuristics.engine import make_engine
from heuristics.loop import minimize
from powerflow.library import load_feeder
from powerflow.limits import Limits
from problems.core.assess import assess
from problems.core.errors import SettingError
from problems.core.instance import Conditions, Instance
from problems.siting.certificate import ac
from problems.siting.certified import certify_problem
from problems.siting.equipment import BANKS_OF_FEEDER, DEFAULT_BANKS, SitingEquipment
from problems.siting.problem import SitingProblem

SUCCESS_GAP = 1e-3
TARGETS = [
    ("ieee33", 0.0, 500),
    ("ieee33", 0.95, 500),
    ("ieee69", 0.0, 500),
    ("ieee69", 0.95, 500),
    ("ieee85", 0.0, 1500),
    ("brazil136", 0.0, 1500),
    ("ieee118", 0.0, 1500),
]


def make(name: str, v_min_pu: float, **settings: Any) -> SitingProblem:
    conditions = Conditions(limits=Limits(v_min_pu=v_min_pu))
    settings.setdefault("capacitors", BANKS_OF_FEEDER.get(name, DEFAULT_BANKS))
    return SitingProblem(Instance(load_feeder(name), conditions), SitingEquipment(**settings))


def n_hit(problem: SitingProblem, n_run: int, budget: int) -> int:
    """Return how many runs come within 0.1 % of the bound that the certificate proves."""
    bound_usd = certify_problem(problem, gap=1e-4, limit_s=120.0).bound_usd
    assert bound_usd is not None
    goal = -bound_usd + SUCCESS_GAP * abs(bound_usd)
    hits = 0
    for seed in range(n_run):
        result = minimize(
            problem,
            make_engine("memetic"),
            seed=seed,
            budget=budget,
            callback=lambda now: now.best.violation == 0.0 and now.best.f <= goal,
        )
        assert result.n_evaluations <= budget
        if result.is_feasible:
            assert -result.f <= bound_usd
            judged = assess(problem.plan(result.x), problem.instance)
            assert judged.is_feasible
            assert judged.npv == pytest.approx(-result.f, rel=1e-6)
        hits += result.is_feasible and result.f <= goal
    return hits


@pytest.mark.parametrize("v_min_pu", [0.0, 0.95])
def test_every_run_is_close_to_the_certified_bound(v_min_pu: float) -> None:
    assert n_hit(make("ieee33", v_min_pu), 4, 500) == 4


@pytest.mark.slow
@pytest.mark.parametrize(("name", "v_min_pu", "budget"), TARGETS)
def test_at_least_29_of_30_runs_are(name: str, v_min_pu: float, budget: int) -> None:
    assert n_hit(make(name, v_min_pu), 30, budget) >= 29


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_barely_feasible_floor_is_met_by_at_least_29_of_30_runs() -> None:
    problem = make("ieee118", 0.95)
    met = [
        minimize(
            problem,
            make_engine("memetic"),
            seed=seed,
            budget=1500,
            callback=lambda now: now.best.violation == 0.0,
        ).is_feasible
        for seed in range(30)
    ]
    assert sum(met) >= 29


@pytest.mark.parametrize(
    "settings",
    [
        {"capacitors": 0},
        {"stations": 0},
        {"station_buses": ("2", "19")},
        {"kvar_step": 150.0},
        {"kvar_min": 300.0, "kvar_max": 300.0},
        {"bank_rule": "exactly", "exclude_buses": ("2", "3")},
    ],
    ids=str,
)
def test_every_kind_of_equipment_beats_a_blind_engine(settings: dict[str, Any]) -> None:
    problem = make("ieee33", 0.9, **settings)
    guided = minimize(problem, make_engine("memetic"), seed=1, budget=60)
    blind = minimize(problem, make_engine("ga"), seed=1, budget=600)
    assert guided.n_evaluations == 60
    assert (guided.violation, guided.f) <= (blind.violation, blind.f + 1e-6 * abs(blind.f))


def test_runs_repeat_to_the_bit_and_go_on_from_checkpoints(tmp_path: Any) -> None:
    problem, engine = make("ieee33", 0.95), make_engine("memetic")
    whole = minimize(problem, engine, seed=3, budget=40)
    part = tmp_path / "run"
    minimize(
        problem, engine, seed=3, budget=40, checkpoint=part,
        callback=lambda now: now.n_evaluations >= 17,
    )  # fmt: skip
    assert minimize(problem, engine, seed=3, budget=40, checkpoint=part).digest() == whole.digest()
    assert minimize(problem, engine, seed=4, budget=40).digest() != whole.digest()


def test_a_stopped_flow_is_refused() -> None:
    problem = SitingProblem(
        Instance(load_feeder("ieee33"), Conditions(sweeps=2)), SitingEquipment()
    )
    with pytest.raises(SettingError, match="leave out sweeps"):
        minimize(problem, make_engine("memetic"), seed=1, budget=30)


def test_sizes_in_steps_stay_in_steps() -> None:
    problem = make("ieee33", 0.0, kvar_step=150.0)
    result = minimize(problem, make_engine("memetic"), seed=1, budget=40)
    sizes = result.x[-4:]
    assert np.allclose(sizes % 150.0, 0.0)


@pytest.mark.parametrize(
    "settings", [{}, {"station_buses": ("2", "19")}, {"bank_rule": "exactly", "capacitors": 2}]
)
def test_the_exact_engine_returns_the_certificates_plan(settings: dict[str, Any]) -> None:
    problem = make("ieee33", 0.0, **settings)
    result = minimize(problem, make_engine("exact"), seed=1, budget=1)
    proven = certify_problem(problem, gap=1e-4)
    assert proven.bound_usd is not None
    assert result.is_feasible
    assert -result.f <= proven.bound_usd
    assert -result.f >= proven.bound_usd - 2e-4 * abs(proven.bound_usd)
    assert result.message.startswith("certificate: optimal")


def test_the_exact_engine_counts_the_power_flows_of_plans() -> None:
    problem = make("ieee33", 0.0)
    asked = 0
    flow = ac.power_flow

    def counting(feeder: Any, p_kw: Any, q_kvar: Any, **settings: Any) -> Any:
        nonlocal asked
        result = flow(feeder, p_kw, q_kvar, **settings)
        asked += result.n_case
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ac, "power_flow", counting)
        result = minimize(problem, make_engine("exact"), seed=1, budget=1)
    assert result.n_evaluations == asked + 1
    assert asked > 10
