"""What storage can take off: by hand, against random dispatch, and rows against random plans."""

import numpy as np
import pytest

from problems.coplan.choices import UpgradeRule, make_choices
from problems.coplan.equipment import read_library
from problems.coplan.least_flow import least_flow
from problems.coplan.path_rows import path_rows
from problems.coplan.plan import StorageUnit, judge, upgrades_of
from problems.coplan.relief import Relief, mean_hours, most_delivered
from problems.coplan.upgrade import candidate_lines
from problems.coplan.vcu import feeders_behind

LIBRARY = read_library()
TERMS = LIBRARY.storage


@pytest.mark.parametrize(
    ("hours", "kw"),
    [
        (1, 0.5),  # the greatest power
        (2, 0.8 * 0.95 / 2.0),  # what the store holds, 0.8 kWh, less losses
        (4, 0.8 * 0.95 / 4.0),
        (23, 0.5 * 0.95**2 / 23.0),  # what one hour charges
        (24, 0.0),
    ],
)
def test_most_delivered_by_hand(hours, kw):
    weight = np.where(np.arange(24) < hours, 1.0 / hours, 0.0)
    assert most_delivered(TERMS, weight) == pytest.approx(kw, rel=1e-5, abs=1e-9)
    assert most_delivered(TERMS, np.roll(weight, 7)) == pytest.approx(kw, rel=1e-5, abs=1e-9)


def random_day(rng, kwh=1.0):
    """Return net power drawn in each hour of a day by a store that keeps all its terms."""
    charge, discharge = rng.uniform(0.0, 0.5, (2, 24)) * rng.integers(0, 2, (2, 24))
    discharge *= charge.sum() * 0.95**2 / max(discharge.sum(), 1e-9)
    energy = np.cumsum(0.95 * charge - discharge / 0.95)
    scale = min(1.0, 0.8 / max(np.ptp(energy), 1e-9), 0.5 / max(discharge.max(), 1e-9))
    return kwh * scale * (charge - discharge)


def test_no_random_day_delivers_more():
    rng = np.random.default_rng(3)
    for count in (1, 3, 8, 24):
        for _ in range(40):
            weight = np.zeros(24)
            weight[rng.choice(24, size=count, replace=False)] = 1.0 / count
            assert -(weight @ random_day(rng)) <= most_delivered(TERMS, weight) + 1e-9


def test_least_size_and_most_drop_against_sampled_reliefs():
    rng = np.random.default_rng(5)
    angle, radius = np.meshgrid(np.linspace(0.0, 2.0 * np.pi, 721), np.linspace(0.0, 1.0, 201))
    for _ in range(40):
        most_p, size, p, q, r, x = rng.uniform(0.0, 1.0, 6)
        relief = Relief(np.array([min(most_p, size)]), size)
        dp, dq = size * radius * np.cos(angle), size * radius * np.sin(angle)
        can = dp <= relief.p[0] + 1e-12
        sampled = np.hypot(p - dp[can], q - dq[can]).min()
        least = relief.least_size(np.array([p]), np.array([q]))[0]
        assert sampled - 0.02 <= least <= sampled + 1e-9
        fall = (r * dp[can] + x * dq[can]).max()
        most = relief.most_drop(np.array(r), np.array(x))[0]
        assert fall - 1e-9 <= most <= fall + 0.02


def test_rows_of_mean_hours_hold_for_random_plans(paper_day):
    # lines around those of a feasible plan, storage anywhere and run at random: where the power
    # flow keeps every limit no row is broken
    rng = np.random.default_rng(8)
    buses = feeders_behind(paper_day)[1]
    rule = UpgradeRule(margin=None)
    choices = make_choices(paper_day, LIBRARY, rule, candidate_lines(paper_day, LIBRARY, rule))
    choices = choices.only(buses[choices.branch])
    means, relief = mean_hours(paper_day, TERMS, buses)
    most_kwh, n_feasible = 300.0, 0
    flow = least_flow(means, *choices.least(), relief.times(most_kwh), buses=buses)
    rows = path_rows(means, choices, flow, buses)
    for _ in range(60):
        chosen = np.array(
            [
                choices.of(k)[int(rng.integers(len(choices.of(k)) // 2, len(choices.of(k))))]
                for k in choices.candidates
            ]
        )
        sites = rng.choice(np.flatnonzero(buses), size=3, replace=False)
        units = [
            StorageUnit(
                paper_day.feeder.bus_id[bus], 100.0, 50.0, 0.0, tuple(random_day(rng, 100.0)),
                tuple(rng.uniform(-30.0, 0.0, 24)),
            )
            for bus in sites
        ]  # fmt: skip
        found = judge(paper_day, LIBRARY, upgrades_of(choices, chosen), units)
        limit_a = choices.columns(chosen)[2]
        if (found.i_a > limit_a)[:, buses].any() or found.undervoltage[:, buses].any():
            continue
        n_feasible += 1
        z = np.zeros(len(choices.branch))
        z[chosen] = 1.0
        assert not len(rows.violated(z))
    assert n_feasible >= 5
    assert len(rows.room) > 0
