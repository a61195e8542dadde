"""Owns the adapter of power-grid-model: each of its batch methods is one contender."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np

from benchmarks.peers.contender import (
    MAX_ITERATIONS,
    TOL_PU,
    Contender,
    FloatArray,
    Prepared,
)
from powerflow.feeder import Feeder

METHODS = ("iterative_current", "newton_raphson", "linear", "linear_current")
"""The linear ones are stopped after one step; the check says by how much they are off."""

SOURCE_POWER_VA = 1e20
"""Short-circuit power of the source; the default's impedance shifts voltages by 5e-4 p.u."""


def contenders() -> list[Contender]:
    """Return one contender a method."""
    return [Contender(f"power-grid-model {m}", partial(_prepare, method=m)) for m in METHODS]


def _prepare(feeder: Feeder, p_kw: FloatArray, q_kvar: FloatArray, *, method: str) -> Prepared:
    import power_grid_model as pgm

    n_bus = feeder.n_bus
    bus = np.arange(n_bus)
    node = pgm.initialize_array("input", "node", n_bus)
    node["id"], node["u_rated"] = bus, feeder.base_kv * 1e3
    line = pgm.initialize_array("input", "line", n_bus - 1)
    line["id"] = n_bus + bus[1:]
    line["from_node"], line["to_node"] = feeder.parent[1:], bus[1:]
    line["from_status"] = line["to_status"] = 1
    line["r1"], line["x1"] = feeder.r_ohm[1:], feeder.x_ohm[1:]
    line["c1"] = line["tan1"] = 0.0
    line["i_n"] = 1e4
    load = pgm.initialize_array("input", "sym_load", n_bus)
    load["id"], load["node"], load["status"] = 2 * n_bus + bus, bus, 1
    load["type"] = pgm.LoadGenType.const_power
    load["p_specified"], load["q_specified"] = feeder.p_kw * 1e3, feeder.q_kvar * 1e3
    source = pgm.initialize_array("input", "source", 1)
    source["id"], source["node"], source["status"] = 3 * n_bus, 0, 1
    source["u_ref"], source["sk"] = feeder.v_source_pu, SOURCE_POWER_VA
    model = pgm.PowerGridModel({"node": node, "line": line, "sym_load": load, "source": source})
    # Row-based and complete updates were the fastest of its forms when this was written.
    update = pgm.initialize_array("update", "sym_load", p_kw.shape)
    update["id"] = load["id"]
    update["p_specified"], update["q_specified"] = p_kw * 1e3, q_kvar * 1e3

    def solve() -> FloatArray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = model.calculate_power_flow(
                update_data={"sym_load": update},
                calculation_method=method,
                error_tolerance=TOL_PU,
                max_iterations=MAX_ITERATIONS,
                threading=-1,
                output_component_types={"node": ["u_pu"]},
            )
        v_pu: FloatArray = answer["node"]["u_pu"]
        return v_pu

    return Prepared(solve)
