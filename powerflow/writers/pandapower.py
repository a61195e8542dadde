"""Owns writing a feeder as a pandapower network, with equipment at its buses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from powerflow.feeder import Feeder
from powerflow.readers.extra import import_extra


@dataclass(frozen=True, slots=True)
class Device:
    """Hold equipment of constant power at a bus, positive when it consumes."""

    name: str
    bus: str
    p_kw: float
    q_kvar: float


def to_pandapower(feeder: Feeder, devices: Sequence[Device] = ()) -> Any:
    """Return a pandapower network of the feeder; bus numbers are the feeder's bus indices.

    A branch without impedance becomes a closed switch. A device that consumes is a load, one that
    feeds in a static generator, both of constant power: that is how plans are judged.

    Parameters
    ----------
    feeder : Feeder
    devices : sequence of Device

    Returns
    -------
    pandapowerNet

    Raises
    ------
    FeederError
        If pandapower is not installed, or the feeder has no bus of a device.
    """
    pandapower = import_extra("pandapower", "pandapower", "a pandapower network")
    net = pandapower.create_empty_network(name=feeder.name, sn_mva=1.0)
    pandapower.create_buses(net, feeder.n_bus, feeder.base_kv, name=list(feeder.bus_id))
    net.bus["geo"] = [_point(x, y) for x, y in zip(feeder.x, feeder.y, strict=True)]
    pandapower.create_ext_grid(net, 0, vm_pu=feeder.v_source_pu)
    pandapower.create_loads(net, range(feeder.n_bus), feeder.p_kw / 1e3, feeder.q_kvar / 1e3)
    is_joint = (feeder.r_ohm == 0.0) & (feeder.x_ohm == 0.0)
    is_joint[0] = True
    lines = np.flatnonzero(~is_joint)
    length_km = feeder.length_m[lines] / 1e3
    length_km[~(length_km > 0.0)] = 1.0
    pandapower.create_lines_from_parameters(
        net,
        from_buses=feeder.parent[lines],
        to_buses=lines,
        length_km=length_km,
        r_ohm_per_km=feeder.r_ohm[lines] / length_km,
        x_ohm_per_km=feeder.x_ohm[lines] / length_km,
        c_nf_per_km=0.0,
        max_i_ka=feeder.ampacity_a[lines] / 1e3,
        type=["cs" if feeder.kind[k] == "cable" else "ol" for k in lines],
    )
    for bus in np.flatnonzero(is_joint)[1:]:
        pandapower.create_switch(net, int(feeder.parent[bus]), int(bus), et="b", closed=True)
    for device in devices:
        bus = feeder.bus_index(device.bus)
        if device.p_kw > 0.0:
            pandapower.create_load(
                net, bus, device.p_kw / 1e3, device.q_kvar / 1e3, name=device.name
            )
        else:
            pandapower.create_sgen(
                net, bus, -device.p_kw / 1e3, -device.q_kvar / 1e3, name=device.name
            )
    return net


def _point(x: float, y: float) -> str | None:
    """Return a point as GeoJSON, None where the place of a bus is not known."""
    if not (np.isfinite(x) and np.isfinite(y)):
        return None
    return json.dumps({"coordinates": [float(x), float(y)], "type": "Point"})
