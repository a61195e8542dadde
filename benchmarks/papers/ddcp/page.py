"""Owns the page that a reader checks in ten minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.papers.ddcp.parts import COURSES, HOSTING_KV, JOINT_RULES, N_DRAW
from benchmarks.papers.ddcp.readings import printed
from benchmarks.papers.ddcp.tables import is_news
from benchmarks.papers.rows import Row, figure, markdown_table

INTRODUCTION = """# The DDCP paper, whole

L. Fang, E. Raffoul and X. Li, "Diagnosis-Driven Co-planning of Network Reinforcement and BESS for
Distribution Grid with High Penetration of Electric Vehicles". Regenerate with `python -m benchmarks
papers ddcp`; plans are kept in `parts/`, delete one to compute it again. Every printed figure
stands in [rows.csv](rows.csv) beside ours; each verdict is computed from a tolerance (half a unit
of the last digit unless the row says otherwise). Models and assumptions: docs/coplan.md.
"""


JOINT_PROOF = "bound on every plan, as assumed in docs/coplan.md"


def summary(
    rows: Sequence[Row], parts: Mapping[str, Any], missing: Sequence[str], cpu_s: Mapping[str, str]
) -> str:
    """Return the page in Markdown; `cpu_s` are processor seconds by part."""
    return "\n".join(
        [
            INTRODUCTION,
            *([f"Not computed yet, by part: {', '.join(missing)}.\n"] if missing else []),
            "## What each method costs, and what proof it carries\n",
            "6.9 kV, every customer with an EV of 10 kW at full power in all 24 hours. Every plan "
            "of ours keeps every limit in an AC power flow of all hours, if the last column says "
            "so.\n",
            _methods(parts),
            "## What the exact route gains\n",
            "Beside the joint plan, a genetic algorithm over the choice of every line, the cone "
            "program of storage inside. It starts from the plan by rule, in which each line has "
            "the cheapest cable that carries its relaxed current; a candidate that no storage "
            "mends counts as a violation. Feeders are searched apart in both. Median (least to "
            "greatest) over runs; the last column is what a run had after as much time as the "
            "exact route took, its candidates taken to cost alike. Processor seconds from "
            "[timing.csv](timing.csv), on one core of a machine with other work.\n",
            _engines(parts, cpu_s),
            "## Verdicts\n",
            _counts(rows),
            "## What is not simply reproduced\n",
            _exceptions(rows),
            "## Storage alone (VMBP)\n",
            _storage(parts),
            "## Hosting capacity\n",
            f"Median (least to greatest) share of customers with an EV, {N_DRAW:,} nested draws of "
            "who has one. All EVs follow the course of a profile, or, drawn, each charges at full "
            "power from an hour and for a time of its own; smart charging moves the same energy "
            "into the valley of the load. With storage: 8 draws.\n",
            _hosting(parts),
            "Contradictions in the print: the text counts 95 and 158 buses below 0.95 p.u. at "
            "4.16 kV and 6 to 158 at 6.9 kV, its Table IV 158 and 197, and 86 to 195; the text's "
            "breaker (1202, 1203) is (2012, 2013) in Table VI.\n",
            "Stage I without a weight finds 19 lines: storage keeps (3082, 3107) within its "
            "ampacity, which the paper's weight does not make pay. All other lines and all sizes "
            "are the printed ones, and N = 19 of Table VIII leaves the same line.\n",
            "![Lines overloaded by adoption](violation_map.png)\n",
            "![Loading over voltage](loading_and_voltage.png)\n",
            "![Overloaded lines and greatest loading by charger](chargers.png)\n",
            "![Hosting capacity without and with storage](hosting.png)\n",
            "![Cost over upgraded lines](curve.png)\n",
            "![Voltages by hour](voltages.png)\n",
            "![Dispatch of storage](dispatch.png)\n",
            "![Probability of a violation](probability.png)\n",
        ]
    )


def method_rows(parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one line a method: cost, bound, gap, feasibility."""
    totals, table_vi = printed("tables")["totals"], parts["cables"]["table_vi"]
    lines: list[dict[str, Any]] = [
        _line("VCU", "as printed", totals["vcu_usd"], None, table_vi["is_ac_feasible"], 0.0, ""),
        _line("DDCP", "as printed", totals["ddcp_usd"], None, None, 995.9, "none"),
        _line("joint", "the authors' run of 24 h", totals["authors_joint_run_usd"],
              totals["authors_joint_bound_usd"], None, 75.5, "bound of a commercial solver"),
    ]  # fmt: skip
    for rule, plan in parts["cables"]["vcu"].items():
        lines.append(_of("VCU", rule, plan, "optimum of the model"))
    for name, how in (
        ("stages-lambda", "paper's weight"),
        ("stages-lexicographic", "lexicographic"),
    ):
        if name in parts:
            proof = "storage optimal for its lines only"
            lines.append(_of("DDCP", how, parts[name]["plan"], proof))
    for k, rule in enumerate(JOINT_RULES):
        if f"joint-{k}" in parts:
            lines.append(_of("joint", rule, parts[f"joint-{k}"], JOINT_PROOF))
    for k, rule in enumerate(JOINT_RULES):
        if f"heuristic-{k}" in parts:
            found = [p for p in parts[f"heuristic-{k}"]["plans"] if p["total_usd"] is not None]
            if found:
                best = min(found, key=lambda plan: float(plan["total_usd"]))
                how = f"{rule}, best run"
                lines.append({**_of("joint, GA", how, best, ""), "proof": "none"})
    for rule, plan in parts["cables"]["uprate"].items():
        lines.append(_of("13.8 kV, then VCU", rule, plan, "optimum; conversion not priced"))
    return lines


def _line(
    method: str, how: str, total: float | None, bound: float | None, is_safe: bool | None,
    kwh: float | None, proof: str,
) -> dict[str, Any]:  # fmt: skip
    gap = None if total is None or bound is None else (total - bound) / total
    return {
        "method": method, "rule": how, "total_usd": total, "storage_kwh": kwh, "bound_usd": bound,
        "gap": gap, "is_ac_feasible": is_safe, "proof": proof,
    }  # fmt: skip


def _of(method: str, how: str, plan: Mapping[str, Any], proof: str) -> dict[str, Any]:
    if plan["status"] == "time_limit":
        proof += "; stopped by its time limit"
    return _line(
        method, how, plan["total_usd"], plan["bound_usd"], plan["is_ac_feasible"],
        plan["storage_kwh"], proof,
    )  # fmt: skip


def _methods(parts: Mapping[str, Any]) -> str:
    words = {True: "yes", False: "no", None: "-"}
    lines = [
        [
            row["method"], row["rule"], figure(row["total_usd"]), figure(row["storage_kwh"]),
            figure(row["bound_usd"]), "-" if row["gap"] is None else f"{row['gap']:.2%}",
            row["proof"], words[row["is_ac_feasible"]],
        ]
        for row in method_rows(parts)
    ]  # fmt: skip
    header = ["method", "rule", "USD", "storage kWh", "bound USD", "gap", "proof", "AC feasible"]
    return markdown_table(header, lines)


def _engines(parts: Mapping[str, Any], cpu_s: Mapping[str, str]) -> str:
    lines = []
    for k, rule in enumerate(JOINT_RULES):
        if f"joint-{k}" not in parts or f"heuristic-{k}" not in parts:
            continue
        exact, searched = parts[f"joint-{k}"], parts[f"heuristic-{k}"]
        totals = [p["total_usd"] for p in searched["plans"] if p["total_usd"] is not None]
        seconds = [cpu_s.get(f"{name}-{k}") for name in ("joint", "heuristic")]
        each_s = None if seconds[1] is None else float(seconds[1]) / searched["runs"]
        middle = median(totals) if totals else None
        gain = "-" if middle is None else f"{1.0 - exact['total_usd'] / middle:.2%}"
        early = None
        if seconds[0] is not None and each_s:
            n_equal = searched["evaluations"] * float(seconds[0]) / each_s
            reached = [_reached(steps, n_equal) for steps in searched["history"]]
            early = median(reached)
        lines.append([
            rule, figure(exact["total_usd"]), figure(exact["bound_usd"]), _seconds(seconds[0]),
            figure(middle), f"{figure(min(totals, default=None))} to "
            f"{figure(max(totals, default=None))}", f"{searched['evaluations']:,}",
            _seconds(each_s), gain, figure(early),
        ])  # fmt: skip
    header = [
        *("rule", "joint USD", "bound USD", "CPU s", "engine USD", "over its runs"),
        *("candidates a feeder", "CPU s a run", "exact is cheaper by"),
        "engine USD in the exact route's CPU s",
    ]
    return markdown_table(header, lines)


def _reached(steps: Sequence[Sequence[float]], n: float) -> float:
    """Return the least cost that a run had after n candidates a feeder."""
    return min((usd for count, usd in steps if count <= n), default=float("nan"))


def _seconds(value: str | float | None) -> str:
    return "-" if value is None else f"{float(value):,.0f}"


def _counts(rows: Sequence[Row]) -> str:
    verdicts = sorted({row.verdict for row in rows})
    lines = []
    for table in dict.fromkeys(row.table for row in rows):
        counts = [sum(r.table == table and r.verdict == v for r in rows) for v in verdicts]
        lines.append([table, *(str(count) if count else "" for count in counts)])
    return markdown_table(["table", *verdicts], lines)


def _exceptions(rows: Sequence[Row]) -> str:
    lines = [
        [
            r.table,
            r.row,
            r.quantity,
            figure(r.paper),
            figure(r.ours),
            r.reading,
            r.verdict,
            r.reason,
        ]
        for r in rows
        if is_news(r)
    ]
    header = ["table", "row", "quantity", "paper", "ours", "reading", "verdict", "reason"]
    return markdown_table(header, lines)


def _storage(parts: Mapping[str, Any]) -> str:
    lines = []
    for name, plan in parts.get("storage", {}).items():
        first = plan["conflicts"][:3]
        why = "; ".join(
            f"{c['where']} collapses at {c['hour']} h"
            if c["limit"] == "collapse"
            else f"{c['where']} +{c['amount']:.3g} A at {c['hour']} h"
            for c in first
        )
        gap = "-" if plan["gap"] is None else f"{plan['gap']:.2%}"
        kwh = figure(plan["storage_kwh"]) if plan["total_usd"] is not None else "-"
        lines.append([f"{name} %" if name.isdigit() else name.replace(",", " %,"), plan["status"],
                      kwh, figure(plan["total_usd"]), gap, why])  # fmt: skip
    return markdown_table(["EVs", "status", "kWh", "USD", "gap", "what stands in the way"], lines)


def _hosting(parts: Mapping[str, Any]) -> str:
    lines = []
    for kv in HOSTING_KV:
        cells = [_range(parts[f"hosting-{kv:g}"][name]["all"]) for name in COURSES]
        stored = _range(parts.get(f"hosting-storage-{kv:g}"))
        lines.append([f"{kv:g}", *cells, stored])
    return markdown_table(["kV", *COURSES, "simultaneous, with storage"], lines)


def _range(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "-"
    if found["high"] < 0:
        return "below 0"
    return f"{found['median']:g} ({found['low']} to {found['high']})"
