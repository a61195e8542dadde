"""The command `feederlab certify`: a proven bound on the NPV of a siting problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from problems.cli.output import Json, print_json, print_table
from problems.cli.siting_options import SitingOptions, siting_options

if TYPE_CHECKING:
    from problems.siting.certificate import Certificate

Gap = Annotated[float, typer.Option("--gap", min=0.0, help="Gap to prove, a fraction.")]
Limit = Annotated[float, typer.Option("--limit-s", min=0.0, help="Seconds the proof may take.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("certify")(siting_options(certify))


def certify(
    feeder: Annotated[str, typer.Argument(help="Library name, folder, or .m, .json, .dss file.")],
    siting: SitingOptions,
    gap: Gap = 1e-5,
    limit_s: Limit = 60.0,
    as_json: Json = False,
) -> None:
    """Prove how great the NPV of a siting problem can be, and find a plan close to that."""
    from problems.cli.answers import asset_keys, asset_words, money_key
    from problems.core.assess import assess
    from problems.siting.certified import certified_plan, certify_problem

    problem = siting.problem(feeder)
    certificate = certify_problem(problem, gap=gap, limit_s=limit_s)
    plan = certified_plan(problem, certificate)
    currency = problem.instance.conditions.prices.currency
    answer: dict[str, Any] = {
        money_key("bound", currency): certificate.bound_usd,
        money_key("npv", currency): None if plan is None else assess(plan, problem.instance).npv,
        "gap": certificate.gap,
        "status": certificate.status,
        "message": certificate.message,
        "seconds": certificate.seconds,
    }
    if as_json:
        print_json({**answer, **asset_keys(plan)})
    else:
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
