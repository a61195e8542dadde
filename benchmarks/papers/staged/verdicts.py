"""Owns the verdicts on the staged paper: pure functions of printed and computed figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from benchmarks.papers.rows import Row

REPRODUCED = "reproduced"
SAME_DIRECTION = "same direction"
NOT_REPRODUCED = "not reproduced"
CONTRADICTION = "contradicts itself"
LEVEL = "level cannot match"
NOT_PRINTED = "not printed"
"""Of what the paper gives neither a figure nor an order for."""

RATIO_TOL = 0.05
"""Difference of two ratios that counts as the same: the unit costs behind them are assumed."""


def ratio_row(
    table: str, quantity: str, more: str, less: str, paper: float, ours: float | None, how: str
) -> Row:
    """Return the row of a ratio between two schemes."""
    name = f"{more}/{less}"
    if ours is None:
        return Row(table, name, quantity, paper, None, how, RATIO_TOL, NOT_REPRODUCED, "no figure")
    apart = abs(paper - ours)
    if apart <= RATIO_TOL:
        verdict, reason = REPRODUCED, f"{apart:.3f} apart"
    elif (paper - 1.0) * (ours - 1.0) > 0.0:
        verdict, reason = SAME_DIRECTION, f"both {'below' if ours < 1.0 else 'above'} 1"
    else:
        verdict, reason = NOT_REPRODUCED, "on the other side of 1"
    return Row(table, name, quantity, paper, ours, how, RATIO_TOL, verdict, reason)


def order_row(
    table: str,
    quantity: str,
    paper: Mapping[str, float],
    ours: Mapping[str, float | None],
    how: str,
    names: Sequence[str] = ("A", "B", "C", "D"),
) -> Row:
    """Return the row on the order of the schemes: every printed fall or rise must show in ours."""
    values = [ours[name] for name in names]
    if any(value is None for value in values):
        return Row(table, "order", quantity, None, None, how, None, NOT_REPRODUCED, "no figure")
    agree = 0
    for a, b in pairwise(names):
        printed = paper[b] - paper[a]
        found = float(ours[b] or 0.0) - float(ours[a] or 0.0)
        agree += printed * found > 0.0 or (printed == 0.0 and abs(found) < 1e-9)
    n = len(names) - 1
    words = ", ".join(f"{name} {value:.4g}" for name, value in zip(names, values, strict=True))
    verdict = REPRODUCED if agree == n else SAME_DIRECTION if agree > n / 2 else NOT_REPRODUCED
    return Row(
        table, "order " + " ".join(names), quantity, None, None, how, None, verdict,
        f"{agree} of {n} steps go the printed way ({words})",
    )  # fmt: skip


def figure_row(
    table: str, name: str, quantity: str, paper: float, ours: float | None, how: str, tol: float
) -> Row:
    """Return the row of a single figure with a tolerance of its own."""
    if ours is None:
        return Row(table, name, quantity, paper, None, how, tol, NOT_REPRODUCED, "no figure")
    apart = abs(paper - ours)
    verdict = REPRODUCED if apart <= tol else NOT_REPRODUCED
    return Row(table, name, quantity, paper, ours, how, tol, verdict, f"{apart:.4g} apart")


def sum_row(stage_costs: Sequence[float], lcc: float) -> Row:
    """Return the row on the stage costs, which add up to the discounted total."""
    total = sum(stage_costs)
    is_sum = abs(total - lcc) < 0.05
    return Row(
        "4.2.2", "scheme D", "sum of stage costs, million RMB", lcc, total, "printed figures", 0.05,
        CONTRADICTION if is_sum else NOT_REPRODUCED,
        "undiscounted stage investments equal the discounted life-cycle cost, which also holds "
        "losses and upkeep" if is_sum else "they do not add up",
    )  # fmt: skip


def percent_row(printed_pct: float, lcc: Mapping[str, float], more: str, less: str) -> Row:
    """Return the row on a percentage of the text against the printed table."""
    of_table = 100.0 * (1.0 - lcc[more] / lcc[less])
    agrees = abs(of_table - printed_pct) <= 0.06
    return Row(
        "4.2.1", f"{more} below {less}", "pct", printed_pct, of_table, "printed Table 1", 0.06,
        REPRODUCED if agrees else CONTRADICTION,
        "the table gives it" if agrees else "the text differs from its own table",
    )  # fmt: skip
