"""Owns the voltage deviation of a plan: how far its buses are from 1 p.u. through the year."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from powerflow.jit import kernel

FloatArray = NDArray[np.float64]


def voltage_deviation(v_pu: FloatArray, hours: FloatArray) -> FloatArray:
    """Return the mean of |1 - V| over buses and hours of each plan, (n_plan,), in p.u.

    The index of Abido and Bakhashwain ("Optimal VAR dispatch using a multiobjective evolutionary
    algorithm", International Journal of Electrical Power and Energy Systems 27, 2005) is the sum of
    |1 - V| over the load buses; divided by their number it compares between feeders. The source,
    whose voltage no plan changes, does not count.

    Parameters
    ----------
    v_pu : (n_plan, n_state, n_bus) float array
        Bus voltages; bus 0 is the source. NaN where there is no power flow solution gives NaN.
    hours : (n_state,) float array
        Hours a year of each load state; their shares are the weights.

    Examples
    --------
    >>> import numpy as np
    >>> states = np.array([[[1.0, 0.98, 0.96], [1.0, 1.01, 1.01]]])
    >>> round(float(voltage_deviation(states, np.array([1.0, 3.0]))[0]), 12)
    0.015
    """
    deviation = np.zeros(len(v_pu))
    _fill_deviation(np.ascontiguousarray(v_pu), hours / hours.sum(), deviation)
    return deviation


@kernel
def _fill_deviation(v_pu: FloatArray, share: FloatArray, deviation: FloatArray) -> None:
    """Sum in a fixed order, so that the size of a batch changes no bit."""
    n_plan, n_state, n_bus = v_pu.shape
    for plan in range(n_plan):
        for state in range(n_state):
            total = 0.0
            for bus in range(1, n_bus):
                total += abs(1.0 - v_pu[plan, state, bus])
            deviation[plan] += share[state] * total / (n_bus - 1)
