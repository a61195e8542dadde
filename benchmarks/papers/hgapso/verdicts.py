"""Owns the verdicts: pure functions of printed and computed figures, so that none is typed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from problems.core import money
from problems.core.money import Prices

REPRODUCED = "reproduced"
EDITED_DATA = "reproduced with a data edit"
CONTRADICTION = "contradicts itself"
TOO_LOW = "below the physical minimum"
LIST_MISSING = "lists missing"
NOT_REPRODUCED = "not reproduced"

RELATIVE = 2e-5
"""Published data sets round loads and impedances; losses then differ by up to this share."""

KVAR_TOL = 2.0
SIGNIFICANT = 0.05
"""Level of the tests, Holm's correction included."""
YEARS = 10
PRICES = Prices()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Hold a verdict and one sentence of reason: the cause, a colon, and what it is here."""

    verdict: str
    reason: str


def tolerance(printed: float) -> float:
    """Return half a unit of the last digit printed, or the share RELATIVE if that is more.

    Whole numbers that end in zeros are taken as rounded to that power of ten.

    Examples
    --------
    >>> tolerance(0.9131), tolerance(1762000.0)
    (5e-05, 50.0)
    """
    text = repr(float(printed))
    digits, fraction = text.split(".")
    if fraction != "0":
        unit = 10.0 ** -len(fraction)
    else:
        unit = 10.0 ** min(len(digits) - len(digits.rstrip("0")), 2)
    half = round(0.5 * unit, 12)
    return max(half, RELATIVE * abs(printed)) if unit < 1.0 and abs(printed) > 10.0 else half


def agrees(printed: float, ours: float | None) -> bool:
    """Return whether ours is the printed figure within its tolerance."""
    return ours is not None and abs(printed - ours) <= 1.01 * tolerance(printed)


def interchanged(printed: float, ours: float) -> float | None:
    """Return the figure that two interchanged digits of the printed one make, if it is ours."""
    text = repr(printed)
    places = [k for k, letter in enumerate(text) if letter.isdigit()]
    for i, j in combinations(places, 2):
        letters = list(text)
        letters[i], letters[j] = letters[j], letters[i]
        other = float("".join(letters))
        if other != printed and agrees(other, ours):
            return other
    return None


def flow_verdict(
    printed: float, unedited: float, edited: float | None, converged: float
) -> Verdict:
    """Return the verdict on a loss or voltage of Tables III and IV.

    Parameters
    ----------
    printed : float
        The paper's figure.
    unedited, edited : float
        After two sweeps on the published and on the altered feeder, None without an altered one.
    converged : float
        Of the converged power flow.
    """
    if agrees(printed, unedited):
        return Verdict(REPRODUCED, "two sweeps on the published data give it")
    if edited is not None and agrees(printed, edited):
        return Verdict(EDITED_DATA, "two sweeps give it once branch 38-39 starts at bus 8")
    best = unedited if edited is None else edited
    other = interchanged(printed, best)
    if other is not None:
        return Verdict(CONTRADICTION, f"two digits are interchanged: {other:g} is meant")
    return Verdict(
        NOT_REPRODUCED,
        f"neither flow gives it: two sweeps differ by {(best - printed) / printed:+.2%}, the "
        f"converged flow by {(converged - printed) / printed:+.2%}",
    )


def loss_verdict(
    printed: float,
    unedited: float | None,
    edited: float | None,
    minimum: float,
    shortfall: float,
    is_base_reproduced: bool,
) -> Verdict:
    """Return the verdict on a loss with stations and capacitors.

    Parameters
    ----------
    printed : float
        The paper's loss, kW.
    unedited, edited : float or None
        Loss of the printed list after two sweeps; None if the list is missing.
    minimum : float
        Certified least loss with both stations and as many banks, converged.
    shortfall : float
        Largest share by which two sweeps understated the converged loss of any plan seen.
    is_base_reproduced : bool
        Whether the feeder's base case reproduces, so that the data are the paper's.
    """
    if printed < minimum * (1.0 - shortfall):
        return Verdict(
            TOO_LOW,
            "no plan can lose so little: with both stations no plan loses less than "
            f"{minimum:.2f} kW (certified, converged); two sweeps were seen to understate the "
            f"feeder's losses by {shortfall:.1%} at most",
        )
    if unedited is None:
        return Verdict(LIST_MISSING, "the paper prints no buses and sizes for this row")
    if agrees(printed, unedited):
        return Verdict(REPRODUCED, "two sweeps with the printed list give it")
    if edited is not None and agrees(printed, edited):
        return Verdict(EDITED_DATA, "two sweeps give it once branch 38-39 starts at bus 8")
    ours = unedited if edited is None else edited
    if is_base_reproduced:
        return Verdict(
            CONTRADICTION,
            f"the printed list gives another figure on the data of Table III: {ours:.4f} kW",
        )
    return Verdict(
        NOT_REPRODUCED,
        f"the printed list gives another figure, but the base case differs as well: {ours:.4f} kW",
    )


def printed_npv(base_kw: float, loss_kw: float, kvar: float, n_banks: int) -> float:
    """Return the NPV that the paper's money rule gives for printed figures, USD."""
    return money.net_present_value(
        PRICES,
        YEARS,
        "final-year",
        (base_kw - loss_kw) * 8760.0,
        money.yearly_upkeep(PRICES, 2.0, float(n_banks)),
        money.investment(PRICES, 2.0, 3000.0, float(n_banks), kvar),
    )


def implied_kvar(npv_usd: float, base_kw: float, loss_kw: float, n_banks: int) -> float:
    """Return the total kvar with which the printed loss gives the printed NPV."""
    surplus = printed_npv(base_kw, loss_kw, 0.0, n_banks) - npv_usd
    return surplus / PRICES.capacitor_purchase_per_kvar


def npv_verdict(
    npv_usd: float,
    base_kw: float,
    loss_kw: float,
    kvar: float,
    n_banks: int | None,
    totals: Mapping[str, float],
) -> Verdict:
    """Return the verdict on a printed NPV from the printed loss and kvar alone.

    Parameters
    ----------
    npv_usd, base_kw, loss_kw, kvar : float
        As printed in the row, and in Table III.
    n_banks : int or None
        Banks in the printed list, None if it is missing.
    totals : mapping of str to float
        Printed kvar totals of the other rows of the same feeder, by engine.
    """
    counts = (n_banks, n_banks - 1, n_banks + 1) if n_banks is not None else tuple(range(1, 16))
    lists = {"its own": kvar, **{f"the {engine} row's": total for engine, total in totals.items()}}
    for count in counts:
        for whose, total in lists.items():
            implied = implied_kvar(npv_usd, base_kw, loss_kw, count)
            if abs(implied - total) > KVAR_TOL:
                continue
            if whose == "its own" and count == n_banks:
                return Verdict(REPRODUCED, "follows from the printed loss and kvar")
            other = "another number of banks" if whose == "its own" else "another row's kvar"
            return Verdict(
                CONTRADICTION if n_banks is not None else LIST_MISSING,
                f"fits {other}: {count} banks and {implied:.0f} kvar, {whose} total",
            )
    if n_banks is None:
        return Verdict(
            CONTRADICTION,
            f"fits no row of the feeder: no number of banks up to {counts[-1]} gives it",
        )
    implied = implied_kvar(npv_usd, base_kw, loss_kw, n_banks)
    return Verdict(
        CONTRADICTION,
        f"fits no row of the feeder: {implied:.1f} kvar would give it, the row prints {kvar:.0f}",
    )


def sum_verdict(printed: float, ours: float | None, what: str) -> Verdict:
    """Return the verdict on a printed sum of loads or sizes; a share of 1e-3 is rounding."""
    if ours is None:
        return Verdict(LIST_MISSING, "the paper prints no buses and sizes for this row")
    if abs(ours - printed) <= max(1.01 * tolerance(printed), 1e-3 * printed):
        return Verdict(REPRODUCED, f"the {what} add up to it, to 0.1 %")
    return Verdict(CONTRADICTION, f"the {what} add up to another figure: {ours:.1f}")


def saving_verdict(saving_pct: float, base_kw: float, loss_kw: float) -> Verdict:
    """Return the verdict on a printed saving from the printed losses."""
    ours = 100.0 * (base_kw - loss_kw) / base_kw
    if abs(ours - saving_pct) <= 0.0101:  # cut off as often as rounded
        return Verdict(REPRODUCED, "follows from the printed losses; equation (13) has its sign")
    other = interchanged(saving_pct, round(ours, 2))
    if other is not None:
        return Verdict(CONTRADICTION, f"two digits are interchanged: {other:g} is meant")
    return Verdict(CONTRADICTION, f"the printed losses give another figure: {ours:.2f}")


def voltage_verdict(printed: float, ours: float | None) -> Verdict:
    """Return the verdict on the lowest voltage printed for a list of capacitors."""
    if ours is None:
        return Verdict(LIST_MISSING, "the paper prints no buses and sizes for this row")
    if agrees(printed, ours):
        return Verdict(REPRODUCED, "two sweeps with the printed list give it")
    return Verdict(CONTRADICTION, f"the printed list gives another figure: {ours:.4f} p.u.")


def bus_verdict(printed: str, ours: str) -> Verdict:
    """Return the verdict on the bus of the lowest voltage."""
    if printed == ours:
        return Verdict(REPRODUCED, "the lowest voltage stands there")
    return Verdict(NOT_REPRODUCED, f"the lowest voltage stands at another bus: {ours}")


def order_verdict(claimed: str, p: float, a12: float) -> Verdict:
    """Return the verdict on a claim that one engine does better than another.

    Parameters
    ----------
    claimed : str
        The claim, as a clause.
    p : float
        Of a two-sided test of paired runs, corrected for all tests made of the claim.
    a12 : float
        Probability that a run of the engine claimed to be better is better, ties half.
    """
    detail = f"p = {p:.2g}, better in {a12:.0%} of all pairs of runs"
    if p >= SIGNIFICANT:
        return Verdict(NOT_REPRODUCED, f"our runs do not show that {claimed}: {detail}")
    if a12 <= 0.5:
        return Verdict(NOT_REPRODUCED, f"our runs show the opposite of {claimed}: {detail}")
    return Verdict(REPRODUCED, f"our runs show that {claimed}: {detail}")
