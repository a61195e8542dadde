"""Owns what storage cannot mend: the limits that need slack whatever is built."""

from __future__ import annotations

import numpy as np

from powerflow.units import i_base_a
from problems.coplan.choices import line_name
from problems.coplan.equipment import StorageTerms
from problems.coplan.plan import Conflict
from problems.coplan.scenario import Scenario
from problems.coplan.storage_model import Grid, storage_model

SLACK_TOL = 1e-5


def least_conflicts(scenario: Scenario, terms: StorageTerms, grid: Grid) -> list[Conflict] | None:
    """Return the limits that storage cannot keep, each place in its worst hour, worst first.

    They are those with slack where storage of any size makes the sum of all slack least.

    Returns
    -------
    list of Conflict or None
        Empty where storage can keep every limit; a collapse where even slack leaves no power flow;
        None where the solver proves neither, so that nothing is known.
    """
    import cvxpy as cp

    from problems.conic.solve import solve

    model = storage_model(scenario, terms, grid, soft=("ampacity", "voltage_floor"))
    slack = model.dispatch.slack
    outcome = solve(cp.Problem(cp.Minimize(sum(cp.sum(s) for s in slack.values())), model.rows))
    if outcome.status == "infeasible":
        return [Conflict("collapse", scenario.feeder.bus_id[1], 0, None)]
    is_least = outcome.status in ("optimal", "gap_limit")
    if not outcome.has_solution or not (is_least or (outcome.bound or 0.0) > SLACK_TOL):
        return None
    feeder = scenario.feeder
    found: list[Conflict] = []
    if "ampacity" in slack:
        limit = grid.ampacity_a[1:][np.isfinite(grid.ampacity_a[1:])]
        lines = 1 + np.flatnonzero(np.isfinite(grid.ampacity_a[1:]))
        room = np.maximum(slack["ampacity"].value, 0.0) * i_base_a(feeder.base_kv) ** 2
        over_a = np.sqrt(limit**2 + room) - limit
        for column, k in enumerate(lines.tolist()):
            hour = int(np.argmax(over_a[:, column]))
            if over_a[hour, column] > SLACK_TOL * limit[column] * 100.0:
                where = line_name(feeder, k)
                found.append(Conflict("ampacity", where, hour, float(over_a[hour, column])))
    room = np.maximum(slack["voltage_floor"].value, 0.0)
    under_pu = scenario.v_min_pu - np.sqrt(np.maximum(scenario.v_min_pu**2 - room, 0.0))
    for k in range(1, feeder.n_bus):
        hour = int(np.argmax(under_pu[:, k - 1]))
        if under_pu[hour, k - 1] > SLACK_TOL:
            amount = float(under_pu[hour, k - 1])
            found.append(Conflict("voltage", feeder.bus_id[k], hour, amount))
    return sorted(found, key=lambda conflict: (conflict.limit, -(conflict.amount or 0.0)))
