"""Owns what the text repeats or defines: its figures against the tables, a sign, a symbol."""

from __future__ import annotations

from collections.abc import Iterator
from math import log

from benchmarks.papers.hgapso import verdicts
from benchmarks.papers.hgapso.printed import Printed, PrintedCapacitors, PrintedText, printed
from benchmarks.papers.hgapso.verdicts import CONTRADICTION, PRICES, REPRODUCED, Verdict
from benchmarks.papers.rows import Row
from problems.core import money

QUANTITIES = ("loss_kw", "saving_pct", "npv_usd")
N_STATIONS, STATIONS_KW = 2.0, 3000.0


def text_rows(tables: Printed | None = None) -> Iterator[Row]:
    """Yield each figure of Table VI that the text repeats, beside the table's own."""
    tables = tables or printed()
    for said in tables.text:
        row = tables.capacitors_of(said.feeder, said.engine)
        figure = float(getattr(row, said.quantity))
        verdict = text_verdict(said, figure, tables)
        yield _row(
            "text", f"{said.feeder}, {said.engine}", said.quantity, said.value, figure,
            "Table VI", verdict,
        )  # fmt: skip


def definition_rows(tables: Printed | None = None) -> Iterator[Row]:
    """Yield the sign of equation (13), the meaning of T, and the station loads of Table IV."""
    tables = tables or printed()
    for row in tables.capacitors:
        base_kw = tables.base_of(row.feeder).loss_kw
        sign = 100.0 * (row.loss_kw - base_kw) / base_kw
        yield _row(
            "eq. (13)", f"{row.feeder}, {row.engine}", "saving_pct as defined", row.saving_pct,
            sign, "printed losses", sign_verdict(row.saving_pct, sign),
        )  # fmt: skip
    for row in tables.capacitors:
        if is_npv_consistent(row, tables):
            years = implied_years(row, tables.base_of(row.feeder).loss_kw)
            yield _row(
                "II", f"{row.feeder}, {row.engine}", "T", tables.time.hours, years,
                "years that the printed NPV is discounted over",
                symbol_verdict(tables.time.hours, years),
            )  # fmt: skip
    for stations in tables.stations:
        where = f"{stations.feeder}, stations at {', '.join(stations.buses)}"
        load_kw = tables.feeder_of(stations.feeder).load_kw
        rest_kw = stations.total_kw - load_kw
        verdict = verdicts.sum_verdict(stations.station_kw, rest_kw, "loads")
        yield _row(
            "IV", where, "station_kw", stations.station_kw, rest_kw,
            "total load less the load of Table III", verdict,
        )  # fmt: skip


def text_verdict(said: PrintedText, table: float, tables: Printed) -> Verdict:
    """Return whether a figure of the text is the table's, or which other one it is."""
    if verdicts.agrees(said.value, table):
        return Verdict(REPRODUCED, "the table prints the same")
    for row in tables.capacitors:
        for quantity in QUANTITIES:
            other = float(getattr(row, quantity))
            if verdicts.agrees(said.value, other):
                return Verdict(
                    CONTRADICTION,
                    f"the table has this figure in another place: {quantity} of {row.feeder}, "
                    f"{row.engine}",
                )
    return Verdict(CONTRADICTION, f"the table prints another figure: {table:,.10g}")


def sign_verdict(printed_pct: float, defined_pct: float) -> Verdict:
    """Return whether equation (13) gives a saving the sign that the tables print."""
    if printed_pct * defined_pct > 0.0:
        return Verdict(REPRODUCED, "equation and table have the same sign")
    return Verdict(
        CONTRADICTION, "the equation has the opposite sign of the tables: it counts what losses add"
    )


def symbol_verdict(hours: float, years: float) -> Verdict:
    """Return whether the T of Table II is the T of equation (5)."""
    if abs(hours - years) <= 0.05:
        return Verdict(REPRODUCED, "one symbol, one meaning")
    return Verdict(
        CONTRADICTION,
        f"T means two things: {hours:g} hours in Table II, {years:.2f} years in the NPV",
    )


def is_npv_consistent(row: PrintedCapacitors, tables: Printed) -> bool:
    """Return whether a row's NPV follows from its own loss and kvar."""
    if not row.banks:
        return False
    base_kw = tables.base_of(row.feeder).loss_kw
    verdict = verdicts.npv_verdict(
        row.npv_usd, base_kw, row.loss_kw, row.total_kvar, len(row.banks), {}
    )
    return verdict.verdict == REPRODUCED


def implied_years(row: PrintedCapacitors, base_kw: float) -> float:
    """Return the years over which one payment is discounted to give the row's NPV."""
    banks = float(len(row.banks))
    profit = (base_kw - row.loss_kw) * 8760.0 * PRICES.energy_per_kwh
    profit -= money.yearly_upkeep(PRICES, N_STATIONS, banks)
    worth = row.npv_usd + money.investment(PRICES, N_STATIONS, STATIONS_KW, banks, row.total_kvar)
    return log(profit / worth) / log(1.0 + PRICES.discount_rate)


def _row(
    table: str,
    row: str,
    quantity: str,
    paper: float,
    ours: float,
    reading: str,
    verdict: Verdict,
) -> Row:
    return Row(
        table, row, quantity, paper, ours, reading, verdicts.tolerance(paper),
        verdict.verdict, verdict.reason,
    )  # fmt: skip
