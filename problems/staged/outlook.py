"""Owns the outlook: which stage of development a feeder is in, and what its indicators say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from powerflow.solve import power_flow
from problems.core.assess import finite, required
from problems.staged.aging import equivalent_aging, life_lost_pct
from problems.staged.capacitor import beyond_capacitor_kvar
from problems.staged.case import Stage
from problems.staged.checks import HOURS
from problems.staged.development import (
    check_ratios,
    ev_stage,
    guideline,
    pv_stage,
    warnings,
)
from problems.staged.pool import flattest_kw
from problems.staged.scenarios import (
    Scenario,
    all_scenarios,
    hourly_loads,
    pv_available_kw,
    unmanaged_kw,
)
from problems.staged.studied import Studied

FloatArray = NDArray[np.float64]

MODES = ("uncoordinated", "time-of-use", "smart", "v2g")
EVENING = slice(18, 22)
"""Hours of the evening peak, 18 to 22 h (section 2.1 of the paper)."""

TOU_SHARE = 0.43
"""Share of vehicles that answer prices: cuts the evening peak by the paper's 30 %; derived."""

MANAGED_SHARE = 0.6
"""Share of vehicles that are managed, and discharge, in those modes (3.2.5): paper."""


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """Hold the stages, the warnings and the indicators of a feeder.

    Attributes
    ----------
    pv_stage : int
    ev_stage : str
    warnings : list of str
    indicators : dict
    day_kw : dict of str to (24,) float array
        Load and charging of the day with the highest evening, by mode; `without` has no vehicles.
    lowest_pu : dict of str to (n_bus,) float array
        Lowest voltage of each bus over the year, by mode, and `without` vehicles.
    """

    pv_stage: int
    ev_stage: str
    warnings: list[str]
    indicators: dict[str, Any]
    day_kw: dict[str, FloatArray]
    lowest_pu: dict[str, FloatArray]


@dataclass(frozen=True, slots=True, eq=False)
class _Year:
    """Hold the power flow of every hour of every scenario in one mode, axes (scenario, hour)."""

    substation_kw: FloatArray
    substation_kva: FloatArray
    v_low_pu: FloatArray
    v_high_pu: FloatArray
    v_pu: FloatArray


def outlook(
    study: Studied, pv_ratio: float, ev_penetration: float, *, peak_kw: float | None = None
) -> Outlook:
    """Place a feeder in its stages of development and compute the indicators of section 2.

    Vehicles number as in the data: in proportion to penetration and peak load, from the last
    stage. Nothing is invested and nothing curtailed. Smart charging and V2G are scheduled for the
    whole feeder by a linear program that makes its highest hour lowest.

    Parameters
    ----------
    study : Studied
    pv_ratio, ev_penetration : float
        Installed PV over peak load, and share of vehicles that are electric.
    peak_kw : float, optional
        Peak load without vehicles; that of the last stage by default.

    Raises
    ------
    SettingError
        If a ratio is out of range.
    """
    check_ratios(pv_ratio, ev_penetration)
    data = study.data
    last = data.stages[-1]
    peak_kw = last.peak_kw if peak_kw is None else peak_kw
    vehicles = last.ev_count / last.ev_penetration if last.ev_penetration else 0.0
    stage = replace(
        last,
        name="outlook",
        peak_kw=peak_kw,
        pv_kw=pv_ratio * peak_kw,
        ev_count=round(ev_penetration * vehicles * peak_kw / last.peak_kw),
        tou_share=0.0,
    )
    year = all_scenarios(data)
    weight = np.array([scenario.probability for scenario in year])
    ambient_c = np.array([scenario.ambient_c for scenario in year])
    rating_kva = 1000.0 * data.transformer_mva[0]
    without = _flows(study, replace(stage, ev_count=0), year, "uncoordinated")
    hardest = max(year, key=lambda s: float(s.load[EVENING].max()))
    base_peak_kw = float((hardest.load * peak_kw)[EVENING].max())
    end = int(np.argmin(without.v_pu.min(axis=(0, 1))))
    day_kw = {"without": hardest.load * peak_kw}
    lowest_pu = {"without": without.v_pu.min(axis=(0, 1))}
    base_aging = equivalent_aging(without.substation_kva / rating_kva, ambient_c, weight)
    modes = {}
    for mode in MODES:
        flows = _flows(study, stage, year, mode)
        factor = equivalent_aging(flows.substation_kva / rating_kva, ambient_c, weight)
        evening_kw = max(
            float(_net_demand_kw(study, stage, scenario, mode)[EVENING].max()) for scenario in year
        )
        lowest = lowest_pu[mode] = flows.v_pu.min(axis=(0, 1))
        day_kw[mode] = _net_demand_kw(study, stage, hardest, mode)
        modes[mode] = {
            "evening_peak_multiple": evening_kw / base_peak_kw,
            "v_min_pu": finite(flows.v_low_pu.min()),
            "v_max_pu": finite(flows.v_high_pu.max()),
            "feeder_end_low_pu": finite(flows.v_pu[..., end].min()),
            "feeder_end_high_pu": finite(flows.v_pu[..., end].max()),
            "undervoltage_buses": int((lowest < data.network.v_min_pu).sum()),
            "max_transformer_loading_pct": finite(100.0 * flows.substation_kva.max() / rating_kva),
            "reverse_power_h": 365.0 * float(weight @ (flows.substation_kw < 0.0).sum(axis=1)),
            "reverse_over_half_rating_h": 365.0
            * float(weight @ (flows.substation_kw < -0.5 * rating_kva).sum(axis=1)),
            "max_reverse_kw": max(0.0, -float(np.nanmin(flows.substation_kw))),
            "transformer_aging_factor": finite(factor),
            "transformer_life_lost_pct_per_year": finite(life_lost_pct(factor)),
            "aging_multiple_of_no_ev": finite(factor / base_aging),
        }
    advice = guideline(pv_ratio)
    indicators = {
        "peak_kw": peak_kw,
        "pv_kw": stage.pv_kw,
        "ev_count": stage.ev_count,
        "transformer_mva": data.transformer_mva[0],
        "feeder_end_bus": study.feeder.bus_id[end],
        "modes": modes,
        "guideline": {
            "storage_kw": None
            if advice.storage_share_of_pv is None
            else [share * stage.pv_kw for share in advice.storage_share_of_pv],
            "storage_h": advice.storage_h,
            "smart_share": advice.smart_share,
            "v2g_share": advice.v2g_share,
        },
    }
    return Outlook(
        pv_stage(pv_ratio),
        ev_stage(ev_penetration),
        warnings(pv_ratio, ev_penetration),
        indicators,
        day_kw,
        lowest_pu,
    )


def charging_kw(study: Studied, stage: Stage, scenario: Scenario, mode: str) -> FloatArray:
    """Return the charging of all vehicles by hour in a mode, (24,); negative where they feed in."""
    fleet = study.data.ev
    n = float(stage.ev_count)
    if mode in ("uncoordinated", "time-of-use"):
        share = TOU_SHARE if mode == "time-of-use" else 0.0
        return n * unmanaged_kw(study.data, replace(stage, tou_share=share))
    n_managed = MANAGED_SHARE * n
    unmanaged = (n - n_managed) * unmanaged_kw(study.data, stage)
    base_kw = (
        stage.peak_kw * scenario.load
        + unmanaged
        - pv_available_kw(study.data, stage, scenario).sum(axis=1)
    )
    n_two_way = n_managed if mode == "v2g" else 0.0
    return unmanaged + flattest_kw(fleet, base_kw, n_managed, n_two_way)


def _net_demand_kw(study: Studied, stage: Stage, scenario: Scenario, mode: str) -> FloatArray:
    """Return load plus charging, without PV: what the paper's multiples of the peak count."""
    return stage.peak_kw * scenario.load + charging_kw(study, stage, scenario, mode)


def _flows(study: Studied, stage: Stage, year: tuple[Scenario, ...], mode: str) -> _Year:
    feeder, data = study.feeder, study.data
    charging = [charging_kw(study, stage, scenario, mode) for scenario in year]
    p_kw, q_kvar = hourly_loads(feeder, data, stage, year, charging)
    found = power_flow(
        feeder,
        p_kw,
        q_kvar,
        outputs=("substation_kw", "substation_kvar", "v_min_pu", "v_max_pu", "v_pu"),
    )
    shape = (len(year), HOURS)
    supplied_kw = required(found.substation_kw)
    reactive_kvar = beyond_capacitor_kvar(
        required(found.substation_kvar), data.network.capacitor_kvar
    )
    return _Year(
        substation_kw=supplied_kw.reshape(shape),
        substation_kva=np.hypot(supplied_kw, reactive_kvar).reshape(shape),
        v_low_pu=required(found.v_min_pu).reshape(shape),
        v_high_pu=required(found.v_max_pu).reshape(shape),
        v_pu=required(found.v_pu).reshape(*shape, feeder.n_bus),
    )
