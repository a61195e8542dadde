"""The choice of a cable: two buses and four hours by hand, and against enumeration."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from powerflow import make_feeder
from powerflow.units import i_base_a
from problems.conic.case import DispatchCase
from problems.conic.devices import Costs, GridLimits
from problems.conic.network import Network

cp = pytest.importorskip("cvxpy")
pytest.importorskip("pyscipopt")

from problems.conic.cable import CableChoice  # noqa: E402
from problems.conic.direct import dispatch_directly  # noqa: E402
from problems.conic.dispatch import build_dispatch  # noqa: E402
from problems.conic.solution import solution_of  # noqa: E402
from problems.conic.solve import solve  # noqa: E402

R_PU = np.array([0.02, 0.01, 0.005])
X_PU = np.array([0.008, 0.006, 0.004])
PRICE = np.array([0.0, 100.0, 300.0])


def chain(n_line, loads_kw, amps=np.nan):
    labels = [str(k) for k in range(n_line + 1)]
    return make_feeder(
        name="chain", base_kv=10.0, source="0", bus_id=labels, p_kw=[0.0, *loads_kw],
        q_kvar=[0.0] * (n_line + 1), from_bus=labels[:-1], to_bus=labels[1:],
        r_ohm=[2.0] * n_line, x_ohm=[0.8] * n_line, ampacity_a=[amps] * n_line,
    )  # fmt: skip


def choice_of(n_line, amps):
    def per_line(values):
        return np.tile(values, (n_line, 1))

    return CableChoice(
        np.arange(n_line), per_line(R_PU), per_line(X_PU),
        per_line(np.array(amps) / i_base_a(10.0)), per_line(PRICE),
    )  # fmt: skip


def case_of(feeder, limits):
    factor = np.array([0.3, 1.0, 0.6, 0.4])
    return DispatchCase(
        feeder, np.outer(factor, feeder.p_kw), np.outer(factor, feeder.q_kvar), limits=limits
    )


def choose(case, choice, loss_price=0.0):
    model = build_dispatch(case, cables=choice)
    cost = model.cables.cost + model.cost(Costs(loss_per_kwh=loss_price + 1e-3))
    outcome = solve(cp.Problem(cp.Minimize(cost), model.all_rows()), gap=1e-6, limit_s=60.0)
    assert outcome.status in ("optimal", "gap_limit"), outcome
    return np.argmax(model.cables.is_type.value, axis=1), solution_of(model, outcome)


@pytest.mark.parametrize(
    ("amps", "v_min", "kind"),
    [
        ((200.0, 250.0, 300.0), 0.90, 0),  # all types hold: the line stays
        ((50.0, 100.0, 300.0), 0.90, 2),  # 2 MW draw 118 A: the third type alone carries them
        ((200.0, 250.0, 300.0), 0.97, 1),  # r P = 0.04 or 0.02: the second keeps the floor
    ],
)
def test_one_line_takes_the_cheapest_type_that_holds(amps, v_min, kind):
    chosen, found = choose(case_of(chain(1, [2000.0]), GridLimits(v_min, 1.1)), choice_of(1, amps))
    assert chosen.tolist() == [kind]
    assert found.is_exact
    # losses and voltages are those of the type chosen, by the AC power flow
    assert found.ac.loss_kw[1] == pytest.approx(1000 * R_PU[kind] * (found.i_a[1, 0] /
                                                i_base_a(10.0)) ** 2, rel=1e-4)  # fmt: skip


def test_dear_losses_buy_the_thickest_cable():
    case = case_of(chain(1, [2000.0]), GridLimits(0.8, 1.1))
    chosen, _ = choose(case, choice_of(1, (300.0,) * 3), loss_price=100.0)
    assert chosen.tolist() == [2]


def test_two_lines_cost_what_enumeration_finds():
    amps = (130.0, 140.0, 300.0)
    limits = GridLimits(0.945, 1.1)
    case = case_of(chain(2, [1200.0, 900.0]), limits)
    chosen, found = choose(case, choice_of(2, amps))
    best = None
    network = Network.of(case.feeder)
    for kinds in product(range(3), repeat=2):
        index = list(kinds)
        rebuilt = replace(
            network, r_pu=R_PU[index], x_pu=X_PU[index],
            i_max_pu=np.array(amps)[index] / i_base_a(10.0),
        )  # fmt: skip
        answer = dispatch_directly(case, Costs(loss_per_kwh=1e-3), network=rebuilt)
        if answer.outcome.status == "optimal":
            total = PRICE[index].sum() + answer.outcome.value
            best = min(best, (total, kinds)) if best else (total, kinds)
    assert tuple(chosen.tolist()) == best[1]
    assert found.outcome.value == pytest.approx(best[0], rel=1e-5)
    assert found.is_exact
    assert best[1] not in ((0, 0), (2, 2))
