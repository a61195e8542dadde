"""Owns the sanity report of a base case: what looks like a slip of units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder

V_LOW_PU = 0.8
LOSS_HIGH = 0.2
V_DROP_LOW_PU = 3e-4
LOADING_HIGH_PCT = 500.0


def base_case_warnings(
    feeder: Feeder, voltage_factor: NDArray[np.float64] | None = None
) -> tuple[str, ...]:
    """Return what looks wrong in the base case, in words; nothing for a plausible feeder.

    Loads a thousand times too large (kW read as MW) leave no solution, a voltage below 0.8 p.u. or
    losses above 20 % of the load; loads a thousand times too small (MW read as kW) leave a voltage
    drop below 0.0003 p.u. In both cases the report says whether a factor of 1000 would be
    plausible. The limits are chosen, not taken from a standard.

    Parameters
    ----------
    feeder : Feeder
    voltage_factor : (n_bus,) float array, optional
        True voltage of each bus over the feeder's, behind taps; 1 by default.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> from powerflow import load_feeder
    >>> base_case_warnings(load_feeder("ieee33"))
    ()
    """
    load_kw = float(feeder.p_kw.sum())
    if not feeder.p_kw.any() and not feeder.q_kvar.any():
        return ("no bus has a load",)
    factor = np.ones(feeder.n_bus) if voltage_factor is None else voltage_factor
    figures = _figures(feeder, factor, (1.0, 1e-3, 1e3))
    warnings = []
    words = _too_much(*figures[0])
    if words:
        hint = "check the units of loads, impedances and base voltage"
        if not _too_much(*figures[1]) and figures[1][2] > V_DROP_LOW_PU:
            hint = "a thousandth of the loads would be plausible: kW read as MW?"
        warnings.append(f"base case, {load_kw:,.6g} kW at {feeder.base_kv:g} kV: {words}; {hint}")
    elif figures[0][2] < V_DROP_LOW_PU and not _too_much(*figures[2]):
        warnings.append(
            f"base case, {load_kw:,.6g} kW at {feeder.base_kv:g} kV: the voltage drops by "
            f"{figures[0][2]:.2g} p.u. only; a thousand times the loads would be plausible: "
            "MW read as kW, or impedances in another unit?"
        )
    if feeder.has_ampacity and not words and figures[0][3] > LOADING_HIGH_PCT:
        warnings.append(
            f"base case: a branch is loaded to {figures[0][3]:,.0f} % of its ampacity; check the "
            "units of ampacities and loads"
        )
    return tuple(warnings)


def _figures(
    feeder: Feeder, voltage_factor: NDArray[np.float64], scales: Sequence[float]
) -> list[tuple[float, float, float, float]]:
    """Return lowest voltage, loss share, voltage drop and loading of the loads times each scale."""
    from powerflow.solve import power_flow

    scale = np.array(scales)
    flow = power_flow(
        feeder,
        np.outer(scale, feeder.p_kw),
        np.outer(scale, feeder.q_kvar),
        outputs=("v_pu", "loss_kw", "max_loading_pct"),
    )
    assert flow.v_pu is not None
    assert flow.loss_kw is not None
    assert flow.max_loading_pct is not None
    load_kva = scale * float(np.hypot(feeder.p_kw, feeder.q_kvar).sum())
    drop_pu = np.abs(flow.v_pu - feeder.v_source_pu).max(axis=1)
    v_pu = (flow.v_pu * voltage_factor).min(axis=1) / (feeder.v_source_pu * voltage_factor[0])
    loss_share = flow.loss_kw / load_kva
    return [
        (float(v_pu[k]), float(loss_share[k]), float(drop_pu[k]), float(flow.max_loading_pct[k]))
        for k in range(len(scale))
    ]


def _too_much(v_pu: float, loss_share: float, drop_pu: float, loading_pct: float) -> str:
    if not np.isfinite(v_pu):
        return "the power flow has no solution"
    if v_pu < V_LOW_PU:
        return f"the voltage falls to {v_pu:.3f} of the source's"
    if loss_share > LOSS_HIGH:
        return f"losses are {100.0 * loss_share:.0f} % of the load"
    return ""
