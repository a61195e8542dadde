"""The command `feederlab feeders`: the library with its base cases."""

from __future__ import annotations

from typing import Any

import typer

from problems.cli.output import Json, print_json, print_table


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("feeders")(feeders)


def feeders(as_json: Json = False) -> None:
    """List the library's feeders with their base cases."""
    from powerflow.library import list_feeders, load_feeder

    rows = [_row(load_feeder(name)) for name in list_feeders()]
    if as_json:
        print_json({"feeders": rows})
        return
    print_table("Library", tuple(rows[0]), [tuple(row.values()) for row in rows])


def _row(feeder: Any) -> dict[str, Any]:
    from powerflow.solve import power_flow
    from problems.core.assess import required

    flow = power_flow(feeder, outputs=("loss_kw", "v_min_pu", "v_min_bus"))
    return {
        "name": feeder.name,
        "n_bus": feeder.n_bus,
        "base_kv": feeder.base_kv,
        "load_kw": float(feeder.p_kw.sum()),
        "load_kvar": float(feeder.q_kvar.sum()),
        "loss_kw": float(required(flow.loss_kw)[0]),
        "v_min_pu": float(required(flow.v_min_pu)[0]),
        "v_min_bus": feeder.bus_id[int(required(flow.v_min_bus)[0])],
    }
