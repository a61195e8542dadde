"""Owns synthetic feeders: seeded random trees of a stated depth and loading."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from powerflow import units
from powerflow.door import make_feeder
from powerflow.feeder import Feeder
from powerflow.nose import nose_factor

IntArray = NDArray[np.int64]

#: Mean number of branches of a lateral.
_LATERAL_BRANCHES = 6
_LENGTH_M = (30.0, 250.0)
_R_OHM_PER_KM = (0.15, 0.6)
_POWER_FACTOR = (0.85, 1.0)
#: Ampacity over the current of the loads behind a branch at rated voltage.
_AMPACITY_MARGIN = (1.2, 3.0)


def synthetic_feeder(
    *,
    n_bus: int,
    depth: int,
    seed: int,
    loading: float = 0.5,
    r_over_x: tuple[float, float] = (0.5, 3.0),
    base_kv: float = 12.66,
    v_source_pu: float = 1.0,
    is_scrambled: bool = False,
) -> Feeder:
    """Make a random radial feeder: a trunk of `depth` branches, and laterals that leave anywhere.

    Loads are lognormal, lengths and resistances uniform, R/X log-uniform. All loads are then scaled
    together to the wanted share of the nose. Ampacities are 1.2 to 3 times the current that the
    loads behind a branch draw at rated voltage.

    Parameters
    ----------
    n_bus : int
        Number of buses, at least 2.
    depth : int
        Number of branches on the longest path from the source, exactly; 1 to n_bus - 1.
    seed : int
        The same seed gives the same feeder.
    loading : float
        Share of the nose, 0 < loading < 1: the base loads over the greatest loads of the same
        proportions that have a power flow. Accurate to 1e-5 (`powerflow.nose.nose_factor`).
    r_over_x : (float, float)
        Least and greatest R/X of a branch.
    base_kv : float
        Base voltage, line to line.
    v_source_pu : float
        Voltage of the source.
    is_scrambled : bool
        Give random labels, numbers and words, and put buses and branches through the door in
        random order and direction. Otherwise the trunk is 1, 2, ... and laterals count on.

    Returns
    -------
    Feeder

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> feeder = synthetic_feeder(n_bus=20, depth=7, seed=1)
    >>> feeder.n_bus, feeder.bus_id[:3]
    (20, ('1', '2', '3'))
    """
    if n_bus < 2 or not 1 <= depth < n_bus:
        raise ValueError(f"expected 1 <= depth < n_bus, not depth {depth} and n_bus {n_bus}")
    if not 0.0 < loading < 1.0:
        raise ValueError(f"loading is a share of the nose between 0 and 1, not {loading}")
    if not 0.0 < r_over_x[0] <= r_over_x[1] < np.inf:
        raise ValueError(f"r_over_x: expected 0 < least <= greatest, not {r_over_x}")
    rng = np.random.default_rng(seed)
    parent = _grow_tree(n_bus, depth, rng)
    length_m = rng.uniform(*_LENGTH_M, n_bus - 1)
    r_ohm = rng.uniform(*_R_OHM_PER_KM, n_bus - 1) * length_m / 1e3
    x_ohm = r_ohm / np.exp(rng.uniform(np.log(r_over_x[0]), np.log(r_over_x[1]), n_bus - 1))
    s_kva = np.concatenate(([0.0], rng.lognormal(0.0, 0.8, n_bus - 1)))
    power_factor = rng.uniform(*_POWER_FACTOR, n_bus)
    margin = rng.uniform(*_AMPACITY_MARGIN, n_bus - 1)

    labels = [str(bus + 1) for bus in range(n_bus)]
    ends = np.array([parent[1:], np.arange(1, n_bus)])
    bus_row, branch_row = np.arange(n_bus), np.arange(n_bus - 1)
    if is_scrambled:
        numbers = rng.choice(10 * n_bus, n_bus, replace=False)
        is_word = rng.random(n_bus) < 0.5
        labels = [f"node {n}" if word else str(n) for n, word in zip(numbers, is_word, strict=True)]
        ends = rng.permuted(ends, axis=0)
        bus_row, branch_row = rng.permutation(n_bus), rng.permutation(n_bus - 1)
    feeder = make_feeder(
        name=f"synthetic_{n_bus}_{depth}_{seed}",
        title=f"Synthetic feeder of {n_bus} buses, {depth} deep, at {loading:g} of its nose",
        base_kv=base_kv,
        v_source_pu=v_source_pu,
        source=labels[0],
        bus_id=[labels[bus] for bus in bus_row],
        p_kw=(s_kva * power_factor)[bus_row],
        q_kvar=(s_kva * np.sqrt(1.0 - power_factor**2))[bus_row],
        from_bus=[labels[bus] for bus in ends[0, branch_row]],
        to_bus=[labels[bus] for bus in ends[1, branch_row]],
        r_ohm=r_ohm[branch_row],
        x_ohm=x_ohm[branch_row],
        length_m=length_m[branch_row],
        # first the margins; the currents are known once the loads are scaled
        ampacity_a=margin[branch_row],
    )
    factor = loading * nose_factor(feeder)
    p_kw, q_kvar = factor * feeder.p_kw, factor * feeder.q_kvar
    behind_kva = np.hypot(p_kw, q_kvar)
    for bus in range(n_bus - 1, 0, -1):
        behind_kva[feeder.parent[bus]] += behind_kva[bus]
    current_a = units.i_base_a(base_kv) * behind_kva / units.S_BASE_KVA
    return replace(feeder, p_kw=p_kw, q_kvar=q_kvar, ampacity_a=feeder.ampacity_a * current_a)


def _grow_tree(n_bus: int, depth: int, rng: np.random.Generator) -> IntArray:
    """Return parents: a trunk of `depth` branches, then laterals of random length, none deeper."""
    parent = [-1, *range(depth)]
    level = list(range(depth + 1))
    forks = list(range(depth))  # buses that may feed another one
    while len(parent) < n_bus:
        bus = forks[rng.integers(len(forks))]
        for _ in range(rng.geometric(1.0 / _LATERAL_BRANCHES)):
            if level[bus] == depth or len(parent) == n_bus:
                break
            parent.append(bus)
            level.append(level[bus] + 1)
            bus = len(parent) - 1
            if level[bus] < depth:
                forks.append(bus)
    return np.array(parent, dtype=np.int64)
