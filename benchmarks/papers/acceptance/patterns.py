"""Owns the claims of the paper's text as functions of capacities: each holds or fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.papers.acceptance.cases import TYPES, Capacities
from benchmarks.papers.acceptance.growth import READINGS, growth_by_unit
from benchmarks.papers.acceptance.printed import EXCEEDED_MW, LARGEST_GROWTH

HOLDS, FAILS = "pattern holds", "pattern fails"
UNCHANGED = 0.05
"""Share by which the least capacity may change and still be called unchanged."""

NOTHING_PCT = 1.0
"""Growth that counts as none."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Hold one claim, where it stands, and whether it holds with what was found."""

    where: str
    claim: str
    kind: str
    holds: bool
    found: str


def claims(found: Capacities) -> Iterator[Claim]:
    """Yield every claim that the scenarios found allow to check."""
    first = [s for s in (1, 2, 3, 4) if (s, 1) in found.found]
    for kind in TYPES:
        word = f"type {kind}"
        where = f"Figure {7 + kind}"
        for scenario in first:
            yield _largest(found, scenario, kind, where, word)
            yield _least(found, scenario, kind, where, word)
            yield _ends(found, scenario, kind, where, word)
        yield from _growth(found, 0, kind, word)
        if (5, 1) in found.found:
            yield from _growth(found, 1, kind, word)
            yield _dominates(found, kind, word)
            yield _limit_lifts(found, kind, word)
            yield _limit_leaves(found, kind, word)
        exceeds = float(np.nanmax(found.kw(1, kind))) / 1e3
        yield Claim(
            where, f"capacity exceeds {EXCEEDED_MW} MW", word, exceeds > EXCEEDED_MW,
            f"largest {exceeds:.2f} MW",
        )  # fmt: skip
    yield from _between_types(found)


def _largest(found: Capacities, scenario: int, kind: int, where: str, word: str) -> Claim:
    order = _order(found, scenario, kind)
    return Claim(
        where, f"largest at buses 2 and 19, scenario {scenario}", word,
        set(order[-2:]) == {"2", "19"}, f"largest at {order[-1]} and {order[-2]}",
    )  # fmt: skip


def _least(found: Capacities, scenario: int, kind: int, where: str, word: str) -> Claim:
    order = _order(found, scenario, kind)
    return Claim(
        where, f"least at buses 18 and 33, scenario {scenario}", word,
        set(order[:2]) == {"18", "33"}, f"least at {order[0]} and {order[1]}",
    )  # fmt: skip


def _ends(found: Capacities, scenario: int, kind: int, where: str, word: str) -> Claim:
    """Say whether each long lateral has its least at its end: the claim read by lateral."""
    ends = []
    for lateral, end in ((map(str, range(7, 19)), "18"), (map(str, range(26, 34)), "33")):
        kw = {bus: found.of(scenario, kind, bus) for bus in lateral if bus in found.buses}
        ends.append(min(kw, key=lambda bus: kw[bus]) == end)
    return Claim(
        where, f"least of its lateral at 18, and at 33, scenario {scenario}", word, all(ends),
        f"18: {_yes(ends[0])}, 33: {_yes(ends[1])}",
    )  # fmt: skip


def _growth(found: Capacities, table: int, kind: int, word: str) -> Iterator[Claim]:
    for reading in READINGS:
        growth = growth_by_unit(found, table, kind, reading)
        where, words = f"Table {table + 2}", ", ".join(f"{u} {g:.1f} %" for u, g in growth.items())
        best = "SVG" if kind == 1 else "ESS"
        is_best = max(growth, key=lambda unit: growth[unit]) == best
        yield Claim(
            where, f"{best} helps most ({reading})", word, is_best,
            words,
        )  # fmt: skip
        yield Claim(
            where, f"PV helps least ({reading})", word,
            growth["PV"] < min(growth["ESS"], growth["SVG"]), words,
        )  # fmt: skip
        if kind == 2:
            yield Claim(
                where, f"PV does not help ({reading})", word, abs(growth["PV"]) < NOTHING_PCT, words
            )


def _dominates(found: Capacities, kind: int, word: str) -> Claim:
    """Say whether scenario 7, which has all of 6 and more, accepts no less than 6 anywhere."""
    least = float(np.nanmin(found.kw(7, kind) / found.kw(6, kind)))
    words = (
        "more SVG and ESS (7) accept no less than more SVG (6), so Table 3 cannot have SVG "
        "above ESS whatever the curves"
    )
    return Claim("Table 1", words, word, least > 1.0 - 1e-5, f"least ratio {least:.4f}")


def _limit_lifts(found: Capacities, kind: int, word: str) -> Claim:
    before, after = (float(np.nanmax(found.kw(s, kind))) for s in (1, 5))
    growth = after / before - 1.0
    return Claim(
        f"Figure {9 + kind}", "the 6 MW limit lifts the largest by more than 90 %", word,
        growth > LARGEST_GROWTH, f"{growth:.0%}",
    )  # fmt: skip


def _limit_leaves(found: Capacities, kind: int, word: str) -> Claim:
    before, after = (float(np.nanmin(found.kw(s, kind))) for s in (1, 5))
    growth = after / before - 1.0
    return Claim(
        f"Figure {9 + kind}", "the 6 MW limit leaves the least unchanged", word,
        abs(growth) < UNCHANGED, f"{growth:.1%}",
    )  # fmt: skip


def _between_types(found: Capacities) -> Iterator[Claim]:
    one, two = found.kw(1, 1), found.kw(1, 2)
    more = np.nanmean(two) > np.nanmean(one)
    yield Claim(
        "Figures 8, 9", "type 2 is accepted more than type 1 overall", "both", bool(more),
        f"mean {np.nanmean(two) / 1e3:.2f} against {np.nanmean(one) / 1e3:.2f} MW",
    )  # fmt: skip

    def drop(scenario: int, kind: int, end: str, near: str) -> float:
        return 1.0 - found.of(scenario, kind, end) / found.of(scenario, kind, near)

    for end in ("22", "25"):
        first, second = (drop(1, kind, end, "2") for kind in (1, 2))
        yield Claim(
            "Figures 8, 9", f"type 2 decreases more sharply toward bus {end}", "both",
            second > first, f"{second:.1%} against {first:.1%} below bus 2",
        )  # fmt: skip
        if (5, 1) in found.found:
            low, high = (drop(scenario, 1, end, "2") for scenario in (1, 5))
            yield Claim(
                "Figure 10", f"with 6 MW type 1 decreases more toward bus {end}", "type 1",
                high > low, f"{high:.1%} against {low:.1%}",
            )  # fmt: skip


def _order(found: Capacities, scenario: int, kind: int) -> list[str]:
    """Return the buses by rising capacity."""
    kw = found.kw(scenario, kind)
    return [found.buses[k] for k in np.argsort(kw, kind="stable") if np.isfinite(kw[k])]


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"
