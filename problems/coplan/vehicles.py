"""Owns the EVs of a feeder: how many there are at each bus, and their power factor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from problems.coplan.equipment import DATA
from problems.core.errors import ContentError, SettingError
from problems.core.rows import read_rows

FloatArray = NDArray[np.float64]
Cases = Literal["paper", "proportional", "draws"]

PAPER_ADOPTIONS_PCT = (0, 20, 40, 60, 80, 100)
EV_POWER_FACTOR = 0.925
"""Assumed where no power factor of the EVs at a bus is known: the middle of the paper's range."""


@dataclass(frozen=True, slots=True, eq=False)
class PaperCases:
    """Hold the EVs and power factors that were published with the DDCP paper.

    Attributes
    ----------
    count : dict of int to (n_bus,) float array
        EVs at each bus, by adoption in percent.
    power_factor : dict of int to (n_bus,) float array
        By adoption; 1 where a bus has no customers.
    """

    count: dict[int, FloatArray]
    power_factor: dict[int, FloatArray]


def paper_cases(feeder: Feeder) -> PaperCases | None:
    """Return the published cases of a feeder, None where there are none."""
    path = DATA / feeder.name / "ev_cases.csv"
    if not path.exists():
        return None
    rows = [row for _, row in _case_rows(feeder.name)]
    if not {str(row["bus"]) for row in rows} <= set(feeder.bus_id):
        return None
    bus = [feeder.bus_index(str(row["bus"])) for row in rows]
    count, power_factor = {}, {}
    for adoption in PAPER_ADOPTIONS_PCT:
        count[adoption], power_factor[adoption] = np.zeros(feeder.n_bus), np.ones(feeder.n_bus)
        count[adoption][bus] = [row[f"ev_{adoption}"] for row in rows]
        power_factor[adoption][bus] = [row[f"pf_{adoption}"] for row in rows]
    return PaperCases(count, power_factor)


@cache
def _case_rows(name: str) -> tuple[tuple[str, dict[str, float | str]], ...]:
    return tuple(read_rows(DATA / name / "ev_cases.csv", "bus", ("bus",)))


def kvar_per_kw(power_factor: FloatArray) -> FloatArray:
    """Return the reactive power a load draws per kW at an inductive power factor."""
    ratio: FloatArray = np.sqrt(1.0 - power_factor**2) / power_factor
    return ratio


def ev_kvar_per_kw(feeder: Feeder) -> FloatArray:
    """Return the reactive power of the EVs at each bus per kW: as published, else assumed."""
    found = paper_cases(feeder)
    if found is None:
        return kvar_per_kw(np.full(feeder.n_bus, EV_POWER_FACTOR))
    return kvar_per_kw(found.power_factor[100])


def paper_count(feeder: Feeder, adoption_pct: float) -> FloatArray:
    """Return the published number of EVs at each bus.

    Raises
    ------
    SettingError
        If nothing is published for the feeder or the adoption.
    """
    found = paper_cases(feeder)
    if found is None:
        raise SettingError(f"feeder {feeder.name}: the paper has no EVs on it; use proportional")
    if adoption_pct not in found.count:
        known = ", ".join(map(str, PAPER_ADOPTIONS_PCT))
        raise SettingError(f"the paper has EVs at adoptions of {known} %, not {adoption_pct:g}")
    return found.count[int(adoption_pct)]


def customers_of(feeder: Feeder) -> NDArray[np.int64]:
    """Return the whole number of customers at each bus.

    Raises
    ------
    ContentError
        If the feeder's table has none, or a fraction of one.
    """
    customers = np.where(np.isfinite(feeder.customers), feeder.customers, 0.0)
    if not customers.any():
        raise ContentError(
            f"feeder {feeder.name}: no customers are known, so that EVs cannot be placed; "
            "add the column customers to buses.csv"
        )
    if (customers < 0.0).any() or (customers != np.round(customers)).any():
        raise ContentError(f"feeder {feeder.name}: customers must be whole numbers, 0 or more")
    return customers.astype(np.int64)


def proportional_count(feeder: Feeder, adoption_pct: float) -> FloatArray:
    """Return whole EVs at each bus, in proportion to its customers (largest remainders)."""
    customers = customers_of(feeder)
    share = customers * adoption_pct / 100.0
    count: FloatArray = np.floor(share)
    rest = round(float(share.sum())) - int(count.sum())
    largest = np.argsort(-(share - count), kind="stable")[:rest]
    count[largest] += 1.0
    return count


def customer_orders(feeder: Feeder, seed: int, n_draw: int) -> NDArray[np.int16]:
    """Return the bus of each customer in the order they take an EV, (n_draw, n_customer)."""
    at_bus = np.repeat(np.arange(feeder.n_bus), customers_of(feeder)).astype(np.int16)
    rng = np.random.default_rng(seed)
    return rng.permuted(np.tile(at_bus, (n_draw, 1)), axis=1)


def counts_of(order: NDArray[np.int16], adoption_pct: FloatArray | float, n_bus: int) -> FloatArray:
    """Return the EVs at each bus when the first customers of each order have one."""
    n_draw, n_customer = order.shape
    n_ev = np.round(np.broadcast_to(adoption_pct, n_draw) * n_customer / 100.0)
    has_ev = np.arange(n_customer) < n_ev[:, None]
    flat = (np.arange(n_draw)[:, None] * n_bus + order)[has_ev]
    return np.bincount(flat, minlength=n_draw * n_bus).reshape(n_draw, n_bus).astype(np.float64)
