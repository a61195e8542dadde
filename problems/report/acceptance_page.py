"""Owns the reports of accept: the capacity of each bus, or the front of several at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from problems.acceptance.capacity import BusCapacity
from problems.acceptance.study import AcceptanceStudy
from problems.acceptance.together import JointFront
from problems.conic.solution import Solution
from problems.report.acceptance import LIMIT_WORDS, capacity_row, front_row
from problems.report.acceptance_feeder import feeder_section
from problems.report.page import Figure, Page, Section, Verdict, picture, table_of, write_page

COLUMNS = (
    *("bus", "capacity_kw", "bound_kw", "binding", "binding_bus", "hour"),
    *("cone_gap", "ac_voltage_error_pu", "status", "message"),
)
CONE_TOL, AC_TOL_PU = 1e-5, 1e-4
"""A relaxation as tight as this is exact in its AC power flow for planning."""


def write_capacity_page(
    folder: Path, study: AcceptanceStudy, found: Sequence[BusCapacity], command: str
) -> None:
    """Write the report of single stations; the figures are in the folder already."""
    answered = [row for row in found if row.capacity_kw is not None]
    feeder = study.feeder.name
    answer = f"No bus of {feeder} has an answer."
    shown: tuple[Section, ...] = ()
    if answered:
        most = max(answered, key=lambda row: row.capacity_kw or 0.0)
        least = min(answered, key=lambda row: row.capacity_kw or 0.0)
        answer = (
            f"Bus {most.bus} accepts most, {most.capacity_kw or 0.0:,.0f} kW ({_binds(most)}); "
            f"bus {least.bus} least, {least.capacity_kw or 0.0:,.0f} kW ({_binds(least)})."
        )
        if most.solution is not None:
            shown = feeder_section(study, most.solution, [(most.bus, most.capacity_kw or 0.0)])
    rows = [{key: capacity_row(row)[key] for key in COLUMNS} for row in found]
    section = Section(
        "Capacity",
        verdicts=(
            *_verdicts([row.solution for row in answered if row.solution is not None]),
            _answered(len(answered), len(found)),
        ),
        figures=_pictures(folder, {"capacities.png": "bus by bus", "map.png": "on the feeder"}),
        tables=(table_of("Acceptance capacity", rows, is_long=len(rows) > 12),),
    )
    question = f"How large a charging station does each bus of {feeder} accept, one at a time?"
    _write(folder, study, question, answer, command, (section, *shown))


def write_front_page(folder: Path, study: AcceptanceStudy, front: JointFront, command: str) -> None:
    """Write the report of several stations at once; the figure is in the folder already."""
    places = ", ".join(front.buses)
    best = front.greatest
    answer = f"No answer: {best.status}, {best.message}."
    shown: tuple[Section, ...] = ()
    if best.capacity_kw is not None:
        if best.solution is not None:
            pairs = list(zip(front.buses, best.capacity_kw, strict=True))
            shown = feeder_section(study, best.solution, pairs)
        sizes = ", ".join(
            f"{kw:,.0f} kW at {bus}" for bus, kw in zip(front.buses, best.capacity_kw, strict=True)
        )
        answer = f"Together they accept at most {best.total_kw or 0.0:,.0f} kW: {sizes}."
    rows = []
    for point in front.points:
        row = front_row(front.buses, point)
        sizes_kw = row.pop("capacity_kw") or dict.fromkeys(front.buses)
        rows.append({**{f"bus_{bus}_kw": kw for bus, kw in sizes_kw.items()}, **row})
    section = Section(
        "Stations at once",
        verdicts=_verdicts([p.solution for p in front.points if p.solution is not None]),
        figures=_pictures(folder, {"front.png": "what they accept together"}),
        tables=(table_of("Front", rows, is_long=len(rows) > 12),) if rows else (),
    )
    question = f"How large may charging stations at buses {places} be at once?"
    _write(folder, study, question, answer, command, (section, *shown))


def _write(
    folder: Path,
    study: AcceptanceStudy,
    question: str,
    answer: str,
    command: str,
    sections: tuple[Section, ...],
) -> None:
    devices = study.devices
    names = (("storage", devices.storage), ("SVG", devices.svg), ("PV", devices.pv))
    words = "; ".join(
        f"{name} at {', '.join(unit.bus for unit in units)}" for name, units in names if units
    )
    floor = f"{study.v_min_pu:g} to " if study.v_min_pu > 0.0 else "at most "
    page = Page(
        title=f"Acceptance of charging on {study.feeder.name}",
        question=question,
        answer=answer,
        certificate=(
            "Each size is the optimum of a convex relaxation; where its cones are tight and the AC "
            "power flow agrees (below), no larger station keeps the limits."
        ),
        command=command,
        assumptions=(
            "Balanced and radial; one day of 24 hours, loads and charging curve known.",
            f"Voltages {floor}{study.v_max_pu:g} p.u. in every hour.",
            f"Devices dispatched with the station in mind: {words or 'none'}.",
            "Sizes are asked for, not costs: there is no money in this study.",
        ),
        sections=sections,
    )
    write_page(folder, page)


def _verdicts(solutions: Sequence[Solution]) -> tuple[Verdict, ...]:
    if not solutions:
        return (Verdict("There is an answer to check", "fails", "no solution"),)
    gaps = [s.cone_gap for s in solutions if s.cone_gap is not None]
    gap = max(gaps, default=float("inf"))
    errors = [s.ac.voltage_error_pu for s in solutions if s.ac.voltage_error_pu is not None]
    error = max(errors, default=float("inf"))
    return (
        Verdict(
            "The cones of the relaxation are tight",
            "holds" if gap <= CONE_TOL else "fails",
            f"largest l v - P^2 - Q^2 is {gap:.1e} p.u.",
        ),
        Verdict(
            "The AC power flow of every schedule agrees with the model",
            "holds" if error <= AC_TOL_PU else "fails",
            f"voltages differ by at most {error:.1e} p.u.",
        ),
    )


def _answered(n: int, n_all: int) -> Verdict:
    reason = f"{n} of {n_all}"
    return Verdict("Every bus has an answer", "holds" if n == n_all else "fails", reason)


def _binds(row: BusCapacity) -> str:
    if row.binding is None:
        return "no limit binds"
    limit = LIMIT_WORDS.get(row.binding.limit, row.binding.limit)
    return f"{limit} binds"


def _pictures(folder: Path, known: dict[str, str]) -> tuple[Figure, ...]:
    return tuple(
        picture(file, f"Acceptance capacity {words}.", is_wide=file == "map.png")
        for file, words in known.items()
        if (folder / file).exists()
    )
