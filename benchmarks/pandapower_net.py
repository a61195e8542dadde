"""Owns the way from a feeder to a pandapower network, for races and for trust."""

from __future__ import annotations

from typing import Any

from powerflow.feeder import Feeder


def pandapower_net(feeder: Feeder) -> Any:
    """Return a pandapower network of the feeder; bus numbers are the feeder's bus indices.

    Base power is 1 MVA. A branch without impedance must not be in it: pandapower divides by it.
    """
    import pandapower

    net = pandapower.create_empty_network(sn_mva=1.0)
    pandapower.create_buses(net, feeder.n_bus, feeder.base_kv)
    pandapower.create_ext_grid(net, 0, vm_pu=feeder.v_source_pu)
    pandapower.create_loads(net, range(feeder.n_bus), feeder.p_kw / 1e3, feeder.q_kvar / 1e3)
    pandapower.create_lines_from_parameters(
        net,
        from_buses=feeder.parent[1:],
        to_buses=range(1, feeder.n_bus),
        length_km=1.0,
        r_ohm_per_km=feeder.r_ohm[1:],
        x_ohm_per_km=feeder.x_ohm[1:],
        c_nf_per_km=0.0,
        max_i_ka=1.0,
    )
    return net
