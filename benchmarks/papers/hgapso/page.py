"""Owns the page that a reader checks in ten minutes."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.papers.hgapso.engines import BUDGET, BestPlan, Contest
from benchmarks.papers.hgapso.physics import StationPair
from benchmarks.papers.hgapso.short import in_short
from benchmarks.papers.rows import Row, figure, markdown_table
from problems.report.bounds import relative_gap
from problems.report.targets import SUCCESS_GAP

COMMAND = "python -m benchmarks papers hgapso"
INTRODUCTION = f"""# The HGAPSO paper, whole

B. Vinod Kumar and M. A. Aneesa Farhan, "Optimal Integration of EV Charging Stations and Capacitors
for Net Present Value Maximization in Distribution Network", IEEE Latin America Transactions.
Regenerate with `{COMMAND}`. Every figure it prints stands in [rows.csv](rows.csv) beside ours; each
verdict is computed from a tolerance of half a unit of the last digit printed, or a share of 2e-5
of a loss, since published data sets round loads and impedances.

Readings: the paper's (its power flow stops after two sweeps, its NPV is one payment discounted over
ten years, its 118-bus data have branch 38-39 start at bus 8); converged with the paper's money
rule; converged with its equation (5).
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
            "## In short\n",
            "".join(f"- {sentence}\n" for sentence in in_short(rows, pairs, best)),
            "## Verdicts\n",
            _verdict_counts(rows),
            "## What holds, what does not\n",
            "One line a printed figure that is not simply reproduced; ours is the first reading.\n",
            _exceptions(rows),
            '## Are the "optimal" station buses optimal?\n',
            "All pairs of buses were tried.\n",
            _pairs(pairs),
            "## The best plans under the paper's own assumptions\n",
            "Stations at the printed buses, at most four banks of 150 to 1200 kvar; ten on 118 "
            "buses, for whose NPVs the paper pays ten, and on 136, whose lists are missing "
            "(assumed). The bound is proven (docs/certificate.md); no plan can have a greater NPV. "
            "The plans stand in `plans/`; `feederlab assess PLAN.json` judges one, `feederlab "
            "certify ieee33 --station-buses 2,19 --v-min 0` proves a bound again.\n",
            _best(best),
            "## Our runs of its engines\n",
            f"Equal budgets of {BUDGET} evaluations, 50 individuals, no voltage floor (the printed "
            "plans do not meet it). The gap is that of the median run to the certified bound.\n",
            _contests(contests),
            _pictures(),
        ]
    )


def _verdict_counts(rows: Sequence[Row]) -> str:
    figures = {(row.table, row.row, row.quantity): row.verdict for row in rows}
    verdicts = sorted(set(figures.values()))
    tables = list(dict.fromkeys(table for table, _, _ in figures))
    lines = []
    for table in tables:
        counts = [
            sum(found == verdict for (of, _, _), found in figures.items() if of == table)
            for verdict in verdicts
        ]
        lines.append([table, *(str(count) if count else "" for count in counts)])
    return markdown_table(["table", *verdicts], lines)


def _exceptions(rows: Sequence[Row]) -> str:
    lines, seen = [], set()
    for row in rows:
        key = (row.table, row.row, row.quantity)
        if row.verdict == "reproduced" or key in seen:
            continue
        seen.add(key)
        lines.append(
            [row.table, row.row, row.quantity, figure(row.paper), figure(row.ours), row.verdict,
             row.reason]
        )  # fmt: skip
    return markdown_table(["table", "row", "quantity", "paper", "ours", "verdict", "reason"], lines)


def _pairs(pairs: Sequence[StationPair]) -> str:
    lines = [
        [
            pair.feeder,
            pair.reading,
            f"{', '.join(pair.printed_buses)}: {pair.printed_loss_kw:.3f}",
            f"{', '.join(pair.best_buses)}: {pair.best_loss_kw:.3f}",
            "yes" if pair.is_printed_best else "no",
        ]
        for pair in pairs
    ]
    header = ["feeder", "reading", "printed pair: kW", "best pair: kW", "optimal"]
    return markdown_table(header, lines)


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
    lines = []
    for row in best_plan_rows(best):
        floor = f"{row['v_min_pu']:g}" if row["v_min_pu"] else "off"
        gap = "-" if row["gap"] is None else f"{row['gap']:.1e}"
        lines.append(
            [row["feeder"], row["reading"], floor, figure(row["npv_usd"]), figure(row["bound_usd"]),
             gap, figure(row["loss_kw"]), row["capacitors"] or "none found"]
        )  # fmt: skip
    header = ["feeder", "reading", "floor", "NPV, USD", "bound, USD", "gap", "loss, kW", "bus:kvar"]
    return markdown_table(header, lines)


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
    lines = []
    for row in contest_rows(contests):
        gap = "-" if row["gap_of_median"] is None else f"{row['gap_of_median']:.2%}"
        lines.append(
            [row["feeder"], row["reading"], row["engine"], figure(row["median_usd"]),
             figure(row["best_usd"]), gap, f"{row['within_0.1_pct']} of {row['runs']}"]
        )  # fmt: skip
    header = ["feeder", "reading", "engine", "median, USD", "best, USD", "gap", "within 0.1 %"]
    times = "Times of each run stand in `contest/*/timing.csv`.\n"
    return markdown_table(header, lines) + "\n" + times


def _pictures() -> str:
    feeders = ("ieee33", "ieee69", "ieee85", "ieee118", "brazil136")
    lines = ["## Pictures\n", "Beside Figures 3, 4 and 5 of the paper:\n"]
    for feeder in feeders:
        lines.append(
            f"- {feeder}: [voltages](profile_{feeder}.png), "
            f"[convergence](contest/final-year/convergence_{feeder}.png), "
            f"[tornado, plan kept](tornado_{feeder}_kept.png), "
            f"[plan sited anew](tornado_{feeder}_anew.png)"
        )
    return "\n".join(lines) + "\n"
