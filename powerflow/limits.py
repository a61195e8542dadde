"""Owns the operating limits a feeder is held to, and how far a power flow exceeds them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Limits:
    """Hold the voltage band and the greatest loading allowed.

    Parameters
    ----------
    v_min_pu : float
        Lowest voltage allowed at any bus; 0 switches the floor off.
    v_max_pu : float
        Highest voltage allowed at any bus.
    loading_max_pct : float
        Greatest branch current allowed, in percent of its ampacity; branches without a known
        ampacity are not limited.

    Raises
    ------
    ValueError
        If a limit is NaN or negative, or the band is empty.
    """

    v_min_pu: float = 0.95
    v_max_pu: float = 1.05
    loading_max_pct: float = 100.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.v_min_pu < float("inf"):
            raise ValueError(f"v_min_pu must be 0 (off) or a positive voltage, not {self.v_min_pu}")
        if not self.v_min_pu < self.v_max_pu < float("inf"):
            raise ValueError(
                f"v_max_pu must be finite and above v_min_pu = {self.v_min_pu:g}, "
                f"not {self.v_max_pu:g}"
            )
        if not 0.0 < self.loading_max_pct < float("inf"):
            raise ValueError(f"loading_max_pct must be positive, not {self.loading_max_pct}")

    def excess(
        self, v_min_pu: FloatArray, v_max_pu: FloatArray, max_loading_pct: FloatArray | None
    ) -> FloatArray:
        """Return how far each case exceeds each active limit, per unit of that limit.

        Parameters
        ----------
        v_min_pu, v_max_pu : (n_case,) float array
            Extreme voltages of each case; NaN where the power flow did not converge.
        max_loading_pct : (n_case,) float array or None
            Greatest loading of each case; None where no ampacity is known.

        Returns
        -------
        (n_case, n_limit) float array
            One column per active limit in the order floor, ceiling, loading; at most 0 when the
            limit is met, infinite for a case that did not converge.
        """
        columns = []
        if self.v_min_pu > 0.0:
            columns.append((self.v_min_pu - v_min_pu) / self.v_min_pu)
        columns.append((v_max_pu - self.v_max_pu) / self.v_max_pu)
        if max_loading_pct is not None:
            columns.append((max_loading_pct - self.loading_max_pct) / self.loading_max_pct)
        excess = np.column_stack(columns)
        excess[~np.isfinite(excess)] = np.inf
        return excess

    def names(self, has_ampacity: bool) -> tuple[str, ...]:
        """Return the column names of `excess`."""
        names = []
        if self.v_min_pu > 0.0:
            names.append("voltage_floor")
        names.append("voltage_ceiling")
        if has_ampacity:
            names.append("loading")
        return tuple(names)
