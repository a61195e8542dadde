"""Owns the branch-flow variables of a stage, each in the unit of its branch's likely flow."""

from __future__ import annotations

from dataclasses import replace

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from problems.conic.distflow import Flow
from problems.conic.network import Network

LEAST_SHARE = 0.05
"""Least unit of a branch, as a share of the feeder's flow: a lateral may carry more than loads."""


def scaled_flow(network: Network, n_row: int) -> Flow:
    """Return fresh variables of a branch flow, l in the square of the unit of P and Q.

    Trunks carry a thousand times what laterals do, and squared currents a million times; in such
    units the solver needs half the steps and reaches its full accuracy.
    """
    unit = np.maximum(network.scale, LEAST_SHARE * network.scale.max())
    network = replace(network, scale=unit)
    shape = (n_row, network.n_branch)
    each, square = sp.diags_array(unit, format="csr"), sp.diags_array(unit**2, format="csr")
    return Flow(
        network,
        p=cp.Variable(shape, name="p") @ each,
        q=cp.Variable(shape, name="q") @ each,
        l=cp.Variable(shape, name="l") @ square,
        v=cp.Variable((n_row, network.n_branch + 1), name="v"),
    )
