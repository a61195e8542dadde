"""The command `feederlab coplan`: cables, breakers and storage for a feeder full of EVs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

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
from problems.cli.output import Jobs, Json, Out, Quiet, print_json, print_table
from problems.core.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from problems.coplan.choices import UpgradeRule
    from problems.coplan.equipment import Library
    from problems.coplan.plan import CoplanPlan
    from problems.coplan.scenario import Scenario

MethodName = Annotated[
    Literal["vcu", "vmbp", "ddcp", "joint", "uprate"],
    typer.Option(
        "--method",
        help="Cables alone; storage alone; diagnosed bottlenecks, then storage; both together; "
        "a higher voltage, then cables.",
    ),
]
RuleName = Annotated[
    Literal["keep", "forced"],
    typer.Option("--rule", help="Overloaded lines may stay if their current in the plan fits."),
]
Margin = Annotated[
    str,
    typer.Option(
        "--margin",
        metavar="X|none",
        help="A new cable's ampacity is at least X times a current of the line.",
    ),
]
MarginOfName = Annotated[
    Literal["relaxed", "own"],
    typer.Option("--margin-of", help="That current: of the unreinforced feeder, or of the plan."),
]
Upgrades = Annotated[
    str, typer.Option("--upgrades", metavar="N|all", help="ddcp: lines that are upgraded.")
]
StageOne = Annotated[
    Literal["lexicographic", "lambda"],
    typer.Option("--stage-one", help="ddcp: least slack, then storage; or the paper's weight."),
]
StorageMin = Annotated[
    float, typer.Option("--storage-min-kwh", min=0.0, help="Least size of a storage unit.")
]
ToKv = Annotated[float | None, typer.Option("--to-kv", help="uprate: the new base voltage, kV.")]
Conversion = Annotated[
    float, typer.Option("--conversion-usd", min=0.0, help="uprate: cost of the conversion itself.")
]
Cables = Annotated[
    str | None,
    typer.Option(
        "--cables",
        metavar="FILE",
        help="CSV or TOML tables of cable: size,ampacity_a,r_ohm_per_km,x_ohm_per_km,"
        "price_usd_per_m. The DDCP paper's if left out.",
    ),
]
Breakers = Annotated[
    str | None,
    typer.Option(
        "--breakers",
        metavar="FILE",
        help="CSV or TOML tables of breaker: type,ampacity_a,price_usd.",
    ),
]
StorageFile = Annotated[
    str | None,
    typer.Option(
        "--storage",
        metavar="FILE",
        help="TOML keys or one CSV row: cost_usd_per_kwh, charge_kw_per_kwh, discharge_kw_per_kwh, "
        "kva_per_discharge_kw, charge_efficiency, discharge_efficiency, soc_min, soc_max, "
        "most_kwh; those left out are the DDCP paper's.",
    ),
]
Gap = Annotated[float | None, typer.Option("--gap", min=0.0, help="Gap to prove, a fraction.")]
Limit = Annotated[float | None, typer.Option("--limit-s", min=0.0, help="Seconds it may take.")]


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
    from problems.coplan.choices import UpgradeRule
    from problems.coplan.equipment import read_library

    if method == "uprate":
        if to_kv is None:
            raise SettingError("--method uprate needs --to-kv, the new base voltage")
        base_kv = to_kv
    fleet = fleet_of(feeder, base_kv, charger_kw, adoption, cases, source_pu)
    scenario = scenario_of(fleet, hour, day, source_pu)
    library = read_library(*(None if f is None else Path(f) for f in (cables, breakers, storage)))
    upgrade_rule = UpgradeRule(rule, _margin(margin), margin_of)
    extra: dict[str, Any] = {}
    if method == "ddcp":
        from problems.coplan import ddcp

        found = ddcp.coplan(
            scenario,
            library,
            upgrade_rule,
            stage_one=stage_one,
            upgrades=_upgrades(upgrades),
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
            gap=5e-3 if gap is None else gap,
            limit_s=300.0 if limit_s is None else limit_s,
        )
    elif method == "vmbp":
        plan = _storage_plan(scenario, library, storage_min_kwh, gap, limit_s)
    else:
        plan = _plan(method, scenario, library, upgrade_rule, conversion_usd, gap, limit_s)
    answer = {"feeder": fleet.feeder.name, **plan_keys(plan), **extra}
    _write(scenario, library, plan, answer, out, [cables, breakers, storage, day])
    if as_json:
        print_json(answer)
    elif not quiet:
        _print(answer)
    code = {"solver_failed": 4}.get(plan.status, 3 if plan.total_usd is None else 0)
    if code:
        raise typer.Exit(code)


def _write(
    scenario: Scenario,
    library: Library,
    plan: CoplanPlan,
    answer: dict[str, Any],
    out: str | None,
    files: Sequence[str | None],
) -> None:
    """Write the folder of the study; files that were given are known by their content."""
    import hashlib

    from problems.cli.asked import asked
    from problems.cli.study import RUNS_FOLDER
    from problems.coplan.ddcp import CurvePoint
    from problems.report.coplan import write_coplan
    from problems.report.record import claim_folder, make_record, study_name

    given = {name: hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in files if name}
    feeder = scenario.feeder
    record = make_record(
        "coplan", {"asked": asked(), "files": given}, {feeder.name: feeder.digest()}
    )
    folder = Path(out) if out else RUNS_FOLDER / study_name(record)
    claim_folder(folder, record)
    curve = [CurvePoint(**point) for point in answer.get("curve", [])]
    write_coplan(folder, scenario, library, plan, answer, curve, asked())


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


def plan_keys(plan: CoplanPlan) -> dict[str, Any]:
    """Return a plan as the keys of the command's JSON."""
    has_plan = plan.total_usd is not None
    cables = [
        {key: value for key, value in asdict(line).items() if key != "is_breaker"}
        for line in plan.cables
    ]
    return {
        "method": plan.method,
        "total_usd": plan.total_usd,
        "cable_usd": plan.cable_usd if has_plan else None,
        "breaker_usd": plan.breaker_usd if has_plan else None,
        "storage_usd": plan.storage_usd if has_plan else None,
        "conversion_usd": plan.conversion_usd,
        "storage_kwh": plan.storage_kwh if has_plan else None,
        "bound_usd": plan.bound_usd,
        "gap": plan.gap,
        "is_ac_feasible": plan.is_ac_feasible,
        "v_min_pu": plan.v_min_pu,
        "max_loading_pct": plan.max_loading_pct,
        "cables": cables if has_plan else None,
        "storage": [asdict(unit) for unit in plan.storage] if has_plan else None,
        "conflicts": [asdict(conflict) for conflict in plan.conflicts],
        "seconds": plan.seconds,
        "status": plan.status,
        "message": plan.message,
    }


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


def _print(answer: dict[str, Any]) -> None:
    figures = [(k, v) for k, v in answer.items() if not isinstance(v, list) and v != ""]
    print_table(f"Plan for {answer['feeder']}", ("figure", "value"), figures)
    if answer["cables"]:
        rows = [tuple(line.values()) for line in answer["cables"]]
        print_table("Lines replaced", ("from", "to", "size", "cost USD"), rows)
    if answer["storage"]:
        rows = [(s["bus"], s["kwh"], s["kw"], s["cost_usd"]) for s in answer["storage"]]
        print_table("Storage", ("bus", "kWh", "kW", "cost USD"), rows)
    if answer.get("curve"):
        rows = [tuple(point.values()) for point in answer["curve"]]
        columns = ("N", "total USD", "lines USD", "storage kWh", "bound USD", "status")
        print_table("Stage III", columns, rows)
    if answer["conflicts"]:
        rows = [tuple(conflict.values()) for conflict in answer["conflicts"][:20]]
        print_table("What stands in the way", ("limit", "where", "hour", "A or p.u."), rows)
