"""Owns the few sentences on top of the page, each counted from the rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.papers.hgapso.engines import BestPlan
from benchmarks.papers.hgapso.physics import StationPair
from benchmarks.papers.hgapso.printed import printed
from benchmarks.papers.hgapso.readings import CONVERGED, PAPER
from benchmarks.papers.hgapso.verdicts import EDITED_DATA, LIST_MISSING, REPRODUCED, TOO_LOW
from benchmarks.papers.rows import Row

HOLDS = (REPRODUCED, EDITED_DATA)


def in_short(
    rows: Sequence[Row], pairs: Sequence[StationPair], best: Sequence[BestPlan]
) -> list[str]:
    """Return the sentences, without Markdown bullets."""
    verdicts = {(row.table, row.row, row.quantity): row.verdict for row in rows}
    tables = {key: verdict for key, verdict in verdicts.items() if not key[0].startswith("Fig")}
    n_same = sum(verdict == REPRODUCED for verdict in tables.values())
    n_edited = sum(verdict == EDITED_DATA for verdict in tables.values())
    flows = {key: verdict for key, verdict in tables.items() if "optimal" not in key[1]}
    flows = {key: verdict for key, verdict in flows.items() if key[0] in ("III", "IV")}
    failing = {_feeder(key) for key, v in flows.items() if v not in HOLDS and key[2] != "v_min_pu"}
    losses = {key: v for key, v in tables.items() if key[0] == "VI" and key[2] == "loss_kw"}
    voltages = [v for key, v in tables.items() if key[0] == "VI" and key[2] == "v_min_pu"]
    voltages = [verdict for verdict in voltages if verdict != LIST_MISSING]
    worths = {key: v for key, v in tables.items() if key[0] == "VI" and key[2] == "npv_usd"}
    optimal = {pair.feeder for pair in pairs if pair.is_printed_best}
    others = {pair.feeder for pair in pairs} - optimal
    return [
        f"Of {len(tables)} printed figures {n_same} reproduce to the printed digits and {n_edited} "
        "more once one branch of the 118-bus data is moved.",
        "Losses without capacitors (Tables III and IV) hold on every feeder but "
        f"{_words(failing)}.",
        f"Losses with capacitors (Table VI) hold for {_words(_rows(losses, HOLDS))}; those of "
        f"{_words(_rows(losses, (TOO_LOW,)))} are below what any plan can reach (certified).",
        f"Of the lowest voltages of Table VI {sum(v in HOLDS for v in voltages)} of "
        f"{len(voltages)} that can be checked follow from the printed lists, none of which "
        f"meets the floor of 0.95 ({_floor_words()}).",
        f"The NPV follows from the printed loss and kvar for {_words(_rows(worths, HOLDS))}; "
        "where it does not, the reason column says which other row it fits.",
        f"The station buses called optimal are the best pair on {_words(optimal)}, not on "
        f"{_words(others)}.",
        *_better_plans(best),
    ]


def _better_plans(best: Sequence[BestPlan]) -> Iterable[str]:
    for found in best:
        if found.reading == CONVERGED.name and found.v_min_pu == 0.0:
            ours, bound = found.certificate.npv_usd, found.certificate.bound_usd
            paper = printed().capacitors_of(found.feeder, "HGAPSO").npv_usd
            if ours is not None and bound is not None:
                yield (
                    f"{found.feeder}: HGAPSO's printed NPV is {paper:,.0f} USD; the best plan by "
                    f"the same money rule has {ours:,.0f}, and none has more than {bound:,.0f}."
                )


def _floor_words() -> str:
    lowest = []
    for row in printed().capacitors:
        if row.banks:
            stations = printed().feeder_of(row.feeder).station_buses
            lowest.append(PAPER.judge(row.feeder, stations, row.banks).v_min_pu or 0.0)
    return f"the highest of their lowest voltages is {max(lowest):.4f} p.u."


def _rows(verdicts: dict[tuple[str, str, str], str], wanted: tuple[str, ...]) -> list[str]:
    return [key[1].replace(",", "") for key, verdict in verdicts.items() if verdict in wanted]


def _feeder(key: tuple[str, str, str]) -> str:
    return key[1].split(",")[0]


def _words(names: Iterable[str]) -> str:
    listed = sorted(names)
    return "none" if not listed else ", ".join(listed)
