"""Owns the siting problem: from a row of numbers to the money and the limits of a plan."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heuristics.problem import Evaluation, Solved
from powerflow import power_flow, score
from powerflow.jit import kernel
from problems.core import money
from problems.core.access import demand_weights, station_access
from problems.core.assess import asset_bus, base_loads, budget_excess, required
from problems.core.equipment import Asset
from problems.core.errors import ContentError, SettingError
from problems.core.instance import Instance
from problems.core.land import land_of
from problems.core.plan import Plan
from problems.core.years import study_states
from problems.siting.coding import SitingCode
from problems.siting.equipment import SitingEquipment
from problems.siting.local_build import make_siting_model
from problems.siting.local_model import SitingModel
from problems.siting.local_task import SitingTask

FloatArray = NDArray[np.float64]

SOLVE_GAP = 1e-4
SOLVE_LIMIT_S = 120.0


class SitingProblem:
    """Search the buses of stations and capacitor banks and the banks' sizes for the greatest NPV.

    A candidate is a row that `SitingCode` reads. The objective is the negated net present value in
    the currency of the prices; the constraints are the excess over each limit of operation, the
    worst load state counting, then over each limit on the stations' places, then over the budget,
    all per unit of the limit. The whole batch is one power flow.

    Parameters
    ----------
    instance : Instance
        Feeder and conditions.
    equipment : SitingEquipment
        What may be placed.

    Raises
    ------
    ContentError
        If a bus is unknown, there are too few candidate buses, the feeder without new stations and
        banks has no power flow solution, stations that stand already are too near to each other, or
        coverage is limited on a feeder without demand.
    SettingError
        If there is nothing to site, or coverage is limited and there are no stations.
    """

    n_obj = 1

    def __init__(self, instance: Instance, equipment: SitingEquipment) -> None:
        self.instance = instance
        self.equipment = equipment
        feeder, conditions = instance.feeder, instance.conditions
        self._code = SitingCode(feeder, equipment)
        self.space = self._code.space
        study = study_states(conditions)
        states = study.states
        self._hours = study.worth_hours
        self._station_factor = np.array([state.station_factor for state in states])
        self._station_p_kw = instance.station_demand_kw(equipment.station_kw) * self._station_factor
        self._land = land_of(conditions.bus_costs, feeder)
        existing = conditions.existing or ()
        self._existing_stations = np.array(
            [asset_bus(asset, instance) for asset in existing if asset.kind == "station"],
            dtype=np.int64,
        )
        self._base_p_kw, self._base_q_kvar = base_loads(instance)
        base = power_flow(
            feeder,
            self._base_p_kw,
            self._base_q_kvar,
            sweeps=conditions.sweeps,
            outputs=("loss_kw",),
        )
        self._base_loss_kw = required(base.loss_kw)
        if not np.isfinite(self._base_loss_kw).all():
            state = states[int(np.argmin(np.isfinite(self._base_loss_kw)))]
            raise ContentError(
                f"feeder {feeder.name}: no power flow solution in load state '{state.name}' even "
                "without new stations and banks"
            )
        self.n_con = len(conditions.limits.names(feeder.has_ampacity))
        self._station_limits = conditions.station_limits
        if self._station_limits is not None:
            self.n_con += len(self._station_limits.names())
            if self._station_limits.coverage is not None:
                check_access(self, "coverage")
            alone = station_access(feeder, self._existing_stations[np.newaxis])
            if self._station_limits.excess(alone.spacing, np.zeros(1)).max() > 0.0:
                raise ContentError("existing: stations stand nearer to each other than min spacing")
        self.n_con += conditions.budget is not None

    def evaluate(self, x: FloatArray) -> Evaluation:
        """Return objective and constraints of each candidate.

        Parameters
        ----------
        x : (n, n_var) float array
            Candidates of the space, repaired.

        Returns
        -------
        Evaluation
            `f` is (n, 1), infinite where a load state has no power flow solution; `g` is
            (n, n_con) in the order of `Limits.names`, then of `StationLimits.names`.
        """
        conditions = self.instance.conditions
        bus, kvar = self._code.devices(x)
        rated_kw = self._code.station_kw(x)
        n_stations = rated_kw.shape[1]
        device_p_kw = np.zeros((len(rated_kw), len(self._hours), bus.shape[1]))
        device_p_kw[:, :, :n_stations] = self._demand_kw(rated_kw)
        device_q_kvar = np.zeros((len(x), 1, bus.shape[1]))
        device_q_kvar[:, 0, n_stations:] = -kvar
        scored = score(
            self.instance.feeder,
            bus,
            device_p_kw,
            device_q_kvar,
            base_p_kw=self._base_p_kw,
            base_q_kvar=self._base_q_kvar,
            sweeps=conditions.sweeps,
        )
        invested = self.invested(x)
        npv = money.net_present_value(
            conditions.prices,
            conditions.horizon.years,
            conditions.money_rule,
            weighted_sum(self._base_loss_kw - scored.loss_kw, self._hours),
            money.yearly_upkeep(
                conditions.prices, np.full(len(x), float(n_stations)), _count(kvar)
            ),
            invested,
        )
        loading = scored.max_loading_pct.max(axis=1) if self.instance.feeder.has_ampacity else None
        g = [
            conditions.limits.excess(
                scored.v_min_pu.min(axis=1), scored.v_max_pu.max(axis=1), loading
            )
        ]
        if self._station_limits is not None:
            reached = station_access(self.instance.feeder, self.serving_buses(x))
            g.append(self._station_limits.excess(reached.spacing, reached.coverage))
        if conditions.budget is not None:
            g.append(budget_excess(invested, conditions.budget)[:, np.newaxis])
        return Evaluation(f=np.where(np.isfinite(npv), -npv, np.inf)[:, None], g=np.column_stack(g))

    def invested(self, x: FloatArray) -> FloatArray:
        """Return the investment of each candidate, (n,), land included."""
        bus, kvar = self._code.devices(x)
        rated_kw = self._code.station_kw(x)
        n_stations = rated_kw.shape[1]
        land_station, land_bank = self._land
        amounts: FloatArray = money.investment(
            self.instance.conditions.prices,
            np.full(len(x), float(n_stations)),
            np.broadcast_to(rated_kw.sum(axis=1), len(x)),
            _count(kvar),
            kvar.sum(axis=1),
        )
        if not (land_station.any() or land_bank.any()):
            return amounts
        amounts += land_station[bus[:, :n_stations]].sum(axis=1)
        amounts += np.where(kvar > 0.0, land_bank[bus[:, n_stations:]], 0.0).sum(axis=1)
        return amounts

    def serving_buses(self, x: FloatArray) -> NDArray[np.int64]:
        """Return the buses of all stations of each candidate, those that stand already first."""
        bus, kvar = self._code.devices(x)
        there = self._existing_stations
        standing = np.broadcast_to(there, (len(x), len(there)))
        return np.concatenate([standing, bus[:, : bus.shape[1] - kvar.shape[1]]], axis=1)

    def _demand_kw(self, rated_kw: FloatArray) -> FloatArray:
        """Return what stations of these ratings, (n, n_station), draw: (n, n_state, n_station)."""
        if not self.equipment.has_sized_stations:
            return np.broadcast_to(
                self._station_p_kw[:, np.newaxis], (1, len(self._hours), rated_kw.shape[1])
            )
        per_kw = self.instance.station_demand_kw(1.0) * self._station_factor
        return per_kw[:, np.newaxis] * rated_kw[:, np.newaxis, :]

    def check_local_model(self) -> None:
        """Raise SettingError if the settings have no local model, whatever the candidate."""
        if self.instance.conditions.sweeps is not None:
            raise SettingError("a local model needs a converged power flow: leave out sweeps")
        if self.equipment.has_sized_stations:
            raise SettingError(
                "a local model needs stations of one rating: leave out station kw min and max"
            )

    def local_model(self, x: FloatArray) -> SitingModel | None:
        """Return the second-order model around candidate `x`, (n_var,), for engines that use one.

        Returns
        -------
        SitingModel or None
            None where a load state has no power flow solution.

        Raises
        ------
        SettingError
            If the power flow is stopped after some sweeps, or stations have ratings to be found:
            neither has such a model.
        """
        self.check_local_model()
        conditions, equipment = self.instance.conditions, self.equipment
        prices = conditions.prices
        worth = money.present_value_factor(
            prices.discount_rate, conditions.horizon.years, conditions.money_rule
        )
        base_p_kw = self._base_p_kw.copy()
        base_p_kw[:, self._code.settled] += self._station_p_kw[:, np.newaxis]
        stations = float(equipment.stations)
        task = SitingTask(
            feeder=self.instance.feeder,
            base_p_kw=base_p_kw,
            base_q_kvar=self._base_q_kvar,
            station_kw=self._station_p_kw,
            usd_per_loss_kw=self._hours * prices.energy_per_kwh * worth,
            base_loss_kw=self._base_loss_kw,
            usd_fixed=worth * money.yearly_upkeep(prices, stations, 0.0)
            + money.investment(prices, stations, stations * equipment.station_kw, 0.0, 0.0)
            + float(self._land[0][self._code.settled].sum()),
            usd_per_bank=worth * money.yearly_upkeep(prices, 0.0, 1.0)
            + money.investment(prices, 0.0, 0.0, 1.0, 0.0),
            usd_per_kvar=money.investment(prices, 0.0, 0.0, 0.0, 1.0),
            candidates=self._code.candidates,
            space=self.space,
            n_station=self._code.n_free,
            n_bank=equipment.capacitors,
            kvar_min=equipment.kvar_min,
            kvar_max=equipment.kvar_largest,
            bank_sizes=equipment.bank_sizes,
            is_at_most=equipment.bank_rule == "at-most",
            limits=conditions.limits,
            land_station=self._land[0][self._code.candidates],
            land_bank=self._land[1][self._code.candidates],
            serving_buses=self.serving_buses,
            station_limits=self._station_limits,
            invested=self.invested,
            budget=conditions.budget,
        )
        return make_siting_model(task, x)

    def solve(self) -> Solved:
        """Return the certificate's plan, proven to `SOLVE_GAP` where `SOLVE_LIMIT_S` suffice.

        Raises
        ------
        SettingError
            If the problem has no certificate.
        """
        # imported here, since the certificate is about this class
        from problems.siting.certified import solve_problem

        return solve_problem(self, gap=SOLVE_GAP, limit_s=SOLVE_LIMIT_S)

    def plan(self, x: ArrayLike) -> Plan:
        """Return the plan that candidate `x`, (n_var,), stands for."""
        x = np.atleast_2d(np.asarray(x, dtype=np.float64))
        bus, kvar = self._code.devices(x)
        n_stations = bus.shape[1] - kvar.shape[1]
        label = self.instance.feeder.bus_id
        rated = sorted(
            zip(bus[0, :n_stations].tolist(), self._code.station_kw(x)[0].tolist(), strict=True)
        )
        stations = (Asset("station", label[b], kw=kw) for b, kw in rated)
        sizes = zip(bus[0, n_stations:].tolist(), kvar[0].tolist(), strict=True)
        banks = (Asset("capacitor", label[b], kvar=q) for b, q in sorted(sizes) if q > 0.0)
        return Plan.of(self.instance, (*stations, *banks))

    def loads(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return active and reactive loads with the assets, (n, n_state, n_bus), in kW and kvar."""
        bus, kvar = self._code.devices(x)
        n_stations = bus.shape[1] - kvar.shape[1]
        p_kw = np.tile(self._base_p_kw, (len(x), 1, 1))
        q_kvar = np.tile(self._base_q_kvar, (len(x), 1, 1))
        row = np.arange(len(x))
        demand_kw = self._demand_kw(self._code.station_kw(x))
        for device in range(bus.shape[1]):
            if device < n_stations:
                p_kw[row, :, bus[:, device]] += demand_kw[:, :, device]
            else:
                q_kvar[row, :, bus[:, device]] -= kvar[:, [device - n_stations]]
        return p_kw, q_kvar


def check_access(problem: SitingProblem, asked: str) -> None:
    """Raise if the distance from demand to stations, which `asked` needs, is not defined."""
    conditions = problem.instance.conditions
    there = any(asset.kind == "station" for asset in conditions.existing or ())
    if problem.equipment.stations == 0 and not there:
        raise SettingError(f"{asked} needs at least one station")
    feeder = problem.instance.feeder
    if not demand_weights(feeder).any():
        raise ContentError(f"feeder {feeder.name}: no bus has demand, which {asked} needs")


def _count(kvar: FloatArray) -> FloatArray:
    """Return the number of banks that are built, (n,)."""
    count: FloatArray = np.count_nonzero(kvar, axis=1).astype(np.float64)
    return count


@kernel
def weighted_sum(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the weighted sum of each row; in a fixed order, so that a batch changes no bit."""
    n, n_state = values.shape
    total = np.zeros(n)
    for row in range(n):
        for state in range(n_state):
            total[row] += weights[state] * values[row, state]
    return total
