"""Owns what may be built, what it costs by the stage in which it is built, and discounting."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from problems.staged.case import StagedData
from problems.staged.studied import Studied

FloatArray = NDArray[np.float64]

SchemeName = Literal["A", "B", "C", "D"]
SCHEMES: tuple[SchemeName, ...] = ("A", "B", "C", "D")
ItemKind = Literal["segment", "transformer", "communication"]


@dataclass(frozen=True, slots=True)
class Scheme:
    """Hold what a scheme may do; each is a restriction of the next.

    A builds lines and transformers once, in the first stage; B in stages; C adds community storage;
    D adds managed and two-way charging.
    """

    name: SchemeName

    @property
    def is_staged(self) -> bool:
        """Whether later stages may add to what is built."""
        return self.name != "A"

    @property
    def has_storage(self) -> bool:
        """Whether community storage may be built."""
        return self.name in ("C", "D")

    @property
    def has_managed(self) -> bool:
        """Whether charging may be managed and two-way."""
        return self.name == "D"


@dataclass(frozen=True, slots=True)
class Item:
    """Hold one discrete investment: built or not, and once built never unbuilt.

    A transformer item is one step to the next rating; `size` is its MVA, that of a segment its km.
    """

    kind: ItemKind
    name: str
    size: float
    cost_rmb: float


def items_of(study: Studied, scheme: Scheme) -> tuple[Item, ...]:
    """Return the discrete investments of a scheme: segments, transformer steps, communication."""
    data, prices = study.data, study.data.prices
    found = [
        Item(
            "segment",
            segment.name,
            segment.length_km,
            prices.line_per_km * segment.length_km * data.network.parallel_circuits,
        )
        for segment in study.segments
    ]
    ratings = data.transformer_mva
    for low, high in pairwise(ratings):
        step = high - low
        found.append(
            Item("transformer", f"{high:g} MVA", step, 1000.0 * step * prices.transformer_per_kva)
        )
    if scheme.has_managed:
        found += [
            Item("communication", f"station {site.bus}", 1.0, prices.communication_per_station)
            for site in data.ev.stations
        ]
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """Hold present values per RMB of a year's cost and of an investment.

    The paper's objective discounts year t by (1 + r)^-t, t = 1 for the first year. An investment
    is paid at the end of the first year of its stage, its upkeep from that year on. So one RMB
    built in stage s is worth `built(...)[s]`; it falls with s, and to be present in stage s costs
    `present(...)[s] = built[s] - built[s + 1]`, whatever the stage it was built in: summed over
    the stages in which it is present, that is its price. So the cost of staged plans separates.

    Attributes
    ----------
    year : (n_year,) float array
        Discount factor of each year.
    stage : (n_stage,) float array
        Their sum over the years of each stage.
    first : (n_stage,) int array
        Index of the first year of each stage.
    """

    year: FloatArray
    stage: FloatArray
    first: NDArray[np.int64]
    has_residual: bool

    @classmethod
    def of(cls, data: StagedData) -> Factors:
        """Return the factors of a study's stages and discount rate."""
        year = (1.0 + data.prices.discount_rate) ** -np.arange(1.0, data.n_years + 1.0)
        begin = data.stages[0].first_year
        first = np.array([stage.first_year - begin for stage in data.stages])
        last = np.array([stage.last_year - begin for stage in data.stages])
        stage = np.array([year[a : b + 1].sum() for a, b in zip(first, last, strict=True)])
        return cls(year, stage, first, data.prices.has_residual_value)

    def built(self, om_share: float, life_years: float) -> FloatArray:
        """Return the present value of one RMB invested in each stage, upkeep included.

        With residual value what is left of the life at the end is returned, straight line.
        """
        worth = self.year[self.first] + om_share * np.array(
            [self.year[k:].sum() for k in self.first]
        )
        if self.has_residual:
            used = len(self.year) - self.first
            worth = worth - np.maximum(0.0, 1.0 - used / life_years) * self.year[-1]
        return worth

    def present(self, om_share: float, life_years: float) -> FloatArray:
        """Return what one RMB of equipment present in each stage adds to the cost."""
        built = self.built(om_share, life_years)
        return np.asarray(built - np.append(built[1:], 0.0))


def item_factors(study: Studied, items: tuple[Item, ...]) -> FloatArray:
    """Return the cost of each item's presence in each stage, (n_stage, n_item), RMB."""
    prices, factors = study.data.prices, Factors.of(study.data)
    lives = {
        "segment": (prices.grid_om, prices.line_life_years),
        "transformer": (prices.grid_om, prices.transformer_life_years),
        "communication": (prices.charger_om, prices.charger_life_years),
    }
    return np.array([factors.present(*lives[item.kind]) * item.cost_rmb for item in items]).T


def capacity_factors(study: Studied) -> dict[str, FloatArray]:
    """Return what one kWh, kW or managed pile present in each stage costs, (n_stage,), RMB.

    A managed pile is bought in the place of a basic one, so the difference is paid.
    """
    prices, factors = study.data.prices, Factors.of(study.data)
    storage = factors.present(prices.storage_om, prices.storage_life_years)
    charger = factors.present(prices.charger_om, prices.charger_life_years)
    return {
        "storage_kwh": prices.storage_per_kwh * storage,
        "storage_kw": prices.storage_per_kw * storage,
        "smart": (prices.smart_pile - prices.basic_pile) * charger,
        "two_way": (prices.v2g_pile - prices.basic_pile) * charger,
    }


def basic_piles_rmb(study: Studied) -> float:
    """Return the present value of the basic piles, one a vehicle, the same in every scheme."""
    prices, data = study.data.prices, study.data
    present = Factors.of(data).present(prices.charger_om, prices.charger_life_years)
    count = np.array([stage.ev_count for stage in data.stages])
    return float(prices.basic_pile * present @ count)
