"""Owns the process whose peak memory is measured: it scores many candidates and says what it took.

Started by `benchmarks.peers.costs`, for only a process of its own has a peak of its own.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from benchmarks.peers.cases import N_BANK, N_STATION
from powerflow import load_feeder, score


def peak_mib(n_candidate: int, seed: int) -> float:
    """Return this process's peak memory after scoring so many random candidates on 136 buses."""
    feeder = load_feeder("brazil136")
    rng = np.random.default_rng(seed)
    n_device = N_STATION + N_BANK
    device_bus = rng.integers(1, feeder.n_bus, (n_candidate, n_device))
    device_q_kvar = np.zeros((n_candidate, 1, n_device))
    device_q_kvar[:, 0, N_STATION:] = -rng.uniform(150.0, 1200.0, (n_candidate, N_BANK))
    device_p_kw = np.array([1500.0] * N_STATION + [0.0] * N_BANK)
    scored = score(feeder, device_bus, device_p_kw, device_q_kvar)
    if not scored.converged.all():
        raise RuntimeError(f"{(~scored.converged).sum()} candidates have no power flow")
    return own_peak_mib()


def own_peak_mib() -> float:
    """Return the most memory that this process ever held.

    On Linux the usage of a process counts from before it became this program: the peak of the
    process that started it would be taken for its own.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return float(line.split()[1]) / 2**10
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS counts in bytes


if __name__ == "__main__":
    print(json.dumps({"peak_mib": peak_mib(int(sys.argv[1]), int(sys.argv[2]))}))
