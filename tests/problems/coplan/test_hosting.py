"""Hosting capacity: the paper's thresholds, a scan of every adoption, nested draws, intervals."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from powerflow import load_feeder
from powerflow.door import make_feeder
from problems.coplan.day import Day, day_of
from problems.coplan.diagnosis import diagnose
from problems.coplan.equipment import read_library
from problems.coplan.hosting import BELOW_0, ev_day, host, wilson
from problems.coplan.hosting_storage import host_with_storage
from problems.coplan.scenario import at_base_kv, on_day
from problems.coplan.vehicles import charging_table, counts_of, customer_orders, customers_of

FEEDER = load_feeder("iowa240")
DAY = day_of(FEEDER)


@pytest.mark.parametrize(
    # the paper prints 0, 13 and 76 for its one draw; the ranges are those of a prototype's eight
    # draws, widened by what one draw of 1,120 customers can move (2 points)
    ("base_kv", "low", "high"),
    [(4.16, BELOW_0, BELOW_0), (6.9, 9, 15), (13.8, 70, 76)],
)
def test_thresholds_of_the_paper(base_kv, low, high):
    found = host(
        at_base_kv(FEEDER, base_kv), DAY, charger_kw=10.0, profile="simultaneous", seed=1, n_draw=8
    ).threshold_pct
    assert low <= found.min() <= found.max() <= high


def test_halving_agrees_with_a_scan_of_every_adoption():
    feeder = at_base_kv(FEEDER, 6.9)
    found = host(feeder, DAY, charger_kw=10.0, profile="home", seed=7, n_draw=2)
    orders = customer_orders(feeder, 7, 2)
    ev_kw = 10.0 * charging_table()["home_level2"][:, None]
    for draw in range(2):
        safe = [
            on_day(feeder, DAY, ev_kw * counts_of(orders[draw : draw + 1], a, feeder.n_bus))
            .diagnose()
            .is_safe.all()
            for a in range(41)
        ]
        assert found.threshold_pct[draw] == safe.index(False) - 1


def test_probability_is_the_share_of_draws_and_only_grows():
    feeder = at_base_kv(FEEDER, 6.9)
    found = host(feeder, DAY, charger_kw=10.0, profile="simultaneous", seed=2, n_draw=40)
    rows = found.probability()
    assert [row.adoption_pct for row in rows] == list(range(101))
    p = np.array([row.p for row in rows])
    assert (np.diff(p) >= 0.0).all()
    assert (p[0], p[-1]) == (0.0, 1.0)
    at = int(np.median(found.threshold_pct)) + 1
    assert p[at] == pytest.approx((found.threshold_pct < at).mean())


@pytest.mark.parametrize(("k", "n"), [(0, 8), (3, 8), (8, 8), (120, 10_000)])
def test_intervals_agree_with_scipy(k, n):
    expected = binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert wilson(k, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_smart_charging_holds_the_energy_of_home_charging_and_hosts_more():
    feeder = at_base_kv(FEEDER, 6.9)
    smart, home = (ev_day(feeder, DAY, 10.0, name).ev_kw for name in ("smart", "home"))
    assert np.allclose(smart.sum(axis=1), home.sum(axis=1))
    total = DAY.p_kw.sum(axis=1) + 0.5 * customers_of(feeder).sum() * smart[50]
    assert total.max() < (DAY.p_kw.sum(axis=1) + 0.5 * customers_of(feeder).sum() * home[50]).max()
    found = [
        host(feeder, DAY, charger_kw=10.0, profile=name, seed=1, n_draw=4).threshold_pct
        for name in ("smart", "home", "simultaneous")
    ]
    assert (found[0] > found[1]).all()
    assert (found[1] > found[2]).all()


def test_collapse_counts_as_a_violation():
    feeder = replace(at_base_kv(FEEDER, 4.16), ampacity_a=np.full(FEEDER.n_bus, np.nan))
    found = host(
        feeder, DAY, charger_kw=10.0, profile="simultaneous", seed=1, n_draw=2, v_min_pu=0.01
    )
    order = customer_orders(feeder, 1, 2)
    for draw, threshold in enumerate(found.threshold_pct):
        above = on_day(feeder, DAY, 10.0 * counts_of(order[draw : draw + 1], threshold + 1, 240))
        assert diagnose(
            feeder, above.p_kw, above.q_kvar, v_source_pu=above.v_source_pu
        ).collapsed.any()


def test_command(feederlab):
    answer = feederlab(
        "host", "iowa240", "--base-kv", "6.9", "--draws", "8", "--seed", "1", "--json"
    )
    assert answer.code == 0
    assert 9 <= answer.json["threshold_low_pct"] <= answer.json["threshold_pct"] <= 15
    assert answer.json["probability"][100]["p"] == 1.0
    low = feederlab("host", "iowa240", "--base-kv", "4.16", "--draws", "8", "--seed", "1", "--json")
    assert low.json["threshold_pct"] is None
    assert feederlab("host", "iowa240").code == 2
    assert "no customers are known" in feederlab("host", "ieee33", "--seed", "1").err


def test_storage_stretches_the_threshold_on_a_small_feeder():
    pytest.importorskip("cvxpy")
    feeder = make_feeder(
        name="street", base_kv=10.0, source="s", bus_id=["s", "a"], p_kw=[0.0, 500.0],
        q_kvar=[0.0, 0.0], from_bus=["s"], to_bus=["a"], r_ohm=[0.1], x_ohm=[0.1],
        ampacity_a=[60.0], customers=[0, 100],
    )  # fmt: skip
    shape = np.tile([0.5, 1.0], 12)[:, None]
    day = Day(shape * feeder.p_kw, shape * feeder.q_kvar, np.ones(24), "built")
    asked = {"charger_kw": 10.0, "profile": "simultaneous", "seed": 1, "n_draw": 1}
    # 60 A are 1039 kVA: 539 kW of EVs at a power factor of 0.925 beside 500 kW do not fit, and
    # without storage the greater hour binds; with storage about the mean of the hours does
    without = host(feeder, day, **asked).threshold_pct[0]
    with_storage = host_with_storage(feeder, day, read_library().storage, **asked).threshold_pct[0]
    assert 40 <= without < 54
    assert without + 5 <= with_storage <= 79
