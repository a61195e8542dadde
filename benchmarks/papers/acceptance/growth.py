"""Owns the mean growth of capacity between scenarios, in both readings of the word mean."""

from __future__ import annotations

import numpy as np

from benchmarks.papers.acceptance.cases import Capacities

READINGS = ("mean of ratios", "ratio of means")
MORE = {"ESS": (3, 7), "SVG": (2, 6), "PV": (4, 8)}
"""Scenario with more of each unit, against 1 (4 MW) and against 5 (6 MW)."""

BASES = (1, 5)


def mean_growth_pct(found: Capacities, base: int, more: int, kind: int, reading: str) -> float:
    """Return the mean growth in percent over the buses that have both capacities."""
    before, after = found.kw(base, kind), found.kw(more, kind)
    both = np.isfinite(before) & np.isfinite(after)
    before, after = before[both], after[both]
    if reading == "mean of ratios":
        return float(100.0 * (after / before - 1.0).mean())
    return float(100.0 * (after.mean() / before.mean() - 1.0))


def growth_by_unit(found: Capacities, table: int, kind: int, reading: str) -> dict[str, float]:
    """Return the growth with each unit; table 0 is the 4 MW one, table 1 the 6 MW one."""
    return {
        unit: mean_growth_pct(found, BASES[table], scenarios[table], kind, reading)
        for unit, scenarios in MORE.items()
        if (scenarios[table], kind) in found.found
    }
