"""Owns the proven bounds of a study: each computed once and kept in certificate.json."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from heuristics.interrupt import HeldInterrupt
from powerflow.library import load_feeder
from problems.core.assess import assess
from problems.core.content import json_text, read_json, write_text
from problems.core.errors import ContentError, SettingError
from problems.core.instance import Instance
from problems.report.timing import PROOF, UNFINISHED, read_seconds
from problems.siting.certificate import Certificate
from problems.siting.certified import certified_plan, certify_problem
from problems.siting.equipment import SitingEquipment
from problems.siting.problem import SitingProblem

FILE = "certificate.json"
NO_CERTIFICATE = "not_applicable"
COMPILE_LIMIT_S = 600.0


@dataclass(frozen=True, slots=True)
class Bound:
    """Hold what is proven of one siting problem.

    Parameters
    ----------
    status, message : str
        As of the certificate; `not_applicable` where the problem has none.
    npv : float, optional
        No plan within the limits has a greater NPV; None where nothing is proven.
    plan_npv : float, optional
        NPV of the certificate's own plan, as the judge sees it.
    gap : float, optional
        Of that plan to the bound.
    stations, capacitors : tuple of dict
        That plan.
    seconds : float, optional
        Wall time; kept apart from the rest.
    """

    status: str
    message: str
    npv: float | None = None
    plan_npv: float | None = None
    gap: float | None = None
    stations: tuple[dict[str, Any], ...] = ()
    capacitors: tuple[dict[str, Any], ...] = ()
    seconds: float | None = None


def relative_gap(bound: float | None, value: float | None) -> float | None:
    """Return |bound - value| / |value|, None where it does not exist."""
    if bound is None or value is None or value == 0.0:
        return None
    return abs(bound - value) / abs(value)


def prove_bounds(
    problems: Mapping[str, SitingProblem],
    folder: Path,
    limit_s: float,
    announce: Callable[[str], None] | None = None,
) -> dict[str, Bound]:
    """Return the bound of each problem; those that the folder holds are not proven again.

    Parameters
    ----------
    problems : mapping of str to SitingProblem
        By the name of their feeder.
    folder : Path
        Of the study; gets `certificate.json` and times.
    limit_s : float
        Seconds each proof may take; 0 proves nothing and writes no file.
    announce : callable, optional
        Called with a feeder's name before its proof begins.
    """
    if limit_s == 0.0:
        return {}
    kept = _read(folder)
    bounds: dict[str, Bound] = {}
    for name, problem in problems.items():
        currency = problem.instance.conditions.prices.currency
        if name in kept:
            bounds[name] = _from_content(kept[name], currency, folder / FILE)
            bounds[name] = replace(bounds[name], seconds=_read_seconds(folder, name))
            continue
        if announce is not None:
            announce(name)
        with HeldInterrupt():
            bounds[name] = _prove(problem, limit_s)
        # The time comes first: the other file says that the proof is finished.
        write_text(_times(folder, name), json_text({"seconds": bounds[name].seconds}))
        kept[name] = bound_content(bounds[name], currency)
        write_text(folder / FILE, json_text(kept))
    return bounds


def keep_unfinished(source: Path, folder: Path) -> None:
    """Give a folder those bounds of another that a time limit cut: they depend on the machine."""
    cut = {name: kept for name, kept in _read(source).items() if kept["status"] == "time_limit"}
    if cut:
        write_text(folder / FILE, json_text(cut))


@cache
def _compile_kernels() -> None:
    """Prove something easy once, so that no proof spends its limit on the compiler."""
    instance = Instance(load_feeder("ieee33"))
    certify_problem(SitingProblem(instance, SitingEquipment()), gap=0.01, limit_s=COMPILE_LIMIT_S)


def _prove(problem: SitingProblem, limit_s: float) -> Bound:
    _compile_kernels()
    try:
        found = certify_problem(problem, limit_s=limit_s)
    except SettingError as error:
        return Bound(NO_CERTIFICATE, str(error))
    return bound_of(problem, found)


def bound_of(problem: SitingProblem, found: Certificate) -> Bound:
    """Return what a certificate proves, its plan judged."""
    plan = certified_plan(problem, found)
    judged = None if plan is None else assess(plan, problem.instance)
    npv = judged.npv if judged is not None and judged.is_feasible else None
    assets = () if plan is None else plan.assets
    return Bound(
        status=found.status,
        message=found.message,
        npv=found.bound_usd,
        plan_npv=npv,
        gap=relative_gap(found.bound_usd, npv),
        stations=tuple({"bus": a.bus, "kw": a.kw} for a in assets if a.kind == "station"),
        capacitors=tuple({"bus": a.bus, "kvar": a.kvar} for a in assets if a.kind == "capacitor"),
        seconds=found.seconds,
    )


def bound_content(bound: Bound, currency: str) -> dict[str, Any]:
    """Return a bound as `certificate.json` holds it, without its time."""
    return {
        "status": bound.status,
        "message": bound.message,
        f"bound_{currency}": bound.npv,
        f"npv_{currency}": bound.plan_npv,
        "gap": bound.gap,
        "stations": list(bound.stations),
        "capacitors": list(bound.capacitors),
    }


def _from_content(content: Any, currency: str, where: Path) -> Bound:
    try:
        return Bound(
            content["status"],
            content["message"],
            content[f"bound_{currency}"],
            content[f"npv_{currency}"],
            content["gap"],
            tuple(content["stations"]),
            tuple(content["capacitors"]),
        )
    except (KeyError, TypeError) as error:
        raise ContentError(f"{where}: expected a certificate, key {error} is wrong") from None


def _read(folder: Path) -> dict[str, Any]:
    path = folder / FILE
    content = read_json(path) if path.exists() else {}
    if not isinstance(content, dict):
        raise ContentError(f"{path}: expected a table of feeders")
    return content


def _times(folder: Path, name: str) -> Path:
    return folder / UNFINISHED / f"{PROOF}--{name}.json"


def _read_seconds(folder: Path, name: str) -> float | None:
    path = _times(folder, name)
    if path.exists():
        seconds: float | None = read_json(path)["seconds"]
        return seconds
    return read_seconds(folder).get((name, PROOF, ""))
