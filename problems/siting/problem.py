"""Owns the siting problem: from a row of numbers to the money and the limits of a plan."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heuristics.problem import Evaluation, Solved, Space
from powerflow import power_flow, score
from powerflow.jit import kernel
from problems.core import money
from problems.core.access import demand_weights, station_access
from problems.core.assess import base_loads, required
from problems.core.equipment import Asset
from problems.core.errors import ContentError, SettingError
from problems.core.instance import Instance
from problems.core.plan import Plan
from problems.siting.equipment import SitingEquipment, feeder_bus
from problems.siting.local_build import make_siting_model
from problems.siting.local_model import SitingModel
from problems.siting.local_task import SitingTask
from problems.siting.repair import SitingRepair

FloatArray = NDArray[np.float64]

SOLVE_GAP = 1e-4
SOLVE_LIMIT_S = 120.0


class SitingProblem:
    """Search the buses of stations and capacitor banks and the banks' sizes for the greatest NPV.

    A candidate is a row [station positions | bank positions | bank kvar]: positions index the
    candidate buses in sweep order, so that neighbors in number are neighbors on the feeder;
    stations at settled buses have no columns. The objective is the negated net present value in the
    currency of the prices; the constraints are the excess over each limit of operation, the worst
    load state counting, then over each limit on the stations' places, all per unit of the limit.
    The whole batch is one power flow.

    Parameters
    ----------
    instance : Instance
        Feeder and conditions.
    equipment : SitingEquipment
        What may be placed.

    Raises
    ------
    ContentError
        If a bus is unknown, there are too few candidate buses, the feeder without stations and
        banks has no power flow solution, or coverage is limited on a feeder without demand.
    SettingError
        If there is nothing to site, or coverage is limited and there are no stations.
    """

    n_obj = 1

    def __init__(self, instance: Instance, equipment: SitingEquipment) -> None:
        self.instance = instance
        self.equipment = equipment
        feeder, conditions = instance.feeder, instance.conditions
        self._candidates = equipment.candidate_buses(feeder)
        self._settled = np.array(
            [feeder_bus(feeder, label, "station buses") for label in equipment.station_buses],
            dtype=np.int64,
        )
        self._n_free = 0 if equipment.station_buses else equipment.stations
        if self._n_free + equipment.capacitors == 0:
            raise SettingError("nothing to site: the stations are settled and there are no banks")
        states = conditions.horizon.states
        self._hours = np.array([state.hours for state in states])
        self._station_p_kw = instance.station_demand_kw(equipment.station_kw) * np.array(
            [state.station_factor for state in states]
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
                "without stations and banks"
            )
        self.space = self._make_space()
        self.n_con = len(conditions.limits.names(feeder.has_ampacity))
        self._station_limits = conditions.station_limits
        if self._station_limits is not None:
            self.n_con += len(self._station_limits.names())
            if self._station_limits.coverage is not None:
                check_access(self, "coverage")

    def _make_space(self) -> Space:
        equipment, n_free, n_banks = self.equipment, self._n_free, self.equipment.capacitors
        is_at_most = equipment.bank_rule == "at-most"
        n_positions = n_free + n_banks
        last = float(len(self._candidates) - 1)
        smallest = 0.0 if is_at_most else equipment.kvar_min
        repair = SitingRepair(
            n_stations=n_free,
            n_banks=n_banks,
            n_candidates=len(self._candidates),
            kvar_min=equipment.kvar_min,
            kvar_largest=equipment.kvar_largest,
            kvar_step=equipment.kvar_step or 0.0,
            is_at_most=is_at_most,
        )
        return Space(
            lower=np.array([0.0] * n_positions + [smallest] * n_banks),
            upper=np.array([last] * n_positions + [equipment.kvar_largest] * n_banks),
            is_integer=np.array([True] * n_positions + [False] * n_banks),
            repair=repair,
        )

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
        conditions, n = self.instance.conditions, len(x)
        bus, kvar = self.devices(x)
        n_stations, n_state = bus.shape[1] - kvar.shape[1], len(self._hours)
        device_p_kw = np.zeros((1, n_state, bus.shape[1]))
        device_p_kw[0, :, :n_stations] = self._station_p_kw[:, None]
        device_q_kvar = np.zeros((n, 1, bus.shape[1]))
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
        n_banks = np.count_nonzero(kvar, axis=1).astype(np.float64)
        stations = np.full(n, float(n_stations))
        npv = money.net_present_value(
            conditions.prices,
            conditions.horizon.years,
            conditions.money_rule,
            weighted_sum(self._base_loss_kw - scored.loss_kw, self._hours),
            money.yearly_upkeep(conditions.prices, stations, n_banks),
            money.investment(
                conditions.prices,
                stations,
                stations * self.equipment.station_kw,
                n_banks,
                kvar.sum(axis=1),
            ),
        )
        loading = scored.max_loading_pct.max(axis=1) if self.instance.feeder.has_ampacity else None
        g = conditions.limits.excess(
            scored.v_min_pu.min(axis=1), scored.v_max_pu.max(axis=1), loading
        )
        if self._station_limits is not None:
            reached = station_access(self.instance.feeder, bus[:, :n_stations])
            missed = self._station_limits.excess(reached.spacing, reached.coverage)
            g = np.column_stack([g, missed])
        return Evaluation(f=np.where(np.isfinite(npv), -npv, np.inf)[:, None], g=g)

    def local_model(self, x: FloatArray) -> SitingModel | None:
        """Return the second-order model around candidate `x`, (n_var,), for engines that use one.

        Returns
        -------
        SitingModel or None
            None where a load state has no power flow solution.

        Raises
        ------
        SettingError
            If the power flow is stopped after some sweeps, which has no such model.
        """
        conditions, equipment = self.instance.conditions, self.equipment
        if conditions.sweeps is not None:
            raise SettingError("a local model needs a converged power flow: leave out sweeps")
        prices = conditions.prices
        worth = money.present_value_factor(
            prices.discount_rate, conditions.horizon.years, conditions.money_rule
        )
        base_p_kw = self._base_p_kw.copy()
        base_p_kw[:, self._settled] += self._station_p_kw[:, np.newaxis]
        stations = float(equipment.stations)
        task = SitingTask(
            feeder=self.instance.feeder,
            base_p_kw=base_p_kw,
            base_q_kvar=self._base_q_kvar,
            station_kw=self._station_p_kw,
            usd_per_loss_kw=self._hours * prices.energy_per_kwh * worth,
            base_loss_kw=self._base_loss_kw,
            usd_fixed=worth * money.yearly_upkeep(prices, stations, 0.0)
            + money.investment(prices, stations, stations * equipment.station_kw, 0.0, 0.0),
            usd_per_bank=worth * money.yearly_upkeep(prices, 0.0, 1.0)
            + money.investment(prices, 0.0, 0.0, 1.0, 0.0),
            usd_per_kvar=money.investment(prices, 0.0, 0.0, 0.0, 1.0),
            candidates=self._candidates,
            space=self.space,
            n_station=self._n_free,
            n_bank=equipment.capacitors,
            kvar_min=equipment.kvar_min,
            kvar_max=equipment.kvar_largest,
            kvar_step=equipment.kvar_step or 0.0,
            is_at_most=equipment.bank_rule == "at-most",
            limits=conditions.limits,
            settled=self._settled,
            station_limits=self._station_limits,
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
        bus, kvar = self.devices(np.atleast_2d(np.asarray(x, dtype=np.float64)))
        n_stations = bus.shape[1] - kvar.shape[1]
        label = self.instance.feeder.bus_id
        stations = (
            Asset("station", label[b], kw=self.equipment.station_kw)
            for b in np.sort(bus[0, :n_stations])
        )
        sizes = zip(bus[0, n_stations:].tolist(), kvar[0].tolist(), strict=True)
        banks = (Asset("capacitor", label[b], kvar=q) for b, q in sorted(sizes) if q > 0.0)
        return Plan.of(self.instance, (*stations, *banks))

    def loads(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return active and reactive loads with the assets, (n, n_state, n_bus), in kW and kvar."""
        bus, kvar = self.devices(x)
        n_stations = bus.shape[1] - kvar.shape[1]
        p_kw = np.tile(self._base_p_kw, (len(x), 1, 1))
        q_kvar = np.tile(self._base_q_kvar, (len(x), 1, 1))
        row = np.arange(len(x))
        for device in range(bus.shape[1]):
            if device < n_stations:
                p_kw[row, :, bus[:, device]] += self._station_p_kw
            else:
                q_kvar[row, :, bus[:, device]] -= kvar[:, [device - n_stations]]
        return p_kw, q_kvar

    def devices(self, x: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
        """Return device buses, stations first, (n, n_device), and bank sizes, (n, n_bank)."""
        n_positions = self._n_free + self.equipment.capacitors
        bus = self._candidates[x[:, :n_positions].astype(np.int64)]
        if len(self._settled):
            settled = np.broadcast_to(self._settled, (len(x), len(self._settled)))
            bus = np.concatenate([settled, bus], axis=1)
        return bus, x[:, n_positions:]


def check_access(problem: SitingProblem, asked: str) -> None:
    """Raise if the distance from demand to stations, which `asked` needs, is not defined."""
    if problem.equipment.stations == 0:
        raise SettingError(f"{asked} needs at least one station")
    feeder = problem.instance.feeder
    if not demand_weights(feeder).any():
        raise ContentError(f"feeder {feeder.name}: no bus has demand, which {asked} needs")


@kernel
def weighted_sum(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the weighted sum of each row; in a fixed order, so that a batch changes no bit."""
    n, n_state = values.shape
    total = np.zeros(n)
    for row in range(n):
        for state in range(n_state):
            total[row] += weights[state] * values[row, state]
    return total
