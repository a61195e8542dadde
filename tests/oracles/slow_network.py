"""A slow obvious power flow of any network: complex voltages by Newton on the node currents."""

import cmath
import math

import numpy as np
from scipy.optimize import root


def solve_network(network, tol=1e-11):
    """Return |V| by bus label, per unit of its nominal voltage, and the source's power in kVA.

    Every branch is an ideal transformer at its start and an impedance at its end, in volts and
    amperes of one phase; every load draws p v^k. Nothing is referred, merged or swept.
    """
    labels = list(network.buses)
    row = {label: k for k, label in enumerate(labels)}
    n = len(labels)
    nominal_v = np.array([1e3 * network.buses[b].kv / math.sqrt(3.0) for b in labels])
    source = row[network.source]

    def currents(v):
        """Return the current that leaves each bus into branches and loads."""
        out = np.zeros(n, dtype=complex)
        for branch in network.branches:
            a, b = row[branch.start], row[branch.end]
            turns = branch.ratio * nominal_v[b] / nominal_v[a]
            i = (v[a] * turns - v[b]) / complex(branch.r_ohm, branch.x_ohm)
            out[a] += turns * i
            out[b] -= i
        for k, label in enumerate(labels):
            bus, v_pu = network.buses[label], abs(v[k]) / nominal_v[k]
            p_w = 1e3 / 3.0 * sum(bus.p_kw[e] * v_pu**e for e in range(3))
            q_var = 1e3 / 3.0 * sum(bus.q_kvar[e] * v_pu**e for e in range(3))
            out[k] += (complex(p_w, q_var) / v[k]).conjugate()
        return out

    fixed = cmath.rect(network.v_source_pu * nominal_v[source], 0.0)
    free = [k for k in range(n) if k != source]

    def voltages(x):
        v = np.empty(n, dtype=complex)
        v[source] = fixed
        v[free] = (x[: n - 1] + 1j * x[n - 1 :]) * nominal_v[free]
        return v

    def residual(x):
        i = currents(voltages(x))[free] * nominal_v[free] / 1e5
        return np.concatenate((i.real, i.imag))

    start = np.concatenate((np.full(n - 1, network.v_source_pu), np.zeros(n - 1)))
    found = root(residual, start, method="hybr", options={"xtol": tol})
    assert np.abs(residual(found.x)).max() < 1e-7, found.message
    v = voltages(found.x)
    s_kva = 3e-3 * v[source] * currents(v)[source].conjugate()
    return dict(zip(labels, (np.abs(v) / nominal_v).tolist(), strict=True)), s_kva
