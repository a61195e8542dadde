"""Owns a pandapower transformer as a branch with a ratio and the power its core draws."""

from __future__ import annotations

import cmath
import math
from typing import Any

from powerflow.readers.network import Branch, Network
from powerflow.readers.pandapower_rows import number
from powerflow.units import current_a


def add_transformer(index: int, trafo: Any, hv: str, lv: str, network: Network) -> None:
    """Add a two-winding transformer between the buses `hv` and `lv`.

    The core's admittance stands in the middle of the short-circuit impedance (pandapower's default,
    the T model), turned into a delta: a series branch and a shunt at either end.
    """
    hv_bus, lv_bus = network.buses[hv], network.buses[lv]
    n_parallel = number(trafo, "parallel", 1.0)
    factor = _tap_factor(trafo)
    side = str(getattr(trafo, "tap_side", ""))
    hv_kv = trafo.vn_hv_kv * (factor if side == "hv" else 1.0)
    lv_kv = trafo.vn_lv_kv * (factor if side == "lv" else 1.0)
    z_abs_ohm = trafo.vk_percent / 100.0 * lv_kv**2 / trafo.sn_mva / n_parallel
    r_ohm = trafo.vkr_percent / 100.0 * lv_kv**2 / trafo.sn_mva / n_parallel
    z_ohm = complex(r_ohm, math.sqrt(max(0.0, z_abs_ohm**2 - r_ohm**2)))
    y_s = n_parallel * _core_admittance_s(trafo, lv_kv)
    tap = (hv_kv / hv_bus.kv) / (lv_kv / lv_bus.kv)
    half_s = 0j
    if y_s and z_ohm:
        half_s = 1.0 / (z_ohm / 2.0 + 2.0 / y_s)
        z_ohm = z_ohm + z_ohm**2 * y_s / 4.0
    end_kva = 1e3 * half_s.conjugate() * lv_bus.kv**2
    rated_kva = 1e3 * trafo.sn_mva * n_parallel * number(trafo, "df", 1.0)
    network.branches.append(
        Branch(
            f"trafo {index}",
            hv,
            lv,
            r_ohm=z_ohm.real,
            x_ohm=z_ohm.imag,
            ampacity_a=current_a(rated_kva, trafo.vn_lv_kv),
            kind="transformer",
            ratio=1.0 / tap,
            start_kva=end_kva / tap**2,
            end_kva=end_kva,
        )
    )


def _core_admittance_s(trafo: Any, lv_kv: float) -> complex:
    """Return the admittance of the core, in siemens at the lower voltage with its tap."""
    g = 1e-3 * trafo.pfe_kw / lv_kv**2
    y = trafo.i0_percent / 100.0 * trafo.sn_mva / lv_kv**2
    return complex(g, -math.sqrt(max(0.0, y**2 - g**2)))


def _tap_factor(trafo: Any) -> float:
    """Return the voltage of the tapped winding over its rating."""
    steps = number(trafo, "tap_pos") - number(trafo, "tap_neutral")
    step = steps * number(trafo, "tap_step_percent") / 100.0
    kind = getattr(trafo, "tap_changer_type", None)
    is_ideal = kind == "Ideal" or bool(getattr(trafo, "tap_phase_shifter", False))
    if is_ideal:
        return 1.0
    return abs(1.0 + step * cmath.exp(1j * math.radians(number(trafo, "tap_step_degree"))))
