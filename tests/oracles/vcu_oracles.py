"""Slow obvious twins of the cable choice: every combination, and the Big-M of the paper."""

from itertools import product

import cvxpy as cp
import numpy as np

from powerflow.door import make_feeder
from powerflow.units import S_BASE_KVA, i_base_a, z_base_ohm
from problems.coplan.choices import Choices
from problems.coplan.day import Day
from problems.coplan.equipment import Cable, Library, read_library
from problems.coplan.scenario import Scenario, on_day


def small_case(rng, n_bus=5, n_hour=2, n_cable=3):
    """Return a scenario on a random small feeder, some lines overloaded, and a cable library."""
    parent = [-1, 0, *(int(rng.integers(1, k)) for k in range(2, n_bus))]
    p_kw = np.concatenate([[0.0], rng.uniform(100.0, 600.0, n_bus - 1)])
    below = p_kw.copy()
    for k in range(n_bus - 1, 0, -1):
        below[parent[k]] += below[k]
    length_m = rng.uniform(200.0, 1500.0, n_bus)
    share = rng.uniform(0.5, 1.3, n_bus)
    feeder = make_feeder(
        name="small", base_kv=10.0, source="0", bus_id=[str(k) for k in range(n_bus)],
        p_kw=p_kw, q_kvar=0.3 * p_kw, from_bus=[str(parent[k]) for k in range(1, n_bus)],
        to_bus=[str(k) for k in range(1, n_bus)], r_ohm=0.6e-3 * length_m[1:],
        x_ohm=0.3e-3 * length_m[1:], ampacity_a=share[1:] * below[1:] / (np.sqrt(3) * 10.0),
        length_m=length_m[1:], kind=["line"] * (n_bus - 1),
    )  # fmt: skip
    r = np.sort(rng.uniform(0.03, 0.5, n_cable))[::-1]
    most = below[1] / (np.sqrt(3) * 10.0)
    a = rng.uniform(0.5, 1.5, n_cable) * most
    price = np.sort(rng.uniform(50.0, 300.0, n_cable))
    cables = tuple(
        Cable(f"c{k}", float(a[k]), float(r[k]), 0.1, float(price[k])) for k in range(n_cable)
    )
    shape = rng.uniform(0.6, 1.0, (n_hour, 1))
    shape[0] = 1.0
    day = Day(shape * feeder.p_kw, shape * feeder.q_kvar, np.full(n_hour, 1.0), "random")
    v_min_pu = float(rng.uniform(0.9, 0.985))
    scenario = on_day(feeder, day, np.zeros((1, n_bus)), v_min_pu=v_min_pu)
    return scenario, Library(cables, (), read_library().storage)


def cheapest_by_enumeration(scenario: Scenario, choices: Choices) -> float:
    """Return the least cost over all selections whose power flow keeps every limit."""
    best = np.inf
    for chosen in product(*(choices.of(k) for k in choices.candidates)):
        picked = np.array(chosen, dtype=np.int64)
        cost = choices.cost_usd[picked].sum()
        if cost >= best:
            continue
        r_ohm, x_ohm, limit_a = choices.columns(picked)
        found = scenario.diagnose(r_ohm, x_ohm)
        if found.collapsed.any():
            continue
        is_low = (found.v_pu[:, 1:] < scenario.v_min_pu - 1e-6).any()
        if not is_low and not (found.i_a > limit_a * (1.0 + 1e-6)).any():
            best = cost
    return float(best)


def cheapest_by_big_m(scenario: Scenario, choices: Choices, big=2.0) -> float:
    """Return the optimum of the model as the paper writes it, (3), (5)-(6), (11)-(18), no slack."""
    feeder, n_bus, n_hour = scenario.feeder, scenario.feeder.n_bus, scenario.n_hour
    z_base, i_base = z_base_ohm(feeder.base_kv), i_base_a(feeder.base_kv)
    shape = (n_hour, n_bus)
    p, q, l, v = (cp.Variable(shape) for _ in range(4))  # noqa: E741
    p_loss, q_loss = cp.Variable(shape), cp.Variable(shape)
    z = cp.Variable(len(choices.branch), boolean=True)  # (11)
    rows = [v[:, 0] == scenario.v_source_pu**2]  # (5)
    for k in range(1, n_bus):
        i = int(feeder.parent[k])
        children = np.flatnonzero(feeder.parent == k)
        p_out = sum((p[:, c] for c in children), start=scenario.p_kw[:, k] / S_BASE_KVA)
        q_out = sum((q[:, c] for c in children), start=scenario.q_kvar[:, k] / S_BASE_KVA)
        rows += [p[:, k] - p_loss[:, k] == p_out, q[:, k] - q_loss[:, k] == q_out]  # (16)
        for t in range(n_hour):  # (6)
            rows.append(
                cp.SOC(v[t, i] + l[t, k], cp.hstack([2 * p[t, k], 2 * q[t, k], v[t, i] - l[t, k]]))
            )
        rows += [v[:, k] >= scenario.v_min_pu**2, v[:, k] <= scenario.v_max_pu**2, l[:, k] >= 0]
        own = choices.of(k)
        drop = v[:, i] - v[:, k]
        if len(own) == 0:
            r, x = feeder.r_ohm[k] / z_base, feeder.x_ohm[k] / z_base
            rows += [
                drop == 2 * (r * p[:, k] + x * q[:, k]) - (r**2 + x**2) * l[:, k],  # (4)
                p_loss[:, k] == r * l[:, k],
                q_loss[:, k] == x * l[:, k],
                l[:, k] <= (feeder.ampacity_a[k] / i_base) ** 2,  # (18)
            ]
            continue
        rows.append(cp.sum(z[own]) == 1)
        for c in own:
            r, x, off = choices.r_ohm[c] / z_base, choices.x_ohm[c] / z_base, big * (1 - z[c])
            drop_c = drop - 2 * (r * p[:, k] + x * q[:, k]) + (r**2 + x**2) * l[:, k]
            rows += [
                drop_c <= off, drop_c >= -off,  # (13)
                p_loss[:, k] - r * l[:, k] <= off, p_loss[:, k] - r * l[:, k] >= -off,  # (14)
                q_loss[:, k] - x * l[:, k] <= off, q_loss[:, k] - x * l[:, k] >= -off,  # (15)
                l[:, k] <= (choices.limit_a[c] / i_base) ** 2 + big * (1 - z[c]),  # (12)
            ]  # fmt: skip
    problem = cp.Problem(cp.Minimize(choices.cost_usd @ z / 1e4), rows)  # (19)
    problem.solve(solver="SCIP", scip_params={"limits/gap": 1e-7})
    return float(problem.value) * 1e4 if problem.status == cp.OPTIMAL else np.inf
