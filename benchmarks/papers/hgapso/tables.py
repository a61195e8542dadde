"""Owns the rows of Tables III to VII: every printed figure beside ours, with its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.papers.hgapso import verdicts
from benchmarks.papers.hgapso.physics import LossFloor
from benchmarks.papers.hgapso.printed import (
    SHARES,
    Printed,
    PrintedBank,
    PrintedCapacitors,
    printed,
)
from benchmarks.papers.hgapso.readings import (
    CONVERGED,
    EDITED,
    EQUATION_5,
    PAPER,
    UNEDITED,
)
from benchmarks.papers.hgapso.verdicts import Verdict
from benchmarks.papers.rows import Row
from problems.core.assess import Assessment, required

SAME_PU = 1e-9
"""Buses without load share a voltage with the bus before them, to rounding."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Hold a plan judged in the readings that a verdict needs."""

    unedited: Assessment
    edited: Assessment | None
    converged: Assessment

    @property
    def best(self) -> Assessment:
        """What comes nearest to the paper: the altered feeder where there is one."""
        return self.edited or self.unedited


def judged(
    feeder: str,
    stations: Sequence[str],
    banks: Sequence[PrintedBank] = (),
    share: float | None = None,
) -> Judged:
    """Return a plan judged in three readings; arguments as of `Reading.judge`."""
    return Judged(
        UNEDITED.judge(feeder, stations, banks, share),
        PAPER.judge(feeder, stations, banks, share) if feeder in EDITED else None,
        CONVERGED.judge(feeder, stations, banks, share),
    )


def loss_kvar(assessment: Assessment) -> float:
    """Return the reactive losses of the single load state."""
    return float(required(assessment.flow.loss_kvar)[0])


def lowest_bus(assessment: Assessment, printed_bus: str) -> str:
    """Return the label of the bus of lowest voltage: the printed one where it has no lower."""
    flow = assessment.flow
    v_pu = required(flow.v_pu)[0]
    if v_pu[flow.feeder.bus_index(printed_bus)] <= v_pu.min() + SAME_PU:
        return printed_bus
    return str(flow.feeder.bus_id[int(np.argmin(v_pu))])


def flow_rows(tables: Printed | None = None) -> Iterator[Row]:
    """Yield the rows of Table III, base case, and of Table IV, stations without capacitors."""
    tables = tables or printed()
    for base in tables.base:
        found = judged(base.feeder, ())
        yield from _flow_rows("III", base.feeder, found, base)
        buses = [lowest_bus(flow, base.v_min_bus) for flow in (found.best, found.converged)]
        verdict = verdicts.bus_verdict(base.v_min_bus, buses[0])
        ours_bus = {PAPER: float(buses[0]), CONVERGED: float(buses[1])}
        yield from _in_readings(
            "III", base.feeder, "v_min_bus", float(base.v_min_bus), verdict, ours_bus
        )
    for stations in tables.stations:
        found = judged(stations.feeder, stations.buses)
        row = f"{stations.feeder}, stations at {', '.join(stations.buses)}"
        yield from _flow_rows("IV", row, found, stations)


def sum_rows(tables: Printed | None = None) -> Iterator[Row]:
    """Yield the loads of Table III and the kvar totals of Table V: what is printed to be summed."""
    tables = tables or printed()
    for feeder in tables.feeder:
        grid = CONVERGED.feeder(feeder.name)
        for quantity in ("load_kw", "load_kvar"):
            paper = float(getattr(feeder, quantity))
            load = float((grid.p_kw if quantity == "load_kw" else grid.q_kvar).sum())
            verdict = verdicts.sum_verdict(paper, load, "loads")
            yield from _in_readings(
                "III", feeder.name, quantity, paper, verdict, {"published data": load}
            )
    for row in tables.capacitors:
        total = sum(bank.kvar for bank in row.banks) if row.banks else None
        verdict = verdicts.sum_verdict(row.total_kvar, total, "sizes")
        ours = {} if total is None else {"printed list": total}
        name = f"{row.feeder}, {row.engine}"
        yield from _in_readings("V", name, "total_kvar", row.total_kvar, verdict, ours)


def _flow_rows(table: str, row: str, found: Judged, figures: object) -> Iterator[Row]:
    for quantity in ("loss_kw", "loss_kvar", "v_min_pu"):
        paper = float(getattr(figures, quantity))
        unedited, converged = _get(found.unedited, quantity), _get(found.converged, quantity)
        edited = None if found.edited is None else _get(found.edited, quantity)
        verdict = verdicts.flow_verdict(paper, unedited, edited, converged)
        best = unedited if edited is None else edited
        yield from _in_readings(
            table, row, quantity, paper, verdict, {PAPER: best, CONVERGED: converged}
        )


def capacitor_rows(floor: LossFloor, tables: Printed | None = None) -> Iterator[Row]:
    """Yield the rows of Tables V and VI: the printed plans, assessed as printed."""
    tables = tables or printed()
    for figures in tables.capacitors:
        row = f"{figures.feeder}, {figures.engine}"
        base = tables.base_of(figures.feeder)
        stations = tables.feeder_of(figures.feeder).station_buses
        found = judged(figures.feeder, stations, figures.banks) if figures.banks else None
        verdict = verdicts.loss_verdict(
            figures.loss_kw,
            None if found is None else found.unedited.loss_kw,
            None if found is None or found.edited is None else found.edited.loss_kw,
            floor.minimum_kw(figures.feeder, len(figures.banks)),
            floor.shortfall(figures.feeder),
            is_base_reproduced(figures.feeder, tables),
        )
        ours = _both(found, "loss_kw")
        yield from _in_readings("VI", row, "loss_kw", figures.loss_kw, verdict, ours)
        ours = _both(found, "v_min_pu")
        verdict = verdicts.voltage_verdict(figures.v_min_pu, ours.get(PAPER))
        yield from _in_readings("VI", row, "v_min_pu", figures.v_min_pu, verdict, ours)
        verdict = verdicts.saving_verdict(figures.saving_pct, base.loss_kw, figures.loss_kw)
        saving = 100.0 * (base.loss_kw - figures.loss_kw) / base.loss_kw
        yield from _in_readings(
            "VI", row, "saving_pct", figures.saving_pct, verdict, {"printed losses": saving}
        )
        ours_npv: dict[Any, float | None] = {}
        if found is not None:
            ours_npv = {
                PAPER: found.best.npv,
                CONVERGED: found.converged.npv,
                EQUATION_5: EQUATION_5.judge(figures.feeder, stations, figures.banks).npv,
            }
            ours_npv["printed loss and kvar"] = verdicts.printed_npv(
                base.loss_kw, figures.loss_kw, figures.total_kvar, len(figures.banks)
            )
        yield from _in_readings(
            "VI", row, "npv_usd", figures.npv_usd, _npv_verdict(figures, figures.npv_usd, tables),
            ours_npv,
        )  # fmt: skip


def v2g_rows(floor: LossFloor, tables: Printed | None = None) -> Iterator[Row]:
    """Yield the rows of Table VII: the HGAPSO capacitors with vehicles feeding the grid."""
    tables = tables or printed()
    for figures in tables.v2g:
        capacitors = tables.capacitors_of(figures.feeder, "HGAPSO")
        base = tables.base_of(figures.feeder)
        stations = tables.feeder_of(figures.feeder).station_buses
        for share, loss_kw, saving_pct, npv_usd in zip(
            SHARES, figures.loss_kw, figures.saving_pct, figures.npv_usd, strict=True
        ):
            row = f"{figures.feeder}, {share:.0%} of vehicles"
            found = None
            if capacitors.banks:
                found = judged(figures.feeder, stations, capacitors.banks, share)
            verdict = verdicts.loss_verdict(
                loss_kw,
                None if found is None else found.unedited.loss_kw,
                None if found is None or found.edited is None else found.edited.loss_kw,
                floor.minimum_kw(figures.feeder, len(capacitors.banks), share),
                floor.shortfall(figures.feeder),
                is_base_reproduced(figures.feeder, tables),
            )
            ours = _both(found, "loss_kw")
            yield from _in_readings("VII", row, "loss_kw", loss_kw, verdict, ours)
            verdict = verdicts.saving_verdict(saving_pct, base.loss_kw, loss_kw)
            saving = 100.0 * (base.loss_kw - loss_kw) / base.loss_kw
            yield from _in_readings(
                "VII", row, "saving_pct", saving_pct, verdict, {"printed losses": saving}
            )
            same = PrintedCapacitors(
                capacitors.feeder, "HGAPSO", capacitors.total_kvar, loss_kw, 0.0, 0.0, npv_usd, 0.0,
                capacitors.banks,
            )  # fmt: skip
            ours_npv = _both(found, "npv")
            if found is not None:
                equation_5 = EQUATION_5.judge(figures.feeder, stations, capacitors.banks, share)
                ours_npv[EQUATION_5] = equation_5.npv
            yield from _in_readings(
                "VII", row, "npv_usd", npv_usd, _npv_verdict(same, npv_usd, tables), ours_npv
            )


def is_base_reproduced(feeder: str, tables: Printed) -> bool:
    """Return whether the base case of a feeder reproduces, with or without the data edit."""
    loss_kw = tables.base_of(feeder).loss_kw
    found = judged(feeder, ())
    return verdicts.agrees(loss_kw, found.best.loss_kw)


def _both(found: Judged | None, quantity: str) -> dict[Any, float | None]:
    """Return a figure in the paper's reading and converged, nothing where the list is missing."""
    if found is None:
        return {}
    return {PAPER: getattr(found.best, quantity), CONVERGED: getattr(found.converged, quantity)}


def _npv_verdict(figures: PrintedCapacitors, npv_usd: float, tables: Printed) -> Verdict:
    totals = {
        other.engine: other.total_kvar
        for other in tables.capacitors
        if other.feeder == figures.feeder and other.engine != figures.engine
    }
    return verdicts.npv_verdict(
        npv_usd,
        tables.base_of(figures.feeder).loss_kw,
        figures.loss_kw,
        figures.total_kvar,
        len(figures.banks) or None,
        totals,
    )


def _in_readings(
    table: str,
    row: str,
    quantity: str,
    paper: float,
    verdict: Verdict,
    ours: Mapping[Any, float | None],
) -> Iterator[Row]:
    """Yield one row a reading; one without our figure where none can be computed."""
    readings = {getattr(reading, "name", reading): value for reading, value in ours.items()}
    for reading, value in (readings or {"none": None}).items():
        yield Row(
            table, row, quantity, paper, value, reading, verdicts.tolerance(paper),
            verdict.verdict, verdict.reason,
        )  # fmt: skip


def _get(assessment: Assessment, quantity: str) -> float:
    value = loss_kvar(assessment) if quantity == "loss_kvar" else getattr(assessment, quantity)
    return float(np.nan if value is None else value)
