"""The plans that start and end a proof: sizes, steps, swaps; each judged again by other means."""

import itertools

import numpy as np
import pytest
from siting_cases import make_case, paper_case, score_plans, small_feeder

from problems.siting.certificate.ac import judge
from problems.siting.certificate.case import SitePlan, make_model
from problems.siting.certificate.polish import polish, prices_at
from problems.siting.certificate.stepped import round_sizes
from problems.siting.certificate.swaps import ranked_swaps


def test_polished_sizes_are_a_minimum():
    case = paper_case("ieee33", max_banks=2)
    model = make_model(case)
    best = polish(model, judge(model, SitePlan((), (12, 25), (0.3, 0.9))))
    rng = np.random.default_rng(1)
    kvar = np.clip(1e3 * np.array(best.plan.kvar) + rng.normal(size=(300, 2)) * 20, 150, 1200)
    shape = (300, 1)
    npv_usd, _ = score_plans(
        case, np.tile(case.station_buses, shape), np.tile(best.plan.bank_buses, shape), kvar
    )
    assert (npv_usd <= model.usd_offset - best.cost_usd + 0.01).all()


def test_prices_are_the_slope_of_the_cost_by_the_floor():
    """Raising the floor by a little costs what the prices say (envelope theorem)."""
    start = SitePlan((), (12, 25), (0.3, 0.9))
    free = make_model(paper_case("ieee33", max_banks=2))
    without = float(np.sqrt(polish(free, judge(free, start)).v.min()))
    floors = (without + 1e-3, without + 1.1e-3)
    costs, priced = [], 0.0
    for floor in floors:
        model = make_model(paper_case("ieee33", floor=floor, max_banks=2))
        best = polish(model, judge(model, start))
        assert best.is_feasible
        costs.append(best.cost_usd)
        price, rent = prices_at(model, best)
        assert not rent.any()
        priced += 0.5 * model.usd_loss * price.sum() * (floors[1] ** 2 - floors[0] ** 2)
    assert priced > 0.0
    assert costs[1] - costs[0] == pytest.approx(priced, rel=0.02)


def test_rounded_sizes_are_the_best_of_all_neighboring_steps():
    case = make_case(small_feeder(3, 5), n_stations=0, max_banks=2, kvar_step=130.0, v_min_pu=0.9)
    model = make_model(case)
    relaxed = polish(model, judge(model, SitePlan((), (2, 4), (0.5, 0.5))))
    rounded = round_sizes(model, relaxed)
    cells = [(1e3 * q - 150.0) / 130.0 for q in relaxed.plan.kvar]
    pairs = itertools.product(*({np.floor(c), np.ceil(c)} for c in cells))
    kvar = np.clip(150.0 + 130.0 * np.array(list(pairs)), 150.0, 1190.0)
    nobody = np.zeros((len(kvar), 0), dtype=int)
    npv_usd, is_feasible = score_plans(case, nobody, np.tile([2, 4], (len(kvar), 1)), kvar)
    expected = npv_usd[is_feasible].max()
    assert model.usd_offset - rounded.cost_usd == pytest.approx(expected, rel=1e-9)


def test_the_first_swap_is_the_best_single_move():
    case = paper_case("ieee33", max_banks=2, exactly=True)
    model = make_model(case)
    trial = judge(model, SitePlan((), (3, 5), (0.4, 0.5)))
    first = ranked_swaps(model, trial, np.zeros(model.n_bus), 1)[0]
    costs = []
    for bus in range(1, model.n_bus):
        if bus not in (3, 5):
            for banks in (((bus, 0.4), (5, 0.5)), ((3, 0.4), (bus, 0.5))):
                buses, sizes = zip(*sorted(banks), strict=True)
                costs.append(judge(model, SitePlan((), buses, sizes)).cost_usd)
    assert judge(model, first).cost_usd == pytest.approx(min(costs), rel=1e-12)


def test_swaps_may_add_and_drop_when_the_count_is_free():
    model = make_model(make_case(small_feeder(4, 5), n_stations=0, max_banks=2))
    trial = judge(model, SitePlan((), (2,), (0.4,)))
    counts = {len(p.bank_buses) for p in ranked_swaps(model, trial, np.zeros(5), 100)}
    assert counts == {0, 1, 2}
