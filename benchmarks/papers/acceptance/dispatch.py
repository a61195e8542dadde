"""Owns Figures 6 and 7: the dispatch of scenario 1 without charging, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from benchmarks.papers.acceptance.cases import Courses, study
from benchmarks.papers.acceptance.patterns import Claim
from problems.conic.devices import Costs
from problems.conic.direct import solve_directly
from problems.conic.solution import Solution

COSTS = Costs(loss_per_kwh=1.0, loss_per_kvarh=1.0, throughput_per_kwh=1e-4)
"""The loss term of equation (8)."""

LEAST_KW = 5.0
"""Power that counts as charging or discharging."""


def without_charging(courses: Courses) -> Solution | None:
    """Return the dispatch of least losses."""
    case = replace(study(courses, 1, 1).case(), sized=())
    return solve_directly(case, COSTS)[1]


def dispatch_claims(found: Solution | None) -> Iterator[Claim]:
    """Yield what the text says of Figures 6 and 7."""
    if found is None:
        return
    sun = np.array(found.case.pv[0].available_kw) > 0.0
    peak_h = int(np.argmax(found.case.pv[0].available_kw))
    for k, unit in enumerate(found.case.storage):
        charge = found.charge_kw[:, k]
        when = [hour for hour in range(found.case.n_hour) if charge[hour] > LEAST_KW]
        words = f"charges in hours {when}" if when else "does not charge"
        if unit.bus == "33":
            claim = "ESS 4 (bus 33) charges when PV is at its peak"
            holds = any(abs(hour - peak_h) <= 1 for hour in when)
        else:
            claim = f"ESS {k + 1} (bus {unit.bus}) charges in the early morning"
            holds = bool(when) and all(hour < 8 for hour in when)
        yield Claim("Figure 6", claim, "no charging", holds, words)
    out = found.discharge_kw.sum(axis=1)
    hours = [hour for hour in range(found.case.n_hour) if out[hour] > LEAST_KW]
    last = bool(hours) and min(hours) >= 14 and not sun[max(hours)]
    yield Claim(
        "Figure 6", "ESS discharge in the final hours of the peak", "no charging", last,
        f"discharge in hours {hours}",
    )  # fmt: skip
    v = found.v_pu[:, 1:]
    yield Claim(
        "Figure 7", "voltages stay within the limits", "no charging", found.is_exact,
        f"from {v.min():.4f} to {v.max():.4f} p.u.",
    )  # fmt: skip
