"""The staged paper's page: sweeps change what they say, points are kept, sentences are computed."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("cvxpy")

from benchmarks.papers.staged import claims, points, sweeps
from benchmarks.papers.staged.claims import Curtailment, curtailment_words, satisfaction_words
from benchmarks.papers.staged.figures import draw_order, draw_participation, draw_sweeps
from benchmarks.papers.staged.figures import order_holds as holds
from benchmarks.papers.staged.page import figure_words, participation_words
from benchmarks.papers.staged.points import Point, Searches
from benchmarks.papers.staged.sweep_tables import sweep_rows
from powerflow.library import load_feeder
from problems.staged.door import shipped_data
from problems.staged.investment import Scheme
from problems.staged.scenarios import reduce_scenarios, unmanaged_kw
from problems.staged.scheme_plan import Effort
from problems.staged.state import StageModel, StateKey
from problems.staged.studied import studied


@pytest.fixture(scope="module")
def study():
    return studied(load_feeder("ieee33"), shipped_data("ieee33"))


def point(sweep: str, value: float, scheme: str, cost: float, **figures: float) -> Point:
    given = {"storage_kwh": 0.0, "smart_piles": 0.0, "two_way_piles": 0.0, **figures}
    return Point(sweep, value, scheme, 1e6 * cost, 1e6 * cost, line_km=0.0, transformer_mva=6.3,
                 status="optimal", **given)  # fmt: skip


def test_axes_change_what_they_name_and_nothing_else(study) -> None:
    axes = {axis.name: axis for axis in sweeps.AXES}
    now = {
        "line price": 1.2e6, "storage price": 650.0, "managed price": 1.0, "two-way pile": 2.0,
        "V2G participation": 0.6, "price elasticity": 0.0, "residual value": 0.0,
    }  # fmt: skip
    for name, value in now.items():
        # the value that the data have changes nothing, so that its point is the plan as it is
        assert axes[name].change(study, value).data == study.data, name
        assert value in axes[name].values
        other = next(v for v in axes[name].values if v != value)
        assert axes[name].change(study, other).data != study.data, name
    data = axes["V2G participation"].change(study, 0.2).data
    assert data.stages[:2] == study.data.stages[:2]
    assert data.stages[2] == replace(study.data.stages[2], v2g_share_max=0.2)
    dear = axes["managed price"].change(study, 2.0).data.prices
    assert (dear.smart_pile, dear.v2g_pile, dear.basic_pile) == (6000.0, 13000.0, 3000.0)
    assert dear.communication_per_station == 100000.0


def test_states_are_shared_only_where_they_cost_the_same(study) -> None:
    from problems.staged.solving import solve_state

    axes = {axis.name: axis for axis in sweeps.AXES}
    seen = reduce_scenarios(study.data, 1)
    for name, k_stage, flexibility, is_same in (
        ("line price", 2, "storage", True),
        ("storage price", 2, "storage", False),
        ("residual value", 1, "none", True),
        ("price elasticity", 0, "storage", True),
        ("price elasticity", 1, "none", False),
    ):
        axis = axes[name]
        changed = axis.change(study, axis.values[-1])
        scheme = Scheme("B" if flexibility == "none" else "C")
        bits = (0,) * 10
        key = StateKey(k_stage, flexibility, bits, bits)
        one, other = (
            solve_state(StageModel.of(s, scheme, seen), key).cost_mrmb for s in (study, changed)
        )
        assert one is not None
        assert (other == pytest.approx(one, rel=1e-7)) == is_same, name
        assert axis.shared(k_stage, flexibility, True) == is_same, name
    assert not axes["line price"].shared(2, "storage", False)  # relaxations hold prices


def test_bounds_hold_where_cost_can_only_fall_or_rise() -> None:
    loose = [point("x", value, "D", 9.0 - value) for value in (0.0, 0.5, 1.0)]
    loose[0] = replace(loose[0], bound_rmb=7e6)
    falling = sweeps.carried_bounds(loose, -1)
    assert [p.bound_rmb for p in falling] == [8.5e6, 8.5e6, 8.0e6]
    rising = sweeps.carried_bounds([replace(p, value=-p.value) for p in loose], 1)
    assert [p.bound_rmb for p in rising] == [8.5e6, 8.5e6, 8.0e6]
    assert sweeps.carried_bounds(loose, 0) == loose


def test_vehicles_with_a_sharper_evening_need_the_same_energy(study) -> None:
    sharper = claims.evening_peak(study, 1.5)
    stage = study.data.stages[2]
    plain, steep = unmanaged_kw(study.data, stage), unmanaged_kw(sharper.data, stage)
    assert steep.sum() == pytest.approx(plain.sum())
    assert steep.max() == pytest.approx(1.5 * plain.max())
    assert max(claims.pv_times(study, 1.25).data.seasons[1].pv_clear) == pytest.approx(0.9989, 1e-4)
    assert claims.light_weekends(study, 0.3).data.day_types[1].load_factor == 0.3


def test_points_are_searched_once(study, tmp_path, monkeypatch) -> None:
    asked = []

    def plan_scheme(changed, scheme, effort, **_):
        asked.append((changed.data.prices.line_per_km, scheme.name))
        return scheme

    monkeypatch.setattr(points, "plan_scheme", plan_scheme)
    monkeypatch.setattr(points, "point_of", lambda s, v, plan: point(s, v, plan.name, 9.0))
    effort = Effort.of(study, seed=1, is_quick=True)
    searches = Searches(study, {}, effort, tmp_path, lambda _: None)
    dear = sweeps.price(study, line_per_km=2e6)
    found = searches.points("line price", 2e6, dear, ("A", "B"))
    assert asked == [(2e6, "A"), (2e6, "B")]
    assert [p.scheme for p in found] == ["A", "B"]
    assert searches.points("line price", 2e6, dear, ("A", "B")) == found
    assert len(asked) == 2
    searches.points("line price", 2e6, sweeps.price(study, line_per_km=3e6), ("A", "B"))
    assert len(asked) == 4  # other data are another point, whatever its name


def test_sentences_follow_from_figures() -> None:
    cases = [
        Curtailment("plain", 1.04, 0.0, {"A": 0.0, "D": 0.01}),
        Curtailment("weekends", 1.08, 1.7, {"A": 3.0, "D": 2.5}),
    ]
    words = curtailment_words(cases, {"A": 7.3, "D": 2.1})
    assert "below 0.05 % of the PV in these cases: plain." in words
    assert "the most, with weekends, is A 3.0 %, D 2.5 % (printed: 2.1 to 7.3 %)" in words
    assert "in none" in curtailment_words(cases[:1], {"A": 7.3})
    low = point("p", 0.5, "A", 9.0, charging_satisfaction_pct=83.0)
    high = point("p", 5.0, "A", 9.0, charging_satisfaction_pct=99.9)
    words = satisfaction_words({"5": [high], "0.5": [low]}, {"A": 82.0})
    assert "5: 99.9 %; 0.5: 83.0 %" in words
    assert "Within 3 points of the print: 0.5 (A)." in words
    assert "lies outside all of them" in words
    words = satisfaction_words({"5": [high], "0.5": [low]}, {"A": 90.0})
    assert "The printed 90 % of A lies between that of 5 (99.9 %) and that of 0.5 (83.0 %)" in words
    assert "None is near" in satisfaction_words({"5": [high]}, {"A": 82.0})


def test_figures_leave_out_the_noise_of_the_solver() -> None:
    for key, value, words in (
        ("gap", 2.440156e-07, "< 1e-6"),
        ("gap", 0.0003738847, "3.7e-04"),
        ("curtailment_pct", 6.604627e-10, "0.00"),
        ("charging_satisfaction_pct", 99.95579, "99.96"),
        ("curtailment_pct", None, "-"),
        ("lcc_rmb", 12_178_166.4, "12,178,166"),
        ("status", "optimal", "optimal"),
    ):
        assert figure_words(key, value) == words


def test_saturation_and_order_come_from_the_points(tmp_path) -> None:
    cost = {0.0: 9.3, 0.2: 9.2, 0.4: 9.19, 0.6: 9.19, 1.0: 9.0}
    found = [
        point("V2G participation", share, "D", c, two_way_piles=100.0) for share, c in cost.items()
    ]
    prices = ((0.2, (9.0, 9.0, 9.0, 9.0)), (1.2, (12.0, 11.0, 10.0, 9.0)))
    for price, costs in prices:
        for name, c in zip("ABCD", costs, strict=True):
            found += [point("line price", 1e6 * price, name, c),
                      point("storage price", 500.0 * price, name, c),
                      point("managed price", price, name, c)]  # fmt: skip
    assert not holds(found, "line price", 0.2e6)
    assert holds(found, "line price", 1.2e6)
    printed = {"text": {"saturation": 0.6, "storage_more_pct": 30.0}}
    rows = {row.reading: row for row in sweep_rows(printed, found)}
    assert rows["managed share held at 0.6"].ours == 0.4
    lifted = rows["managed share lifted with a participation above 0.6"]
    assert (lifted.ours, lifted.verdict) == (1.0, "same direction")
    held = [row for row in rows.values() if row.quantity.startswith("strict over the")]
    assert {row.ours for row in held} == {1.0}
    assert {(row.paper, row.verdict) for row in held} == {(None, "not printed")}
    assert "At 0.6 100 two-way piles are built" in participation_words(found)
    assumed = {"line price": 1.2e6, "storage price": 600.0, "managed price": 1.0}
    draw_order(tmp_path / "order.png", found, assumed)
    draw_sweeps(tmp_path / "sweeps.png", found)
    draw_participation(tmp_path / "participation.png", found, 0.6, 1500.0)
    assert all((tmp_path / f"{n}.png").stat().st_size > 9000 for n in ("order", "participation"))
    assert np.isfinite([p.lcc_rmb for p in found]).all()
