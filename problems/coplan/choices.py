"""Owns what may become of each line: keep it, or replace it by a cable or a breaker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from problems.coplan.equipment import Library
from problems.coplan.scenario import Scenario
from problems.core.errors import ContentError, SettingError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Rule = Literal["keep", "forced"]
MarginOf = Literal["relaxed", "own"]

KEPT = ""
"""Size of a line that stays."""


@dataclass(frozen=True, slots=True)
class UpgradeRule:
    """Hold when a line must be replaced and how much ampacity its replacement needs.

    Parameters
    ----------
    rule : {"keep", "forced"}
        Whether an overloaded line may stay if its current in the plan fits, or must go.
    margin : float or None
        A replacement's ampacity is at least so many times a current of the line; None for 1 times
        its own current in the plan.
    margin_of : {"relaxed", "own"}
        Which current: that of the unreinforced feeder, or the line's own in the plan.
    """

    rule: Rule = "keep"
    margin: float | None = 1.05
    margin_of: MarginOf = "relaxed"

    def __post_init__(self) -> None:
        if self.margin is not None and not 1.0 <= self.margin < float("inf"):
            raise SettingError(f"margin must be 1 or more, not {self.margin}")


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """Hold every choice of every candidate line; the choices of a line stand together.

    Attributes
    ----------
    feeder : Feeder
    branch : (n_choice,) int array
        Bus the line leads into.
    size : (n_choice,) tuple of str
        Name of the cable or breaker; `KEPT` for the line as it is.
    r_ohm, x_ohm : (n_choice,) float array
    limit_a : (n_choice,) float array
        Greatest current of the line in the plan: the ampacity, less a margin on the own current;
        infinite where unknown.
    cost_usd : (n_choice,) float array
    is_breaker : (n_choice,) bool array
    """

    feeder: Feeder
    branch: IntArray
    size: tuple[str, ...]
    r_ohm: FloatArray
    x_ohm: FloatArray
    limit_a: FloatArray
    cost_usd: FloatArray
    is_breaker: NDArray[np.bool_]

    @property
    def candidates(self) -> IntArray:
        """Lines that have choices, in sweep order."""
        return np.unique(self.branch)

    def of(self, branch: int) -> IntArray:
        """Return the choices of a line."""
        return np.flatnonzero(self.branch == branch)

    def only(self, keep: NDArray[np.bool_]) -> Choices:
        """Return the choices that a mask keeps."""
        at = np.flatnonzero(keep)
        return Choices(
            self.feeder, self.branch[at], tuple(self.size[k] for k in at), self.r_ohm[at],
            self.x_ohm[at], self.limit_a[at], self.cost_usd[at], self.is_breaker[at],
        )  # fmt: skip

    def columns(self, chosen: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return r_ohm, x_ohm and current limits of all lines, (n_bus,), when these are chosen."""
        feeder = self.feeder
        r_ohm, x_ohm = feeder.r_ohm.copy(), feeder.x_ohm.copy()
        limit_a = np.where(np.isfinite(feeder.ampacity_a), feeder.ampacity_a, np.inf)
        at = self.branch[chosen]
        r_ohm[at], x_ohm[at] = self.r_ohm[chosen], self.x_ohm[chosen]
        limit_a[at] = self.limit_a[chosen]
        return r_ohm, x_ohm, limit_a

    def least(self) -> tuple[FloatArray, FloatArray]:
        """Return the smallest r_ohm and the smallest x_ohm of every line, (n_bus,) each."""
        r_ohm, x_ohm = self.feeder.r_ohm.copy(), self.feeder.x_ohm.copy()
        for k in self.candidates:
            r_ohm[k], x_ohm[k] = self.r_ohm[self.of(k)].min(), self.x_ohm[self.of(k)].min()
        return r_ohm, x_ohm


def line_name(feeder: Feeder, branch: int) -> str:
    """Return how a line is called: its ends."""
    return f"{feeder.bus_id[feeder.parent[branch]]}-{feeder.bus_id[branch]}"


def overloaded_lines(scenario: Scenario) -> IntArray:
    """Return the lines whose relaxed current exceeds their ampacity, in sweep order."""
    return np.flatnonzero(scenario.relaxed_a > scenario.feeder.ampacity_a * (1.0 + 1e-9))


def make_choices(
    scenario: Scenario, library: Library, rule: UpgradeRule, lines: IntArray | None = None
) -> Choices:
    """Return the choices of the candidate lines  # (11).

    A choice that another is at least as good as in price, impedance and limit is left out. A line
    without any choice (forced, and nothing is large enough) has no entry.

    Parameters
    ----------
    lines : int array, optional
        Candidate lines; the overloaded ones by default. Lines that are not overloaded may stay
        under either rule.

    Raises
    ------
    ContentError
        If a candidate has no length to price it by.
    """
    feeder = scenario.feeder
    overloaded = set(overloaded_lines(scenario).tolist())
    rows: list[tuple[int, str, float, float, float, float, bool]] = []
    for k in sorted(overloaded) if lines is None else lines.tolist():
        new = _replacements(feeder, k, library)
        if rule.margin is not None and rule.margin_of == "relaxed":
            least_a = rule.margin * scenario.relaxed_a[k]
            new = [row for row in new if row[4] >= least_a]
        elif rule.margin is not None:
            new = [(*row[:4], row[4] / rule.margin, *row[5:]) for row in new]
        if rule.rule == "keep" or k not in overloaded:
            has_limit = np.isfinite(feeder.ampacity_a[k])
            limit_a = float(feeder.ampacity_a[k]) if has_limit else np.inf
            new.append((k, KEPT, feeder.r_ohm[k], feeder.x_ohm[k], limit_a, 0.0, False))
        rows += [row for row in new if not any(_is_better(other, row) for other in new)]
    rows.sort(key=lambda row: (row[0], row[5]))
    columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)] or [[]] * 7
    return Choices(
        feeder, np.array(columns[0], dtype=np.int64), tuple(columns[1]),
        np.array(columns[2], dtype=float), np.array(columns[3], dtype=float),
        np.array(columns[4], dtype=float), np.array(columns[5], dtype=float),
        np.array(columns[6], dtype=bool),
    )  # fmt: skip


def _replacements(
    feeder: Feeder, k: int, library: Library
) -> list[tuple[int, str, float, float, float, float, bool]]:
    """Return what the library has for a line: its columns as of `Choices`."""
    if feeder.kind[k] == "breaker":
        return [
            (k, b.type, feeder.r_ohm[k], feeder.x_ohm[k], b.ampacity_a, b.price_usd, True)
            for b in library.breakers
        ]
    length_m = feeder.length_m[k]
    if not np.isfinite(length_m):
        raise ContentError(
            f"feeder {feeder.name}: line {line_name(feeder, k)} has no length, so that a cable for "
            "it has no price; add the column length_m to branches.csv"
        )
    km = length_m / 1e3
    return [
        (k, c.size, c.r_ohm_per_km * km, c.x_ohm_per_km * km, c.ampacity_a,
         c.price_usd_per_m * length_m, False)
        for c in library.cables
    ]  # fmt: skip


def _is_better(
    one: tuple[int, str, float, float, float, float, bool],
    other: tuple[int, str, float, float, float, float, bool],
) -> bool:
    """Return whether `one` makes `other` superfluous; of equals the first by name stays."""
    pairs = [(one[2], other[2]), (one[3], other[3]), (-one[4], -other[4]), (one[5], other[5])]
    if one is other or any(a > b for a, b in pairs):
        return False
    return any(a < b for a, b in pairs) or one[1] < other[1]
