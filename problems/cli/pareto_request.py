"""Owns what a study of several objectives was asked: from options to the record, and back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problems.cli.request import command_words, read_record, recorded_problem
from problems.core.content import to_content
from problems.core.errors import ContentError, SettingError
from problems.report.record import claim_folder, make_record
from problems.siting.objectives import SitingObjectives

if TYPE_CHECKING:
    from problems.cli.study import Workers
    from problems.report.pareto import ParetoStudy

COMMAND = "pareto"


@dataclass(frozen=True, slots=True, eq=False)
class ParetoRequest:
    """Hold all that the figures of a study depend on.

    Parameters
    ----------
    problem : SitingObjectives
        What is searched.
    runs, evaluations, population, seed : int
        Runs, evaluations of each, plans that NSGA-II keeps, seed of the study.
    siting : dict
        The siting options as they were given, for people to read.
    """

    problem: SitingObjectives
    runs: int
    evaluations: int
    population: int
    seed: int
    siting: dict[str, Any]

    def record(self) -> dict[str, Any]:
        """Return the record of the study: what `read_pareto_request` builds the same study from."""
        siting = self.problem.siting
        name = siting.instance.feeder.name
        settings = {
            "objectives": list(self.problem.objectives),
            "engines": ["nsga2"],
            "runs": self.runs,
            "evaluations": self.evaluations,
            "population": self.population,
            "seed": self.seed,
            "siting": self.siting,
            "references": {name: siting.instance.reference},
            "conditions": {name: to_content(siting.instance.conditions)},
            "equipment": {name: to_content(siting.equipment)},
        }
        return make_record(COMMAND, settings, {name: siting.instance.feeder.digest()})

    def carry_out(self, folder: Path, workers: Workers) -> ParetoStudy:
        """Run the study from its beginning, which takes seconds, and write its folder."""
        from problems.report.page import write_page
        from problems.report.pareto import run_pareto
        from problems.report.pareto_folder import write_pareto
        from problems.report.pareto_page import pareto_page

        if workers.backend != "joblib":
            raise SettingError("a study of several objectives runs on joblib alone")
        claim_folder(folder, self.record())
        study = run_pareto(
            self.problem,
            n_runs=self.runs,
            budget=self.evaluations,
            population=self.population,
            seed=self.seed,
            n_jobs=workers.n_jobs,
        )
        write_pareto(folder, study)
        write_page(folder, pareto_page(study, self.words()))
        return study

    def words(self) -> str:
        """Return the command that repeats the study, without siting options at their defaults."""
        own = {
            "seed": self.seed,
            "objectives": ",".join(self.problem.objectives),
            "runs": self.runs,
            "evaluations": self.evaluations,
            "population": self.population,
        }
        return command_words(COMMAND, [self.problem.siting.instance.reference], own, self.siting)


def read_pareto_request(folder: Path) -> ParetoRequest | None:
    """Return what the study in a folder was asked, None if it is one of another command.

    Raises
    ------
    ContentError
        Naming the folder if it holds no study, or none that this version can repeat, or if the
        feeder has changed since.
    """
    record, file = read_record(folder)
    if record.get("command") != COMMAND:
        return None
    try:
        settings = record["settings"]
        (name,) = record["feeders"]
        return ParetoRequest(
            problem=SitingObjectives(recorded_problem(record, name, file), settings["objectives"]),
            runs=settings["runs"],
            evaluations=settings["evaluations"],
            population=settings["population"],
            seed=settings["seed"],
            siting=settings["siting"],
        )
    except (KeyError, TypeError) as error:
        raise ContentError(f"{file}: not the record of a study of this version: {error}") from None
