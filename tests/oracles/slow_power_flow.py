"""Owns two slow, obvious power flows in complex numbers, to judge the fast one by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class Flow:
    """Complex voltages in p.u., branch currents in A and losses in kW and kvar of one case."""

    v_pu: np.ndarray
    i_a: np.ndarray
    loss_kw: float
    loss_kvar: float


def _flow(feeder, v_volt, i_amp, v_base_volt):
    loss_va = 3.0 * np.sum((feeder.r_ohm + 1j * feeder.x_ohm) * np.abs(i_amp) ** 2)
    return Flow(v_volt / v_base_volt, np.abs(i_amp), loss_va.real / 1e3, loss_va.imag / 1e3)


def path_of(feeder, bus):
    """Return the buses whose entering branches lie between the source and `bus`."""
    path = set()
    while bus > 0:
        path.add(bus)
        bus = feeder.parent[bus]
    return path


def dense_power_flow(
    feeder, p_kw, q_kvar, v_source_pu=1.0, base_kv=None, steps=3000, zip_shares=(0, 0, 1), shunt=0.0
):
    """Iterate V = V_source - Z conj(S / V) in volts, with the dense bus impedance matrix Z.

    Z[i, j] is the impedance the paths from the source to i and to j have in common; S follows the
    voltage by `zip_shares` = (z, i, p), and by its square for the complex `shunt` in kVA. Returns
    None when the iteration does not settle.
    """
    v_base = (base_kv or feeder.base_kv) * 1e3 / np.sqrt(3.0)
    paths = [path_of(feeder, bus) for bus in range(feeder.n_bus)]
    z_branch = feeder.r_ohm + 1j * feeder.x_ohm
    z = np.array([[sum(z_branch[k] for k in a & b) for b in paths] for a in paths], dtype=complex)
    nominal_va = (np.asarray(p_kw) + 1j * np.asarray(q_kvar)) * 1e3 / 3.0
    v = np.full(feeder.n_bus, v_source_pu * v_base, dtype=complex)

    def taken(v_pu):
        z_share, i_share, p_share = zip_shares
        shunt_va = shunt * 1e3 / 3.0 * v_pu**2
        return nominal_va * (z_share * v_pu**2 + i_share * v_pu + p_share) + shunt_va

    for _ in range(steps):
        with np.errstate(all="ignore"):
            s_va = taken(np.abs(v) / v_base)
            injected = np.conj(s_va / v)
            new = v_source_pu * v_base - z @ injected
        if not np.isfinite(new).all():
            return None
        change = np.abs(new - v).max() / v_base
        v = new
        if change < 1e-13:
            break
    else:
        return None
    injected = np.conj(taken(np.abs(v) / v_base) / v)
    below = np.array(
        [[bus in paths[other] for other in range(feeder.n_bus)] for bus in range(feeder.n_bus)]
    )
    current = below @ injected
    current[0] = 0.0
    return _flow(feeder, v, current, v_base)


def textbook_sweeps(feeder, p_kw, q_kvar, sweeps, v_source_pu=1.0):
    """Run the textbook backward/forward sweep exactly `sweeps` times from a flat start."""
    v_base = feeder.base_kv * 1e3 / np.sqrt(3.0)
    children = {bus: [] for bus in range(feeder.n_bus)}
    for bus in range(1, feeder.n_bus):
        children[int(feeder.parent[bus])].append(bus)
    s_va = (np.asarray(p_kw) + 1j * np.asarray(q_kvar)) * 1e3 / 3.0
    v = np.full(feeder.n_bus, v_source_pu * v_base, dtype=complex)
    current = np.zeros(feeder.n_bus, dtype=complex)

    def total_current(bus):
        total = np.conj(s_va[bus] / v[bus]) + sum(total_current(child) for child in children[bus])
        current[bus] = total
        return total

    def drop_voltage(bus):
        for child in children[bus]:
            v[child] = v[bus] - (feeder.r_ohm[child] + 1j * feeder.x_ohm[child]) * current[child]
            drop_voltage(child)

    for _ in range(sweeps):
        total_current(0)
        drop_voltage(0)
    current[0] = 0.0
    return _flow(feeder, v, current, v_base)
