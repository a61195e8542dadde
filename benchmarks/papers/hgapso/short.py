"""Owns the sentences on top of the page, what holds and what does not, counted from the rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.papers.hgapso.engines import BestPlan
from benchmarks.papers.hgapso.groups import first_readings
from benchmarks.papers.hgapso.physics import StationPair
from benchmarks.papers.hgapso.printed import printed
from benchmarks.papers.hgapso.readings import CONVERGED, PAPER
from benchmarks.papers.hgapso.verdicts import EDITED_DATA, LIST_MISSING, REPRODUCED, TOO_LOW
from benchmarks.papers.rows import Row

HOLDS = (REPRODUCED, EDITED_DATA)


def what_holds(rows: Sequence[Row], pairs: Sequence[StationPair]) -> list[str]:
    """Return what holds, in sentences."""
    figures = first_readings(rows)
    tables = [row for row in figures if row.table in ("III", "IV", "V", "VI", "VII")]
    n_same = sum(row.verdict == REPRODUCED for row in tables)
    n_edited = sum(row.verdict == EDITED_DATA for row in tables)
    flows = _of(figures, ("III", "IV"), "loss_kw")
    broken = {_feeder(row) for row in flows if row.verdict not in HOLDS}
    best = {pair.feeder for pair in pairs if pair.is_printed_best}
    return [
        f"Of {len(tables)} figures in Tables III to VII {n_same} reproduce to the printed digits, "
        f"and {n_edited} more once one branch of the 118-bus data is moved.",
        "Losses without capacitors hold on "
        f"{_words({_feeder(row) for row in flows} - broken)}: the power flow stopped after two "
        "sweeps.",
        f"Losses with capacitors follow from the printed lists for {_rows(figures, 'loss_kw')}; "
        f"those with vehicles feeding the grid for {_v2g(figures)}.",
        f"The NPV follows from the printed loss and kvar for {_rows(figures, 'npv_usd')}: one "
        "payment, discounted over ten years.",
        f"The station buses called optimal are the best pair on {_words(best)}.",
        f"Our runs show HGAPSO's lead of Figure 4 in {_shown(figures, 'Fig. 4')} cases, and the "
        f"order of its convergence times in {_shown(_times(figures), 'VI')} (paired tests).",
    ]


def what_does_not(
    rows: Sequence[Row], pairs: Sequence[StationPair], best: Sequence[BestPlan]
) -> list[str]:
    """Return what does not hold, in sentences."""
    figures = first_readings(rows)
    flows = _of(figures, ("III", "IV"), "loss_kw")
    too_low = [row for row in figures if row.verdict == TOO_LOW]
    voltages = [r for r in _of(figures, ("VI",), "v_min_pu") if r.verdict != LIST_MISSING]
    text = _of(figures, ("text",))
    others = {pair.feeder for pair in pairs if not pair.is_printed_best}
    return [
        f"The base case of {_words({_feeder(r) for r in flows if r.verdict not in HOLDS})} "
        "belongs to other data than the published ones.",
        f"The losses of {_words(_name(row) for row in too_low)} are below what any plan with both "
        "stations can reach (certified).",
        f"{sum(row.verdict in HOLDS for row in voltages)} of {len(voltages)} lowest voltages of "
        f"Table VI follow from the printed lists; no list reaches 0.95 p.u., {_highest()}.",
        *_unreachable(best),
        f"On {_words(others)} other pairs of station buses lose less.",
        f"{sum(row.verdict not in HOLDS for row in text)} of {len(text)} figures that the text "
        "repeats are not those of Table VI; equation (13) has the other sign than the tables; T is "
        "both 8760 hours and the lifetime.",
        "Figure 5 puts the discount rate first; in the printed plans the energy price moves the "
        "NPV most on "
        f"{_words(_feeder(r) for r in _of(figures, ('Fig. 5',)) if _is_first(r))}.",
    ]


def _unreachable(best: Sequence[BestPlan]) -> Iterable[str]:
    """Yield which printed NPVs no plan can have."""
    beyond = []
    for found in best:
        bound = found.certificate.bound_usd
        if found.reading == CONVERGED.name and found.v_min_pu == 0.0 and bound is not None:
            paper = printed().capacitors_of(found.feeder, "HGAPSO").npv_usd
            if paper > bound:
                beyond.append(f"{found.feeder} ({paper:,.0f} USD, at most {bound:,.0f})")
    if beyond:
        yield f"No plan has the NPV that HGAPSO is printed to have on {', '.join(sorted(beyond))}."


def _highest() -> str:
    lowest = []
    for row in printed().capacitors:
        if row.banks:
            stations = printed().feeder_of(row.feeder).station_buses
            lowest.append(PAPER.judge(row.feeder, stations, row.banks).v_min_pu or 0.0)
    return f"the highest has {max(lowest):.4f}"


def _of(rows: Sequence[Row], tables: Sequence[str], quantity: str | None = None) -> list[Row]:
    found = [row for row in rows if row.table in tables]
    return [row for row in found if quantity is None or row.quantity == quantity]


def _times(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.quantity.startswith("CT of HGAPSO")]


def _shown(rows: Sequence[Row], table: str) -> str:
    found = _of(rows, (table,))
    return f"{sum(row.verdict == REPRODUCED for row in found)} of {len(found)}"


def _rows(rows: Sequence[Row], quantity: str) -> str:
    found = [row for row in _of(rows, ("VI",), quantity) if row.verdict in HOLDS]
    return _words(_name(row) for row in found)


def _v2g(rows: Sequence[Row]) -> str:
    found = [row for row in _of(rows, ("VII",), "loss_kw") if row.verdict in HOLDS]
    return _words(_feeder(row) for row in found)


def _is_first(row: Row) -> bool:
    return row.quantity == "rank of energy_per_kwh" and row.ours == 1.0


def _name(row: Row) -> str:
    return row.row.replace(",", "")


def _feeder(row: Row) -> str:
    return row.row.split(",")[0]


def _words(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names))) or "none"
