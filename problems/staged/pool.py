"""Owns the pooled battery of managed vehicles: what leaves, what returns, what it may hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from problems.staged.checks import HOURS
from problems.staged.fleet import Fleet

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Hold the pooled battery per managed vehicle of a station; the day repeats.

    Of each vehicle the share `connected` stands at its pile in an hour. Between that hour and the
    next, the share `leaving` departs with a state of charge fixed by the user and `returning`
    arrives with it less its trip; both hold the net change and the churn. What a trip takes is the
    day's energy over the returns of a day, so that the pool as a whole needs just that energy.

    Attributes
    ----------
    connected, leaving, returning : (24,) float array
        Shares of vehicles.
    least_kwh, most_kwh : (24,) float array
        Range of the energy at the start of the hour, per managed vehicle.
    drawn_kwh : (24,) float array
        Net energy that leaves the pool with vehicles between the hour and the next.
    shortfall_kwh : (24,) float array
        Greatest energy that leaving vehicles may go short: their next trip.
    """

    connected: FloatArray
    leaving: FloatArray
    returning: FloatArray
    least_kwh: FloatArray
    most_kwh: FloatArray
    drawn_kwh: FloatArray
    shortfall_kwh: FloatArray

    @classmethod
    def of(cls, fleet: Fleet) -> Pool:
        """Return the pool of a fleet."""
        connected = np.array(fleet.connected_share)
        change = np.roll(connected, -1) - connected
        leaving = np.maximum(-change, 0.0) + fleet.hourly_churn
        returning = np.maximum(change, 0.0) + fleet.hourly_churn
        trips = float(returning.sum())
        trip_kwh = fleet.daily_kwh / trips if trips > 0.0 else 0.0
        departure_kwh = fleet.departure_soc * fleet.battery_kwh
        held = connected * fleet.battery_kwh
        return cls(
            connected=connected,
            leaving=leaving,
            returning=returning,
            least_kwh=fleet.soc_min * held,
            most_kwh=fleet.soc_max * held,
            drawn_kwh=leaving * departure_kwh - returning * (departure_kwh - trip_kwh),
            shortfall_kwh=leaving * trip_kwh,
        )


def flattest_kw(
    fleet: Fleet, base_kw: FloatArray, n_managed: float, n_two_way: float
) -> FloatArray:
    """Return the net charging of managed vehicles that makes the highest hour lowest, (24,).

    A linear program on the sum of all stations, without a grid: of the ways that reach the least
    peak it takes the one with the least energy through the batteries.

    Parameters
    ----------
    base_kw : (24,) float array
        Everything else.
    n_managed, n_two_way : float
        Vehicles whose charging is managed, and those of them that may discharge.
    """
    pool = Pool.of(fleet)
    n = HOURS
    eye, zero = np.eye(n), np.zeros((n, n))
    # variables: charge, discharge, energy at the start of the hour, peak; all over n_managed
    step = np.roll(eye, 1, axis=1)  # energy of the next hour, the last hour leads to the first
    balance = np.hstack(
        [
            -fleet.charge_efficiency * eye,
            eye / fleet.discharge_efficiency,
            step - eye,
            np.zeros((n, 1)),
        ]
    )
    peak_rows = np.hstack([eye, -eye, zero, -np.ones((n, 1))])
    most_charge = fleet.charger_kw * pool.connected * n_managed
    most_discharge = np.minimum(fleet.discharge_kw, fleet.charger_kw * pool.connected) * n_two_way
    bounds = [
        *((0.0, float(most)) for most in most_charge),
        *((0.0, float(most)) for most in most_discharge),
        *(
            (float(low) * n_managed, float(high) * n_managed)
            for low, high in zip(pool.least_kwh, pool.most_kwh, strict=True)
        ),
        (None, None),
    ]
    weight = 1e-6
    solved = linprog(
        np.concatenate([np.full(2 * n, weight), np.zeros(n), [1.0]]),
        A_ub=peak_rows,
        b_ub=-base_kw,
        A_eq=balance,
        b_eq=-pool.drawn_kwh * n_managed,
        bounds=bounds,
        method="highs",
    )
    if solved.x is None:
        return np.full(n, np.nan)
    return np.asarray(solved.x[:n] - solved.x[n : 2 * n])
