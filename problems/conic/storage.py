"""Owns the rows of storage, PV, reactive devices and shedding, each a function.

Powers are per unit with the axes (hour, device); energies are in per-unit power times hours. Sizes
may be numbers or variables: the same rows serve dispatch and investment.
"""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from problems.conic.network import FloatArray


def state_of_charge(
    energy: Any,
    charge: Any,
    discharge: Any,
    charge_efficiency: FloatArray,
    discharge_efficiency: FloatArray,
    step_h: float,
) -> Any:
    """E_t = E_(t-1) + (eta_c charge - discharge / eta_d) step; the last hour leads to the first.

    Equation (5) with powers at the grid. `energy` is that at the end of each hour, (hour, device).
    """
    before = cyclic_shift(energy.shape[0]) @ energy
    stored = charge @ sp.diags_array(charge_efficiency * step_h)
    return energy == before + stored - discharge @ sp.diags_array(step_h / discharge_efficiency)


def energy_range(energy: Any, soc_min: FloatArray, soc_max: FloatArray, capacity: Any) -> list[Any]:
    """Hold soc_min E <= energy <= soc_max E  # (6)."""
    return [
        energy >= by_hour(cp.multiply(soc_min, capacity), energy),
        energy <= by_hour(cp.multiply(soc_max, capacity), energy),
    ]


def fixed_start(energy: Any, unit: Any, soc_initial: FloatArray, capacity: Any) -> Any:
    """Fix the state of charge of some units at the end of the last hour, so before the first."""
    return energy[-1, unit] == cp.multiply(soc_initial, capacity[unit])


def power_range(power: Any, least: Any, most: Any) -> list[Any]:
    """Hold least <= power <= most in every hour  # (2)-(4), (7)."""
    return [power >= by_hour(least, power), power <= by_hour(most, power)]


def cyclic_shift(n_hour: int) -> Any:
    """Return the matrix that takes each hour to the one before it, the first to the last."""
    hour = np.arange(n_hour)
    return sp.csr_array((np.ones(n_hour), (hour, hour - 1 + n_hour * (hour == 0))))


def by_hour(value: Any, like: Any) -> Any:
    """Repeat a value by device over the hours."""
    if np.isscalar(value):
        return value
    if isinstance(value, np.ndarray):
        return np.broadcast_to(value, like.shape)
    return np.ones((like.shape[0], 1)) @ cp.reshape(value, (1, like.shape[1]), order="F")
