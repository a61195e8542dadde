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
            data = plan.model.study.data.stages
            stages = [stage.name for stage in data]
            labels = [f"{s.name}\n{s.first_year}-{s.last_year % 100:02d}" for s in data]
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
                    labels, height / MILLION, bottom=bottom / MILLION, label=category,
                    color=GREY if category == "basic piles" else COLORS[k], hatch=HATCHES[k],
                    edgecolor="white", width=0.7,
                )  # fmt: skip
                bottom += height
            place.set_title(f"scheme {name}")
            place.set_xlabel("stage, years")
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
    """Draw the transformer's load and the vehicles' power over one day, with and without V2G.

    A day without energies is one whose limits were ignored.
    """
    hour = np.arange(25)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.8, 7.0), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True)
        for k, (name, day) in enumerate(days.items()):
            look: dict[str, Any] = {
                "color": COLORS[k],
                "linestyle": ("-", "--", "-.")[k % 3],
                "where": "post",
            }
            upper.step(hour, _to_midnight(day.mva), label=f"{name}: {_day_words(day)}", **look)
            lower.step(hour, _to_midnight(day.ev_kw / 1e3), label=f"vehicles, {name}", **look)
        first = next(iter(days.values()))
        delivered = _to_midnight(-first.v2g_kw / 1e3)
        lower.fill_between(
            hour, delivered, step="post", color=COLORS[0], alpha=0.3, linewidth=0,
            label="delivered by two-way piles",
        )  # fmt: skip
        lower.step(
            hour, _to_midnight(first.storage_kw / 1e3), where="post", color=COLORS[3],
            linestyle=":", label="storage, as planned",
        )  # fmt: skip
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
        upper.set_ylim(bottom=0.0)
        for axes, n_column in ((upper, 1), (lower, 2)):
            axes.legend(
                loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=n_column, fontsize=8,
                borderaxespad=0.2,
            )  # fmt: skip
        figure.suptitle(title)
        save_figure(figure, path)


def _to_midnight(values: Any) -> Any:
    """Return a course of the day with its last hour drawn to its end."""
    return np.append(values, values[-1])


def _day_words(day: Day) -> str:
    peak = f"peak {day.mva.max():.2f} MVA"
    if not day.energy_kwh:
        return f"{peak}, limits ignored"
    unserved = max(day.energy_kwh.get("unserved_charging", 0.0), 0.0)
    lost = max(day.energy_kwh.get("lost_load", 0.0), 0.0)
    return f"{peak}, {unserved:,.0f} kWh of charging and {lost:,.0f} kWh of load not served"


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
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
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
