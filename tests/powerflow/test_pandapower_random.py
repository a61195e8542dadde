"""Random radial feeders against pandapower's Newton: the same voltages, the same failures."""

import numpy as np
import pytest

from benchmarks import trust

pytest.importorskip("pandapower")


def assert_trustworthy(rows):
    disagree = [row for row in rows if not row.agrees]
    assert not disagree
    # Both kinds were there to be judged.
    assert any(row.difference_pu is not None for row in rows)
    assert any(not row.is_solved_by_pandapower for row in rows)


def test_a_sample_agrees():
    assert_trustworthy(list(trust.compare_many(1, range(20))))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_all_agree():
    assert_trustworthy(list(trust.compare_many(1, range(trust.N_FEEDER))))


def test_the_comparison_sees_a_wrong_voltage_and_a_missed_failure(monkeypatch):
    feeder, share = trust.random_feeder(1, 0)
    right = trust.pandapower_voltages(feeder)
    monkeypatch.setattr(trust, "pandapower_voltages", lambda feeder: right + 2e-8)
    wrong = trust.compare(0, feeder, share)
    assert wrong.difference_pu == pytest.approx(2e-8, rel=0.1)
    assert not wrong.agrees
    monkeypatch.setattr(trust, "pandapower_voltages", lambda feeder: None)
    assert not trust.compare(0, feeder, share).agrees


def test_feeders_vary_as_promised():
    drawn = [trust.random_feeder(7, number) for number in range(60)]
    n_bus = [feeder.n_bus for feeder, _ in drawn]
    r_over_x = np.concatenate([f.r_ohm[1:] / f.x_ohm[1:] for f, _ in drawn])
    shares = np.array([share for _, share in drawn])
    assert min(n_bus) <= 3
    assert max(n_bus) >= 200
    assert 0.1 <= r_over_x.min() < 0.3
    assert 3.0 < r_over_x.max() <= 10.0
    assert (shares > 1.0).any()
    assert shares[shares < 1.0].max() <= 0.9
    words = {label.split()[0] for feeder, _ in drawn for label in feeder.bus_id}
    assert "node" in words
    assert len(words) > 100
