"""Owns the ranges of a box: which states each branch may still be in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from problems.siting.certificate.case import Model

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """Hold what may stand behind each branch: for e stations and k banks, kvar above the least.

    `u_low` and `u_high`, (n_bus, stations + 1, banks + 1), bound ``s - k q_min`` per unit; empty
    where ``u_low > u_high``.
    """

    u_low: Floats
    u_high: Floats

    def envelope(self, q_min: float) -> tuple[Floats, Floats, Floats, Floats]:
        """Return least and greatest capacitor power and station count, each (n_bus,).

        A branch without any state left gives an empty interval (low > high).
        """
        is_open = self.u_low <= self.u_high
        banks = np.arange(self.u_low.shape[2]) * q_min
        stations = np.arange(self.u_low.shape[1], dtype=np.float64)[:, None]
        axes = (1, 2)
        return (
            np.where(is_open, self.u_low + banks, np.inf).min(axis=axes),
            np.where(is_open, self.u_high + banks, -np.inf).max(axis=axes),
            np.where(is_open, stations, np.inf).min(axis=axes),
            np.where(is_open, stations, -np.inf).max(axis=axes),
        )


def make_ranges(model: Model) -> Ranges:
    """Return the widest ranges: every count and size the masks and limits allow."""
    banks = model.may_bank.astype(np.int64)
    stations = model.may_station.astype(np.int64)
    for j in range(model.n_bus - 1, 0, -1):
        banks[model.parent[j]] += banks[j]
        stations[model.parent[j]] += stations[j]
    k = np.arange(model.n_bank + 1)
    e = np.arange(model.n_free + 1)
    is_open = (e[:, None] <= stations[:, None, None]) & (k <= banks[:, None, None])
    u_high = np.where(is_open, k * model.q_span, -1.0)
    is_root_open = (e[:, None] == model.n_free) & ((k == model.n_bank) | (not model.exactly))
    u_high[0] = np.where(is_root_open, u_high[0], -1.0)
    return Ranges(np.zeros_like(u_high), u_high)
