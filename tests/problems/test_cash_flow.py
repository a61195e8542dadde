"""Cash flow of a plan: by hand, and its sum against the net present value."""

from dataclasses import FrozenInstanceError, fields
from typing import Any, get_args

import pytest

from problems.core.cash_flow import cash_flow
from problems.core.errors import ContentError, SettingError
from problems.core.money import (
    MoneyRule,
    Prices,
    check_rule,
    net_present_value,
    present_value_factor,
    year_worths,
)


@pytest.mark.parametrize("rule", ["annuity", "final-year"])
def test_cash_flow_adds_up_to_the_npv(rule: Any) -> None:
    prices = Prices(energy_per_kwh=0.1, discount_rate=0.05)
    years = cash_flow(prices, 7, rule, 1000.0, 30.0, 500.0)
    assert [year.year for year in years] == list(range(8))
    npv = net_present_value(prices, 7, rule, 1000.0, 30.0, 500.0)
    assert years[-1].cumulative == pytest.approx(npv, rel=1e-12)
    assert years[0].discounted == -500.0


def test_cash_flow_by_hand() -> None:
    prices = Prices(energy_per_kwh=2.0, discount_rate=1.0)
    first, second, third = cash_flow(prices, 2, "annuity", 10.0, 4.0, 7.0)
    assert (first.discounted, second.discounted, third.discounted) == (-7.0, 8.0, 4.0)
    assert third.cumulative == 5.0


def test_each_payment_has_its_sign_and_its_year() -> None:
    prices = Prices(energy_per_kwh=2.0, discount_rate=1.0)
    first, second, _ = cash_flow(prices, 2, "annuity", 10.0, 4.0, 7.0)
    assert (first.savings, first.upkeep, first.investment) == (0.0, 0.0, -7.0)
    assert (second.savings, second.upkeep, second.investment) == (20.0, -4.0, 0.0)
    once = cash_flow(prices, 3, "final-year", 10.0, 4.0, 7.0)
    assert [year.savings for year in once] == [0.0, 0.0, 0.0, 20.0]
    assert [year.upkeep for year in once] == [0.0, 0.0, 0.0, -4.0]
    assert [year.cumulative for year in once] == [-7.0, -7.0, -7.0, -5.0]


def test_prices_are_those_of_table_ii() -> None:
    """HGAPSO paper, Table II."""
    prices = Prices()
    assert (prices.energy_per_kwh, prices.discount_rate) == (1.136, 0.07)
    assert prices.capacitor_install_per_site == 1500.0
    assert prices.capacitor_om_per_site_year == 800.0
    assert prices.capacitor_purchase_per_kvar == 25.0
    assert prices.station_install_per_site == 3000.0
    assert prices.station_om_per_site_year == 1200.0
    assert prices.station_purchase_per_kw == 10.0


@pytest.mark.parametrize("field", [f.name for f in fields(Prices) if f.name != "currency"])
def test_no_price_is_negative(field: str) -> None:
    with pytest.raises(ContentError, match=field):
        Prices(**{field: -1e-9})


def test_what_a_price_table_takes() -> None:
    assert Prices(currency="EUR", energy_per_kwh=0.0).currency == "eur"
    assert Prices(discount_rate=0.5).discount_rate == 0.5
    for currency in ("", "E UR", "€", "us1"):
        with pytest.raises(ContentError, match="currency"):
            Prices(currency=currency)


def test_worth_of_each_year_by_hand() -> None:
    assert year_worths(1.0, 3, "annuity").tolist() == [0.5, 0.25, 0.125]
    assert year_worths(1.0, 3, "final-year").tolist() == [0.0, 0.0, 0.125]
    assert year_worths(0.0, 1, "final-year").tolist() == [1.0]
    for rule in get_args(MoneyRule):
        total = present_value_factor(0.08, 9, rule)
        assert year_worths(0.08, 9, rule).sum() == pytest.approx(total, rel=1e-14)


def test_rules_are_known_by_their_names() -> None:
    for rule in get_args(MoneyRule):
        assert check_rule(rule) == rule
    with pytest.raises(SettingError, match="annuity, final-year, not 'anuity'"):
        check_rule("anuity")


def test_tables_of_prices_and_years_cannot_be_changed() -> None:
    (year, _) = cash_flow(Prices(), 1, "annuity", 1.0, 1.0, 1.0)
    for value, field in ((Prices(), "energy_per_kwh"), (year, "savings")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, field, 1.0)
        assert not hasattr(value, "__dict__")
