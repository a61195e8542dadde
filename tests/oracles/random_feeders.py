"""Owns random radial feeders for property tests: any tree, any order of buses and branches."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from powerflow import make_feeder


def random_feeder(seed, n_bus, *, load_kw=40.0, r_over_x=1.0, with_zero=False, reverse=0.0):
    """Make a random tree with shuffled labels, branch order and branch direction.

    About a tenth of the branches have no impedance if `with_zero`; a share `reverse` of the buses
    feeds in instead of consuming.
    """
    rng = np.random.default_rng(seed)
    label = [f"b{number}" for number in rng.permutation(n_bus)]
    reach = int(rng.integers(1, 6))
    upstream = [int(rng.integers(max(0, bus - reach), bus)) for bus in range(1, n_bus)]
    r_ohm = rng.uniform(0.05, 0.4, n_bus - 1)
    x_ohm = r_ohm / r_over_x
    if with_zero:
        r_ohm = np.where(rng.random(n_bus - 1) < 0.1, 0.0, r_ohm)
        x_ohm = np.where(r_ohm == 0.0, 0.0, x_ohm)
    sign = np.where(rng.random(n_bus) < reverse, -1.0, 1.0)
    p_kw = sign * rng.uniform(0.0, 2.0 * load_kw, n_bus)
    q_kvar = p_kw * rng.uniform(-0.2, 0.8, n_bus)
    ends = [(label[up], label[bus]) for bus, up in enumerate(upstream, start=1)]
    ends = [pair[::-1] if rng.random() < 0.5 else pair for pair in ends]
    order = rng.permutation(n_bus - 1)
    return make_feeder(
        name=f"random-{seed}",
        base_kv=12.66,
        source=label[0],
        bus_id=label,
        p_kw=p_kw,
        q_kvar=q_kvar,
        from_bus=[ends[k][0] for k in order],
        to_bus=[ends[k][1] for k in order],
        r_ohm=r_ohm[order],
        x_ohm=x_ohm[order],
        ampacity_a=np.full(n_bus - 1, 300.0),
    )


@st.composite
def feeders(draw, max_bus=40, max_load_kw=60.0, with_zero=True, reverse=0.0):
    """Draw a random feeder that has a solution (light enough for its size)."""
    n_bus = draw(st.integers(2, max_bus))
    return random_feeder(
        draw(st.integers(0, 2**32 - 1)),
        n_bus,
        load_kw=draw(st.floats(0.1, max_load_kw)) * min(1.0, 12.0 / n_bus),
        r_over_x=draw(st.floats(0.1, 10.0)) if max_load_kw < 30.0 else draw(st.floats(0.5, 10.0)),
        with_zero=with_zero,
        reverse=reverse,
    )
