"""Owns what the power flow race is run on: feeders, random loads, random candidates, targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powerflow import load_feeder, synthetic_feeder
from powerflow.feeder import Feeder
from powerflow.nose import nose_factor

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

N_CASE = {
    "ieee33": 10_000,
    "ieee69": 10_000,
    "ieee85": 10_000,
    "ieee118": 10_000,
    "brazil136": 10_000,
    "synthetic_1000": 2_000,
    "synthetic_5000": 400,
}
QUICK_N_CASE = {"ieee33": 200, "ieee69": 100}

_SYNTHETIC = {"synthetic_1000": (1000, 110), "synthetic_5000": (5000, 180)}
"""Buses and depth; the loads are half of what the feeder can carry at most (its nose)."""

STATES = (0.9, 1.1)
"""Factors on the base load of the siting job's load states."""

N_STATION, N_BANK = 2, 4


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Hold one feeder and what is asked of it; every batch has the same number of power flows.

    Parameters
    ----------
    name : str
    feeder : Feeder
    p_kw, q_kvar : (n_case, n_bus) float array
        The peers' own job: loads of every case and bus. Each case has a level of its own, 0.5 to
        1.5 of the base loads, and each of its loads a factor of its own, 0.5 to 1.5.
    device_bus : (n_candidate, n_device) int array
        The siting job: two stations, then four capacitor banks, at any bus but the source.
    device_p_kw, device_q_kvar : (n_candidate, 1, n_device) float array
        A station takes 1500 kW, or a tenth of the feeder's load where that is less; a bank gives
        150 to 1200 kvar, or as much of the feeder's reactive load.
    state_p_kw, state_q_kvar : (n_state, n_bus) float array
        Base loads of the load states.
    """

    name: str
    feeder: Feeder
    p_kw: FloatArray
    q_kvar: FloatArray
    device_bus: IntArray
    device_p_kw: FloatArray
    device_q_kvar: FloatArray
    state_p_kw: FloatArray
    state_q_kvar: FloatArray

    @property
    def n_case(self) -> int:
        """Power flows in either job."""
        return len(self.p_kw)


def make_case(name: str, n_case: int, seed: int) -> Case:
    """Return the case of a name with so many power flows; the same seed gives the same numbers."""
    feeder = race_feeder(name, seed)
    rng = np.random.default_rng([seed, feeder.n_bus])
    shape = (n_case, feeder.n_bus)
    level = rng.uniform(0.5, 1.5, (n_case, 1))
    n_candidate = n_case // len(STATES)
    n_device = N_STATION + N_BANK
    station_kw = min(1500.0, 0.1 * feeder.p_kw.sum())
    bank_share = min(1.0, 0.25 * feeder.q_kvar.sum() / 1200.0)
    device_p_kw = np.zeros((n_candidate, 1, n_device))
    device_p_kw[:, :, :N_STATION] = station_kw
    device_q_kvar = np.zeros((n_candidate, 1, n_device))
    size_kvar = rng.uniform(150.0, 1200.0, (n_candidate, N_BANK))
    device_q_kvar[:, 0, N_STATION:] = -bank_share * size_kvar
    factor = np.array(STATES)[:, np.newaxis]
    return Case(
        name=name,
        feeder=feeder,
        p_kw=feeder.p_kw * level * rng.uniform(0.5, 1.5, shape),
        q_kvar=feeder.q_kvar * level * rng.uniform(0.5, 1.5, shape),
        device_bus=rng.integers(1, feeder.n_bus, (n_candidate, n_device)),
        device_p_kw=device_p_kw,
        device_q_kvar=device_q_kvar,
        state_p_kw=feeder.p_kw * factor,
        state_q_kvar=feeder.q_kvar * factor,
    )


def race_feeder(name: str, seed: int) -> Feeder:
    """Return a library feeder, or one of the two synthetic ones."""
    if name not in _SYNTHETIC:
        return load_feeder(name)
    n_bus, depth = _SYNTHETIC[name]
    return synthetic_feeder(n_bus=n_bus, depth=depth, seed=seed, loading=0.5)


def device_loads(case: Case) -> tuple[FloatArray, FloatArray]:
    """Return the siting job's loads spelled out, (n_candidate * n_state, n_bus) in kW and kvar."""
    n_candidate, n_state = len(case.device_bus), len(case.state_p_kw)
    p_kw = np.tile(case.state_p_kw, (n_candidate, 1, 1))
    q_kvar = np.tile(case.state_q_kvar, (n_candidate, 1, 1))
    row = np.arange(n_candidate)
    for device, bus in enumerate(case.device_bus.T):
        p_kw[row, :, bus] += case.device_p_kw[:, :, device]
        q_kvar[row, :, bus] += case.device_q_kvar[:, :, device]
    shape = (n_candidate * n_state, case.feeder.n_bus)
    return p_kw.reshape(shape), q_kvar.reshape(shape)


def target_ratios(n_bus: int) -> tuple[int, int]:
    """Return the ratios to the best peer that are aimed at: voltages job, siting job."""
    if n_bus < 69:
        return 24, 45
    if n_bus < 85:
        return 35, 60
    return (40, 60) if n_bus < 118 else (48, 80)


def far_bus(feeder: Feeder) -> int:
    """Return the bus with the greatest impedance to the source."""
    path_ohm = np.zeros(feeder.n_bus)
    for bus in range(1, feeder.n_bus):
        step = np.hypot(feeder.r_ohm[bus], feeder.x_ohm[bus])
        path_ohm[bus] = path_ohm[feeder.parent[bus]] + step
    return int(np.argmax(path_ohm))


def past_the_nose(feeder: Feeder, n: int, rng: np.random.Generator) -> FloatArray:
    """Return n factors of the base loads that have no power flow: 1.05 to 3 times the nose."""
    return nose_factor(feeder) * rng.uniform(1.05, 3.0, n)
