"""Certificates of small cases against trying every plan, and the cases with no answer."""

import dataclasses

import numpy as np
import pytest
from siting_cases import (
    enumerate_best,
    make_case,
    random_case,
    score_plans,
    small_feeder,
    wider_case,
)

from powerflow import make_feeder
from problems.siting.certificate import SitePlan, SitingCase, certify

GAP = 1e-5


def check_against_enumeration(case, limit_s=20.0, *, must_close=True):
    """Check the bound against the best of a fine grid, and the plan against the AC power flow.

    Where the proof need not close, the bound must be true all the same.
    """
    best = enumerate_best(case)
    answer = certify(case, gap=GAP, limit_s=limit_s)
    if answer.plan is None:
        # a grid of sizes can miss what is feasible, but a proof of infeasibility must be right
        assert best == -np.inf
        assert answer.status != "optimal"
        return answer
    # solutions of the two power flows agree to their tolerances
    assert answer.bound_usd >= best - 1e-9 * case.usd_per_loss_kw
    assert answer.bound_usd >= answer.npv_usd
    if must_close or answer.status == "optimal":
        assert answer.npv_usd >= best - GAP * abs(best) - 1e-3
        assert answer.status == "optimal" or abs(answer.npv_usd) < 1.0
        doubt_usd = 3e-9 * abs(case.constant_usd - answer.npv_usd) + 1e-3
        assert answer.bound_usd - answer.npv_usd <= GAP * abs(answer.npv_usd) + doubt_usd
    plan = answer.plan
    banks = np.array([plan.bank_buses], dtype=int)
    stations = np.array([plan.station_buses], dtype=int)
    eased = dataclasses.replace(
        case, v_min_pu=case.v_min_pu * (1 - 1e-7), v_max_pu=case.v_max_pu * (1 + 1e-7)
    )
    npv_usd, is_feasible = score_plans(eased, stations, banks, np.array([plan.kvar]))
    assert npv_usd[0] == pytest.approx(answer.npv_usd, rel=1e-9, abs=1e-3)
    assert is_feasible[0] or case.feeder.has_ampacity
    return answer


@pytest.mark.parametrize("seed", range(120))
def test_small_cases_match_enumeration(seed):
    check_against_enumeration(random_case(seed), limit_s=1.0)


@pytest.mark.parametrize("seed", range(60))
def test_wider_cases_match_enumeration(seed):
    check_against_enumeration(wider_case(seed), limit_s=5.0, must_close=False)


@pytest.mark.slow
def test_many_wider_cases_match_enumeration():
    """Where next to nothing is lost, prices alone decide among equal plans: a few stay open."""
    answers = [
        check_against_enumeration(wider_case(seed), limit_s=2.0, must_close=False)
        for seed in range(1000, 2000)
    ]
    assert sum(answer.status == "time_limit" for answer in answers) <= 20


@pytest.mark.slow
def test_many_small_cases_match_enumeration():
    for seed in range(1000, 4000):
        check_against_enumeration(random_case(seed), limit_s=1.0)


def test_a_bound_survives_intervals_that_shrink_to_points():
    """Rounding once emptied the range of the best plan of this case (all but one size fixed)."""
    feeder = small_feeder(877, 5, ohm=2.0, load_kw=200.0, reverse=1.0)
    for v_max_pu in (1.001, 1.02):
        case = make_case(
            feeder, station_buses=(1, 2), max_banks=1, kvar_min=400.0, v_min_pu=0.97,
            v_max_pu=v_max_pu, usd_per_bank=0.0,
        )  # fmt: skip
        check_against_enumeration(case)


def test_overcompensation_and_reverse_flow():
    """Exactly two banks far too large on a feeder that feeds in: flows run backwards."""
    feeder = small_feeder(5, 5, ohm=3.0, load_kw=600.0, reverse=1.0)
    case = make_case(
        feeder, n_stations=1, station_kw=-1000.0, max_banks=2, exactly=True,
        kvar_min=2000.0, kvar_max=4000.0, v_max_pu=1.3,
    )  # fmt: skip
    answer = check_against_enumeration(case)
    assert answer.plan is not None
    assert len(answer.plan.bank_buses) == 2


def test_exactly_costs_at_least_as_much_as_at_most():
    feeder = small_feeder(6, 5, ohm=1.0, load_kw=200.0)
    free = make_case(feeder, n_stations=1, max_banks=2)
    bound = certify(dataclasses.replace(free, exactly=True))
    assert len(bound.plan.bank_buses) == 2
    assert certify(free).npv_usd >= bound.npv_usd


def test_stepped_sizes_are_on_the_steps_and_cost_no_less():
    feeder = small_feeder(7, 5)
    case = make_case(feeder, n_stations=1, max_banks=2)
    free = certify(case)
    stepped = check_against_enumeration(dataclasses.replace(case, kvar_step=130.0))
    steps = (np.array(stepped.plan.kvar) - 150.0) / 130.0
    assert steps == pytest.approx(np.round(steps), abs=1e-9)
    assert stepped.npv_usd <= free.bound_usd


def test_forbidden_buses_stay_empty():
    feeder = small_feeder(8, 5)
    banks = np.array([True, False, True, False, True])
    stations = np.array([True, False, False, True, True])
    case = make_case(
        feeder, max_banks=2, allowed_bank_bus=banks, allowed_station_bus=stations
    )  # fmt: skip
    answer = check_against_enumeration(case)
    assert banks[list(answer.plan.bank_buses)].all()
    assert stations[list(answer.plan.station_buses)].all()
    assert 0 not in answer.plan.station_buses


def test_two_buses_by_the_closed_form():
    """One branch: v is the greater root of v^2 - (1 - 2 r p - 2 x q) v + z^2 (p^2 + q^2) = 0."""
    feeder = small_feeder(9, 2, ohm=1.0, load_kw=800.0)
    case = make_case(feeder, n_stations=0, max_banks=1, usd_per_bank=0.0)
    answer = certify(case, gap=1e-8)
    r_pu, x_pu = feeder.r_ohm[1] / 12.66**2, feeder.x_ohm[1] / 12.66**2
    p = feeder.p_kw[1] / 1e3
    kvar = np.linspace(150.0, 1200.0, 105001)
    q = (feeder.q_kvar[1] - kvar) / 1e3
    b = 1.0 - 2.0 * (r_pu * p + x_pu * q)
    square = p**2 + q**2
    v = (b + np.sqrt(b * b - 4.0 * (r_pu**2 + x_pu**2) * square)) / 2.0
    cost_usd = 1e3 * r_pu * square / v * case.usd_per_loss_kw + 25.0 * kvar
    best = int(np.argmin(cost_usd))
    assert answer.plan.kvar[0] == pytest.approx(kvar[best], abs=0.02)
    assert answer.npv_usd == pytest.approx(case.constant_usd - cost_usd[best], abs=0.01)
    assert answer.bound_usd == pytest.approx(case.constant_usd - cost_usd[best], abs=1.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"v_min_pu": 0.999}, "no plan meets the limits"),
        ({"allowed_station_bus": np.zeros(5, dtype=bool)}, "0 buses allowed"),
        ({"max_banks": 3, "exactly": True, "allowed_bank_bus": np.eye(5)[1] > 0}, "exactly 3"),
        ({"v_max_pu": 0.99, "v_min_pu": 0.9}, "source voltage"),
    ],
)
def test_infeasible_is_proven_and_said(changes, words):
    case = make_case(
        small_feeder(10, 5, load_kw=900.0), **({"n_stations": 1, "max_banks": 1} | changes)
    )
    answer = certify(case)
    assert answer.status == "infeasible"
    assert words in answer.message
    assert answer.bound_usd is None
    assert answer.plan is None


def test_no_time_still_gives_an_answer():
    case = make_case(small_feeder(11, 5), n_stations=1, max_banks=2)
    answer = certify(case, limit_s=0.0)
    assert answer.status == "time_limit"
    assert answer.bound_usd is None


def test_an_incumbent_is_used_and_checked():
    case = make_case(small_feeder(12, 5), n_stations=1, max_banks=2)
    answer = certify(case, incumbent=SitePlan((2,), (1,), (200.0,)))
    assert answer.npv_usd == pytest.approx(certify(case).npv_usd, rel=1e-5)
    for plan in (
        SitePlan((2, 3), (1,), (200.0,)),
        SitePlan((2,), (1, 1), (200.0, 200.0)),
        SitePlan((2,), (1,), (50.0,)),
        SitePlan((2,), (1, 2, 3), (200.0, 200.0, 200.0)),
        SitePlan((0,), (1,), (200.0,)),
    ):
        with pytest.raises(ValueError, match="incumbent"):
            certify(case, incumbent=plan)


@pytest.mark.parametrize(
    "changes",
    [
        {"usd_per_loss_kw": 0.0},
        {"kvar_min": 300.0, "kvar_max": 200.0},
        {"kvar_step": 0.0},
        {"usd_per_bank": -1.0},
        {"allowed_bank_bus": np.ones(3, dtype=bool)},
        {"station_buses": (0,)},
        {"station_buses": (1, 2)},
        {"v_max_pu": 0.9, "v_min_pu": 0.95},
    ],
)
def test_a_bad_case_is_refused(changes):
    name = next(iter(changes))
    with pytest.raises(ValueError, match=name.split("_")[0]):
        make_case(small_feeder(13, 5), n_stations=1, **changes)


def test_a_cut_between_steps_loses_no_size_to_rounding():
    """13 x 0.05 is not 12 x 0.05 + 0.05 in floating point: the size at the end must stay."""
    feeder = make_feeder(
        name="steps",
        base_kv=33.0,
        source="0",
        v_source_pu=0.97,
        bus_id=["0", "1", "2", "3", "4"],
        p_kw=[38.82981830001958, -64.46273299404044, 99.32903289906703, -35.534869616793884,
              -131.20840359000925],
        q_kvar=[-111.72150704304975, -208.2708317143248, -68.97772606924116, -102.45479077971078,
                -85.78199471797741],
        from_bus=["0", "1", "2", "0"],
        to_bus=["1", "2", "3", "4"],
        r_ohm=[5.890882822371057, 17.57891185614107, 28.938575716922625, 27.09683485380183],
        x_ohm=[7.870505020082565, 25.104620064225973, 28.020379828267153, 18.458141473827684],
    )  # fmt: skip
    anywhere = np.ones(5, dtype=bool)
    case = SitingCase(
        feeder=feeder, station_kw=1500.0, n_stations=1, station_buses=(feeder.bus_index("1"),),
        max_banks=1, exactly=True, kvar_min=150.0, kvar_max=3000.0, kvar_step=50.0,
        allowed_bank_bus=anywhere, allowed_station_bus=anywhere,
        usd_per_loss_kw=69894.18840317504, usd_per_bank=30000.0, usd_per_kvar=500.0,
        usd_per_station=26428.29784911912, constant_usd=164569.27478992852, v_min_pu=0.97,
        v_max_pu=1.1,
    )  # fmt: skip
    bank, size = np.array([[feeder.bus_index("1")]]), np.array([[800.0]])
    npv_usd, is_feasible = score_plans(case, bank, bank, size)
    assert is_feasible[0]
    answer = certify(case, limit_s=3.0)
    assert answer.bound_usd is None or answer.bound_usd >= npv_usd[0]
