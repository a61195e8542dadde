"""What a solved state tells of others, against the slow way of asking every state."""

import numpy as np
import pytest

pytest.importorskip("cvxpy")

from five_bus import five_bus_study

from problems.staged.floors import Floors
from problems.staged.investment import Scheme
from problems.staged.memo import Memo
from problems.staged.scenarios import reduce_scenarios
from problems.staged.state import StageModel, StateResult


@pytest.mark.parametrize("name", ["B", "D"])
def test_a_solved_state_raises_the_bounds_of_those_it_tells_of(name) -> None:
    study = five_bus_study()
    model = StageModel.of(study, Scheme(name), reduce_scenarios(study.data, 1))
    for k in range(3):
        fresh = Floors.of(Memo(model))
        for state in np.flatnonzero(np.isfinite(fresh.value[k])):
            floors = Floors.of(Memo(model))
            before = floors.value.copy()
            key = floors.decided(k, int(state))
            floors.memo.known[key] = StateResult("optimal", cost_mrmb=9.0, bound_mrmb=9.0,
                                                 capacity={}, max_mva=99.0)  # fmt: skip
            floors.learn()
            raised = set(np.flatnonzero(floors.value[k] > before[k]))
            n, steps = len(key.low), range(model.n_item)[model.steps]
            told = {
                other
                for other, bits in enumerate(floors.bits)
                if np.isfinite(before[k, other])
                and all(b == key.low[i] for i, b in enumerate(bits[:n]) if i not in steps)
                and all(b <= key.low[i] for i, b in enumerate(bits[:n]) if i in steps)
            }
            assert raised == told
            # only the state itself, and those that a stage cannot tell from it, are exact
            exact = set(np.flatnonzero(floors.node[k] == -2))
            assert exact == {s for s in told if floors.decided(k, s) == key}
