"""Owns the page that a reader checks in ten minutes."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.papers.hgapso.engines import BUDGET, FLOOR_PU, BestPlan, Contest
from benchmarks.papers.hgapso.groups import exceptions, shown, verdict_counts
from benchmarks.papers.hgapso.patterns import NEAR, PRINTED_ENGINES, evaluations_to_end
from benchmarks.papers.hgapso.physics import StationPair
from benchmarks.papers.hgapso.printed import printed
from benchmarks.papers.hgapso.readings import CONVERGED, EQUATION_5
from benchmarks.papers.hgapso.short import what_does_not, what_holds
from benchmarks.papers.rows import Row, markdown_table
from problems.report.bounds import relative_gap
from problems.report.targets import SUCCESS_GAP

COMMAND = "python -m benchmarks papers hgapso"
INTRODUCTION = f"""# The HGAPSO paper, checked

B. Vinod Kumar and M. A. Aneesa Farhan, "Optimal Integration of EV Charging Stations and Capacitors
for Net Present Value Maximization in Distribution Network", IEEE Latin America Transactions.
Regenerate with `{COMMAND} --out results/papers/hgapso`. Every printed figure stands in
[rows.csv](rows.csv) beside ours, in three readings where they differ: the paper's (its power flow
stops after two sweeps, its NPV is one payment discounted over ten years, its 118-bus data have
branch 38-39 start at bus 8); converged with the paper's money rule; converged with its equation
(5). Verdicts are computed: the tolerance is half a unit of the last printed digit, or a share of
2e-5 of a loss, since published data sets round loads and impedances.
"""
BEST = f"""Stations at the printed buses, at most four banks of 150 to 1200 kvar; ten on 118 buses,
for whose NPVs the paper pays ten, and on 136, whose lists are missing (assumed). No plan has a
greater NPV than the bound (proven, docs/certificate.md); the right half holds every voltage at
{FLOOR_PU:g} p.u. or more. Buses and sizes: [best_plans.csv](best_plans.csv) and `plans/`, which
`feederlab assess PLAN.json` judges; `feederlab certify ieee33 --station-buses 2,19 --v-min 0 --npv
final-year` proves the first bound again.
"""


def summary(
    rows: Sequence[Row],
    pairs: Sequence[StationPair],
    contests: Sequence[Contest],
    best: Sequence[BestPlan],
) -> str:
    """Return the page in Markdown."""
    return "\n".join(
        [
            INTRODUCTION,
            "## What holds\n",
            "".join(f"- {sentence}\n" for sentence in what_holds(rows, pairs)),
            "## What does not\n",
            "".join(f"- {sentence}\n" for sentence in what_does_not(rows, pairs, best)),
            "## The best plans under the paper's own assumptions\n",
            BEST,
            _best(best),
            "## Verdicts\n",
            "Printed figures, counted.\n",
            verdict_counts(rows),
            "## What is not simply reproduced\n",
            "By verdict and cause, ours in the first reading.\n",
            exceptions(rows),
            '## Are the "optimal" station buses optimal?\n',
            "All pairs of buses were tried, converged and with two sweeps.\n",
            _pairs(pairs),
            "## Our runs of its engines\n",
            f"30 runs each (fewer with `--quick`), equal budgets of {BUDGET} evaluations, 50 "
            "individuals, no voltage floor (the printed plans do not meet it). Cells: gap of the "
            f"median run to the certified bound, and runs within {SUCCESS_GAP:.1%} of it.\n",
            _contests(contests),
            "Convergence times: the paper's in seconds, ours in evaluations, the median over runs "
            f"until within {NEAR:.1%} of their own ends. Our seconds: [timing.csv](timing.csv).\n",
            _times(contests[0]),
            _pictures(),
        ]
    )


def best_plan_rows(best: Sequence[BestPlan]) -> list[dict[str, Any]]:
    """Return the rows of best_plans.csv."""
    rows = []
    for found in best:
        banks = [] if found.plan is None else [a for a in found.plan.assets if a.kvar is not None]
        rows.append(
            {
                "feeder": found.feeder,
                "reading": found.reading,
                "v_min_pu": found.v_min_pu,
                "npv_usd": found.certificate.npv_usd,
                "bound_usd": found.certificate.bound_usd,
                "gap": found.certificate.gap,
                "status": found.certificate.status,
                "loss_kw": found.certificate.loss_kw,
                "lowest_voltage_pu": found.certificate.v_min_pu,
                "capacitors": " ".join(f"{a.bus}:{a.kvar:.1f}" for a in banks),
            }
        )
    return rows


def _best(best: Sequence[BestPlan]) -> str:
    found = {(row["feeder"], row["reading"], row["v_min_pu"]): row for row in best_plan_rows(best)}
    lines = []
    for reading in (CONVERGED, EQUATION_5):
        for feeder in dict.fromkeys(plan.feeder for plan in best):
            paper, text = "", ""
            if reading is CONVERGED:
                paper = shown("npv_usd", printed().capacitors_of(feeder, "HGAPSO").npv_usd)
                text = shown("npv_usd", _in_text(feeder))
            free, held = (found[feeder, reading.name, floor] for floor in (0.0, FLOOR_PU))
            lines.append(
                [feeder, reading.name, paper, text, *_answer(free), shown("loss_kw",
                 free["loss_kw"]), shown("v_min_pu", free["lowest_voltage_pu"]), *_answer(held)]
            )  # fmt: skip
    header = ["feeder", "reading", "HGAPSO, Table VI", "HGAPSO, text", "best NPV", "bound", "gap",
              "loss", "lowest voltage", "best NPV, held", "bound, held", "gap, held"]  # fmt: skip
    return markdown_table(header, lines)


def _answer(row: dict[str, Any]) -> list[str]:
    gap = "-" if row["gap"] is None else f"{row['gap']:.0e}"
    return [shown("npv_usd", row["npv_usd"]), shown("npv_usd", row["bound_usd"]), gap]


def _in_text(feeder: str) -> float | None:
    said = (s for s in printed().text if (s.feeder, s.quantity) == (feeder, "npv_usd"))
    return next((s.value for s in said), None)


def _pairs(pairs: Sequence[StationPair]) -> str:
    lines = []
    for feeder in dict.fromkeys(pair.feeder for pair in pairs):
        of_feeder = [pair for pair in pairs if pair.feeder == feeder]
        pair = next(p for p in of_feeder if p.reading == CONVERGED.name)
        words = {"yes" if p.is_printed_best else "no" for p in of_feeder}
        lines.append(
            [
                feeder,
                f"{', '.join(pair.printed_buses)}: {shown('loss_kw', pair.printed_loss_kw)}",
                f"{', '.join(pair.best_buses)}: {shown('loss_kw', pair.best_loss_kw)}",
                " or ".join(sorted(words)),
            ]
        )
    return markdown_table(["feeder", "printed pair", "best pair", "optimal"], lines)


def contest_rows(contests: Sequence[Contest]) -> list[dict[str, Any]]:
    """Return the rows of contest.csv: NPVs and gaps of each engine on each feeder."""
    rows = []
    for contest in contests:
        for feeder in contest.study.problems:
            bound = contest.study.bounds[feeder].npv
            for engine in contest.study.engines:
                values = [r.npv for r in contest.study.of(feeder, engine) if r.npv is not None]
                middle = median(values) if values else None
                gaps = [relative_gap(bound, value) for value in values]
                near = [gap for gap in gaps if gap is not None and gap <= SUCCESS_GAP]
                rows.append(
                    {
                        "feeder": feeder,
                        "reading": contest.reading.name,
                        "engine": engine,
                        "runs": len(contest.study.of(feeder, engine)),
                        "median_usd": middle,
                        "best_usd": max(values, default=None),
                        "bound_usd": bound,
                        "gap_of_median": relative_gap(bound, middle),
                        "within_0.1_pct": len(near),
                    }
                )
    return rows


def _contests(contests: Sequence[Contest]) -> str:
    cells: dict[tuple[str, str], list[str]] = {}
    engines = contests[0].study.engines
    for row in contest_rows(contests):
        line = cells.setdefault(
            (row["feeder"], row["reading"]), [shown("npv_usd", row["bound_usd"])]
        )
        gap = "-" if row["gap_of_median"] is None else f"{row['gap_of_median']:.2%}"
        line.append(f"{gap}, {row['within_0.1_pct']} of {row['runs']}")
    lines = [[*where, *line] for where, line in cells.items()]
    return markdown_table(["feeder", "reading", "bound", *engines], lines)


def _times(contest: Contest) -> str:
    lines = []
    for feeder in contest.study.problems:
        paper = [printed().capacitors_of(feeder, e.upper()).seconds for e in PRINTED_ENGINES]
        ours = [
            median(evaluations_to_end(run) for run in contest.study.of(feeder, engine))
            for engine in PRINTED_ENGINES
        ]
        lines.append([feeder, *(f"{s:.1f} s" for s in paper), *(f"{n:,.0f}" for n in ours)])
    names = [e.upper() for e in PRINTED_ENGINES]
    return markdown_table(
        ["feeder", *(f"CT, {n}" for n in names), *(f"ours, {n}" for n in names)], lines
    )


def _pictures() -> str:
    lines = ["## Pictures\n", "Beside Figures 3, 4 and 5 of the paper:\n"]
    for feeder in printed().feeder:
        name = feeder.name
        lines.append(
            f"- {name}: [voltages](profile_{name}.png), "
            f"[convergence](contest/final-year/convergence_{name}.png), "
            f"[tornado, plan kept](tornado_{name}_kept.png), "
            f"[plan sited anew](tornado_{name}_anew.png)"
        )
    return "\n".join(lines) + "\n"
