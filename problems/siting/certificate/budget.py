"""Owns the certificate under a budget: the investment is priced, and the price is searched for.

Derivation: docs/certificate.md, section 7.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from powerflow.units import S_BASE_KVA
from problems.siting.certificate.ac import Trial, judge
from problems.siting.certificate.case import Model, SitePlan, SitingCase, make_model
from problems.siting.certificate.certify import certify
from problems.siting.certificate.polish import polish
from problems.siting.certificate.result import Certificate, Status

Floats = NDArray[np.float64]

_ROUNDING = 1e-12
_FIRST_PRICE = 1.0
_LARGEST_PRICE = 1e9
_MOST_PRICES = 60
_N_HALVING = 30
_CLOSE = 1e-7
"""Prices nearer to each other than this share are not halved again."""


@dataclass(frozen=True, slots=True, eq=False)
class Spending:
    """Hold what each part of a plan adds to the investment, in usd.

    `per_station`, `per_bank` and `per_kvar` count anywhere, `station_at` and `bank_at` (n_bus,)
    at the bus of the device.
    """

    per_station: float
    per_bank: float
    per_kvar: float
    station_at: Floats
    bank_at: Floats

    def total(self, plan: SitePlan) -> float:
        """Return the investment of a plan, sizes in kvar."""
        return float(
            self.per_station * len(plan.station_buses)
            + self.per_bank * len(plan.bank_buses)
            + self.per_kvar * sum(plan.kvar)
            + self.station_at[list(plan.station_buses)].sum()
            + self.bank_at[list(plan.bank_buses)].sum()
        )

    def least(self, case: SitingCase) -> float:
        """Return an investment that no plan of a case goes below."""
        may_station, may_bank = (
            np.array(may) for may in (case.allowed_station_bus, case.allowed_bank_bus)
        )
        may_station[0] = may_bank[0] = False
        n_bank = case.max_banks if case.exactly else 0
        if case.station_buses is not None:
            land = float(self.station_at[list(case.station_buses)].sum())
        else:
            land = float(np.sort(self.station_at[may_station])[: case.n_stations].sum())
        land += float(np.sort(self.bank_at[may_bank])[:n_bank].sum())
        banks = n_bank * (self.per_bank + self.per_kvar * case.kvar_min)
        return self.per_station * case.n_stations + banks + land


def certify_within(
    case: SitingCase,
    budget: float,
    spending: Spending,
    *,
    gap: float = 1e-5,
    limit_s: float = 60.0,
    incumbent: SitePlan | None = None,
) -> Certificate:
    """Prove how great the NPV of a siting case can be if the investment stays within a budget.

    Every plan within the budget has ``NPV <= NPV - price (investment - budget)`` at any price of 0
    or more, and the right side is an NPV at other prices: its certified bound holds for all of
    them. The least bound over the prices tried counts. Plans come from the same proofs, and from
    their buses with sizes brought down to the budget.

    Parameters
    ----------
    case : SitingCase
    budget : float
        In usd.
    spending : Spending
        What counts as investment.
    gap, limit_s, incumbent
        As of `certify`.
    """
    start = time.perf_counter()
    least = spending.least(case)
    if least > budget * (1.0 + _ROUNDING):
        return Certificate(
            "infeasible", f"the least investment possible is {least:,.2f}, above the budget", None,
            None, None, None, None, None, time.perf_counter() - start, 0, (),
        )  # fmt: skip
    dual = _Dual(case, budget, spending, gap, start, limit_s, incumbent)
    low, high = 0.0, _FIRST_PRICE
    if dual.spends_too_much(low):
        while high < _LARGEST_PRICE and dual.spends_too_much(high):
            low, high = high, 8.0 * high
        while not dual.is_done() and high - low > _CLOSE * high:
            # prices span orders of magnitude
            middle = 0.5 * (low + high) if low == 0.0 or high < 3.0 * low else (low * high) ** 0.5
            if dual.spends_too_much(middle):
                low = middle
            else:
                high = middle
    return dual.answer()


class _Dual:
    """Holds the least bound and the best plan over the prices tried so far."""

    def __init__(
        self,
        case: SitingCase,
        budget: float,
        spending: Spending,
        gap: float,
        start: float,
        limit_s: float,
        incumbent: SitePlan | None,
    ) -> None:
        self.case = case
        self.budget = budget
        self.spending = spending
        self.gap = gap
        self.start = start
        self.limit_s = limit_s
        self.model = make_model(case)
        self.first: Certificate | None = None
        self.bound = np.inf
        self.best: Trial | None = None
        self.n_price = 0
        self.n_box = 0
        self.is_late = False
        if incumbent is not None and spending.total(incumbent) <= budget * (1.0 + _ROUNDING):
            self._keep(incumbent)
        self.incumbent = incumbent

    def spends_too_much(self, price: float) -> bool:
        """Prove a bound at a price of investment; return whether its plan exceeds the budget.

        Without time for a plan the answer is no, which ends the search.
        """
        left_s = self.limit_s - (time.perf_counter() - self.start)
        found = certify(
            _priced(self.case, price, self.budget, self.spending),
            gap=0.5 * self.gap,
            limit_s=max(left_s, 0.0),
            incumbent=self.incumbent,
        )
        self.n_price += 1
        self.n_box += found.n_box
        self.first = self.first or found
        self.is_late = found.status == "time_limit"
        if found.bound_usd is not None:
            self.bound = min(self.bound, found.bound_usd)
        if found.plan is None:
            return False
        is_over = self.spending.total(found.plan) > self.budget * (1.0 + _ROUNDING)
        if is_over:
            self._bring_down(found.plan, price)
        else:
            self._keep(found.plan)
        return is_over

    def is_done(self) -> bool:
        """Whether the gap is proven, the time is over, or no plan can exist."""
        if self.is_late or self.n_price >= _MOST_PRICES or not np.isfinite(self.bound):
            return True
        gap = self._gap()
        return gap is not None and gap <= self.gap

    def answer(self) -> Certificate:
        """Return what is proven."""
        assert self.first is not None
        seconds = time.perf_counter() - self.start
        if self.first.status == "infeasible":
            return replace(self.first, seconds=seconds)
        message = f"{self.n_price} prices of investment, {self.n_box} boxes"
        bound = self.bound if np.isfinite(self.bound) else None
        status: Status = "time_limit" if self.is_late else "gap_limit"
        gap = self._gap()
        if self.best is None:
            message += "; no plan within the limits and the budget was found"
            return Certificate(
                status, message, bound, None, None, None, None, None, seconds, self.n_box, ()
            )
        if gap is not None and gap <= self.gap:
            status = "optimal"
        elif not self.is_late:
            message += "; the price leaves a gap, for banks come whole"
        plan = _in_kvar(self.model, self.best)
        return Certificate(
            status, message, bound, self._npv(), gap, plan,
            S_BASE_KVA * self.best.loss_pu, float(np.sqrt(self.best.v.min())), seconds,
            self.n_box, (),
        )  # fmt: skip

    def _npv(self) -> float:
        assert self.best is not None
        return float(self.model.usd_offset - self.best.cost_usd)

    def _gap(self) -> float | None:
        if self.best is None or not np.isfinite(self.bound) or self._npv() == 0.0:
            return None
        return max(0.0, self.bound - self._npv()) / abs(self._npv())

    def _keep(self, plan: SitePlan) -> None:
        """Judge a plan within the budget, and remember it if it is the best."""
        self._keep_trial(judge(self.model, _in_pu(self.model, plan)))

    def _keep_trial(self, trial: Trial) -> None:
        is_better = self.best is None or trial.cost_usd < self.best.cost_usd
        if trial.is_feasible and is_better:
            self.best = trial

    def _bring_down(self, plan: SitePlan, price: float) -> None:
        """Look for sizes within the budget at a plan's buses: the price rises until they are."""
        if self.model.n_cell or self.model.q_span == 0.0:
            return
        start = _in_pu(self.model, plan)
        low, high = price, max(8.0 * price, _FIRST_PRICE)
        best: Trial | None = None
        for _ in range(_N_HALVING):
            middle = high if best is None else 0.5 * (low + high)
            model = make_model(_priced(self.case, middle, self.budget, self.spending))
            trial = polish(model, judge(model, start))
            if self.spending.total(_in_kvar(self.model, trial)) <= self.budget:
                best, high = trial, middle
            elif best is None:
                low, high = high, 8.0 * high
                if high > _LARGEST_PRICE:
                    return
            else:
                low = middle
        if best is not None:
            self._keep_trial(judge(self.model, best.plan))


def _priced(case: SitingCase, price: float, budget: float, spending: Spending) -> SitingCase:
    """Return the case whose NPV is ``NPV - price (investment - budget)``."""
    if price == 0.0:
        return case
    return replace(
        case,
        usd_per_station=case.usd_per_station + price * spending.per_station,
        usd_per_bank=case.usd_per_bank + price * spending.per_bank,
        usd_per_kvar=case.usd_per_kvar + price * spending.per_kvar,
        usd_station_at=np.asarray(case.usd_station_at) + price * spending.station_at,
        usd_bank_at=np.asarray(case.usd_bank_at) + price * spending.bank_at,
        constant_usd=case.constant_usd + price * budget,
    )


def _in_pu(model: Model, plan: SitePlan) -> SitePlan:
    """Return a plan in the model's terms: sizes per unit, settled stations in the load."""
    stations = () if model.case.station_buses is not None else plan.station_buses
    return SitePlan(stations, plan.bank_buses, tuple(kvar / S_BASE_KVA for kvar in plan.kvar))


def _in_kvar(model: Model, trial: Trial) -> SitePlan:
    """Return a trial's plan in the case's own terms."""
    plan, settled = trial.plan, model.case.station_buses
    stations = plan.station_buses if settled is None else settled
    return SitePlan(stations, plan.bank_buses, tuple(S_BASE_KVA * q for q in plan.kvar))
