"""Owns the one branch that stands for several between the same two buses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from powerflow.readers.network import Branch

SAME_RATIO = 1e-9


def combine_parallel(branches: Sequence[Branch]) -> tuple[list[Branch], list[str]]:
    """Return the branches with parallel ones combined, and what was combined, in words.

    The impedance is that of the parallel connection, the ampacity the current at which the first of
    them reaches its own. Branches of different no-load ratios stay apart, for a current circulates
    in them; so do those joined head to tail that have a ratio at all.

    Parameters
    ----------
    branches : sequence of Branch

    Returns
    -------
    (list of Branch, list of str)
    """
    groups: dict[object, list[Branch]] = {}
    for row, branch in enumerate(branches):
        if branch.kind == "transformer" or branch.ratio != 1.0:
            key: object = (branch.start, branch.end, round(branch.ratio / SAME_RATIO))
        else:
            key = frozenset((branch.start, branch.end))
        # a branch to its own bus is a loop, not one of two
        groups.setdefault(row if branch.start == branch.end else key, []).append(branch)
    combined, words = [], []
    for group in groups.values():
        combined.append(_parallel(group) if len(group) > 1 else group[0])
        if len(group) > 1:
            names = ", ".join(branch.name for branch in group)
            words.append(f"parallel branches into one: {names}")
    return combined, words


def _parallel(group: Sequence[Branch]) -> Branch:
    impedances = [complex(branch.r_ohm, branch.x_ohm) for branch in group]
    first = group[0]
    along = [branch.start == first.start for branch in group]
    shunts = [
        (b.start_kva, b.end_kva) if is_along else (b.end_kva, b.start_kva)
        for b, is_along in zip(group, along, strict=True)
    ]
    start_kva, end_kva = (sum(kva) for kva in zip(*shunts, strict=True))
    first = replace(first, start_kva=start_kva, end_kva=end_kva)
    if any(z == 0.0 for z in impedances):
        return replace(first, r_ohm=0.0, x_ohm=0.0, ampacity_a=math.nan)
    z = 1.0 / sum(1.0 / impedance for impedance in impedances)
    reached = [
        branch.ampacity_a * abs(impedance) / abs(z)
        for branch, impedance in zip(group, impedances, strict=True)
        if math.isfinite(branch.ampacity_a)
    ]
    return replace(
        first,
        name=f"{first.name} and {len(group) - 1} parallel",
        r_ohm=z.real,
        x_ohm=z.imag,
        ampacity_a=min(reached, default=math.nan),
    )
