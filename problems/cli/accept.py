"""The command `feederlab accept`: the largest charging station each bus of a feeder accepts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from problems.cli.output import Jobs, Json, Out, Quiet
from problems.core.errors import SettingError

if TYPE_CHECKING:
    from problems.acceptance.capacity import BusCapacity
    from problems.acceptance.study import AcceptanceStudy


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
    site_devices: Annotated[
        bool,
        typer.Option(
            "--site-devices",
            help="Search better buses for storage and SVG: a GA for the mean capacity of --buses.",
        ),
    ] = False,
    evaluations: Annotated[
        int, typer.Option("--evaluations", min=1, help="Candidates that --site-devices may try.")
    ] = 120,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Of all chance in --site-devices.")
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
    from problems.cli.accept_answers import answer_buses, answer_front
    from problems.cli.study import RUNS_FOLDER, split_words
    from problems.report.record import claim_folder, study_name

    if site_devices and seed is None:
        raise SettingError("--site-devices needs --seed")
    if site_devices and together is not None:
        raise SettingError("--together goes without --site-devices")
    if together is not None and (buses is not None or weights is not None):
        raise SettingError("--together goes without --buses and --weights")
    study = _study(feeder, curve, scenario, devices, weights, v_min, v_max, source_pu)
    asked = split_words(together or buses or "", "--buses") if together or buses else ()
    record = _record(study, feeder, curve, scenario, asked, together is not None)
    if site_devices:
        record["settings"]["site_devices"] = {"evaluations": evaluations, "seed": seed}
    folder = Path(out) if out else RUNS_FOLDER / study_name(record)
    title = f"{study.feeder.name}, {Path(curve).name} charging"
    title += "" if scenario is None else f", scenario {scenario}"
    head = {"feeder": study.feeder.name, "scenario": scenario, "curve": curve}
    begun = time.perf_counter()
    if together is None:
        for bus in asked:
            study.case(bus)
        claim_folder(folder, record)
        if site_devices:
            assert seed is not None
            study, sited = _site(study, asked, evaluations, seed, jobs, quiet or as_json)
            head |= sited
        found = _find(study, asked or study.all_buses(), jobs, limit_s, quiet or as_json)
        answer_buses(folder, title, study, found, head, begun, quiet, as_json)
    else:
        from problems.acceptance.together import joint_front

        front = joint_front(study, asked)
        claim_folder(folder, record)
        answer_front(folder, title, study, front, head, begun, quiet, as_json)


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


def _site(
    study: AcceptanceStudy,
    asked: Sequence[str],
    evaluations: int,
    seed: int,
    jobs: int,
    is_quiet: bool,
) -> tuple[AcceptanceStudy, dict[str, Any]]:
    """Return the study with its devices at the best buses found, and what to say of them."""
    from dataclasses import replace

    from problems.acceptance import siting
    from problems.cli.output import progress

    buses = asked or study.all_buses()
    n_generations = -(-evaluations // siting.POPULATION)
    with progress("generations", n_generations, is_quiet) as advance:
        found = siting.site_devices(
            study, buses, seed=seed, evaluations=evaluations, n_jobs=jobs, callback=advance
        )
    sited = {
        "devices": {
            "storage": [unit.bus for unit in found.devices.storage],
            "svg": [unit.bus for unit in found.devices.svg],
        },
        "mean_kw": found.mean_kw,
        "mean_before_kw": found.before_kw,
        "n_evaluations": found.n_evaluations,
        "seed": seed,
    }
    return replace(study, devices=found.devices), sited


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
