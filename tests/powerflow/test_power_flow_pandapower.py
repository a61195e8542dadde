"""Agreement with pandapower's Newton-Raphson, where pandapower is installed."""

import numpy as np
import pytest
from random_feeders import random_feeder

from powerflow import load_feeder, power_flow

pandapower = pytest.importorskip("pandapower")


def pandapower_flow(feeder):
    """Return |V| and loss in kW, or None where pandapower does not converge."""
    net = pandapower.create_empty_network(sn_mva=1.0)
    for label in feeder.bus_id:
        pandapower.create_bus(net, feeder.base_kv, name=label)
    pandapower.create_ext_grid(net, 0, vm_pu=feeder.v_source_pu)
    for bus in range(feeder.n_bus):
        pandapower.create_load(net, bus, feeder.p_kw[bus] / 1e3, feeder.q_kvar[bus] / 1e3)
    for bus in range(1, feeder.n_bus):
        pandapower.create_line_from_parameters(
            net, int(feeder.parent[bus]), bus, 1.0, feeder.r_ohm[bus], feeder.x_ohm[bus], 0.0, 1.0
        )
    # The tightest tolerance it reaches: breakers of 1e-4 ohm leave 1e-10 MVA of rounding.
    for tolerance_mva in (1e-11, 1e-10, 1e-9):
        try:
            pandapower.runpp(net, tolerance_mva=tolerance_mva, numba=False, max_iteration=50)
        except pandapower.LoadflowNotConverged:
            continue
        return net.res_bus.vm_pu.to_numpy(), 1e3 * net.res_line.pl_mw.sum()
    return None


def assert_same(feeder):
    reference = pandapower_flow(feeder)
    result = power_flow(feeder, tol_pu=1e-10)
    assert result.converged[0] == (reference is not None)
    if reference is not None:
        v_pu, loss_kw = reference
        assert np.abs(result.v_pu[0] - v_pu).max() < 1e-8
        assert result.loss_kw[0] == pytest.approx(loss_kw, rel=1e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["ieee33", "ieee69", "brazil136", "iowa240"])
def test_library_feeders(name):
    assert_same(load_feeder(name))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(20))
def test_random_feeders(seed):
    rng = np.random.default_rng(seed)
    n_bus = int(rng.integers(2, 300))
    assert_same(
        random_feeder(seed, n_bus, load_kw=240.0 / n_bus, r_over_x=10.0 ** rng.uniform(-1.0, 1.0))
    )
