"""Owns the linear rows that no choice of cables can escape: voltage and ampacity along paths.

Flows are frozen at the least they can be. The rows then are valid for every choice, as long as
loads consume; they are exact where the choice has the least impedances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powerflow.units import i_base_a, z_base_ohm
from problems.coplan.choices import Choices
from problems.coplan.least_flow import LeastFlow, least_drop
from problems.coplan.scenario import Scenario

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PathRows:
    """Hold rows `coefficient @ z <= room`, (n_row, n_choice) and (n_row,).

    Attributes
    ----------
    is_ampacity : (n_row,) bool array
        Whether the row is of a current, else of a voltage.
    hour, branch : (n_row,) int array
        Hour, and bus or line the row is about.
    """

    coefficient: FloatArray
    room: FloatArray
    is_ampacity: NDArray[np.bool_]
    hour: NDArray[np.int64]
    branch: NDArray[np.int64]

    @property
    def key(self) -> NDArray[np.int64]:
        """Return a number for each row that tells its kind, hour and branch, (n_row,)."""
        wide = 1 + int(self.branch.max(initial=0))
        key: NDArray[np.int64] = (self.hour * wide + self.branch) * 2 + self.is_ampacity
        return key

    def violated(self, z: FloatArray, tol: float = 1e-9) -> NDArray[np.int64]:
        """Return the rows that a choice violates."""
        found: NDArray[np.int64] = np.flatnonzero(self.coefficient @ z > self.room + tol)
        return found


def path_rows(
    scenario: Scenario, choices: Choices, flow: LeastFlow, buses: NDArray[np.bool_]
) -> PathRows:
    """Return all rows of the buses in a mask that some choice can violate.

    For bus j: the drops on its path sum to at most v0^2 - v_min^2  # (13), (17). For line k from
    bus i with limit I_c: |S_k|^2 <= I_c^2 v_i  # (6), (12), (18), v_i by the drops on its path.
    """
    feeder, n_choice = scenario.feeder, len(choices.branch)
    z_base, i_base = z_base_ohm(feeder.base_kv), i_base_a(feeder.base_kv)
    r_new, x_new = choices.r_ohm / z_base, choices.x_ohm / z_base
    r, x, limit = feeder.r_ohm / z_base, feeder.x_ohm / z_base, feeder.ampacity_a / i_base
    is_candidate = np.zeros(feeder.n_bus, dtype=bool)
    is_candidate[choices.branch] = True
    at = choices.branch
    new_drop = least_drop(r_new, x_new, flow.p[:, at], flow.q[:, at], flow.l[:, at], flow.relief)
    old_drop = least_drop(r, x, flow.p, flow.q, flow.l, flow.relief)
    old_drop[:, is_candidate] = 0.0
    v_source = scenario.v_source_pu**2
    # coefficients and constant part of the drop from the source to each bus
    path = np.zeros((feeder.n_bus, n_choice), dtype=bool)
    fixed = np.zeros(scenario.p_kw.shape)
    for k in range(1, feeder.n_bus):
        path[k] = path[feeder.parent[k]]
        path[k, choices.of(k)] = True
        fixed[:, k] = fixed[:, feeder.parent[k]] + old_drop[:, k]
    parts: list[tuple[FloatArray, float, bool, int, int]] = []
    for k in np.flatnonzero(buses).tolist():
        i = int(feeder.parent[k])
        own = choices.of(k)
        room = v_source - scenario.v_min_pu**2 - fixed[:, k]
        parts += _useful(path[k] * new_drop, room, choices, False, k)
        if len(own) == 0 and not np.isfinite(limit[k]):
            continue
        coefficient = path[i] * new_drop
        room = v_source - fixed[:, i]
        s_p, s_q = flow.p[:, k], flow.q[:, k]
        if len(own):
            l_k = flow.l[:, k, None]
            size = flow.relief.least_size(
                s_p[:, None] + r_new[own] * l_k, s_q[:, None] + x_new[own] * l_k
            )
            coefficient = coefficient.copy()
            coefficient[:, own] = (size * i_base / choices.limit_a[own]) ** 2
        else:
            size = flow.relief.least_size(s_p + r[k] * flow.l[:, k], s_q + x[k] * flow.l[:, k])
            room = room - (size / limit[k]) ** 2
        parts += _useful(coefficient, room, choices, True, k)
    if not parts:
        return PathRows(
            np.zeros((0, n_choice)), np.zeros(0), np.zeros(0, bool), np.zeros(0, np.int64),
            np.zeros(0, np.int64),
        )  # fmt: skip
    coefficients, rooms, kinds, hours, branches = zip(*parts, strict=True)
    return PathRows(
        np.array(coefficients), np.array(rooms), np.array(kinds, dtype=bool),
        np.array(hours, dtype=np.int64), np.array(branches, dtype=np.int64),
    )  # fmt: skip


def _useful(
    coefficient: FloatArray, room: FloatArray, choices: Choices, is_ampacity: bool, branch: int
) -> list[tuple[FloatArray, float, bool, int, int]]:
    """Return the hours whose row the worst choice of every line violates."""
    worst = np.zeros(len(room))
    for k in choices.candidates:
        worst += coefficient[:, choices.of(k)].max(axis=1)
    return [
        (coefficient[hour], float(room[hour]), is_ampacity, int(hour), int(branch))
        for hour in np.flatnonzero(worst > room + 1e-12)
    ]
