"""The acceptance paper's reproduction: growth by hand, claims that hold and fail, Table 1."""

import pytest

pytest.importorskip("clarabel")

from benchmarks.papers.acceptance.cases import Capacities, families, in_words
from benchmarks.papers.acceptance.growth import mean_growth_pct
from benchmarks.papers.acceptance.patterns import claims
from benchmarks.papers.acceptance.run import growth_rows, table_1_rows
from problems.acceptance.capacity import BusCapacity

BUSES = ("2", "18", "19", "22", "25", "33")
BASE = (2000.0, 600.0, 1990.0, 1900.0, 1880.0, 700.0)


def capacities(changes=None):
    """Return capacities that agree with every claim, but for some changes."""
    factor = {1: 1.0, 2: 1.3, 3: 1.2, 4: 1.05, 5: 1.0, 6: 1.2, 7: 1.3, 8: 1.05}
    found = {}
    for scenario, more in factor.items():
        for kind in (1, 2):
            kw = [value * more * (1.2 if kind == 2 else 1.0) for value in BASE]
            if scenario >= 5:
                kw[0], kw[2] = 2 * kw[0], 2 * kw[2]
            kw = (changes or {}).get((scenario, kind), kw)
            found[scenario, kind] = [
                BusCapacity(bus, "optimal", "", capacity_kw=value, bound_kw=value)
                for bus, value in zip(BUSES, kw, strict=True)
            ]
    return Capacities(BUSES, found)


def test_mean_growth_in_both_readings_by_hand():
    found = capacities({(1, 1): [100.0] * 6, (2, 1): [100.0, 200.0, 300.0, 100.0, 100.0, 100.0]})
    assert mean_growth_pct(found, 1, 2, 1, "mean of ratios") == pytest.approx(50.0)
    uneven = capacities({(1, 1): [400.0, 100.0] * 3, (2, 1): [400.0, 200.0] * 3})
    assert mean_growth_pct(uneven, 1, 2, 1, "mean of ratios") == pytest.approx(50.0)
    assert mean_growth_pct(uneven, 1, 2, 1, "ratio of means") == pytest.approx(20.0)


def held(found, words, kind="type 1"):
    return [claim.holds for claim in claims(found) if words in claim.claim and claim.kind == kind]


def test_claims_are_computed_from_the_capacities():
    found = capacities()
    assert all(held(found, "largest at buses 2 and 19"))
    assert all(held(found, "least at buses 18 and 33"))
    assert all(held(found, "6 MW limit lifts"))
    swapped = capacities({(1, 1): [600.0, 2000.0, 1990.0, 1900.0, 1880.0, 700.0]})
    assert held(swapped, "largest at buses 2 and 19, scenario 1") == [False]
    assert held(swapped, "least at buses 18 and 33, scenario 1") == [False]
    flat = capacities({(5, 1): list(BASE)})
    assert held(flat, "6 MW limit lifts") == [False]


def test_table_1_is_what_the_package_carries():
    rows = list(table_1_rows())
    assert len(rows) == 56
    assert all(row.verdict == "reproduced" for row in rows)


def test_growth_rows_compare_every_printed_number_in_both_readings():
    rows = list(growth_rows(capacities()))
    assert len(rows) == 24
    assert {row.reading for row in rows} == {"mean of ratios", "ratio of means"}
    assert {row.verdict for row in rows} == {"not reproduced"}


def test_families_keep_to_the_words_of_the_paper():
    flat = in_words()
    assert max(flat[1]) == flat[1][14] == 1.0
    assert all(share == 0.0 for share in flat[2][6:18])
    for courses in families():
        assert len(courses.load) == 24
        assert max(courses.load) == pytest.approx(1.0)
        assert all(max(curve) <= 1.0 + 1e-12 for curve in courses.curve.values())
