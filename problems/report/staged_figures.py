"""Owns the figures of staged plans: investments by stage, cost by cause, a day with V2G."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from problems.report.style import COLORS, GREY, STYLE, save_figure
from problems.staged.day import Day
from problems.staged.indicators import CATEGORIES, cost_breakdown, investment_rows
from problems.staged.scheme_plan import SchemePlan

MILLION = 1e6
YELLOW = "#F0E442"
LEAST_SHARE = 2e-3
"""Share of the cost below which a cause is not drawn."""
HATCHES = ("", "//", "..", "xx", "\\\\", "++", "oo", "--", "**", "||")


def draw_timeline(path: Path, title: str, plans: Mapping[str, SchemePlan]) -> None:
    """Draw what each scheme invests in each stage, undiscounted, stacked by category."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(max(7.4, 2.2 + 1.9 * len(plans)), 4.6), layout="constrained")
        axes = np.atleast_1d(figure.subplots(1, len(plans), sharey=True))
        for place, (name, plan) in zip(axes, plans.items(), strict=True):
            stages = [stage.name for stage in plan.model.study.data.stages]
            rows = investment_rows(plan)
            bottom = np.zeros(len(stages))
            for k, category in enumerate(CATEGORIES):
                height = np.array(
                    [
                        sum(
                            row["cost_rmb"]
                            for row in rows
                            if row["stage"] == stage and row["category"] == category
                        )
                        for stage in stages
                    ]
                )
                place.bar(
                    stages, height / MILLION, bottom=bottom / MILLION, label=category,
                    color=GREY if category == "basic piles" else COLORS[k], hatch=HATCHES[k],
                    edgecolor="white", width=0.7,
                )  # fmt: skip
                bottom += height
            place.set_title(f"scheme {name}")
            place.set_xlabel("stage")
            place.grid(axis="x", visible=False)
        axes[0].set_ylabel("investment (million RMB, undiscounted)")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
        figure.suptitle(title)
        save_figure(figure, path)


def draw_breakdown(path: Path, title: str, plans: Mapping[str, SchemePlan]) -> None:
    """Draw the life-cycle cost of each scheme on all scenarios, stacked by cause."""
    parts = {name: cost_breakdown(plan) for name, plan in plans.items()}
    causes = [
        cause
        for cause in next(iter(parts.values()))
        if any(p[cause] > LEAST_SHARE * sum(p.values()) for p in parts.values())
    ]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.6, 4.4), layout="constrained")
        axes = figure.subplots()
        bottom = np.zeros(len(parts))
        for k, cause in enumerate(causes):
            height = np.array([part[cause] for part in parts.values()]) / MILLION
            color = GREY if cause == "basic piles" else (*COLORS, YELLOW)[k % 8]
            axes.bar(
                list(parts), height, bottom=bottom, label=cause, color=color,
                hatch=HATCHES[k % len(HATCHES)], edgecolor="white", width=0.6,
            )  # fmt: skip
            bottom += height
        for k, total in enumerate(bottom):
            axes.annotate(f"{total:.2f}", (k, total), ha="center", va="bottom")
        axes.set_xlim(-0.7, len(parts) - 0.3)
        axes.set_ylim(top=1.08 * float(bottom.max()))
        axes.set_xlabel("scheme")
        axes.set_ylabel("life-cycle cost (million RMB, present value)")
        axes.grid(axis="x", visible=False)
        handles, labels = axes.get_legend_handles_labels()
        axes.legend(handles[::-1], labels[::-1], loc="center left", bbox_to_anchor=(1.0, 0.5))
        axes.set_title(title)
        save_figure(figure, path)


def draw_day(path: Path, title: str, days: Mapping[str, Day], rating_mva: float) -> None:
    """Draw the transformer's load and the vehicles' power over one day, with and without V2G."""
    hour = np.arange(25)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.4, 5.6), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True)
        for k, (name, day) in enumerate(days.items()):
            look: dict[str, Any] = {
                "color": COLORS[k],
                "linestyle": ("-", "--", "-.")[k % 3],
                "where": "post",
            }
            upper.step(hour, np.append(day.mva, day.mva[-1]), label=name, **look)
            ev = np.append(day.ev_kw, day.ev_kw[-1]) / 1e3
            lower.step(hour, ev, label=f"vehicles, {name}", **look)
        first = next(iter(days.values()))
        stored = np.append(first.storage_kw, first.storage_kw[-1]) / 1e3
        lower.step(
            hour, stored, where="post", color=COLORS[3], linestyle=":", label="storage, as planned"
        )
        upper.axhline(rating_mva, color=GREY, linewidth=1.0, linestyle=(0, (4, 3)))
        upper.annotate(
            f"rating {rating_mva:g} MVA", (0.0, rating_mva), xytext=(4, -11), fontsize=8,
            textcoords="offset points", color="#5a5a5a",
        )  # fmt: skip
        upper.set_ylabel("transformer (MVA)")
        lower.axhline(0.0, color=GREY, linewidth=0.8)
        lower.set_ylabel("net charging (MW)")
        lower.set_xlabel("hour of the day")
        lower.set_xticks(range(0, 25, 3))
        upper.set_ylim(
            bottom=0.0, top=1.45 * max(rating_mva, *(d.mva.max() for d in days.values()))
        )
        upper.legend(loc="upper left")
        lower.legend(loc="upper left", fontsize=8)
        upper.set_title(title)
        save_figure(figure, path)


def draw_convergence(path: Path, title: str, plans: Mapping[str, SchemePlan]) -> None:
    """Draw how far each scheme's genetic search is above its proven bound, by generation."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.0, 4.0), layout="constrained")
        axes = figure.subplots()
        for k, (name, plan) in enumerate(plans.items()):
            if plan.genetic_rmb is None:
                continue
            piles = plan.genetic_rmb - MILLION * plan.history[-1]
            above = (MILLION * np.array(plan.history) + piles) / plan.bound_rmb - 1.0
            axes.plot(
                np.arange(1, len(above) + 1), 100.0 * above, color=COLORS[k],
                linestyle=("-", "--", "-.", ":")[k % 4], label=f"scheme {name}",
            )  # fmt: skip
        axes.set_yscale("symlog", linthresh=0.1)
        axes.set_ylim(bottom=0.0)
        axes.set_xlabel("generation")
        axes.set_ylabel("above the proven bound (%)")
        axes.legend()
        axes.set_title(title)
        save_figure(figure, path)


def figure_days(days: Sequence[Day], k_stage: int, number: int) -> Day | None:
    """Return one day of a plan's operation, or None if its dispatch failed."""
    for day in days:
        if day.k_stage == k_stage and day.number == number and day.status == "optimal":
            return day
    return None
