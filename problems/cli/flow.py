"""The command `feederlab flow`: one power flow of one feeder."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from problems.cli.output import Json, print_json, print_table
from problems.core.errors import SettingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from powerflow.feeder import Feeder
    from powerflow.result import PowerFlowResult


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("flow")(flow)


def flow(
    feeder: Annotated[str, typer.Argument(help="Library name, folder, or .m, .json, .dss file.")],
    base_kv: Annotated[
        float | None, typer.Option("--base-kv", help="Line-to-line base voltage, kV.")
    ] = None,
    load_scale: Annotated[
        float, typer.Option("--load-scale", help="Multiplies every load of the feeder.")
    ] = 1.0,
    source_pu: Annotated[
        float | None, typer.Option("--source-pu", help="Source voltage, p.u.; else the feeder's.")
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option(
            "--add",
            metavar="BUS:KW[:KVAR]",
            help="Load added at a bus; negative feeds in. Repeatable.",
        ),
    ] = None,
    sweeps: Annotated[
        int | None,
        typer.Option("--sweeps", min=1, help="Stop the current sweep after exactly N sweeps."),
    ] = None,
    zip_shares: Annotated[
        str | None,
        typer.Option(
            "--zip",
            metavar="Z,I,P|FILE",
            help="Shares of constant impedance, current and power in every load; they add up to 1. "
            "Or FILE, CSV or TOML tables of zip: bus,z_share,i_share,p_share; a bus that is not in "
            "it has constant power.",
        ),
    ] = None,
    shunts: Annotated[
        str | None,
        typer.Option(
            "--shunts",
            metavar="FILE",
            help="Fixed shunts, CSV or TOML tables of shunt: bus,q_kvar and, if any, p_kw; power "
            "at nominal voltage, a capacitor's q_kvar is negative.",
        ),
    ] = None,
    angles: Annotated[
        bool, typer.Option("--angles", help="Add the voltage and angle of every bus.")
    ] = False,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="DIR", help="Write buses.csv and branches.csv there."),
    ] = None,
    geojson: Annotated[
        str | None,
        typer.Option(
            "--geojson",
            metavar="FILE",
            help="Write the map; the feeder's x and y must be longitude and latitude, degrees.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute the power flow of a feeder."""
    from powerflow.library import list_feeders, load_feeder
    from powerflow.reference import split_reference
    from powerflow.result import OUTPUTS
    from powerflow.solve import power_flow
    from problems.cli.flow_inputs import add_load, read_shares, read_shunts_of

    _check_positive("--base-kv", base_kv)
    _check_positive("--source-pu", source_pu)
    if not math.isfinite(load_scale):
        raise SettingError(f"--load-scale must be finite, not {load_scale}")
    if geojson and split_reference(feeder)[0] in list_feeders():
        raise SettingError("--geojson: the coordinates of library feeders are drawings, not places")
    loaded = load_feeder(feeder)
    p_kw, q_kvar = loaded.p_kw * load_scale, loaded.q_kvar * load_scale
    for word in add or []:
        add_load(loaded, word, p_kw, q_kvar)
    shares = read_shares(loaded, zip_shares)
    shunt_p_kw, shunt_q_kvar = read_shunts_of(loaded, shunts)
    try:
        result = power_flow(
            loaded,
            p_kw,
            q_kvar,
            base_kv=base_kv,
            v_source_pu=source_pu,
            zip_shares=shares,
            shunt_p_kw=shunt_p_kw,
            shunt_q_kvar=shunt_q_kvar,
            sweeps=sweeps,
            outputs=(*OUTPUTS, "angle_rad") if angles or out or geojson else OUTPUTS,
        )
    except ValueError as error:
        raise SettingError(str(error)) from None
    answer = _answer(loaded, result, has_converged=None if sweeps else bool(result.converged[0]))
    if out or geojson:
        _write_tables(loaded, result, (p_kw, q_kvar), out, geojson)
    buses = _bus_rows(loaded, result) if angles else []
    if as_json:
        print_json({**answer, **({"buses": buses} if angles else {})})
        return
    print_table(f"Power flow of {loaded.name}", ("figure", "value"), list(answer.items()))
    if buses:
        print_table("Buses", tuple(buses[0]), [tuple(row.values()) for row in buses])


def _check_positive(option: str, value: float | None) -> None:
    if value is not None and not (math.isfinite(value) and value > 0.0):
        raise SettingError(f"{option} must be positive, not {value}")


def _write_tables(
    feeder: Feeder,
    result: PowerFlowResult,
    loads: tuple[NDArray[np.float64], NDArray[np.float64]],
    out: str | None,
    geojson: str | None,
) -> None:
    from problems.core.content import json_text, write_text
    from problems.report.flow_tables import branch_rows, bus_rows, flow_geojson
    from problems.report.tables import write_table

    buses, branches = bus_rows(feeder, result, *loads), branch_rows(feeder, result)
    # before anything is written: it may find that there is no map
    places = flow_geojson(feeder, buses, branches) if geojson else None
    if out:
        write_table(Path(out) / "buses.csv", buses)
        write_table(Path(out) / "branches.csv", branches)
    if geojson and places is not None:
        write_text(Path(geojson), json_text(places))


def _bus_rows(feeder: Feeder, result: PowerFlowResult) -> list[dict[str, Any]]:
    from problems.core.assess import finite, required

    v_pu, angle_rad = required(result.v_pu)[0], required(result.angle_rad)[0]
    return [
        {
            "bus": label,
            "v_pu": finite(float(v_pu[k])),
            "angle_deg": finite(math.degrees(angle_rad[k])),
        }
        for k, label in enumerate(feeder.bus_id)
    ]


def _answer(feeder: Feeder, result: PowerFlowResult, has_converged: bool | None) -> dict[str, Any]:
    from problems.core.assess import finite, required

    def figure(values: NDArray[np.float64] | None) -> float | None:
        return finite(float(required(values)[0]))

    v_min_pu = figure(result.v_min_pu)
    v_min_bus = int(required(result.v_min_bus)[0])
    return {
        "feeder": feeder.name,
        "n_bus": feeder.n_bus,
        "loss_kw": figure(result.loss_kw),
        "loss_kvar": figure(result.loss_kvar),
        "v_min_pu": v_min_pu,
        "v_min_bus": None if v_min_pu is None else feeder.bus_id[v_min_bus],
        "v_max_pu": figure(result.v_max_pu),
        "max_loading_pct": figure(result.max_loading_pct),
        "substation_kw": figure(result.substation_kw),
        "substation_kvar": figure(result.substation_kvar),
        "converged": has_converged,
        "iterations": int(result.iterations[0]),
    }
