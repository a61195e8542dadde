"""Owns a feeder's constants as branch-flow rows need them: per unit, as sparse matrices."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from powerflow.units import S_BASE_KVA, i_base_a, z_base_ohm

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SMALLEST_SCALE = 1e-3
"""Least scale of a branch's flow in its cone, as a share of the feeder's load."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Hold a feeder per unit of `S_BASE_KVA` and of its base voltage; branch k enters bus k + 1.

    Matrices stand on the right: a row of bus values times `sending` is a row of branch values.

    Attributes
    ----------
    feeder : Feeder
        The grid.
    parent : (n_branch,) int array
        Bus each branch leaves from.
    r_pu, x_pu : (n_branch,) float array
        Series impedance.
    i_max_pu : (n_branch,) float array
        Ampacity; infinite where unknown.
    scale : (n_branch,) float array
        Size of the flow each branch is likely to carry, p.u.; it scales the cone's rows only.
    sending, receiving : (n_bus, n_branch) sparse array
        Take values of buses to the branches that leave from them and that enter them.
    outgoing : (n_branch, n_branch) sparse array
        Sums branches to the branch that feeds the bus they leave from.
    """

    feeder: Feeder
    parent: IntArray
    r_pu: FloatArray
    x_pu: FloatArray
    i_max_pu: FloatArray
    scale: FloatArray
    sending: sp.csr_array
    receiving: sp.csr_array
    outgoing: sp.csr_array

    @classmethod
    def of(
        cls, feeder: Feeder, r_ohm: FloatArray | None = None, x_ohm: FloatArray | None = None
    ) -> Network:
        """Return the constants of a feeder, with other impedances (n_bus,) if they are given."""
        n_branch = feeder.n_branch
        z_base, i_base = z_base_ohm(feeder.base_kv), i_base_a(feeder.base_kv)
        branch = np.arange(n_branch)
        ones = np.ones(n_branch)
        parent = feeder.parent[1:]
        shape = (feeder.n_bus, n_branch)
        sending = sp.csr_array((ones, (parent, branch)), shape=shape)
        ampacity = feeder.ampacity_a[1:]
        return cls(
            feeder=feeder,
            parent=parent,
            r_pu=(feeder.r_ohm if r_ohm is None else r_ohm)[1:] / z_base,
            x_pu=(feeder.x_ohm if x_ohm is None else x_ohm)[1:] / z_base,
            i_max_pu=np.where(np.isfinite(ampacity), ampacity / i_base, np.inf),
            scale=_flow_scale(feeder),
            sending=sending,
            receiving=sp.csr_array((ones, (branch + 1, branch)), shape=shape),
            outgoing=sp.csr_array(sending[1:].T),
        )

    @property
    def n_branch(self) -> int:
        """Number of branches."""
        return len(self.parent)

    def scaled_to(self, p_kw: FloatArray, q_kvar: FloatArray) -> Network:
        """Return the network with cones scaled to known flows, (n_hour, n_branch).

        A second solve with the flows of a first one has the tighter cones.
        """
        flow = np.sqrt((p_kw**2 + q_kvar**2).mean(axis=0)) / S_BASE_KVA
        return replace(self, scale=np.maximum(flow, SMALLEST_SCALE * max(flow.max(), 1e-3)))

    def at_buses(self, bus: IntArray) -> sp.csr_array:
        """Return the (n_device, n_bus) matrix that puts devices' powers at their buses."""
        n = len(bus)
        return sp.csr_array((np.ones(n), (np.arange(n), bus)), shape=(n, self.feeder.n_bus))


def to_pu(power_kw: FloatArray) -> FloatArray:
    """Return a power in kW or kvar per unit."""
    return power_kw / S_BASE_KVA


def _flow_scale(feeder: Feeder) -> FloatArray:
    """Return the apparent load below each branch, at least a small share of the feeder's."""
    below = np.hypot(feeder.p_kw, feeder.q_kvar) / S_BASE_KVA
    for bus in range(feeder.n_bus - 1, 0, -1):
        below[feeder.parent[bus]] += below[bus]
    if not below[0] > 0.0:
        return np.ones(feeder.n_branch)
    scale: FloatArray = np.maximum(below[1:], SMALLEST_SCALE * below[0])
    return scale
