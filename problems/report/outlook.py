"""Owns the files and the report of an outlook: stages of development, warnings, indicators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from problems.core.content import json_text, write_text
from problems.report import svg
from problems.report.feeder_svg import Mark, feeder_figure
from problems.report.html import in_words
from problems.report.page import Figure, Page, Section, Verdict, outcome_of, table_of, write_page
from problems.report.profile_svg import limit_levels, profile_figure
from problems.report.style import COLORS, GREY
from problems.report.tables import write_table
from problems.staged.development import (
    EV_LIMITS,
    EV_WARNING,
    EV_WORDS,
    PV_LIMITS,
    PV_WARNING,
    PV_WORDS,
)
from problems.staged.outlook import MODES, Outlook
from problems.staged.studied import Studied

GUIDELINES = {
    "storage_kw": "power of storage, kW",
    "storage_h": "hours of storage",
    "smart_share": "share of vehicles that are managed",
    "v2g_share": "share of vehicles that discharge",
}


def write_outlook(
    folder: Path,
    study: Studied,
    found: Outlook,
    pv_ratio: float,
    ev_penetration: float,
    command: str,
) -> None:
    """Write indicators as tables, and the report.

    Parameters
    ----------
    folder : Path
    study : Studied
    found : Outlook
        Of `study` at these shares.
    pv_ratio, ev_penetration : float
    command : str
        What repeats it.
    """
    rows = _indicators(found)
    write_table(folder / "summary.csv", rows)
    write_text(folder / "indicators.json", json_text(found.indicators))
    write_page(folder, _page(study, found, rows, pv_ratio, ev_penetration, command))


def _indicators(found: Outlook) -> list[dict[str, Any]]:
    modes = found.indicators["modes"]
    return [
        {"indicator": key, **{mode: modes[mode][key] for mode in MODES}} for key in modes[MODES[0]]
    ]


def _page(
    study: Studied,
    found: Outlook,
    rows: Sequence[Mapping[str, Any]],
    pv_ratio: float,
    ev_penetration: float,
    command: str,
) -> Page:
    feeder, figures = study.feeder, found.indicators
    shown = [
        {"figure": _named(row["indicator"]), **{mode: row[mode] for mode in MODES}} for row in rows
    ]
    advice = [
        {"figure": words, "at least": _listed(figures["guideline"][key])}
        for key, words in GUIDELINES.items()
    ]
    limits, lowest = study.data.network, found.lowest_pu
    plain = lowest["uncoordinated"]
    highest = float(lowest["without"].max())
    marks = [
        Mark("PV", f"PV of {site.share * figures['pv_kw']:,.0f} kW", feeder.bus_index(site.bus))
        for site in study.data.pv
    ]
    marks += [
        Mark(
            "station", f"{site.share * figures['ev_count']:,.0f} vehicles",
            feeder.bus_index(site.bus),
        )
        for site in study.data.ev.stations
    ]  # fmt: skip
    ev_words = EV_WORDS["ABCD".index(found.ev_stage)]
    return Page(
        title=f"Outlook of {feeder.name}",
        question=(
            f"In which stage of development is {feeder.name} with PV of {pv_ratio:.0%} of its peak "
            f"load and {ev_penetration:.0%} electric vehicles, and what does that do to it?"
        ),
        answer=(
            f"PV stage {found.pv_stage} ({PV_WORDS[found.pv_stage]}), EV stage {found.ev_stage} "
            f"({ev_words}); {' '.join(f'{w}.' for w in found.warnings) or 'no warning is due.'}"
        ),
        certificate=(
            "AC power flow of every hour of "
            f"{len(study.data.seasons) * len(study.data.weathers) * len(study.data.day_types)} "
            "kinds of day; nothing is invested."
        ),
        command=command,
        assumptions=(
            "Stages, warnings and guideline ratios are those of Y. Li and X. Li, sections 2 and 5.",
            "Smart charging and V2G are scheduled for the whole feeder by a linear program that "
            "makes its highest hour lowest; 60 % of vehicles take part.",
            "Aging of the transformer by its hot spot (IEEE Std C57.91-2011, 65 C rise, ONAN); "
            "ratio of losses and oil time constant are assumed.",
            "Profiles, fleet and prices as in the configuration, each with its basis.",
        ),
        sections=(
            Section(
                "Indicators by way of charging",
                verdicts=_checks(found, pv_ratio, ev_penetration, limits.v_min_pu),
                figures=(_stages(pv_ratio, ev_penetration), _day(found)),
                tables=(
                    table_of("Indicators", shown),
                    table_of("Guideline ratios for this share of PV", advice),
                ),
            ),
            Section(
                "Feeder, uncoordinated charging",
                text=("Before: the same feeder without vehicles.",),
                figures=(
                    feeder_figure(
                        feeder, lowest["without"], plain, marks, after_words="with vehicles"
                    ),
                    profile_figure(
                        feeder, lowest["without"], plain,
                        limit_levels(limits.v_min_pu, limits.v_max_pu, highest),
                        after_words="with vehicles", shown=", lowest of the year",
                    ),
                ),
            ),
        ),
    )  # fmt: skip


def _named(key: str) -> str:
    words, unit = in_words(key)
    return f"{words} ({unit})" if unit else words


def _listed(value: Any) -> str:
    if value is None:
        return "none named"
    values = value if isinstance(value, list) else [value]
    return " to ".join(dict.fromkeys(f"{v:,.4g}" for v in values))


def _checks(
    found: Outlook, pv_ratio: float, ev_penetration: float, v_min_pu: float
) -> tuple[Verdict, ...]:
    """Return whether thresholds are kept and whether each mode keeps voltage and rating."""
    lines = [
        Verdict(f"PV is at most {PV_WARNING:.0%} of the peak load",
                outcome_of(pv_ratio <= PV_WARNING), f"{pv_ratio:.1%}"),
        Verdict(f"At most {EV_WARNING:.0%} of the vehicles are electric",
                outcome_of(ev_penetration <= EV_WARNING), f"{ev_penetration:.1%}"),
    ]  # fmt: skip
    for mode in MODES:
        row = found.indicators["modes"][mode]
        low, loading = row["v_min_pu"], row["max_transformer_loading_pct"]
        is_met = low is not None and loading is not None and low >= v_min_pu and loading <= 100.0
        reason = (
            "no power flow solution in some hour"
            if low is None or loading is None
            else f"lowest {low:.4f} p.u., transformer {loading:.0f} %"
        )
        words = f"Voltages and the transformer bear the vehicles: {mode}"
        lines.append(Verdict(words, outcome_of(is_met), reason))
    return tuple(lines)


def _stages(pv_ratio: float, ev_penetration: float) -> Figure:
    """Return where a feeder stands on the way of PV and of vehicles."""
    most = max(1.0, 1.1 * pv_ratio)
    plot = svg.Plot(520, 330, (0.0, most), (0.0, 2.0), left=40.0)
    parts = []
    rows = (
        ("PV over peak load", pv_ratio, PV_LIMITS, PV_WARNING, "0123", PV_WORDS, 1.0),
        ("electric vehicles", ev_penetration, EV_LIMITS, EV_WARNING, "ABCD", EV_WORDS, 0.0),
    )  # fmt: skip
    for name, value, limits, warning, labels, words, floor in rows:
        top, height = plot.py(floor + 0.62), plot.py(floor + 0.22) - plot.py(floor + 0.62)
        ends = (0.0, *limits, most)
        parts.append(svg.text(plot.left, top - 28, f"{name}: {value:.0%}"))
        for k, label in enumerate(labels):
            left, right = plot.px(ends[k]), plot.px(ends[k + 1])
            color = ("#e4e8ec", "#c3d4e3", "#8fb6d6", "#5a95c4")[k]
            tip = f"stage {label}: {words[k]}\nfrom {ends[k]:.0%}"
            parts.append(svg.rectangle(left, top, right - left - 1.0, height, color, tip))
            parts.append(svg.text((left + right) / 2.0, top + height / 2.0 + 5.0, label, "middle"))
        x = plot.px(warning)
        parts.append(svg.line(x, top - 6, x, top + height + 6, COLORS[1], 2.0))
        parts.append(svg.text(x, top + height + 20, f"warning {warning:.0%}", "middle"))
        x = plot.px(min(value, most))
        tip = f"this feeder: {value:.1%}"
        parts.append(svg.polygon([(x - 8, top - 16), (x + 8, top - 16), (x, top - 2)], "#000", tip))
    alt = "Stage of PV (0 to 3) and of vehicles (A to D), with the thresholds of warnings"
    return Figure(alt + ".", alt, svg=svg.document(plot.width, plot.height, alt, parts))


def _day(found: Outlook) -> Figure:
    """Return load and charging over the day with the highest evening, by way of charging."""
    courses = {"without vehicles": found.day_kw["without"]}
    courses |= {mode: found.day_kw[mode] for mode in MODES}
    most = max(float(course.max()) for course in courses.values())
    plot = svg.Plot(520, 330, (0.0, 24.0), (0.0, 1.12 * most / 1e3), top=62.0)
    parts = [svg.axes(plot, "hour of the day", "load and charging (MW)", x_ticks=range(0, 25, 3))]
    for k, (name, course) in enumerate(courses.items()):
        color = GREY if k == 0 else COLORS[k - 1]
        points = [
            (plot.px(hour + edge), plot.py(course[hour] / 1e3))
            for hour in range(24)
            for edge in (0.0, 1.0)
        ]
        parts.append(svg.path(points, color, 1.8))
        x, y = 70.0 + 150.0 * (k % 3), 28.0 + 18.0 * (k // 3)
        peak = f"{name}\npeak {float(course.max()):,.0f} kW"
        parts.append(svg.rectangle(x, y - 8.0, 14, 8, color, peak))
        parts.append(svg.text(x + 18.0, y, name))
    alt = "Load and charging, without PV, on the day with the highest evening, by way of charging"
    return Figure(alt + ".", alt, svg=svg.document(plot.width, plot.height, alt, parts))
