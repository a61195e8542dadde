"""Owns the money of a siting plan: prices, investment, and net present value by two rules."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from problems.core.errors import ContentError, SettingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MoneyRule = Literal["annuity", "final-year"]
FloatOrArray = TypeVar("FloatOrArray", float, "NDArray[np.float64]")


@dataclass(frozen=True, slots=True)
class Prices:
    """Hold a price table; every amount is in `currency`.

    The defaults are Table II of B. Vinod Kumar and M. A. Aneesa Farhan, "Optimal Integration of EV
    Charging Stations and Capacitors for Net Present Value Maximization in Distribution Network",
    IEEE Latin America Transactions. Their energy price is far above a usual tariff; it is kept
    because their printed figures follow from it.

    Raises
    ------
    ContentError
        If an amount is negative or not finite, or the currency is not a plain word.
    """

    currency: str = "usd"
    energy_per_kwh: float = 1.136
    discount_rate: float = 0.07
    capacitor_install_per_site: float = 1500.0
    capacitor_om_per_site_year: float = 800.0
    capacitor_purchase_per_kvar: float = 25.0
    station_install_per_site: float = 3000.0
    station_om_per_site_year: float = 1200.0
    station_purchase_per_kw: float = 10.0

    def __post_init__(self) -> None:
        if not (self.currency.isascii() and self.currency.isalpha()):
            raise ContentError(f"prices: currency must be a plain word, not '{self.currency}'")
        object.__setattr__(self, "currency", self.currency.lower())
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "currency" and not (math.isfinite(value) and value >= 0.0):
                raise ContentError(f"prices: {field.name} must be 0 or more, not {value}")


def check_rule(rule: str) -> MoneyRule:
    """Return `rule` if it is a money rule, else raise SettingError naming the two."""
    for known in get_args(MoneyRule):
        if rule == known:
            return known  # type: ignore[no-any-return]
    raise SettingError(f"money rule must be one of {', '.join(get_args(MoneyRule))}, not '{rule}'")


def present_value_factor(discount_rate: float, years: int, rule: MoneyRule) -> float:
    """Return what one unit of yearly profit is worth today.

    Parameters
    ----------
    discount_rate : float
        Per year, as a fraction.
    years : int
        Number of yearly payments.
    rule : {"annuity", "final-year"}
        "annuity" sums the discounted payments of all years, equation (5) of the paper as written;
        "final-year" discounts a single payment over all years, which is what its tables contain.

    Examples
    --------
    >>> round(present_value_factor(0.07, 10, "annuity"), 6)
    7.023582
    >>> round(present_value_factor(0.07, 10, "final-year"), 6)
    0.508349
    """
    if rule == "final-year":
        return float((1.0 + discount_rate) ** -years)
    return float(sum((1.0 + discount_rate) ** -year for year in range(1, years + 1)))


def year_worths(discount_rate: float, years: int, rule: MoneyRule) -> NDArray[np.float64]:
    """Return what one unit of each year's profit is worth today, (years,): see the factor.

    Examples
    --------
    >>> year_worths(0.07, 2, "annuity").round(6).tolist()
    [0.934579, 0.873439]
    """
    import numpy as np  # the command line starts without it

    year = np.arange(1, years + 1)
    worths: NDArray[np.float64] = (1.0 + discount_rate) ** -year.astype(np.float64)
    return np.where(year == years, worths, 0.0) if rule == "final-year" else worths


def investment(
    prices: Prices,
    n_stations: FloatOrArray,
    station_kw: FloatOrArray,
    n_banks: FloatOrArray,
    kvar: FloatOrArray,
) -> FloatOrArray:
    """Return purchase and installation of all sites, equation (12).

    Parameters
    ----------
    prices : Prices
        The price table.
    n_stations, n_banks : float or (n,) float array
        Number of charging stations and of capacitor banks.
    station_kw, kvar : float or (n,) float array
        Their total ratings.
    """
    return (
        n_banks * prices.capacitor_install_per_site
        + n_stations * prices.station_install_per_site
        + kvar * prices.capacitor_purchase_per_kvar
        + station_kw * prices.station_purchase_per_kw
    )


def yearly_upkeep(prices: Prices, n_stations: FloatOrArray, n_banks: FloatOrArray) -> FloatOrArray:
    """Return operation and maintenance of all sites in one year, equation (10)."""
    return (
        n_banks * prices.capacitor_om_per_site_year + n_stations * prices.station_om_per_site_year
    )


def net_present_value(
    prices: Prices,
    years: int,
    rule: MoneyRule,
    saved_kwh_per_year: FloatOrArray,
    upkeep_per_year: FloatOrArray,
    invested: FloatOrArray,
) -> FloatOrArray:
    """Return the net present value, equations (5) to (8), in the currency of `prices`.

    Parameters
    ----------
    saved_kwh_per_year : float or (n,) float array
        Energy losses of the feeder without stations and banks, less those with them.
    upkeep_per_year, invested : float or (n,) float array
        From `yearly_upkeep` and `investment`.
    """
    yearly_profit = saved_kwh_per_year * prices.energy_per_kwh - upkeep_per_year
    return yearly_profit * present_value_factor(prices.discount_rate, years, rule) - invested
