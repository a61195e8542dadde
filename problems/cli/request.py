"""Owns what a siting study was asked: from the command's options to the record, and back."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problems.core.content import from_content, read_json, to_content
from problems.core.errors import ContentError, SettingError
from problems.core.instance import Conditions, Instance
from problems.report.record import make_record
from problems.siting.equipment import SitingEquipment
from problems.siting.problem import SitingProblem

if TYPE_CHECKING:
    from problems.cli.siting_options import SitingOptions


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """Hold all that the figures of a study depend on.

    Parameters
    ----------
    command : str
        `site` or `compare`.
    engines : tuple of str
    runs, evaluations, seed : int
        Runs of each engine on each feeder, evaluations of each run, seed of the study.
    limit_s : float
        Seconds that the proof of a bound may take; 0 for no proof.
    constraints : str
        How engines handle constraints, as of `make_rule`.
    siting : dict
        The siting options as they were given, for people to read.
    problems : dict of str to SitingProblem
        By the name of their feeder.
    best_known : dict of str to float, optional
        Best NPV known, by feeder.
    """

    command: str
    engines: tuple[str, ...]
    runs: int
    evaluations: int
    seed: int
    limit_s: float
    constraints: str
    siting: dict[str, Any]
    problems: dict[str, SitingProblem]
    best_known: dict[str, float] | None = None

    def record(self) -> dict[str, Any]:
        """Return the record of the study: what `read_request` builds the same study from."""
        instances = {name: problem.instance for name, problem in self.problems.items()}
        settings = {
            "engines": list(self.engines),
            "runs": self.runs,
            "evaluations": self.evaluations,
            "seed": self.seed,
            "limit_s": self.limit_s,
            "constraints": self.constraints,
            "siting": self.siting,
            "references": {name: instance.reference for name, instance in instances.items()},
            "conditions": {name: to_content(i.conditions) for name, i in instances.items()},
            "equipment": {name: to_content(p.equipment) for name, p in self.problems.items()},
            "best_known": self.best_known,
        }
        digests = {name: instance.feeder.digest() for name, instance in instances.items()}
        return make_record(self.command, settings, digests)

    def words(self) -> str:
        """Return the command that repeats the study, without options left at their defaults."""
        many = self.command == "compare"
        own: dict[str, Any] = {"seed": self.seed}
        own["engines" if many else "engine"] = ",".join(self.engines)
        if many:
            own["runs"] = self.runs
            own["limit-s"] = f"{self.limit_s:g}"
        own["evaluations"] = self.evaluations
        own["constraints"] = self.constraints
        if self.best_known:
            own["best-known"] = "FILE"
        references = [problem.instance.reference for problem in self.problems.values()]
        certify = ["--certify"] if not many and self.limit_s > 0.0 else []
        return command_words(self.command, references, own, self.siting, certify)


def command_words(
    command: str,
    references: Sequence[str],
    own: dict[str, Any],
    siting: dict[str, Any],
    flags: Sequence[str] = (),
) -> str:
    """Return a siting command as one types it; siting options at their defaults are left out."""
    from problems.cli.siting_options import SitingOptions

    usual = asdict(SitingOptions())
    given = {name: value for name, value in siting.items() if value != usual.get(name)}
    words = ["feederlab", command, *references, *flags]
    for name, value in {**own, **given}.items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join(words)


def make_request(
    command: str,
    references: Sequence[str],
    engines: Sequence[str],
    siting: SitingOptions,
    *,
    runs: int,
    evaluations: int,
    seed: int,
    limit_s: float,
    constraints: str = "deb",
    best_known: dict[str, float] | None = None,
) -> Request:
    """Return what a command's options ask, or raise naming what is wrong with one."""
    _check_names("feeder", references)
    _check_names("engine", engines)
    _check_engines(engines, constraints)
    if not math.isfinite(limit_s):  # nan passes every comparison
        raise SettingError(f"--limit-s must be finite, not {limit_s}")
    problems: dict[str, SitingProblem] = {}
    for reference in references:
        problem = siting.problem(reference)
        name = problem.instance.feeder.name
        if name in problems:
            raise ContentError(f"{reference}: a feeder named '{name}' is in the study already")
        _check_structure(engines, problem)
        problems[name] = problem
    return Request(
        command=command,
        engines=tuple(engines),
        runs=runs,
        evaluations=evaluations,
        seed=seed,
        limit_s=limit_s,
        constraints=constraints,
        siting=asdict(siting),
        problems=problems,
        best_known=best_known,
    )


def _check_structure(engines: Sequence[str], problem: SitingProblem) -> None:
    """Raise SettingError if an engine needs a structure that the settings do not leave."""
    if "exact" in engines:
        from problems.siting.certified_cases import siting_cases

        siting_cases(problem)
    if "memetic" in engines:
        problem.check_local_model()


def read_request(folder: Path) -> Request:
    """Return what the study in a folder was asked.

    Files of prices and load states are not read again: the record holds what they said.

    Raises
    ------
    ContentError
        Naming the folder if it holds no study, or none that this version can repeat, or if a feeder
        has changed since.
    """
    record, file = read_record(folder)
    try:
        settings = record["settings"]
        request = Request(
            command=record["command"],
            engines=tuple(settings["engines"]),
            runs=settings["runs"],
            evaluations=settings["evaluations"],
            seed=settings["seed"],
            limit_s=settings["limit_s"],
            constraints=settings["constraints"],
            siting=settings["siting"],
            problems={name: recorded_problem(record, name, file) for name in record["feeders"]},
            best_known=settings["best_known"],
        )
    except (KeyError, TypeError) as error:
        raise ContentError(
            f"{file}: not the record of a siting study of this version: {error}"
        ) from None
    _check_engines(request.engines, request.constraints)
    return request


def read_record(folder: Path) -> tuple[dict[str, Any], Path]:
    """Return the record in a study's folder and its file, or raise ContentError without one."""
    file = folder / "record.json"
    if not file.exists():
        raise ContentError(f"{folder}: holds no study: there is no record.json")
    record = read_json(file)
    if not isinstance(record, dict):
        raise ContentError(f"{file}: expected a table of keys, not {record!r}")
    return record, file


def recorded_problem(record: dict[str, Any], name: str, file: Path) -> SitingProblem:
    """Return the siting problem that a record holds for a feeder, or raise ContentError."""
    from powerflow.library import load_feeder
    from problems.cli.plans import locate_feeder

    settings = record["settings"]
    reference = settings["references"][name]
    where = f"{file}: settings"
    conditions = from_content(
        Conditions, settings["conditions"][name], f"{where}: conditions: {name}"
    )
    equipment = from_content(
        SitingEquipment, settings["equipment"][name], f"{where}: equipment: {name}"
    )
    feeder = load_feeder(locate_feeder(reference, file))
    if feeder.digest() != record["feeders"][name]:
        raise ContentError(f"{reference}: the feeder has changed since the study in {file.parent}")
    return SitingProblem(Instance(feeder, conditions, reference), equipment)


def _check_engines(engines: Sequence[str], constraints: str) -> None:
    from problems.report.study import study_engine

    for name in engines:
        study_engine(name, constraints)


def _check_names(what: str, names: Sequence[str]) -> None:
    for name in names:
        if list(names).count(name) > 1:
            raise SettingError(f"{what} '{name}' is named twice")
