"""Owns the rows of section 4.4, and over what range of prices the order of the schemes holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.papers.rows import Row
from benchmarks.papers.staged.figures import LEAST_STEP, order_holds
from benchmarks.papers.staged.points import Point
from benchmarks.papers.staged.verdicts import (
    NOT_PRINTED,
    NOT_REPRODUCED,
    REPRODUCED,
    SAME_DIRECTION,
    figure_row,
)


def sweep_rows(printed: Mapping[str, Any], points: Sequence[Point]) -> list[Row]:
    """Return the claims of section 4.4 and the range in which the order of the schemes holds."""
    target = printed["text"]["saturation"]
    rows = []
    for sweep, most, how in (
        ("V2G participation", 1.0, "managed share lifted with a participation above 0.6"),
        ("V2G participation", target, "managed share held at 0.6"),
        ("V2G participation, all managed", 1.0, "every vehicle may be managed"),
    ):
        own = [p for p in points if p.sweep == sweep and p.scheme == "D" and p.value <= most]
        some = [(p.value, p.lcc_rmb) for p in own]
        if len(some) >= 2:
            rows.append(_saturation_row(sorted(some), target, how))
    rows += _storage_claims(printed, points)
    for sweep in ("line price", "storage price", "managed price"):
        values = sorted({p.value for p in points if p.sweep == sweep})
        held = [v for v in values if order_holds(points, sweep, v)]
        words = ", ".join(f"{v:g}" for v in held) or "none"
        unit = "times the assumed premium" if sweep == "managed price" else "RMB"
        rows.append(
            Row("1", "order A B C D", f"strict over the {sweep}", None, float(len(held)),
                f"of {len(values)} prices, {unit}", None, NOT_PRINTED,
                f"strict at {words}")
        )  # fmt: skip
    return rows


def _saturation_row(share: Sequence[tuple[float, float]], target: float, how: str) -> Row:
    """Return the row on the participation at which 98 % of what V2G saves is reached."""
    least, first = min(cost for _, cost in share), share[0][1]
    at = next(v for v, cost in share if cost <= least + 0.02 * (first - least) + 1.0)
    saves = least < first * (1.0 - LEAST_STEP)
    verdict = (
        NOT_REPRODUCED if not saves else REPRODUCED if abs(at - target) <= 0.1 else SAME_DIRECTION
    )
    return Row(
        "4.4.1", "saturation", "V2G participation with 98 % of the saving", target, at, how, 0.1,
        verdict, f"cost falls from {first / 1e6:.3f} to {least / 1e6:.3f} million RMB",
    )  # fmt: skip


def _storage_claims(printed: Mapping[str, Any], points: Sequence[Point]) -> list[Row]:
    """Return the rows on storage that stays dear (4.4.2) and on users who answer little (4.4.3)."""
    text, rows = printed["text"], []
    cost = {p.scheme: p.lcc_rmb for p in points if p.sweep == "residual value" and p.value == 0.0}
    if "A" in cost and "D" in cost:
        below = 100.0 * (1.0 - cost["D"] / cost["A"])
        rows.append(
            figure_row("4.4.2", "D below A", "pct, storage at today's price",
                       text["d_below_a_dear_storage_pct"], below, "quick searches", 5.0)
        )  # fmt: skip
    for name in ("C", "D"):
        kwh = {p.value: p.storage_kwh for p in points
               if p.sweep == "price elasticity" and p.scheme == name}  # fmt: skip
        if len(kwh) > 1 and kwh[max(kwh)] > 0.0:
            more = 100.0 * (kwh[min(kwh)] / kwh[max(kwh)] - 1.0)
            paper = text["storage_more_pct"]
            verdict = (
                REPRODUCED if abs(more - paper) <= 10.0
                else SAME_DIRECTION if more > 0.0 else NOT_REPRODUCED
            )  # fmt: skip
            rows.append(
                Row("4.4.3", f"scheme {name}", "more storage if users do not answer prices, pct",
                    paper, more, f"elasticity {min(kwh):g} against {max(kwh):g}", 10.0, verdict,
                    f"{kwh[max(kwh)]:.0f} kWh become {kwh[min(kwh)]:.0f} kWh")
            )  # fmt: skip
    return rows
