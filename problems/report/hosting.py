"""Owns the files and the report of a hosting capacity: thresholds and the chance of a violation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from problems.coplan.hosting import BELOW_0, Hosting, Probability
from problems.report.named import figures_table
from problems.report.page import Page, Section, picture, table_of, write_page
from problems.report.style import COLORS, STYLE, save_figure
from problems.report.tables import write_table

CHARGING = {
    ("simultaneous", "profile"): "every EV at full power in every hour",
    ("simultaneous", "drawn"): "every EV at full power in every hour",
    ("home", "profile"): "every EV by the course of home charging (home_level2)",
    (
        "home",
        "drawn",
    ): "every EV at full power from a plug-in at home that is drawn",
    ("overnight", "profile"): "every EV by the course of overnight charging (overnight_u, assumed)",
    (
        "overnight",
        "drawn",
    ): "every EV at full power for drawn hours, most at night (assumed)",
    (
        "smart",
        "profile",
    ): "every EV's home energy in the hours with the least load, in turn",
    ("smart", "drawn"): "as many hours as are drawn for home, in those with the least load",
}


def write_hosting(
    folder: Path,
    found: Hosting,
    relieved: Hosting | None,
    answer: Mapping[str, Any],
    seconds: float,
    command: str,
) -> None:
    """Write tables, the figure and the report; times stand in timing.csv alone.

    Parameters
    ----------
    found : Hosting
        Without storage.
    relieved : Hosting or None
        With storage, of fewer draws.
    answer : dict
        The keys of the command.
    command : str
        What repeats it.
    """
    rows = found.probability()
    kept = {key: value for key, value in answer.items() if not isinstance(value, list)}
    write_table(folder / "summary.csv", [kept])
    write_table(folder / "runs.csv", _draws(found, relieved))
    write_table(folder / "probability.csv", [row._asdict() for row in rows])
    write_table(folder / "timing.csv", [{"seconds": seconds}])
    with mpl.rc_context(STYLE):
        _draw(folder / "probability.png", rows, answer)
    write_page(folder, _page(rows, kept, command))


def _draws(found: Hosting, relieved: Hosting | None) -> list[dict[str, Any]]:
    stored = [] if relieved is None else relieved.threshold_pct.tolist()
    without = found.threshold_pct.tolist()
    rows = []
    for draw in range(max(len(without), len(stored))):
        row = {"draw": draw, "threshold_pct": _known(without, draw)}
        if relieved is not None:
            row["threshold_with_storage_pct"] = _known(stored, draw)
        rows.append(row)
    return rows


def _known(thresholds: Sequence[int], draw: int) -> int | None:
    """Return the threshold of a draw; None where there is none or 0 % violates already."""
    if draw >= len(thresholds) or thresholds[draw] == BELOW_0:
        return None
    return thresholds[draw]


def _draw(path: Path, rows: Sequence[Probability], answer: Mapping[str, Any]) -> None:
    figure = Figure(figsize=(7.0, 4.0), layout="constrained")
    axes = figure.subplots()
    x = [row.adoption_pct for row in rows]
    axes.plot(x, [row.p for row in rows], color=COLORS[0], label="share of draws")
    axes.fill_between(
        x, [row.low for row in rows], [row.high for row in rows], color=COLORS[0], alpha=0.25,
        linewidth=0.0, label="95 % interval (Wilson)",
    )  # fmt: skip
    for key, name, color in (
        ("threshold_pct", "median threshold", COLORS[1]),
        ("threshold_pct_with_storage", "median threshold with storage", COLORS[2]),
    ):
        if answer.get(key) is not None:
            words = f"{name}: {answer[key]:g} %"
            axes.axvline(answer[key], color=color, linestyle="--", linewidth=1.2, label=words)
    axes.set_xlim(0.0, 100.0)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("customers with an EV (%)")
    axes.set_ylabel("probability of a violation")
    axes.set_title(
        f"{answer['feeder']}, {answer['base_kv']:g} kV, {answer['charger_kw']:g} kW, "
        f"{answer['profile']} charging, {answer['draws']:,} draws"
    )
    figure.legend(loc="outside lower center", ncols=2)
    save_figure(figure, path)


def _page(rows: Sequence[Probability], kept: Mapping[str, Any], command: str) -> Page:
    feeder, median = kept["feeder"], kept["threshold_pct"]
    sentence = f"{feeder} violates a limit without any EV."
    if median is not None:
        sentence = (
            f"{median:g} % of customers may have an EV before a limit is violated, in the median "
            f"over {kept['draws']:,} draws; {_words(kept['threshold_low_pct'])} to "
            f"{_words(kept['threshold_high_pct'])} over all."
        )
    stored = kept.get("threshold_pct_with_storage")
    if stored is not None:
        sentence += f" With storage, {stored:g} %."
    shown = [row._asdict() for row in rows if row.adoption_pct % 5 == 0 or 0.0 < row.p < 1.0]
    chart = picture("probability.png", "Probability of a violation over adoption.")
    tables = (
        figures_table("Thresholds", kept),
        table_of("Probability of a violation", shown, is_long=True),
    )
    return Page(
        title=f"Hosting capacity of {feeder}",
        question=(
            f"What share of the customers of {feeder} may have an EV of {kept['charger_kw']:g} kW "
            f"on {kept['base_kv']:g} kV before a line or a voltage limit is violated?"
        ),
        answer=sentence,
        certificate=(
            "The AC power flow of every hour decides. The thresholds of the draws are exact in "
            "steps of 1 %; what chance leaves open is in the intervals."
        ),
        command=command,
        assumptions=(
            "A draw is an order in which customers take an EV, all orders equally likely; a "
            "greater adoption adds EVs and moves none.",
            f"Charging: {CHARGING[kept['profile'], kept['charging']]}.",
            f"Loads without EVs: {kept['day']}; a violation in any hour counts, a collapse too.",
        ),
        sections=(
            Section("Probability", figures=(chart,)),
            Section("Figures", tables=tables),
        ),
    )


def _words(threshold_pct: float | None) -> str:
    return "below 0" if threshold_pct is None else f"{threshold_pct:g} %"
