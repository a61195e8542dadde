"""Owns the tornado figure: the NPV when one price at a time is lower or higher."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from problems.report.style import COLORS, STYLE, save_figure
from problems.siting.sensitivity import Swing


def draw_tornado(
    path: Path, title: str, swings: Sequence[Swing], npv: float | None, currency: str
) -> None:
    """Draw one bar a price, widest on top, from the NPV at the lower to that at the higher price.

    Parameters
    ----------
    path : Path
        PNG to write.
    title : str
        Says which plan, and how far prices change.
    swings : sequence of Swing
        Widest first.
    npv : float or None
        With all prices as assumed; drawn as a line.
    currency : str
        Of the NPV.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 4.2), layout="constrained")
        axes = figure.subplots()
        for k, swing in enumerate(reversed(swings)):
            if npv is None:
                continue
            for value, color, label in (
                (swing.npv_low, COLORS[0], "price lower"),
                (swing.npv_high, COLORS[1], "price higher"),
            ):
                if value is not None:
                    axes.barh(k, value - npv, left=npv, color=color, label=label if k == 0 else "")
        axes.set_yticks(range(len(swings)))
        axes.set_yticklabels([_label(s.parameter) for s in reversed(swings)])
        if npv is not None:
            axes.axvline(npv, color="black", linewidth=0.8)
            axes.legend(loc="lower right")
        axes.grid(axis="y", visible=False)
        axes.xaxis.set_major_locator(MaxNLocator(6))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.set_xlabel(f"NPV ({currency.upper()})")
        figure.suptitle(title, fontsize=11)
        save_figure(figure, path)


def _label(parameter: str) -> str:
    """Return a price's name as a person reads it."""
    words = {"kwh": "kWh", "kw": "kW", "om": "O&M"}
    return " ".join(words.get(word, word) for word in parameter.split("_"))
