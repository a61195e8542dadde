"""The command `feederlab certify`: a proven bound on the NPV of a siting problem."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from problems.cli.output import Json, Out, Quiet, print_json, print_table
from problems.cli.siting_options import SitingOptions, siting_options

if TYPE_CHECKING:
    from problems.core.plan import Plan
    from problems.report.bounds import Bound
    from problems.siting.certificate import Certificate
    from problems.siting.problem import SitingProblem

Gap = Annotated[float, typer.Option("--gap", min=0.0, help="Gap to prove, a fraction.")]
Limit = Annotated[float, typer.Option("--limit-s", min=0.0, help="Seconds the proof may take.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("certify")(siting_options(certify))


def certify(
    feeder: Annotated[str, typer.Argument(help="Library name or folder of a feeder.")],
    siting: SitingOptions,
    gap: Gap = 1e-5,
    limit_s: Limit = 60.0,
    out: Out = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Prove how great the NPV of a siting problem can be, and find a plan close to that.

    Limits on spacing and coverage of stations are left out of the proof: the bound holds all the
    same, and a plan is shown only if it meets them.
    """
    from problems.cli.answers import asset_keys, asset_words, money_key
    from problems.cli.study import RUNS_FOLDER
    from problems.report.bounds import bound_of
    from problems.report.record import claim_folder, study_name
    from problems.siting.certified import certified_plan, certify_problem

    problem = siting.problem(feeder)
    record = _record(problem, siting, gap, limit_s)
    folder = Path(out) if out else RUNS_FOLDER / study_name(record)
    claim_folder(folder, record)
    certificate = certify_problem(problem, gap=gap, limit_s=limit_s)
    plan = certified_plan(problem, certificate)
    bound = bound_of(problem, certificate)
    currency = problem.instance.conditions.prices.currency
    answer: dict[str, Any] = {
        money_key("bound", currency): bound.npv,
        money_key("npv", currency): bound.plan_npv,
        "gap": bound.gap,
        "status": bound.status,
        "message": bound.message,
        "seconds": bound.seconds,
    }
    _write(folder, problem, bound, plan)
    answer["out"] = str(folder)
    if as_json:
        print_json({**answer, **asset_keys(plan)})
    elif not quiet:
        rows = list({**answer, **asset_words(plan)}.items())
        print_table(f"Certificate of {problem.instance.feeder.name}", ("figure", "value"), rows)
    code = exit_code(certificate)
    if code:
        raise typer.Exit(code)


def exit_code(certificate: Certificate) -> int:
    """Return 0 for a plan found, 3 for none, 4 for a failure of the method."""
    from problems.cli.study import NO_FEASIBLE_ANSWER

    if certificate.status == "solver_failed":
        return 4
    return 0 if certificate.plan is not None else NO_FEASIBLE_ANSWER


def _record(
    problem: SitingProblem, siting: SitingOptions, gap: float, limit_s: float
) -> dict[str, Any]:
    """Return the record of a proof: what was asked, of what, with which versions."""
    from dataclasses import asdict

    from problems.core.content import to_content
    from problems.report.record import make_record

    instance = problem.instance
    name = instance.feeder.name
    settings = {
        "gap": gap,
        "limit_s": limit_s,
        "siting": asdict(siting),
        "references": {name: instance.reference},
        "conditions": {name: to_content(instance.conditions)},
        "equipment": {name: to_content(problem.equipment)},
    }
    return make_record("certify", settings, {name: instance.feeder.digest()})


def _write(folder: Path, problem: SitingProblem, bound: Bound, plan: Plan | None) -> None:
    from problems.cli.asked import asked
    from problems.core.content import json_text, write_text
    from problems.report.bounds import FILE, bound_content
    from problems.report.page import write_page
    from problems.report.siting_page import certificate_page
    from problems.report.tables import write_table
    from problems.report.timing import FILE as TIMES
    from problems.report.timing import PROOF

    feeder, currency = problem.instance.feeder.name, problem.instance.conditions.prices.currency
    write_text(folder / FILE, json_text({feeder: bound_content(bound, currency)}))
    if plan is not None:
        plan.save(folder / "plan.json")
    row = {"feeder": feeder, "engine": PROOF, "run": "", "seconds": bound.seconds}
    write_table(folder / TIMES, [row])
    write_page(folder, certificate_page(problem, bound, plan, asked()))
