"""Dual cuts find what one cone program finds, and the race tells who was faster."""

import pytest

pytest.importorskip("cvxpy")

import numpy as np
from five_bus import five_bus_study

from benchmarks.search import dual_cuts, dual_race
from problems.staged.investment import Scheme
from problems.staged.scenarios import reduce_scenarios
from problems.staged.solving import solve_state
from problems.staged.state import StageModel


@pytest.fixture(scope="module")
def state():
    """The last stage with nothing built but communication: storage and piles must help."""
    study = five_bus_study()
    model = StageModel.of(study, Scheme("D"), reduce_scenarios(study.data, 2))
    bits = (0,) * (model.n_item - 2) + (1, 1)
    return model, model.key(2, bits)


def test_dual_cuts_find_what_one_cone_program_finds(state) -> None:
    model, key = state
    joint = solve_state(model, key)
    found = dual_cuts.by_dual_cuts(model, key)
    assert max(max(sizes) for sizes in joint.capacity.values()) > 10.0  # something is built
    assert found.cost_mrmb == pytest.approx(joint.cost_mrmb, rel=1e-5)
    assert found.bound_mrmb <= joint.cost_mrmb + 1e-6
    assert found.n_cut == 2 * found.rounds


def test_a_cut_lies_below_the_cost_of_a_dispatch_and_touches_it(state) -> None:
    model, key = state
    dispatch = dual_cuts.PinnedDispatch(model, key, 0)
    rng = np.random.default_rng(3)
    # managed piles of both stations, fewer than its vehicles, then storage
    most = np.array([0.08, 0.04, 0.08, 0.04, 0.3, 0.3])
    points = [most * rng.uniform(0.0, 1.0, dispatch.n) for _ in range(4)]
    answers = [dispatch.solve(at) for at in points]
    for at, (cost, bound, slope) in zip(points, answers, strict=True):
        assert bound == pytest.approx(cost, abs=1e-6)
        for other, (there, _, _) in zip(points, answers, strict=True):
            assert bound + slope @ (other - at) <= there + 1e-6
    assert min(slope.min() for _, _, slope in answers) < -1e-3  # capacity is worth something


def test_the_page_says_who_was_faster() -> None:
    row = {
        "feeder": "ieee33", "scheme": "C", "state": "no segment", "n_scenarios": 2,
        "joint_mrmb": 2.0, "cuts_mrmb": 2.00001, "cuts_bound_mrmb": 1.99999, "difference": 5e-6,
        "is_same": True, "rounds": 3, "cuts": 6, "joint_cpu_s": 1.0, "cuts_cpu_s": 8.0,
        "dispatch_cpu_s": 7.0, "ratio": 8.0,
    }  # fmt: skip
    assert "faster everywhere" in dual_race.page([row])
    assert "not faster everywhere" in dual_race.page([row, {**row, "ratio": 0.5}])
