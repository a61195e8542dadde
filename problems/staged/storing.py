"""Owns the rows of community storage in a stage's program.

Equation numbers are those of docs/staged.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from problems.conic import storage
from problems.conic.network import to_pu
from problems.staged.checks import HOURS
from problems.staged.program import StageProgram
from problems.staged.studied import Studied

FloatArray = NDArray[np.float64]


def add_storage(
    program: StageProgram,
    study: Studied,
    n_scenario: int,
    sizes: Mapping[str, FloatArray] | None,
) -> None:
    """Community storage whose energy and power are decisions  # (14)-(16)."""
    data, prices = study.data.storage, study.data.prices
    sites = np.array([study.feeder.bus_index(bus) for bus in data.sites])
    energy_mwh: Any
    power_mw: Any
    if sizes is None:
        n = len(sites)
        energy_mwh, power_mw = cp.Variable(n, name="storage_kwh"), cp.Variable(n, name="storage_kw")
        program.capacity.update(storage_kwh=energy_mwh, storage_kw=power_mw)
        most = to_pu(np.array([data.max_kwh_per_site, data.max_kw_per_site]))
        program.rows["storage_size"] = [
            energy_mwh >= 0.0,
            energy_mwh <= most[0],
            power_mw >= 0.0,
            power_mw <= most[1],
        ]
    else:
        energy_mwh, power_mw = (
            to_pu(np.asarray(sizes[name])) for name in ("storage_kwh", "storage_kw")
        )
        built = np.flatnonzero(np.minimum(energy_mwh, power_mw) > 0.0)
        sites, energy_mwh, power_mw = sites[built], energy_mwh[built], power_mw[built]
        if not len(built):
            return
    n, n_row = len(sites), n_scenario * HOURS
    at = program.flow.network.at_buses(sites)
    charge, discharge = cp.Variable((n_row, n)), cp.Variable((n_row, n))
    energy = cp.Variable((n_row, n))
    ones = np.ones(n)
    rows = program.rows
    rows["state_of_charge"] = [
        storage.state_of_charge(
            energy[day],
            charge[day],
            discharge[day],
            data.charge_efficiency * ones,
            data.discharge_efficiency * ones,
            1.0,
        )
        for day in (slice(HOURS * k, HOURS * (k + 1)) for k in range(n_scenario))
    ]
    rows["energy_range"] = storage.energy_range(
        energy, data.soc_min * ones, data.soc_max * ones, energy_mwh
    )
    rows["charge_range"] = storage.power_range(charge, 0.0, power_mw)
    rows["discharge_range"] = storage.power_range(discharge, 0.0, power_mw)
    program.p_load = program.p_load + (charge - discharge) @ at
    program.add_cost("storage_wear", prices.storage_throughput_per_kwh, charge + discharge)
    lost = (1.0 - data.charge_efficiency) * charge + (
        1.0 / data.discharge_efficiency - 1.0
    ) * discharge
    program.add_cost("conversion", prices.conversion_loss_per_kwh, lost)
    program.hourly.update(charge=charge, discharge=discharge, stored=energy)
