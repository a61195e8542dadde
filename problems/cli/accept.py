"""The command `feederlab accept`: the largest charging station each bus of a feeder accepts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from problems.cli.output import Jobs, Json, Out, Quiet, print_json, print_table
from problems.core.errors import SettingError

if TYPE_CHECKING:
    from problems.acceptance.capacity import BusCapacity
    from problems.acceptance.study import AcceptanceStudy
    from problems.acceptance.together import JointCapacity, JointFront

SOLVER_FAILED = 4


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("accept")(accept)


def accept(
    feeder: Annotated[str, typer.Argument(help="Library name, folder, or .m, .json, .dss file.")],
    curve: Annotated[
        str,
        typer.Option(
            "--curve",
            metavar="commercial|residential|FILE",
            help="Charging over the day: by name (assumed courses), or CSV or TOML tables of hour: "
            "hour,share.",
        ),
    ] = "commercial",
    scenario: Annotated[
        int | None,
        typer.Option("--scenario", metavar="1..8", help="Devices of the paper's 33-bus feeder."),
    ] = None,
    devices: Annotated[
        str | None,
        typer.Option(
            "--devices",
            metavar="FILE",
            help="Devices and limits, TOML: load_scale, load_shape, line_kw, substation_kw, "
            "substation_kvar, has_ampacity; tables storage (bus, energy_kwh, power_kw, kvar, "
            "charge_efficiency, discharge_efficiency, soc_min, soc_max, soc_initial), svg (bus, "
            "kvar), pv (bus, kw, can_curtail, shape).",
        ),
    ] = None,
    buses: Annotated[
        str | None,
        typer.Option("--buses", metavar="A,B", help="Buses of interest; all but the source."),
    ] = None,
    together: Annotated[
        str | None,
        typer.Option("--together", metavar="A,B", help="Stations at these buses at once: a front."),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            "--weights",
            metavar="W1,W2",
            help="The paper's objective, losses weighed against capacity; capacity first if left.",
        ),
    ] = None,
    v_min: Annotated[float, typer.Option("--v-min", min=0.0, help="Floor, p.u.; 0 is off.")] = 0.95,
    v_max: Annotated[float, typer.Option("--v-max", min=0.0, help="Ceiling, p.u.")] = 1.05,
    source_pu: Annotated[
        float | None, typer.Option("--source-pu", help="Source voltage, p.u.; else the feeder's.")
    ] = None,
    limit_s: Annotated[
        float | None, typer.Option("--limit-s", min=0.001, help="Seconds one bus may take.")
    ] = None,
    jobs: Jobs = 1,
    out: Out = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Find the largest EV charging station that each bus of a feeder accepts.

    Storage, SVG and PV are dispatched over the day so that voltages, line powers or ampacities and
    the substation's power stay within their limits. Without --scenario and --devices the feeder
    stands alone.
    """
    from problems.cli.study import RUNS_FOLDER, split_words
    from problems.report.record import claim_folder, study_name

    if together is not None and (buses is not None or weights is not None):
        raise SettingError("--together goes without --buses and --weights")
    study = _study(feeder, curve, scenario, devices, weights, v_min, v_max, source_pu)
    asked = split_words(together or buses or "", "--buses") if together or buses else ()
    record = _record(study, feeder, curve, scenario, asked, together is not None)
    folder = Path(out) if out else RUNS_FOLDER / study_name(record)
    title = f"{study.feeder.name}, {Path(curve).name} charging"
    title += "" if scenario is None else f", scenario {scenario}"
    head = {"feeder": study.feeder.name, "scenario": scenario, "curve": curve}
    begun = time.perf_counter()
    if together is None:
        for bus in asked:
            study.case(bus)
        claim_folder(folder, record)
        found = _find(study, asked or study.all_buses(), jobs, limit_s, quiet or as_json)
        _answer_buses(folder, title, study, found, head, begun, quiet, as_json)
    else:
        from problems.acceptance.together import joint_front

        front = joint_front(study, asked)
        claim_folder(folder, record)
        _answer_front(folder, title, front, head, begun, quiet, as_json)


def _study(
    name: str,
    curve: str,
    scenario: int | None,
    devices: str | None,
    weights: str | None,
    v_min: float,
    v_max: float,
    source_pu: float | None,
) -> AcceptanceStudy:
    from dataclasses import replace

    from powerflow.library import load_feeder
    from problems.acceptance.courses import read_curve
    from problems.acceptance.devices import Devices, read_devices
    from problems.acceptance.scenarios import scenario_devices
    from problems.acceptance.study import AcceptanceStudy

    if scenario is not None and devices is not None:
        raise SettingError("--scenario and --devices exclude each other")
    feeder = load_feeder(name)
    if source_pu is not None:
        if not 0.5 <= source_pu <= 1.5:
            raise SettingError(f"--source-pu must be from 0.5 to 1.5, not {source_pu}")
        feeder = replace(feeder, v_source_pu=source_pu)
    found = Devices()
    if scenario is not None:
        found = scenario_devices(scenario, feeder)
    elif devices is not None:
        found = read_devices(Path(devices))
    return AcceptanceStudy(feeder, found, read_curve(curve), v_min, v_max, _weights(weights))


def _weights(words: str | None) -> tuple[float, float] | None:
    if words is None:
        return None
    try:
        loss, size = (float(word) for word in words.split(","))
    except ValueError:
        raise SettingError(f"--weights takes two numbers W1,W2, not '{words}'") from None
    return loss, size


def _record(
    study: AcceptanceStudy,
    reference: str,
    curve: str,
    scenario: int | None,
    asked: Sequence[str],
    is_together: bool,
) -> dict[str, Any]:
    from importlib.metadata import PackageNotFoundError, version

    from problems.core.content import to_content
    from problems.report.record import make_record

    settings = {
        "reference": reference,
        "curve_name": Path(curve).name,
        "curve": list(study.curve),
        "scenario": scenario,
        "devices": to_content(study.devices),
        "v_min_pu": study.v_min_pu,
        "v_max_pu": study.v_max_pu,
        "weights": None if study.weights is None else list(study.weights),
        "buses": list(asked),
        "together": is_together,
    }
    record = make_record("accept", settings, {study.feeder.name: study.feeder.digest()})
    for package in ("clarabel", "cvxpy"):
        try:
            record["versions"][package] = version(package)
        except PackageNotFoundError:
            record["versions"][package] = "not installed"
    return record


def _find(
    study: AcceptanceStudy, buses: Sequence[str], jobs: int, limit_s: float | None, is_quiet: bool
) -> list[BusCapacity]:
    """Return the capacity of each bus, with a progress bar on a terminal."""
    from problems.acceptance.capacity import accept_all
    from problems.cli.output import progress

    tasks = [(study, bus) for bus in buses]
    with progress("buses", len(tasks), is_quiet) as advance:
        found = []
        for one in accept_all(tasks, jobs, limit_s):
            found.append(one)
            advance()
        return found


def _answer_buses(
    folder: Path,
    title: str,
    study: AcceptanceStudy,
    found: Sequence[BusCapacity],
    head: dict[str, Any],
    begun: float,
    is_quiet: bool,
    as_json: bool,
) -> None:
    from problems.report.acceptance import capacity_row, write_capacities
    from problems.report.tables import write_table

    rows = [capacity_row(one) for one in found]
    write_capacities(folder, title, study, found)
    seconds = time.perf_counter() - begun
    write_table(folder / "timing.csv", [{"seconds": seconds}])
    if as_json:
        print_json({**head, "buses": rows, "seconds": seconds, "out": str(folder)})
    elif not is_quiet:
        _print_buses(title, rows)
        typer.echo(f"files: {folder}")
    _exit(found)


def _print_buses(title: str, rows: Sequence[dict[str, Any]]) -> None:
    columns = ("bus", "MW", "binding", "at bus", "hour", "cone gap", "AC error p.u.", "status")
    lines = [
        (
            row["bus"],
            "-" if row["capacity_kw"] is None else f"{row['capacity_kw'] / 1e3:.4f}",
            row["binding"] or "-",
            row["binding_bus"] or "-",
            row["hour"],
            _power_of_ten(row["cone_gap"]),
            _power_of_ten(row["ac_voltage_error_pu"]),
            row["status"] if not row["message"] else f"{row['status']}: {row['message']}",
        )
        for row in rows
    ]
    print_table(f"Acceptance capacity: {title}", columns, lines)


def _power_of_ten(value: float | None) -> str:
    return "-" if value is None else f"{value:.0e}"


def _answer_front(
    folder: Path,
    title: str,
    front: JointFront,
    head: dict[str, Any],
    begun: float,
    is_quiet: bool,
    as_json: bool,
) -> None:
    from problems.report.acceptance import front_row, write_front
    from problems.report.tables import write_table

    write_front(folder, title, front)
    seconds = time.perf_counter() - begun
    write_table(folder / "timing.csv", [{"seconds": seconds}])

    def row(point: JointCapacity | None) -> dict[str, Any] | None:
        return None if point is None else front_row(front.buses, point)

    if as_json:
        answer = {
            **head,
            "front": [row(point) for point in front.points],
            "failed": [row(point) for point in front.failed],
            "greatest": row(front.greatest),
            "proportional": row(front.proportional),
            "seconds": seconds,
            "out": str(folder),
        }
        print_json(answer)
    elif not is_quiet:
        lines = [
            (*(f"{kw / 1e3:.4f}" for kw in p.capacity_kw or ()), f"{(p.total_kw or 0.0) / 1e3:.4f}")
            for p in front.points
        ]
        columns = (*(f"bus {bus}, MW" for bus in front.buses), "total, MW")
        print_table(f"Stations at once: {title}", columns, lines)
        typer.echo(f"files: {folder}")
    _exit((*front.points, *front.failed))


def _exit(found: Sequence[BusCapacity | JointCapacity]) -> None:
    """Exit 0 with at least one answer, 4 if the solver failed everywhere, else 3."""
    from problems.cli.study import NO_FEASIBLE_ANSWER

    if any(one.capacity_kw is not None for one in found):
        return
    typer.echo(f"no answer: {found[0].status}, {found[0].message}", err=True)
    has_failed = all(one.status == "solver_failed" for one in found)
    raise typer.Exit(SOLVER_FAILED if has_failed else NO_FEASIBLE_ANSWER)
