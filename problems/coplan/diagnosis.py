"""Owns violation detection and quantification (VDQ): loading, overloads, undervoltage, collapse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from powerflow.feeder import Feeder
from powerflow.solve import power_flow
from problems.core.assess import required

FloatArray = NDArray[np.float64]
V_MIN_PU = 0.95
VIOLATION_TOL_PCT = 1e-4
"""Excess of a loading in percent points that the power flow's tolerance may cause."""

V_TOL_PU = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosis:
    """Hold what a power flow says of each case; a case without solution has collapsed.

    Attributes
    ----------
    feeder : Feeder
    v_min_limit_pu : float
        Voltages below it are violations.
    collapsed : (n_case,) bool array
    loading_pct : (n_case, n_bus) float array
        Current over ampacity of the branch into each bus  # (9); NaN where the ampacity is unknown,
        in column 0 and in collapsed cases.
    i_a, v_pu : (n_case, n_bus) float array
    """

    feeder: Feeder
    v_min_limit_pu: float
    collapsed: NDArray[np.bool_]
    loading_pct: FloatArray
    i_a: FloatArray
    v_pu: FloatArray

    @property
    def overloaded(self) -> NDArray[np.bool_]:
        """Branches above their ampacity, (n_case, n_bus)."""
        return self.loading_pct > 100.0 + VIOLATION_TOL_PCT

    @property
    def undervoltage(self) -> NDArray[np.bool_]:
        """Buses below the floor, (n_case, n_bus); the source is no violation."""
        low = self.v_pu < self.v_min_limit_pu - V_TOL_PU
        low[:, 0] = False
        return low

    @property
    def violation_pct(self) -> FloatArray:
        """Excess over the ampacity in percent  # (10), (n_case, n_bus); NaN without violation."""
        return np.where(self.overloaded, self.loading_pct - 100.0, np.nan)

    @property
    def line_violations(self) -> NDArray[np.int64]:
        """Number of overloaded branches of each case."""
        count: NDArray[np.int64] = np.count_nonzero(self.overloaded, axis=1)
        return count

    @property
    def undervoltage_buses(self) -> NDArray[np.int64]:
        """Number of buses below the floor of each case."""
        count: NDArray[np.int64] = np.count_nonzero(self.undervoltage, axis=1)
        return count

    @property
    def is_safe(self) -> NDArray[np.bool_]:
        """Cases without any violation."""
        return ~(self.collapsed | self.overloaded.any(axis=1) | self.undervoltage.any(axis=1))

    def over_branches(self, how: str) -> FloatArray:
        """Return min, max or mean of the loading of each case; NaN where it has none."""
        known = np.isfinite(self.feeder.ampacity_a)
        if not known.any():
            return np.full(len(self.collapsed), np.nan)
        figure: FloatArray = getattr(np, how)(self.loading_pct[:, known], axis=1)
        return figure


@dataclass(frozen=True, slots=True)
class DayFigures:
    """Hold the figures of several hours or draws taken as one case; None where there are none.

    Parameters
    ----------
    max_loading_pct, v_min_pu : float or None
        Worst of all hours.
    mean_loading_pct : float or None
        Mean over the branches in the hour with the greatest loading.
    line_violations, undervoltage_buses : int or None
        Branches and buses that violate in any hour.
    collapsed : bool
        No power flow in some hour.
    """

    max_loading_pct: float | None
    mean_loading_pct: float | None
    line_violations: int | None
    undervoltage_buses: int | None
    v_min_pu: float | None
    collapsed: bool


def day_figures(found: Diagnosis) -> DayFigures:
    """Return the figures of all cases of a diagnosis taken as the hours of one day."""
    if found.collapsed.any():
        return DayFigures(None, None, None, None, None, True)
    most, mean = found.over_branches("max"), found.over_branches("mean")
    has_ampacity = bool(np.isfinite(most).all())
    worst = int(np.argmax(most)) if has_ampacity else 0
    return DayFigures(
        float(most[worst]) if has_ampacity else None,
        float(mean[worst]) if has_ampacity else None,
        int(found.overloaded.any(axis=0).sum()) if has_ampacity else None,
        int(found.undervoltage.any(axis=0).sum()),
        float(found.v_pu.min()),
        False,
    )


def diagnose(
    feeder: Feeder,
    p_kw: ArrayLike,
    q_kvar: ArrayLike,
    *,
    v_source_pu: ArrayLike | None = None,
    base_kv: ArrayLike | None = None,
    r_ohm: ArrayLike | None = None,
    x_ohm: ArrayLike | None = None,
    v_min_pu: float = V_MIN_PU,
) -> Diagnosis:
    """Diagnose a batch of cases in one power flow.

    The minimum of the losses (1) under the relaxed branch flow (2)-(8) is the power flow, for
    loads that consume; no optimizer is needed.

    Parameters
    ----------
    feeder : Feeder
    p_kw, q_kvar, v_source_pu, base_kv, r_ohm, x_ohm
        As `powerflow.power_flow` takes them: one row for all cases, or one a case.
    v_min_pu : float
        Floor of the voltages.
    """
    result = power_flow(
        feeder, p_kw, q_kvar, v_source_pu=v_source_pu, base_kv=base_kv, r_ohm=r_ohm, x_ohm=x_ohm,
        outputs=("v_pu", "i_a", "loading_pct"),
    )  # fmt: skip
    return Diagnosis(
        feeder,
        v_min_pu,
        ~result.converged,
        required(result.loading_pct),
        required(result.i_a),
        required(result.v_pu),
    )
