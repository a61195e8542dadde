"""Owns the capacitor at the substation: what reactive power it leaves to the transformer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def beyond_capacitor_kvar(kvar: FloatArray, capacitor_kvar: float) -> FloatArray:
    """Return reactive power less what the capacitor serves: what loads need, at most its rating.

    Examples
    --------
    >>> beyond_capacitor_kvar(np.array([-50.0, 300.0, 900.0]), 600.0).tolist()
    [-50.0, 0.0, 300.0]
    """
    left: FloatArray = kvar - np.clip(kvar, 0.0, capacitor_kvar)
    return left
