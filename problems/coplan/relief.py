"""Owns what storage can take off the loads: off those of an hour, and off the mean of several.

A store gives back less than it was charged with. So storage takes nothing off the mean load of a
whole day, and of some hours it takes off only what it holds: rows about means over hours know what
rows about single hours do not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from problems.coplan.equipment import StorageTerms
from problems.coplan.scenario import Scenario

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Relief:
    """Hold what storage can take off any flow, in one unit of power.

    Attributes
    ----------
    p : (n_hour,) float array
        Active power at most.
    s : float
        Apparent power at most.
    """

    p: FloatArray
    s: float

    @classmethod
    def none(cls, n_hour: int) -> Relief:
        """Return the relief of no storage."""
        return cls(np.zeros(n_hour), 0.0)

    def times(self, factor: float) -> Relief:
        """Return the relief of so many times the storage, or in another unit."""
        return Relief(self.p * factor, self.s * factor)

    def least_size(self, p: FloatArray, q: FloatArray) -> FloatArray:
        """Return the least |S - relief| over all reliefs, where |S| is at least |p + jq|.

        The relief that is nearest to S: along S where that draws few enough active power, else at
        the greatest active power. Negative p and q count as 0, for losses may lift them there.

        Parameters
        ----------
        p, q : (n_hour,) or (n_hour, n) float array
        """
        p, q = np.maximum(p, 0.0), np.maximum(q, 0.0)
        size = np.hypot(p, q)
        most_p = self.p if size.ndim == 1 else self.p[:, None]
        rest_q = np.maximum(q - np.sqrt(np.maximum(self.s**2 - most_p**2, 0.0)), 0.0)
        is_radial = self.s * p <= most_p * size
        radial = np.maximum(size - self.s, 0.0)
        return np.where(is_radial, radial, np.hypot(np.maximum(p - most_p, 0.0), rest_q))

    def most_drop(self, r: FloatArray, x: FloatArray) -> FloatArray:
        """Return the most that r p + x q can fall, in the shape of (n_hour,) and r together."""
        z = np.hypot(r, x)
        most_p = self.p if np.ndim(r) == 0 else self.p[:, None]
        rest_q = np.sqrt(np.maximum(self.s**2 - most_p**2, 0.0))
        drop: FloatArray = np.where(self.s * r <= most_p * z, self.s * z, r * most_p + x * rest_q)
        return drop


def mean_hours(
    scenario: Scenario, terms: StorageTerms, buses: NDArray[np.bool_]
) -> tuple[Scenario, Relief]:
    """Return every hour and means of more and more hours, with the relief of 1 kWh in each, kW.

    Mean powers, squared currents and squared voltages of an hourly flow meet the rows of an hour:
    they are linear in these, but for |S|^2 / v, whose mean is at least that of the means (it is
    convex). The hours with the greatest load at
    the buses come first.
    """
    order = np.argsort(-scenario.p_kw[:, buses].sum(axis=1), kind="stable")
    chosen = [order[:count] for count in range(1, scenario.n_hour + 1)]
    chosen += [order[place : place + 1] for place in range(1, scenario.n_hour)]
    weight = np.zeros((len(chosen), scenario.n_hour))
    for row, hours in enumerate(chosen):
        weight[row, hours] = 1.0 / len(hours)
    means = replace(
        scenario,
        p_kw=weight @ scenario.p_kw,
        q_kvar=weight @ scenario.q_kvar,
        v_source_pu=np.sqrt(weight @ scenario.v_source_pu**2),
    )
    most = np.array([most_delivered(terms, row) for row in weight[: scenario.n_hour]])
    most = np.concatenate([most, np.full(scenario.n_hour - 1, most[0])])
    return means, Relief(most, terms.kva_per_kwh)


def most_delivered(terms: StorageTerms, weight: FloatArray) -> float:
    """Return the greatest weighted sum of power delivered, less drawn, by 1 kWh in a day, in kW.

    A linear program over charge, discharge and energy of each hour, with (25)-(30): hour by hour
    and back to the first. It turns with the hours: a single hour's answer is every hour's.
    """
    n = len(weight)
    one, following = np.eye(n), np.roll(np.eye(n), 1, axis=1)
    balance = np.hstack(
        [-terms.charge_efficiency * one, one / terms.discharge_efficiency, following - one]
    )
    found = linprog(
        np.concatenate([weight, -weight, np.zeros(n)]), A_eq=balance, b_eq=np.zeros(n),
        bounds=[(0.0, terms.charge_kw_per_kwh)] * n
        + [(0.0, terms.discharge_kw_per_kwh)] * n
        + [(terms.soc_min, terms.soc_max)] * n,
    )  # fmt: skip
    if found.fun is None:
        return float(terms.discharge_kw_per_kwh * weight.sum())
    return max(-float(found.fun), 0.0) * (1.0 + 1e-6)
