"""Owns the aging of a transformer's insulation by its hot spot: IEEE Std C57.91-2011, clause 7."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

STEPS_PER_HOUR = 12
DAYS_TO_SETTLE = 4


@dataclass(frozen=True, slots=True)
class Insulation:
    """Hold the constants of a mineral-oil transformer of 65 C average winding rise, ONAN.

    Exponents and the winding's time constant are those of C57.91-2011 (clause 7.2, Table 4 for
    ONAN); the rated rises add up to the 80 C hot-spot rise of that insulation class. The ratio of
    losses and the oil's time constant are usual values of a distribution substation: assumed.
    """

    top_oil_rise_c: float = 55.0
    hot_spot_rise_c: float = 25.0
    loss_ratio: float = 5.0
    oil_exponent: float = 0.8
    winding_exponent: float = 0.8
    oil_time_h: float = 3.0
    winding_time_h: float = 0.08
    reference_c: float = 110.0
    life_h: float = 180000.0
    """Hours of life at the reference temperature: 20.55 years (Table 2 of the standard)."""


def aging_factor(hot_spot_c: FloatArray, insulation: Insulation | None = None) -> FloatArray:
    """Return how many times faster than at the reference temperature insulation ages, eq. (2).

    Examples
    --------
    >>> import numpy as np
    >>> aging_factor(np.array([110.0, 120.0])).round(2).tolist()
    [1.0, 2.71]
    """
    reference_c = (insulation or Insulation()).reference_c
    return np.exp(15000.0 / (reference_c + 273.0) - 15000.0 / (np.asarray(hot_spot_c) + 273.0))


def hot_spot_c(
    loading: FloatArray, ambient_c: FloatArray, insulation: Insulation | None = None
) -> FloatArray:
    """Return the hot-spot temperature in the middle of each step of a day that repeats.

    Equations (8) to (16) of the standard: the ultimate rises of top oil and of the hot spot over
    it, each reached exponentially.

    Parameters
    ----------
    loading : (..., n_hour) float array
        Load per unit of the rating, hour by hour.
    ambient_c : (..., n_hour) float array
        Air temperature.

    Returns
    -------
    (..., n_hour * STEPS_PER_HOUR) float array
    """
    unit = insulation or Insulation()
    k = np.repeat(np.asarray(loading, dtype=np.float64), STEPS_PER_HOUR, axis=-1)
    air = np.repeat(np.asarray(ambient_c, dtype=np.float64), STEPS_PER_HOUR, axis=-1)
    ratio = unit.loss_ratio
    oil_end = unit.top_oil_rise_c * ((k**2 * ratio + 1.0) / (ratio + 1.0)) ** unit.oil_exponent
    spot_end = unit.hot_spot_rise_c * k ** (2.0 * unit.winding_exponent)
    oil_decay = np.exp(-1.0 / STEPS_PER_HOUR / unit.oil_time_h)
    spot_decay = np.exp(-1.0 / STEPS_PER_HOUR / unit.winding_time_h)
    oil, spot = oil_end.mean(axis=-1), spot_end.mean(axis=-1)
    hot = np.empty(k.shape)
    for _ in range(DAYS_TO_SETTLE):
        for step in range(k.shape[-1]):
            oil = oil_end[..., step] + (oil - oil_end[..., step]) * oil_decay
            spot = spot_end[..., step] + (spot - spot_end[..., step]) * spot_decay
            hot[..., step] = air[..., step] + oil + spot
    return hot


def equivalent_aging(
    loading: FloatArray, ambient_c: FloatArray, weight: FloatArray | None = None
) -> float:
    """Return the equivalent aging factor over days, eq. (3); 1 is normal life.

    Parameters
    ----------
    loading, ambient_c : (n_day, n_hour) float array
    weight : (n_day,) float array, optional
        Share of the year of each day; equal by default.
    """
    by_day = aging_factor(hot_spot_c(loading, ambient_c)).mean(axis=-1)
    return float(np.average(by_day, weights=weight))


def life_lost_pct(equivalent_factor: float, hours: float = 8760.0) -> float:
    """Return the share of normal insulation life lost in `hours`, eq. (4), in percent."""
    return 100.0 * equivalent_factor * hours / Insulation().life_h
