"""Spacing and coverage: in the search, in a plan's own file, before the judge and the proof."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heuristics.testing import check_problem
from powerflow.library import load_feeder
from powerflow.limits import Limits
from problems.core.assess import assess
from problems.core.equipment import Asset
from problems.core.errors import ContentError, SettingError
from problems.core.instance import Conditions, Instance
from problems.core.plan import Plan
from problems.core.station_limits import StationLimits
from problems.siting.certified import certified_plan, certify_problem
from problems.siting.equipment import SitingEquipment
from problems.siting.problem import SitingProblem

NO_FLOOR = Conditions(limits=Limits(v_min_pu=0.0))


def make(limits: StationLimits | None, name: str = "ieee33", **settings: Any) -> SitingProblem:
    instance = Instance(load_feeder(name), replace(NO_FLOOR, station_limits=limits))
    return SitingProblem(instance, SitingEquipment(**settings))


def test_candidates_are_judged_as_their_plans_are() -> None:
    problem = make(
        StationLimits("ohm", min_spacing=4.0, coverage=6.0), stations=3, station_kw=300.0
    )
    check_problem(problem, seed=1)
    x = problem.space.sample(40, np.random.default_rng(2))
    e = problem.evaluate(x)
    # voltage ceiling, spacing, coverage
    assert e.g.shape == (40, 3)
    for k in range(len(x)):
        judged = assess(problem.plan(x[k]), problem.instance)
        assert judged.min_spacing is not None
        assert judged.coverage is not None
        assert e.g[k, 1] == pytest.approx((4.0 - judged.min_spacing) / 4.0, abs=1e-9)
        assert e.g[k, 2] == pytest.approx((judged.coverage - 6.0) / 6.0, abs=1e-9)
        assert e.violation[k] == pytest.approx(judged.violation, abs=1e-7)
    assert (e.violation > 0).any()


def test_a_limit_met_to_the_last_digit_is_met() -> None:
    problem = make(None)
    x = problem.space.sample(20, np.random.default_rng(3))
    for row in x:
        judged = assess(problem.plan(row), problem.instance)
        assert judged.min_spacing is not None
        assert judged.coverage is not None
        for shift in (-1e-12, 0.0, 1e-12):
            met = StationLimits("ohm", judged.min_spacing + shift, judged.coverage + shift)
            assert make(met).evaluate(row[None]).g[0, 1:].tolist() == [0.0, 0.0]
        missed = StationLimits("ohm", judged.min_spacing * 1.001, judged.coverage * 0.999)
        assert (make(missed).evaluate(row[None]).g[0, 1:] > 0.0).all()


def test_a_plan_carries_its_limits(tmp_path: Path) -> None:
    limits = StationLimits("ohm", min_spacing=100.0)
    problem = make(limits)
    plan = problem.plan(problem.space.sample(1, np.random.default_rng(0))[0])
    plan.save(tmp_path / "plan.json")
    loaded = Plan.load(tmp_path / "plan.json")
    assert loaded == plan
    assert loaded.conditions.station_limits == limits
    judged = assess(loaded, Instance(load_feeder("ieee33"), loaded.conditions))
    assert not judged.is_feasible
    assert judged.violation == pytest.approx((100.0 - (judged.min_spacing or 0.0)) / 100.0)
    # a plan without such limits has no trace of them in its file
    plain = make(None).plan(problem.space.sample(1, np.random.default_rng(0))[0])
    assert "station_limits" not in plain.to_content()["conditions"]


def test_fewer_than_two_stations_are_never_too_near() -> None:
    problem = make(StationLimits("ohm", min_spacing=1e6), stations=1)
    e = problem.evaluate(problem.space.sample(5, np.random.default_rng(0)))
    assert (e.g[:, 1] == -1.0).all()


def test_a_plan_without_stations_covers_nothing() -> None:
    feeder = load_feeder("ieee33")
    limits = StationLimits("ohm", coverage=50.0)
    instance = Instance(feeder, replace(NO_FLOOR, station_limits=limits))
    bank = Asset("capacitor", "30", kvar=600.0)
    judged = assess(Plan.of(instance, (bank,)), instance)
    assert judged.violation is None
    assert not judged.is_feasible
    assert judged.access is judged.coverage is judged.min_spacing is None
    station = Asset("station", "2", kw=100.0)
    assert assess(Plan.of(instance, (bank, station)), instance).is_feasible


def test_mistakes_are_named() -> None:
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(SettingError, match="min spacing must be positive"):
            StationLimits("ohm", min_spacing=wrong)
        with pytest.raises(SettingError, match="coverage must be positive"):
            StationLimits("ohm", coverage=wrong)
    with pytest.raises(SettingError, match="coverage needs at least one station"):
        make(StationLimits("ohm", coverage=5.0), stations=0)
    with pytest.raises(ContentError, match="limited in km, but distances along it are in ohm"):
        make(StationLimits("km", coverage=5.0))
    make(StationLimits("km", coverage=5.0), name="iowa240")


def test_certificate_bounds_but_delivers_only_what_meets_the_limits() -> None:
    free = certify_problem(make(None), gap=1e-4)
    plan = certified_plan(make(None), free)
    assert plan is not None
    judged = assess(plan, make(None).instance)
    assert judged.min_spacing is not None
    met = make(StationLimits("ohm", min_spacing=0.5 * judged.min_spacing))
    kept = certify_problem(met, gap=1e-4)
    assert certified_plan(met, kept) is not None
    assert "and the plan meets them" in kept.message
    missed = make(StationLimits("ohm", min_spacing=10.0 * judged.min_spacing))
    bounded = certify_problem(missed, gap=1e-4)
    assert certified_plan(missed, bounded) is None
    assert bounded.gap is bounded.npv_usd is None
    assert bounded.status == "gap_limit"
    assert "does not meet them" in bounded.message
    assert bounded.bound_usd is not None
    # no plan that meets the limit is above the bound
    x = missed.space.sample(3000, np.random.default_rng(1))
    e = missed.evaluate(x)
    allowed = -e.f[e.violation <= 0.0, 0]
    assert len(allowed) > 100
    assert allowed.max() <= bounded.bound_usd
    # a plan given that meets the limit is handed back with its gap
    best = int(np.argmin(np.where(e.violation <= 0.0, e.f[:, 0], np.inf)))
    given = missed.plan(x[best])
    returned = certify_problem(missed, gap=1e-4, incumbent=given)
    assert returned.npv_usd == pytest.approx(allowed.max(), rel=1e-6)
    assert certified_plan(missed, returned) == given
    assert returned.bound_usd is not None
    assert returned.gap == pytest.approx(
        (returned.bound_usd - returned.npv_usd) / abs(returned.npv_usd)
    )
