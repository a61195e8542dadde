"""Owns how the command accept answers: tables, JSON, files, exit codes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from problems.cli.output import print_json, print_table

if TYPE_CHECKING:
    from problems.acceptance.capacity import BusCapacity
    from problems.acceptance.study import AcceptanceStudy
    from problems.acceptance.together import JointCapacity, JointFront


def answer_buses(
    folder: Path,
    title: str,
    study: AcceptanceStudy,
    found: Sequence[BusCapacity],
    head: dict[str, Any],
    begun: float,
    is_quiet: bool,
    as_json: bool,
) -> None:
    """Write the folder of a study of single stations and print it; times go to timing.csv."""
    from problems.cli.asked import asked
    from problems.report.acceptance import capacity_row, write_capacities
    from problems.report.acceptance_page import write_capacity_page
    from problems.report.tables import write_table

    rows = [capacity_row(one) for one in found]
    write_capacities(folder, title, study, found)
    write_capacity_page(folder, study, found, asked())
    seconds = time.perf_counter() - begun
    write_table(folder / "timing.csv", [{"seconds": seconds}])
    if as_json:
        print_json({**head, "buses": rows, "seconds": seconds, "out": str(folder)})
    elif not is_quiet:
        _print_buses(title, rows)
        if "devices" in head:
            places = {kind: ", ".join(at) for kind, at in head["devices"].items()}
            typer.echo(f"sited: storage at {places['storage']}; SVG at {places['svg']}")
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


def answer_front(
    folder: Path,
    title: str,
    study: AcceptanceStudy,
    front: JointFront,
    head: dict[str, Any],
    begun: float,
    is_quiet: bool,
    as_json: bool,
) -> None:
    """Write the folder of a study of several stations at once and print the front."""
    from problems.cli.asked import asked
    from problems.report.acceptance import front_row, write_front
    from problems.report.acceptance_page import write_front_page
    from problems.report.tables import write_table

    write_front(folder, title, front)
    write_front_page(folder, study, front, asked())
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
    from problems.cli.study import NO_FEASIBLE_ANSWER, SOLVER_FAILED

    if any(one.capacity_kw is not None for one in found):
        return
    typer.echo(f"no answer: {found[0].status}, {found[0].message}", err=True)
    has_failed = all(one.status == "solver_failed" for one in found)
    raise typer.Exit(SOLVER_FAILED if has_failed else NO_FEASIBLE_ANSWER)
