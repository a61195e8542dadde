"""The siting problem: candidates against the one judge, repair, conformance, errors."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heuristics.testing import check_problem
from heuristics.testing.trials import Watched
from powerflow.library import load_feeder
from powerflow.limits import Limits
from problems.core.assess import assess
from problems.core.errors import ContentError, SettingError
from problems.core.horizon import Horizon, LoadState
from problems.core.instance import Conditions, Instance
from problems.siting.equipment import SitingEquipment
from problems.siting.problem import SitingProblem
from problems.siting.repair import SitingRepair


def make(name: str = "ieee33", conditions: Conditions | None = None, **settings: Any) -> Any:
    instance = Instance(load_feeder(name), conditions or Conditions())
    return SitingProblem(instance, SitingEquipment(**settings))


TWO_STATES = Horizon((LoadState("peak", 2000.0, 1.0, 0.5), LoadState("night", 6760.0, 0.4, 1.0)))
CASES = {
    "free": (Conditions(), {}),
    "settled": (Conditions(), {"station_buses": ("2", "19")}),
    "exactly": (Conditions(), {"bank_rule": "exactly"}),
    "steps": (Conditions(), {"kvar_step": 100.0}),
    "states": (Conditions(horizon=TWO_STATES), {}),
    "v2g": (Conditions(mode="v2g", v2g_share=0.2), {}),
    "two sweeps": (Conditions(sweeps=2, money_rule="final-year"), {}),
    "no floor": (Conditions(limits=Limits(v_min_pu=0.0)), {"exclude_buses": ("2", "3")}),
    "no stations": (Conditions(), {"stations": 0}),
    "stations only": (Conditions(), {"capacitors": 0}),
}


@pytest.mark.parametrize("case", CASES)
def test_candidates_are_judged_as_their_plans_are(case: str) -> None:
    conditions, equipment = CASES[case]
    problem = make(conditions=conditions, **equipment)
    x = problem.space.sample(25, np.random.default_rng(3))
    e = problem.evaluate(x)
    for k in range(len(x)):
        judged = assess(problem.plan(x[k]), problem.instance)
        # both flows converge to 1e-8 p.u. of voltage
        assert -e.f[k, 0] == pytest.approx(judged.npv, rel=1e-6, abs=1.0)
        assert max(e.g[k].max(), 0.0) == pytest.approx(judged.violation, abs=1e-7)


@pytest.mark.parametrize("case", CASES)
def test_problem_conforms(case: str) -> None:
    conditions, equipment = CASES[case]
    problem = make(conditions=conditions, **equipment)
    # A flow that is stopped early has no local model; without the hook all the rest holds.
    check_problem(Watched(problem) if conditions.sweeps else problem, seed=1)


def test_stopped_flows_have_no_local_model() -> None:
    problem = make(conditions=Conditions(sweeps=2))
    with pytest.raises(SettingError, match="leave out sweeps"):
        problem.local_model(problem.space.sample(1, np.random.default_rng(1))[0])


def test_loading_is_a_constraint_where_ampacities_are_known() -> None:
    problem = make("iowa240", station_kw=8000.0)
    assert problem.n_con == 3
    x = problem.space.sample(10, np.random.default_rng(0))
    e = problem.evaluate(x)
    judged = [assess(problem.plan(row), problem.instance) for row in x]
    loadings = np.array([a.max_loading_pct for a in judged])
    np.testing.assert_allclose(e.g[:, 2], loadings / 100.0 - 1.0, atol=1e-6)


def test_candidate_without_a_solution_can_never_win() -> None:
    problem = make(station_kw=20_000.0, capacitors=0, conditions=Conditions(limits=Limits(0.0)))
    at_the_end = [problem.instance.feeder.bus_index(label) - 1 for label in ("18", "17")]
    beside_source = [problem.instance.feeder.bus_index(label) - 1 for label in ("2", "19")]
    e = problem.evaluate(np.array([at_the_end, beside_source], dtype=np.float64))
    assert e.f[0, 0] == np.inf
    assert e.violation[0] == np.inf
    assert np.isfinite(e.f[1, 0])


def obvious_repair(row: list[float], r: SitingRepair) -> list[float]:
    """Return what the repair is meant to do, one asset after another."""
    row = list(row)
    taken: set[float] = set()
    for k in range(r.n_stations):
        while row[k] in taken:
            row[k] = (row[k] + 1) % r.n_candidates
        taken.add(row[k])
    taken = set()
    for k in range(r.n_stations, r.n_stations + r.n_banks):
        size = row[k + r.n_banks]
        if r.is_at_most and size < r.kvar_min / 2:
            row[k + r.n_banks] = 0.0
            continue
        allowed = r.bank_sizes.tolist()
        size = min(max(size, r.kvar_min), r.kvar_largest)
        row[k + r.n_banks] = min(allowed, key=lambda g: (abs(g - size), -g)) if allowed else size
        while row[k] in taken:
            row[k] = (row[k] + 1) % r.n_candidates
        taken.add(row[k])
    return row


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_repair_does_what_it_says(data: st.DataObject) -> None:
    n_stations, n_banks = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 4))
    n_candidates = data.draw(st.integers(max(n_stations, n_banks, 1), 7))
    sizes = data.draw(
        st.sampled_from(
            [(), tuple(np.arange(150.0, 1201.0, 25.0)), (150.0, 300.0, 600.0, 900.0, 1200.0)]
        )
    )
    repair = SitingRepair(
        n_stations, n_banks, n_candidates, 150.0, 1200.0, np.array(sizes), data.draw(st.booleans())
    )
    position = st.integers(0, n_candidates - 1).map(float)
    # whole numbers keep the halfway points of the grid exact
    kvar = st.integers(0, 1200).map(float)
    n_positions = n_stations + n_banks
    row = data.draw(st.lists(position, min_size=n_positions, max_size=n_positions))
    row += data.draw(st.lists(kvar, min_size=n_banks, max_size=n_banks))
    x = np.array([row])
    kept = x.copy()
    once = repair(x)
    np.testing.assert_array_equal(x, kept)
    assert once[0].tolist() == obvious_repair(row, repair)
    np.testing.assert_array_equal(repair(once), once)


def test_plan_holds_the_sited_equipment() -> None:
    problem = make(capacitors=2, station_buses=("19", "2"))
    bus = problem.instance.feeder.bus_index("30") - 1
    plan = problem.plan(np.array([bus, bus, 400.0, 0.0]))
    assert {(a.kind, a.bus) for a in plan.assets} == {
        ("station", "2"),
        ("station", "19"),
        ("capacitor", "30"),
    }


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"stations": -1}, SettingError, "stations must be 0 or more"),
        ({"stations": 3, "station_buses": ("2", "3")}, SettingError, "station buses names 2"),
        ({"station_buses": ("2", "2")}, SettingError, "must differ"),
        ({"station_buses": ("2", "99")}, ContentError, "station buses: .*no bus 99"),
        ({"station_buses": ("2", "1")}, ContentError, "bus '1' is the source"),
        (
            {"station_buses": ("2", "3"), "exclude_buses": ("3",)},
            ContentError,
            "bus '3' is excluded",
        ),
        ({"exclude_buses": ("x",)}, ContentError, "exclude buses: .*no bus x"),
        ({"capacitors": 33}, ContentError, "32 candidate buses for 33 sites"),
        ({"kvar_min": 0.0}, SettingError, "kvar min must be positive"),
        ({"kvar_max": 100.0}, SettingError, "kvar max must be at least kvar min = 150"),
        ({"kvar_step": -1.0}, SettingError, "kvar step must be positive"),
        ({"station_kw": float("nan")}, SettingError, "station kw must be positive"),
        ({"capacitors": 0, "stations": 0}, SettingError, "nothing to site"),
    ],
)
def test_impossible_setting_is_named(
    settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make(**settings)


def test_feeder_that_collapses_by_itself_is_named() -> None:
    heavy = Horizon((LoadState("storm", 8760.0, 50.0),))
    with pytest.raises(ContentError, match="no power flow solution in load state 'storm'"):
        make(conditions=Conditions(horizon=heavy))
