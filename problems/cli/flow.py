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
            metavar="Z,I,P",
            help="Shares of constant impedance, current and power in every load; they add up to 1.",
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
    as_json: Json = False,
) -> None:
    """Compute the power flow of a feeder."""
    from powerflow.library import load_feeder
    from powerflow.result import OUTPUTS
    from powerflow.solve import power_flow

    _check_positive("--base-kv", base_kv)
    _check_positive("--source-pu", source_pu)
    if not math.isfinite(load_scale):
        raise SettingError(f"--load-scale must be finite, not {load_scale}")
    loaded = load_feeder(feeder)
    p_kw, q_kvar = loaded.p_kw * load_scale, loaded.q_kvar * load_scale
    for word in add or []:
        _add_load(loaded, word, p_kw, q_kvar)
    shunt_p_kw, shunt_q_kvar = _read_shunts(loaded, shunts)
    try:
        result = power_flow(
            loaded,
            p_kw,
            q_kvar,
            base_kv=base_kv,
            v_source_pu=source_pu,
            zip_shares=_read_shares(zip_shares),
            shunt_p_kw=shunt_p_kw,
            shunt_q_kvar=shunt_q_kvar,
            sweeps=sweeps,
            outputs=(*OUTPUTS, "angle_rad") if angles else OUTPUTS,
        )
    except ValueError as error:
        raise SettingError(str(error)) from None
    answer = _answer(loaded, result, has_converged=None if sweeps else bool(result.converged[0]))
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


def _add_load(
    feeder: Feeder, word: str, p_kw: NDArray[np.float64], q_kvar: NDArray[np.float64]
) -> None:
    from problems.siting.equipment import feeder_bus

    # a label may hold colons itself: the powers are the last two words, or the last one
    for n_power in (2, 1):
        label, *powers = word.rsplit(":", n_power)
        if len(powers) == n_power and (label in feeder.bus_id or n_power == 1):
            break
    try:
        kw, kvar = float(powers[0]), float(powers[1]) if powers[1:] else 0.0
    except (IndexError, ValueError):
        raise SettingError(f"--add takes BUS:KW or BUS:KW:KVAR, not '{word}'") from None
    if not (math.isfinite(kw) and math.isfinite(kvar)):
        raise SettingError(f"--add takes finite powers, not '{word}'")
    bus = feeder_bus(feeder, label, "--add")
    p_kw[bus] += kw
    q_kvar[bus] += kvar


def _read_shares(words: str | None) -> tuple[float, float, float] | None:
    if words is None:
        return None
    try:
        z, i, p = (float(word) for word in words.split(","))
    except ValueError:
        raise SettingError(f"--zip takes three shares Z,I,P, not '{words}'") from None
    return z, i, p


def _read_shunts(
    feeder: Feeder, file: str | None
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    if file is None:
        return None, None
    import numpy as np

    from problems.siting.equipment import feeder_bus
    from problems.siting.tables import read_shunts

    shunt_p_kw, shunt_q_kvar = np.zeros(feeder.n_bus), np.zeros(feeder.n_bus)
    for shunt in read_shunts(Path(file)):
        bus = feeder_bus(feeder, shunt.bus, file)
        shunt_p_kw[bus] += shunt.p_kw
        shunt_q_kvar[bus] += shunt.q_kvar
    return shunt_p_kw, shunt_q_kvar


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
