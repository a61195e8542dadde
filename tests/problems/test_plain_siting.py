"""The kernels of siting line by line: as plain Python, plans and proofs are the compiled ones'."""

import importlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from plain_python import plain_packages

MODULES = (
    "powerflow",
    "powerflow.limits",
    "heuristics.engine",
    "heuristics.loop",
    "problems.core.assess",
    "problems.core.horizon",
    "problems.core.instance",
    "problems.core.station_limits",
    "problems.siting.certified",
    "problems.siting.equipment",
    "problems.siting.objectives",
    "problems.siting.problem",
)


def load() -> SimpleNamespace:
    """Return everything that the modules offer, in one place."""
    names: dict[str, Any] = {}
    for name in MODULES:
        module = importlib.import_module(name)
        names |= {key: getattr(module, key) for key in dir(module) if not key.startswith("_")}
    return SimpleNamespace(**names)


@pytest.fixture(scope="module")
def compiled() -> SimpleNamespace:
    return load()


@pytest.fixture(scope="module")
def plain(compiled: SimpleNamespace) -> Iterator[SimpleNamespace]:
    """Return the same names, run by the interpreter."""
    with plain_packages("powerflow", "heuristics", "problems"):
        yield load()


def siting(of: SimpleNamespace, v_min_pu: float, **settings: Any) -> Any:
    """Return a problem on six buses with two load states."""
    feeder = of.make_feeder(
        name="six",
        base_kv=12.66,
        source="1",
        bus_id=[str(k) for k in range(1, 7)],
        p_kw=[0.0, 300.0, 900.0, 700.0, 850.0, 900.0],
        q_kvar=[0.0, 180.0, 600.0, 460.0, 570.0, 620.0],
        from_bus=["1", "2", "3", "2", "5"],
        to_bus=["2", "3", "4", "5", "6"],
        r_ohm=[0.4, 0.8, 0.9, 0.8, 0.9],
        x_ohm=[0.2, 0.6, 0.7, 0.6, 0.7],
    )
    states = (of.LoadState("day", 4_000.0, 1.0, 1.0), of.LoadState("night", 4_760.0, 0.4, 0.5))
    conditions = of.Conditions(
        limits=of.Limits(v_min_pu=v_min_pu),
        horizon=of.Horizon(states),
        **{name: settings.pop(name) for name in ("station_limits",) if name in settings},
    )
    equipment = {"stations": 1, "station_kw": 400.0, "capacitors": 2} | settings
    instance = of.Instance(feeder, conditions)
    return of.SitingProblem(instance, of.SitingEquipment(**equipment))


def points(problem: Any, n: int) -> Any:
    return problem.space.sample(n, np.random.default_rng(4))


@pytest.mark.parametrize("settings", [{}, {"station_kw_min": 200.0, "station_kw_max": 600.0}])
def test_candidates(plain: Any, compiled: Any, settings: dict[str, Any]) -> None:
    settings = {**settings, "stations": 2}
    slow, fast = siting(plain, 0.95, **settings), siting(compiled, 0.95, **settings)
    x = points(fast, 12)
    assert points(slow, 12) == pytest.approx(x)
    ours, theirs = slow.evaluate(x), fast.evaluate(x)
    assert ours.f == pytest.approx(theirs.f, rel=1e-9)
    assert ours.g == pytest.approx(theirs.g, abs=1e-9)


def test_candidates_with_distances(plain: Any, compiled: Any) -> None:
    found = []
    for of in (plain, compiled):
        limits = of.StationLimits("ohm", min_spacing=0.5, coverage=2.0)
        problem = siting(of, 0.95, stations=2, station_limits=limits)
        found.append(problem.evaluate(points(problem, 12)).g)
    assert found[0] == pytest.approx(found[1], abs=1e-9)


@pytest.mark.parametrize(("v_min_pu", "step"), [(0.0, 300.0), (0.968, None), (0.968, 150.0)])
def test_certified_plans(plain: Any, compiled: Any, v_min_pu: float, step: float | None) -> None:
    slow, fast = (
        of.certify_problem(siting(of, v_min_pu, kvar_step=step), gap=1e-3, limit_s=60.0)
        for of in (plain, compiled)
    )
    assert slow.status == fast.status != "time_limit"
    assert slow.bound_usd == pytest.approx(fast.bound_usd, rel=1e-7)
    assert slow.npv_usd == pytest.approx(fast.npv_usd, rel=1e-7)


@pytest.mark.parametrize(("engine", "budget"), [("memetic", 4), ("hybrid", 60)])
def test_engines_that_use_the_structure(
    plain: Any, compiled: Any, engine: str, budget: int
) -> None:
    found = []
    for of in (plain, compiled):
        problem = siting(of, 0.965, capacitors=1)
        found.append(of.minimize(problem, of.make_engine(engine), seed=2, budget=budget))
    assert found[0].f == pytest.approx(found[1].f, rel=1e-6)
    assert found[0].x == pytest.approx(found[1].x, rel=1e-4, abs=1e-4)
