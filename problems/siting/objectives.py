"""Owns the siting problem of several objectives: money, voltage and access, and their anchors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heuristics.problem import Evaluation
from powerflow import power_flow
from powerflow.checks import nearest
from problems.core import money
from problems.core.access import station_access
from problems.core.assess import Assessment, base_loads, required
from problems.core.errors import SettingError
from problems.core.land import land_of
from problems.core.plan import Plan
from problems.core.voltage import voltage_deviation
from problems.core.years import study_states
from problems.siting.problem import SitingProblem, check_access

FloatArray = NDArray[np.float64]
Objective: TypeAlias = Literal["npv", "voltage", "access"]

VOLTAGES_AT_ONCE = 2_000_000
"""Bus voltages held in memory at a time, 16 MB."""


class SitingObjectives:
    """Search the candidates of a siting problem for the fronts of several objectives.

    Objectives, all minimized: "npv" is the negated net present value in the currency of the prices,
    "voltage" the mean voltage deviation in p.u. (`voltage_deviation`), "access" the demand-weighted
    mean distance to the nearest station in km or ohm (`station_access`). Candidates and constraints
    are those of the siting problem.

    Parameters
    ----------
    siting : SitingProblem
        What may be sited, where, and under which limits.
    objectives : sequence of {"npv", "voltage", "access"}
        At least two, each once, in the order of the columns.

    Raises
    ------
    SettingError
        If an objective is unknown, named twice, alone, or is access without stations.
    ContentError
        If an objective is access on a feeder without demand.
    """

    def __init__(self, siting: SitingProblem, objectives: Sequence[str]) -> None:
        self.siting = siting
        self.objectives = tuple(_known(name) for name in objectives)
        if len(set(self.objectives)) < len(self.objectives) or len(self.objectives) < 2:
            raise SettingError(
                f"objectives must be at least two of {', '.join(get_args(Objective))}, each once, "
                f"not {', '.join(self.objectives) or 'none'}"
            )
        if "access" in self.objectives:
            check_access(siting, "access")
        self.space = siting.space
        self.n_obj = len(self.objectives)
        self.n_con = siting.n_con
        self._study = study_states(siting.instance.conditions)

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Return objectives and constraints of each candidate.

        Parameters
        ----------
        x : (n, n_var) float array
            Candidates of the space, repaired.

        Returns
        -------
        Evaluation
            `f` is (n, n_obj) in the order of the objectives, infinite where a load state has no
            power flow solution; `g` is that of the siting problem.
        """
        alone = self.siting.evaluate(x)
        columns = {"npv": alone.f[:, 0]}
        if "voltage" in self.objectives:
            columns["voltage"] = self._voltage_deviation(x)
        if "access" in self.objectives:
            station_bus = self.siting.serving_buses(x)
            columns["access"] = station_access(self.siting.instance.feeder, station_bus).access
        f = np.column_stack([columns[name] for name in self.objectives])
        f[~(np.isfinite(f).all(axis=1) & np.isfinite(alone.f[:, 0]))] = np.inf
        return Evaluation(f=f, g=alone.g)

    def plan(self, x: ArrayLike) -> Plan:
        """Return the plan that candidate `x`, (n_var,), stands for."""
        return self.siting.plan(x)

    def figures(self, assessment: Assessment) -> tuple[float | None, ...]:
        """Return an assessed plan's figure for each objective, its NPV not negated."""
        figure = {
            "npv": assessment.npv,
            "voltage": assessment.voltage_deviation_pu,
            "access": assessment.access,
        }
        return tuple(figure[name] for name in self.objectives)

    def anchors(self) -> tuple[FloatArray, FloatArray]:
        """Return the ideal and the reference point that hypervolumes are measured between.

        Both follow from the problem alone, so that hypervolumes of different searches compare. The
        ideal has no losses at the least investment, no voltage deviation and charging at every bus.
        The reference has twice the losses of the feeder without stations and banks at the greatest
        investment, twice its voltage deviation, and the access of one station at the worst bus.

        Returns
        -------
        ideal, reference : (n_obj,) float array
            In the order of the objectives; the NPV is not negated.
        """
        instance, equipment = self.siting.instance, self.siting.equipment
        conditions = instance.conditions
        base_p_kw, base_q_kvar = base_loads(instance)
        outputs = ("v_pu", "loss_kw")
        flow = power_flow(
            instance.feeder, base_p_kw, base_q_kvar, sweeps=conditions.sweeps, outputs=outputs
        )
        lost_kwh = float(self._study.worth_hours @ required(flow.loss_kw))
        deviation = float(voltage_deviation(required(flow.v_pu)[None], self._study.hours)[0])
        alone = equipment.candidate_buses(instance.feeder)[:, None]
        least_banks = equipment.capacitors if equipment.bank_rule == "exactly" else 0
        best = {
            "npv": self._npv(lost_kwh, least_banks, equipment.kvar_min, is_dear=False),
            "voltage": 0.0,
            "access": 0.0,
        }
        worst = {
            "npv": self._npv(-lost_kwh, equipment.capacitors, equipment.kvar_largest, is_dear=True),
            "voltage": 2.0 * deviation,
            "access": float(station_access(instance.feeder, alone).access.max()),
        }
        ideal, reference = (
            np.array([point[name] for name in self.objectives]) for point in (best, worst)
        )
        return ideal, reference

    def _npv(self, saved_kwh_per_year: float, n_banks: int, kvar: float, *, is_dear: bool) -> float:
        """Return the NPV of all stations and `n_banks` banks of `kvar`, on dear land or not."""
        conditions, equipment = self.siting.instance.conditions, self.siting.equipment
        stations, banks = float(equipment.stations), float(n_banks)
        prices = conditions.prices
        return money.net_present_value(
            prices,
            conditions.horizon.years,
            conditions.money_rule,
            saved_kwh_per_year,
            money.yearly_upkeep(prices, stations, banks),
            money.investment(prices, stations, stations * equipment.station_kw, banks, banks * kvar)
            + self._land(n_banks, is_dear),
        )

    def _land(self, n_banks: int, is_dear: bool) -> float:
        """Return what the dearest or the cheapest sites cost together."""
        instance, equipment = self.siting.instance, self.siting.equipment
        station, bank = land_of(instance.conditions.bus_costs, instance.feeder)
        places = equipment.candidate_buses(instance.feeder)
        at = [instance.feeder.bus_index(label) for label in equipment.station_buses]
        order = -1 if is_dear else 1
        of_stations = np.sort(station[at or places])[::order][: equipment.stations]
        return float(of_stations.sum() + np.sort(bank[places])[::order][:n_banks].sum())

    def _voltage_deviation(self, x: FloatArray) -> FloatArray:
        """Return the voltage deviation of each candidate; few enough at a time for the memory."""
        instance = self.siting.instance
        n_state, n_bus = len(self._study.hours), instance.feeder.n_bus
        at_once = max(1, VOLTAGES_AT_ONCE // (n_state * n_bus))
        deviation = np.empty(len(x))
        for first in range(0, len(x), at_once):
            chunk = slice(first, first + at_once)
            p_kw, q_kvar = self.siting.loads(x[chunk])
            flow = power_flow(
                instance.feeder,
                p_kw.reshape(-1, n_bus),
                q_kvar.reshape(-1, n_bus),
                sweeps=instance.conditions.sweeps,
                outputs=("v_pu",),
            )
            v_pu = required(flow.v_pu).reshape(-1, n_state, n_bus)
            deviation[chunk] = voltage_deviation(v_pu, self._study.hours)
        return deviation


def _known(name: str) -> Objective:
    """Return `name` if it is an objective, else raise SettingError naming all."""
    for known in get_args(Objective):
        if name == known:
            return known  # type: ignore[no-any-return]
    raise SettingError(
        f"objective must be one of {', '.join(get_args(Objective))}, not '{name}'"
        f"{nearest(name, get_args(Objective))}"
    )
