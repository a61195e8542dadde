"""The command `feederlab convert`: any feeder that can be read, as our folder or for pandapower."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from problems.cli.output import Json, Quiet, print_json, print_table
from problems.core.errors import ContentError, SettingError

if TYPE_CHECKING:
    from powerflow.feeder import Feeder
    from powerflow.writers.pandapower import Device
    from problems.core.plan import Plan


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("convert")(convert)


def convert(
    feeder: Annotated[
        str,
        typer.Argument(
            metavar="PATH",
            help="Folder, MATPOWER case (.m), pandapower network (.json) or OpenDSS master file "
            "(.dss); a library name will do.",
        ),
    ],
    out: Annotated[
        str, typer.Argument(metavar="OUT", help="New folder, or new .json file of pandapower.")
    ],
    to: Annotated[
        Literal["folder", "pandapower"], typer.Option("--to", help="What to write.")
    ] = "folder",
    plan: Annotated[
        str | None,
        typer.Option(
            "--plan",
            metavar="PLAN.json",
            help="Write its equipment too, in the load state of the greatest load.",
        ),
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write a feeder in another format, and say what reading it averaged, merged or dropped."""
    from powerflow.library import read_feeder

    target = Path(out)
    _check_free(target, to)
    reading = read_feeder(feeder)
    grid, state = reading.feeder, None
    devices: list[Device] = []
    if plan is not None:
        loaded = _plan_of(Path(plan), grid)
        grid, devices, state = _in_peak_state(loaded, grid)
    if to == "folder":
        _write_folder(target, _with_devices(grid, devices))
    else:
        _write_pandapower(target, grid, devices)
    answer: dict[str, Any] = {
        "feeder": grid.name,
        "n_bus": grid.n_bus,
        "n_branch": grid.n_branch,
        "load_kw": float(grid.p_kw.sum()),
        "load_kvar": float(grid.q_kvar.sum()),
        **dict(reading.report.named()),
        "equipment": [f"{d.name} at bus {d.bus}" for d in devices],
        "state": state,
        "out": str(target),
    }
    if as_json:
        print_json(answer)
    elif not quiet:
        lists = {key: value for key, value in answer.items() if isinstance(value, list)}
        rows = [(key, len(lists[key]) if key in lists else answer[key]) for key in answer]
        print_table(f"Converted {grid.name}", ("what", "value"), rows)
        for key, words in lists.items():
            for line in words:
                typer.echo(f"{key}: {line}")


def _check_free(target: Path, to: str) -> None:
    if to == "pandapower" and target.suffix.casefold() != ".json":
        raise SettingError(f"OUT of --to pandapower is a .json file, not '{target}'")
    if target.is_dir() and to == "folder":
        if any(target.iterdir()):
            raise ContentError(f"{target}: is not empty; choose another folder")
    elif target.exists():
        raise ContentError(f"{target}: exists; choose another name")


def _plan_of(file: Path, grid: Feeder) -> Plan:
    """Return a plan that was made for the feeder."""
    from problems.core.plan import Plan

    plan = Plan.load(file)
    if plan.feeder_digest != grid.digest():
        raise ContentError(f"{file}: made for another feeder than this one ('{plan.feeder}')")
    return plan


def _in_peak_state(plan: Plan, grid: Feeder) -> tuple[Feeder, list[Device], str]:
    """Return feeder and equipment in the plan's load state of the greatest load."""
    from powerflow.writers.pandapower import Device
    from problems.core.assess import asset_bus, asset_p_kw
    from problems.core.instance import Instance
    from problems.core.years import study_states

    instance = Instance(grid, plan.conditions, plan.feeder)
    states = study_states(plan.conditions).states
    peak = max(range(len(states)), key=lambda k: states[k].load_factor)
    devices = []
    for asset in (*(plan.conditions.existing or ()), *plan.assets):
        if asset.kind not in ("station", "capacitor"):
            raise ContentError(f"equipment of kind {asset.kind} cannot be written")
        asset_bus(asset, instance)
        p_kw = float(asset_p_kw(asset, instance)[peak])
        devices.append(Device(asset.kind, asset.bus, p_kw, -(asset.kvar or 0.0)))
    factor = states[peak].load_factor
    scaled = replace(grid, p_kw=grid.p_kw * factor, q_kvar=grid.q_kvar * factor)
    return scaled, devices, states[peak].name


def _with_devices(grid: Feeder, devices: list[Device]) -> Feeder:
    """Return the feeder with the equipment in its loads, which is all a folder can hold."""
    if not devices:
        return grid
    p_kw, q_kvar = grid.p_kw.copy(), grid.q_kvar.copy()
    for device in devices:
        bus = grid.bus_index(device.bus)
        p_kw[bus] += device.p_kw
        q_kvar[bus] += device.q_kvar
    words = ", ".join(
        f"{d.name} at bus {d.bus} ({d.p_kw:g} kW, {d.q_kvar:g} kvar)" for d in devices
    )
    notes = (*grid.notes, f"The loads contain the equipment of a plan: {words}.")
    return replace(grid, p_kw=p_kw, q_kvar=q_kvar, notes=notes)


def _write_folder(target: Path, grid: Feeder) -> None:
    from powerflow.writers.tables import folder_texts
    from problems.core.content import write_text

    for name, text in folder_texts(grid).items():
        write_text(target / name, text)


def _write_pandapower(target: Path, grid: Feeder, devices: list[Device]) -> None:
    import warnings

    from powerflow.writers.pandapower import to_pandapower
    from problems.core.content import write_text

    net = to_pandapower(grid, devices)
    from pandapower import to_json

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = to_json(net)
    write_text(target, text)
