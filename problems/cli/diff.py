"""The command `feederlab diff`: two plans side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from problems.cli.output import Json, print_json, print_table

if TYPE_CHECKING:
    from problems.core.equipment import Asset
    from problems.core.plan import Plan


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("diff")(diff)


def diff(
    plan_a: Annotated[str, typer.Argument(metavar="PLAN.json", help="A plan.")],
    plan_b: Annotated[str, typer.Argument(metavar="PLAN.json", help="Another plan.")],
    as_json: Json = False,
) -> None:
    """Show what two plans build, under which conditions, and what each is worth under its own."""
    from problems.cli.answers import assessment_keys
    from problems.cli.plans import load_plan
    from problems.core.assess import assess

    plans, figures = [], []
    for file in (plan_a, plan_b):
        plan, instance = load_plan(Path(file), None)
        plans.append(plan)
        currency = plan.conditions.prices.currency
        figures.append(assessment_keys(assess(plan, instance), currency))
    answer = {
        "same_feeder": plans[0].feeder_digest == plans[1].feeder_digest,
        "a": figures[0],
        "b": figures[1],
        "difference": _differences(*figures),
        **_asset_lists(*plans),
        "conditions": _condition_rows(*plans),
    }
    if as_json:
        print_json(answer)
        return
    _print(answer, plan_a, plan_b)


def _differences(a: dict[str, Any], b: dict[str, Any]) -> dict[str, float | None]:
    """Return b less a for every figure that is a number in both, None where one does not exist."""
    found: dict[str, float | None] = {}
    for key in a:
        one, other = a[key], b.get(key)
        if isinstance(one, bool | str) or isinstance(other, bool | str):
            continue
        found[key] = None if one is None or other is None else float(other) - float(one)
    return found


def _asset_lists(a: Plan, b: Plan) -> dict[str, list[dict[str, Any]]]:
    """Return the assets that only one plan has, those of another size, and those of both."""
    from problems.core.content import to_content

    ours, theirs = _by_place(a), _by_place(b)
    lists: dict[str, list[dict[str, Any]]] = {"only_a": [], "only_b": [], "resized": [], "both": []}
    for place in dict.fromkeys((*ours, *theirs)):
        left, right = list(ours.get(place, [])), list(theirs.get(place, []))
        for asset in tuple(left):
            if asset in right:
                lists["both"].append(to_content(asset))
                left.remove(asset)
                right.remove(asset)
        for one, other in zip(left, right, strict=False):
            lists["resized"].append({"a": to_content(one), "b": to_content(other)})
        lists["only_a"] += [to_content(asset) for asset in left[len(right) :]]
        lists["only_b"] += [to_content(asset) for asset in right[len(left) :]]
    return lists


def _by_place(plan: Plan) -> dict[tuple[str, str], list[Asset]]:
    places: dict[tuple[str, str], list[Asset]] = {}
    for asset in plan.assets:
        places.setdefault((asset.kind, asset.bus), []).append(asset)
    return places


def _condition_rows(a: Plan, b: Plan) -> list[dict[str, Any]]:
    """Return the conditions that are not the same, by their key in the plan's file."""
    from problems.core.content import to_content

    ours, theirs = (_flat(to_content(plan.conditions)) for plan in (a, b))
    return [
        {"key": key, "a": ours.get(key), "b": theirs.get(key)}
        for key in dict.fromkeys((*ours, *theirs))
        if ours.get(key) != theirs.get(key)
    ]


def _flat(content: Any, prefix: str = "") -> dict[str, Any]:
    """Return nested content as one table of dotted keys."""
    if isinstance(content, dict):
        pairs = [(f"{prefix}.{key}" if prefix else key, item) for key, item in content.items()]
    elif isinstance(content, list) and any(isinstance(item, dict) for item in content):
        pairs = [(f"{prefix}[{k}]", item) for k, item in enumerate(content)]
    else:
        return {prefix: content}
    return {key: value for name, item in pairs for key, value in _flat(item, name).items()}


def _print(answer: dict[str, Any], plan_a: str, plan_b: str) -> None:
    typer.echo(f"a: {plan_a}\nb: {plan_b}")
    if not answer["same_feeder"]:
        typer.echo("the plans are for different feeders")
    keys = dict.fromkeys((*answer["a"], *answer["b"]))
    rows = [
        (key, answer["a"].get(key), answer["b"].get(key), answer["difference"].get(key))
        for key in keys
    ]
    print_table(
        "Figures, each under the plan's own conditions", ("figure", "a", "b", "b - a"), rows
    )
    words = [("only a", asset, None) for asset in answer["only_a"]]
    words += [("only b", None, asset) for asset in answer["only_b"]]
    words += [("another size", pair["a"], pair["b"]) for pair in answer["resized"]]
    words += [("both", asset, asset) for asset in answer["both"]]
    assets = [(where, _asset_words(a), _asset_words(b)) for where, a, b in words]
    print_table("Equipment", ("in", "a", "b"), assets)
    if answer["conditions"]:
        print_table("Conditions that differ", ("key", "a", "b"), _conditions(answer["conditions"]))


def _conditions(differing: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Return the rows to print: a list of tables, as load states are, takes one."""
    rows = {}
    listed: Counter[str] = Counter()
    for row in differing:
        name, bracket, _ = row["key"].partition("[")
        listed[name] += bool(bracket)
        shown = ["-" if row[plan] is None else str(row[plan]) for plan in ("a", "b")]
        rows[name] = (name, *shown) if not bracket else (name, f"{listed[name]} figures differ", "")
    return list(rows.values())


def _asset_words(asset: dict[str, Any] | None) -> str:
    if asset is None:
        return "-"
    sizes = [f"{asset[key]:,.1f} {key}" for key in ("kw", "kvar") if asset.get(key) is not None]
    return f"{asset['kind']} at {asset['bus']}, {', '.join(sizes)}"
