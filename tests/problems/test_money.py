"""Money of a siting plan: hand-computed values, and the rows of the paper that follow from it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from problems.core import money
from problems.core.errors import ContentError, SettingError
from problems.core.money import Prices

# Printed losses, kvar totals and NPVs of Tables V and VI of the HGAPSO paper, rows that agree with
# the final-year rule to the paper's rounding (the 69-bus rows and 33-bus PSO; four banks each).
# The base losses are those of its Table III.
PAPER_ROWS = [
    (202.7012, 155.7872, 1853.0, 146_160.0),
    (221.8368, 152.8025, 2341.0, 245_860.0),
    (221.8368, 147.7029, 3970.0, 230_930.0),
    (221.8368, 144.7690, 2245.0, 288_900.0),
]


@pytest.mark.parametrize(("base_kw", "loss_kw", "kvar", "printed_usd"), PAPER_ROWS)
def test_final_year_rule_gives_the_printed_npv(
    base_kw: float, loss_kw: float, kvar: float, printed_usd: float
) -> None:
    prices = Prices()
    npv = money.net_present_value(
        prices,
        10,
        "final-year",
        (base_kw - loss_kw) * 8760.0,
        money.yearly_upkeep(prices, 2.0, 4.0),
        money.investment(prices, 2.0, 3000.0, 4.0, kvar),
    )
    # printed to 10 $, losses to 1e-4 kW
    assert npv == pytest.approx(printed_usd, abs=10.0)


def test_investment_and_upkeep_by_hand() -> None:
    prices = Prices()
    # 2 stations: 2 x 3000 + 3000 kW x 10; 3 banks: 3 x 1500 + 1000 kvar x 25
    assert money.investment(prices, 2.0, 3000.0, 3.0, 1000.0) == 36_000.0 + 4_500.0 + 25_000.0
    assert money.yearly_upkeep(prices, 2.0, 3.0) == 2 * 1200.0 + 3 * 800.0


def test_annuity_by_its_closed_form() -> None:
    expected = (1.0 - 1.07**-10) / 0.07
    assert money.present_value_factor(0.07, 10, "annuity") == pytest.approx(expected, rel=1e-14)


def test_no_discount_counts_every_year() -> None:
    assert money.present_value_factor(0.0, 7, "annuity") == 7.0
    assert money.present_value_factor(0.0, 7, "final-year") == 1.0


@given(st.floats(0.0, 0.5), st.integers(1, 40))
def test_annuity_is_worth_more_than_its_last_payment(rate: float, years: int) -> None:
    annuity = money.present_value_factor(rate, years, "annuity")
    assert annuity >= money.present_value_factor(rate, years, "final-year") > 0.0
    assert annuity <= years


def test_arrays_and_numbers_agree() -> None:
    prices = Prices()
    kvar = np.array([0.0, 150.0, 4000.0])
    banks = np.array([0.0, 1.0, 4.0])
    two = np.full(3, 2.0)
    together = money.investment(prices, two, 1500.0 * two, banks, kvar)
    alone = [
        money.investment(prices, 2.0, 3000.0, float(b), float(q))
        for b, q in zip(banks, kvar, strict=True)
    ]
    assert together.tolist() == alone


@pytest.mark.parametrize("field", ["energy_per_kwh", "discount_rate", "station_purchase_per_kw"])
@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_impossible_price_is_named(field: str, value: float) -> None:
    with pytest.raises(ContentError, match=field):
        Prices(**{field: value})


def test_unknown_rule_is_named() -> None:
    with pytest.raises(SettingError, match="annuity, final-year, not 'simple'"):
        money.check_rule("simple")
