"""Owns every per-unit base: the only place with the square root of three and the factor 1e3."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", float, NDArray[np.float64])

S_BASE_KVA = 1000.0
"""Three-phase base power of quantities given in per unit outside the kernels."""

_SQRT3 = math.sqrt(3.0)


def z_base_ohm(base_kv: Number) -> Number:
    """Return the base impedance in ohm for a line-to-line base voltage in kV.

    Examples
    --------
    >>> z_base_ohm(10.0)
    100.0
    """
    return base_kv * base_kv * (1e3 / S_BASE_KVA)


def i_base_a(base_kv: Number) -> Number:
    """Return the base current in A for a line-to-line base voltage in kV.

    Examples
    --------
    >>> round(i_base_a(10.0), 3)
    57.735
    """
    return S_BASE_KVA / (_SQRT3 * base_kv)


def current_a(s_kva: float, kv: float) -> float:
    """Return the current in A of an apparent power at a line-to-line voltage in kV.

    Examples
    --------
    >>> round(current_a(100.0, 10.0), 3)
    5.774
    """
    return s_kva / (_SQRT3 * kv)


def one_ohm_kva(kv: Number) -> Number:
    """Return the base power in kVA that goes with a base impedance of one ohm.

    The kernels use the source's own voltage as base voltage and one ohm as base impedance, so
    that a change of base voltage or source voltage is a change of the load's scale and nothing
    else: one loop serves every case of a batch.

    Parameters
    ----------
    kv : float or array
        Line-to-line voltage of the source in kV.

    Examples
    --------
    >>> one_ohm_kva(10.0)
    100000.0
    """
    return 1e3 * kv * kv


def one_ohm_a(kv: Number) -> Number:
    """Return the base current in A that goes with a base impedance of one ohm.

    Examples
    --------
    >>> round(one_ohm_a(10.0), 2)
    5773.5
    """
    return 1e3 * kv / _SQRT3


PER_KW, V_SOURCE, AMP, KVA, N_SCALE = 0, 1, 2, 3, 4
"""Rows of the kernels' scales."""


def kernel_scales(base_kv: NDArray[np.float64], v_source_pu: NDArray[np.float64]) -> Any:
    """Return what leads into the kernels' per unit and back out of it.

    Returns
    -------
    (N_SCALE, n_case) float array
        Per unit of a kW, p.u. of the source, A of a per-unit current, kVA of a per-unit power.
    """
    base_kv, v_source_pu = np.broadcast_arrays(base_kv, v_source_pu)
    kva = one_ohm_kva(base_kv * v_source_pu)
    return np.array([1.0 / kva, v_source_pu, one_ohm_a(base_kv * v_source_pu), kva])
