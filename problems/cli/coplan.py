"""The command `feederlab coplan`: cables, breakers and storage for a feeder full of EVs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from problems.cli.coplan_options import (
    Adoption,
    BaseKv,
    CasesOption,
    ChargerKw,
    DayFile,
    FeederName,
    Hour,
    SourcePu,
    fleet_of,
    scenario_of,
)
from problems.cli.coplan_plan_options import (
    Breakers,
    Cables,
    Conversion,
    Engine,
    Evaluations,
    Gap,
    Limit,
    Margin,
    MarginOfName,
    MethodName,
    RuleName,
    SearchSeed,
    StageOne,
    StorageFile,
    StorageMin,
    ToKv,
    Upgrades,
)
from problems.cli.output import Jobs, Json, Out, Quiet, print_json
from problems.core.errors import SettingError

if TYPE_CHECKING:
    from problems.coplan.choices import UpgradeRule
    from problems.coplan.equipment import Library
    from problems.coplan.plan import CoplanPlan
    from problems.coplan.scenario import Scenario


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("coplan")(coplan)


def coplan(
    feeder: FeederName,
    method: MethodName = "vcu",
    base_kv: BaseKv = None,
    charger_kw: ChargerKw = 10.0,
    adoption: Adoption = None,
    cases: CasesOption = None,
    hour: Hour = "day",
    day: DayFile = None,
    source_pu: SourcePu = None,
    rule: RuleName = "keep",
    margin: Margin = "1.05",
    margin_of: MarginOfName = "relaxed",
    to_kv: ToKv = None,
    conversion_usd: Conversion = 0.0,
    storage_min_kwh: StorageMin = 0.0,
    upgrades: Upgrades = "all",
    stage_one: StageOne = "lexicographic",
    engine: Engine = "ga",
    evaluations: Evaluations = 300,
    seed: SearchSeed = None,
    jobs: Jobs = 1,
    cables: Cables = None,
    breakers: Breakers = None,
    storage: StorageFile = None,
    gap: Gap = None,
    limit_s: Limit = None,
    out: Out = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Plan cables, breakers and storage so that every hour keeps every limit, at least cost."""
    from problems.cli.asked import asked
    from problems.cli.claimed import claim
    from problems.cli.coplan_answers import plan_keys, print_plan
    from problems.coplan.choices import UpgradeRule
    from problems.coplan.ddcp import CurvePoint
    from problems.coplan.equipment import read_library
    from problems.report.coplan import write_coplan

    only_for(
        method,
        {
            "--to-kv": (to_kv is not None, "uprate"),
            "--conversion-usd": (conversion_usd != 0.0, "uprate"),
            "--storage-min-kwh": (storage_min_kwh != 0.0, "vmbp"),
            "--upgrades": (upgrades != "all", "ddcp"),
            "--stage-one": (stage_one != "lexicographic", "ddcp"),
            "--engine": (engine != "ga", "heuristic"),
            "--evaluations": (evaluations != 300, "heuristic"),
        },
    )
    if method == "heuristic" and gap is not None:
        raise SettingError("--method heuristic proves nothing: leave out --gap")
    if method == "uprate":
        if to_kv is None:
            raise SettingError("--method uprate needs --to-kv, the new base voltage")
        base_kv = to_kv
    if method == "heuristic" and seed is None:
        raise SettingError("--method heuristic needs --seed")
    fleet = fleet_of(feeder, base_kv, charger_kw, adoption, cases, source_pu)
    scenario = scenario_of(fleet, hour, day, source_pu)
    library = read_library(*(None if f is None else Path(f) for f in (cables, breakers, storage)))
    upgrade_rule = UpgradeRule(rule, _margin(margin), margin_of)
    folder = claim("coplan", fleet.feeder, out, [cables, breakers, storage, day])
    extra: dict[str, Any] = {}
    if method == "ddcp":
        from problems.coplan import ddcp

        found = ddcp.coplan(
            scenario,
            library,
            upgrade_rule,
            stage_one=stage_one,
            upgrades=_upgrades(upgrades),
            gap=ddcp.PROVEN_GAP if gap is None else gap,
            limit_s=600.0 if limit_s is None else limit_s,
            n_jobs=jobs,
        )
        plan, extra = found.plan, {"curve": [asdict(point) for point in found.curve]}
    elif method == "joint":
        from problems.coplan.joint import plan_jointly

        plan = plan_jointly(
            scenario,
            library,
            upgrade_rule,
            gap=1e-4 if gap is None else gap,
            limit_s=300.0 if limit_s is None else limit_s,
        )
    elif method == "heuristic":
        from problems.coplan.heuristic import plan_by_engine

        (plan,) = plan_by_engine(
            scenario,
            library,
            upgrade_rule,
            seed=seed or 0,
            evaluations=evaluations,
            engine=engine,
            n_jobs=jobs,
            folder=folder,
        )
        extra = {"engine": engine, "evaluations": evaluations, "seed": seed}
    elif method == "vmbp":
        plan = _storage_plan(scenario, library, storage_min_kwh, gap, limit_s)
    else:
        plan = _plan(method, scenario, library, upgrade_rule, conversion_usd, gap, limit_s)
    answer = {"feeder": fleet.feeder.name, **plan_keys(plan), **extra}
    curve = [CurvePoint(**point) for point in answer.get("curve", [])]
    write_coplan(folder, scenario, library, plan, answer, curve, asked())
    if as_json:
        print_json(answer)
    elif not quiet:
        print_plan(answer)
    is_answered = plan.total_usd is not None and plan.is_ac_feasible
    code = {"solver_failed": 4}.get(plan.status, 0 if is_answered else 3)
    if code:
        raise typer.Exit(code)


def only_for(method: str, given: Mapping[str, tuple[bool, str]]) -> None:
    """Refuse options that another method alone heeds, by name: whether given, and whose."""
    for option, (is_given, owner) in given.items():
        if is_given and method != owner:
            raise SettingError(f"{option} belongs to --method {owner}, not {method}")


def _plan(
    method: str,
    scenario: Scenario,
    library: Library,
    rule: UpgradeRule,
    conversion_usd: float,
    gap: float | None,
    limit_s: float | None,
) -> CoplanPlan:
    from problems.coplan.upgrade import plan_upgrades, plan_uprate

    limits = {"gap": 1e-6 if gap is None else gap, "limit_s": 60.0 if limit_s is None else limit_s}
    if method == "uprate":
        return plan_uprate(scenario, library, rule, conversion_usd=conversion_usd, **limits)
    return plan_upgrades(scenario, library, rule, **limits)


def _storage_plan(
    scenario: Scenario,
    library: Library,
    least_kwh: float,
    gap: float | None,
    limit_s: float | None,
) -> CoplanPlan:
    from problems.coplan.vmbp import plan_storage

    default = 5e-3 if least_kwh > 0.0 else 5e-4
    return plan_storage(
        scenario,
        library,
        least_kwh=least_kwh,
        gap=default if gap is None else gap,
        limit_s=300.0 if limit_s is None else limit_s,
    )


def _margin(text: str) -> float | None:
    if text == "none":
        return None
    try:
        return float(text)
    except ValueError:
        raise SettingError(f"--margin must be a number or none, not '{text}'") from None


def _upgrades(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdigit():
        raise SettingError(f"--upgrades must be a whole number or all, not '{text}'")
    return int(text)
