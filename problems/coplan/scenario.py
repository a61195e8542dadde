"""Owns the scenario that is diagnosed and planned for: a feeder's hours with their EVs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from problems.coplan.day import Day, day_of, peak_hour
from problems.coplan.diagnosis import V_MIN_PU, Diagnosis, diagnose
from problems.coplan.vehicles import (
    Cases,
    counts_of,
    customer_orders,
    ev_kvar_per_kw,
    kvar_per_kw,
    paper_cases,
    paper_count,
    proportional_count,
)
from problems.core.errors import SettingError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """Hold loads with EVs over the hours, and the limits; the feeder has the base voltage asked.

    Attributes
    ----------
    feeder : Feeder
    p_kw, q_kvar : (n_hour, n_bus) float array
        Loads, EVs included.
    v_source_pu : (n_hour,) float array
    v_min_pu, v_max_pu : float
        Voltage band.
    relaxed_a : (n_bus,) float array
        Relaxed current of the branch into each bus: the greatest of the unreinforced feeder,
        limits ignored; NaN where the power flow has no solution.
    source : str
        Where the loads come from, in words.
    """

    feeder: Feeder
    p_kw: FloatArray
    q_kvar: FloatArray
    v_source_pu: FloatArray
    v_min_pu: float
    v_max_pu: float
    relaxed_a: FloatArray
    source: str

    @property
    def n_hour(self) -> int:
        """Number of hours."""
        return len(self.v_source_pu)

    def diagnose(
        self, r_ohm: FloatArray | None = None, x_ohm: FloatArray | None = None
    ) -> Diagnosis:
        """Diagnose every hour, one case each."""
        return diagnose(
            self.feeder, self.p_kw, self.q_kvar, v_source_pu=self.v_source_pu,
            r_ohm=r_ohm, x_ohm=x_ohm, v_min_pu=self.v_min_pu,
        )  # fmt: skip


def at_base_kv(feeder: Feeder, base_kv: float | None) -> Feeder:
    """Return the feeder at another base voltage; ohms, amperes and kW stay what they are."""
    if base_kv is None:
        return feeder
    if not 0.0 < base_kv < float("inf"):
        raise SettingError(f"base voltage must be positive, not {base_kv}")
    return replace(feeder, base_kv=base_kv)


def peak_loads(
    feeder: Feeder, charger_kw: float, adoption_pct: float, cases: Cases
) -> tuple[FloatArray, FloatArray]:
    """Return the loads of the peak hour with EVs at full power, (n_bus,) each.

    The paper's cases put the published power factor of the adoption on the whole load of a bus;
    the others keep the feeder's reactive load and put `ev_kvar_per_kw` on the EVs.
    """
    count = ev_count(feeder, adoption_pct, cases)
    p_kw = feeder.p_kw + charger_kw * count
    published = paper_cases(feeder)
    if cases == "paper" and published is not None:
        return p_kw, p_kw * kvar_per_kw(published.power_factor[int(adoption_pct)])
    return p_kw, feeder.q_kvar + charger_kw * count * ev_kvar_per_kw(feeder)


def ev_count(feeder: Feeder, adoption_pct: float, cases: Cases) -> FloatArray:
    """Return the EVs at each bus, (n_bus,); no EVs at 0 % on any feeder."""
    if not 0.0 <= adoption_pct <= 100.0:
        raise SettingError(f"adoption must be from 0 to 100 %, not {adoption_pct:g}")
    if cases == "paper":
        return paper_count(feeder, adoption_pct)
    if adoption_pct == 0.0:
        return np.zeros(feeder.n_bus)
    return proportional_count(feeder, adoption_pct)


def make_scenario(
    feeder: Feeder,
    *,
    charger_kw: float,
    adoption_pct: float,
    cases: Cases,
    is_day: bool,
    day_file: Path | None = None,
    v_min_pu: float = V_MIN_PU,
    v_max_pu: float = 1.05,
    source_pu: float | None = None,
) -> Scenario:
    """Return the scenario of one placement of EVs, every EV at full power in every hour.

    Over a day the relaxed currents are those of the peak hour or of the day, whichever is more.

    Parameters
    ----------
    feeder : Feeder
        At its base voltage.
    charger_kw, adoption_pct : float
    cases : {"paper", "proportional"}
    is_day : bool
        The whole day, or the peak hour alone.
    day_file : Path, optional
        Loads without EVs by hour, as `problems.coplan.day.read_day` reads.
    source_pu : float, optional
        Voltage of the source in every hour, instead of the feeder's and the day's own.
    """
    if source_pu is not None:
        feeder = replace(feeder, v_source_pu=source_pu)
    peak_p_kw, peak_q_kvar = peak_loads(feeder, charger_kw, adoption_pct, cases)
    peak = peak_hour(feeder)
    relaxed_a = diagnose(feeder, peak_p_kw, peak_q_kvar).i_a[0]
    if not is_day:
        return Scenario(
            feeder, peak_p_kw[None], peak_q_kvar[None], peak.v_source_pu, v_min_pu, v_max_pu,
            relaxed_a, peak.source,
        )  # fmt: skip
    day = day_of(feeder, day_file)
    if source_pu is not None:
        day = replace(day, v_source_pu=np.full(day.n_hour, source_pu))
    ev_kw = charger_kw * ev_count(feeder, adoption_pct, cases)
    scenario = on_day(feeder, day, ev_kw[None], v_min_pu, v_max_pu)
    if day_file is not None:
        return scenario
    return replace(scenario, relaxed_a=np.fmax(relaxed_a, scenario.relaxed_a))


def draw_loads(
    feeder: Feeder, charger_kw: float, adoption_pct: float, seed: int, n_draw: int
) -> tuple[FloatArray, FloatArray]:
    """Return the loads of the peak hour with whole EVs drawn at customers, (n_draw, n_bus) each."""
    orders = customer_orders(feeder, seed, n_draw)
    ev_kw = charger_kw * counts_of(orders, adoption_pct, feeder.n_bus)
    return feeder.p_kw + ev_kw, feeder.q_kvar + ev_kw * ev_kvar_per_kw(feeder)


def on_day(
    feeder: Feeder,
    day: Day,
    ev_kw: FloatArray,
    v_min_pu: float = V_MIN_PU,
    v_max_pu: float = 1.05,
) -> Scenario:
    """Return a day with EVs that draw `ev_kw`, (n_hour, n_bus) or (1, n_bus)."""
    p_kw = day.p_kw + ev_kw
    q_kvar = day.q_kvar + ev_kw * ev_kvar_per_kw(feeder)
    found = diagnose(feeder, p_kw, q_kvar, v_source_pu=day.v_source_pu)
    return Scenario(
        feeder, p_kw, q_kvar, day.v_source_pu, v_min_pu, v_max_pu,
        found.i_a.max(axis=0), day.source,
    )  # fmt: skip
