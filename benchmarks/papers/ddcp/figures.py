"""Owns the figures of the diagnosis and of hosting, and which figures there are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from benchmarks.papers.ddcp.diagnosis import CHARGER_KW, Grid
from benchmarks.papers.ddcp.parts import COURSES, HOSTING_KV
from benchmarks.papers.ddcp.plan_figures import draw_curve, draw_dispatch, draw_voltages
from benchmarks.papers.ddcp.readings import printed
from problems.coplan.vehicles import PAPER_ADOPTIONS_PCT
from problems.report.layout import bus_positions
from problems.report.style import COLORS, GREY, STYLE, draw_level, save_figure


def draw_all(out: Path, grid: Grid, parts: Mapping[str, Any]) -> None:
    """Draw every figure whose parts exist."""
    with mpl.rc_context(STYLE):
        draw_violation_map(out / "violation_map.png", grid)
        draw_scatter(out / "loading_and_voltage.png", grid)
        draw_chargers(out / "chargers.png", grid)
        draw_hosting(out / "hosting.png", parts)
        draw_curve(out / "curve.png", parts)
        draw_voltages(out / "voltages.png", parts)
        draw_dispatch(out / "dispatch.png", parts)
        draw_probability(out / "probability.png", parts)


def draw_violation_map(path: Path, grid: Grid) -> None:
    """Draw Figure 3: each line by the least adoption that overloads it, 6.9 kV and 10 kW."""
    feeder = grid.found.feeder
    x, y, _ = bus_positions(feeder)
    first = np.full(feeder.n_bus, np.inf)
    for adoption in reversed(PAPER_ADOPTIONS_PCT):
        first[grid.found.overloaded[grid.at[(6.9, 10, adoption)]]] = adoption
    figure = Figure(figsize=(10.0, 5.4), layout="constrained")
    axes = figure.subplots()
    levels = [np.inf, *sorted({*first[np.isfinite(first)].tolist()}, reverse=True)]
    for level in levels:
        at = [k for k in range(1, feeder.n_bus) if first[k] == level]
        wires = [[(x[feeder.parent[k]], y[feeder.parent[k]]), (x[k], y[k])] for k in at]
        color = GREY if np.isinf(level) else COLORS[PAPER_ADOPTIONS_PCT.index(int(level))]
        label = "no overload" if np.isinf(level) else f"from {level:.0f} % ({len(at)} lines)"
        width = 1.0 if np.isinf(level) else 3.0
        axes.add_collection(LineCollection(wires, colors=color, linewidths=width, label=label))
    axes.plot(x[0], y[0], "s", color="black", markersize=8, label="substation (bus 1)")
    axes.autoscale_view()
    axes.set_axis_off()
    axes.set_title("Lines overloaded by EV adoption, 6.9 kV, 10 kW chargers, peak hour")
    figure.legend(loc="outside right upper", title="overloaded")
    save_figure(figure, path)


def draw_scatter(path: Path, grid: Grid) -> None:
    """Draw Figure 6: loading of every line over the voltage it feeds, all EV cases."""
    figure = Figure(figsize=(11.0, 4.0), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for axes, kv in zip(panels, (4.16, 6.9, 13.8), strict=True):
        n_collapsed = 0
        for k, kw in enumerate(CHARGER_KW):
            cases = [grid.at[(kv, kw, a)] for a in PAPER_ADOPTIONS_PCT]
            n_collapsed += int(grid.found.collapsed[cases].sum())
            axes.plot(
                grid.found.v_pu[cases, 1:].ravel(), grid.found.loading_pct[cases, 1:].ravel(),
                ".", color=COLORS[k], markersize=2.5, alpha=0.5, label=f"{kw} kW chargers",
                rasterized=True,
            )  # fmt: skip
        axes.axvline(0.95, color="black", linewidth=0.9, linestyle="--")
        axes.axhline(100.0, color="black", linewidth=0.9, linestyle="--")
        words = f", {n_collapsed} of 18 cases collapse" if n_collapsed else ""
        axes.set_title(f"{kv:g} kV{words}")
        axes.set_xlabel("voltage at the end of the line (p.u.)")
    panels[0].set_ylabel("line loading (% of ampacity)")
    panels[2].legend(markerscale=5)
    save_figure(figure, path)


def draw_chargers(path: Path, grid: Grid) -> None:
    """Draw Figures 4 and 5: overloaded lines and greatest loading by charger, 6.9 kV."""
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    panels = figure.subplots(1, 2)
    for k, kw in enumerate(CHARGER_KW):
        at = [grid.at[(6.9, kw, a)] for a in PAPER_ADOPTIONS_PCT]
        flowing = ~grid.found.collapsed[at]
        x = np.array(PAPER_ADOPTIONS_PCT)[flowing]
        for axes, values in (
            (panels[0], grid.found.line_violations[at]),
            (panels[1], grid.found.over_branches("max")[at]),
        ):
            words = f"{kw} kW" + ("" if flowing.all() else ", then collapse")
            axes.plot(x, values[flowing], "o-", color=COLORS[k], markersize=4, label=words)
    for axes, name in zip(panels, ("overloaded lines", "greatest loading (%)"), strict=True):
        axes.set_xlabel("customers with an EV (%)")
        axes.set_ylabel(name)
    draw_level(panels[1], 100.0, "ampacity", "black")
    panels[0].legend(title="charger")
    figure.suptitle("Peak hour on 6.9 kV")
    save_figure(figure, path)


def draw_hosting(path: Path, parts: Mapping[str, Any]) -> None:
    """Draw Figure 7: thresholds without and with storage, ours over the first draws."""
    theirs = printed("tables")["hosting"]
    figure = Figure(figsize=(7.0, 3.8), layout="constrained")
    axes = figure.subplots()
    kinds = (
        ("without storage", "without_storage_pct", "hosting"),
        ("with storage", "with_storage_pct", "hosting-storage"),
    )
    x = np.arange(len(HOSTING_KV))
    for k, (name, column, part) in enumerate(kinds):
        if any(f"{part}-{kv:g}" not in parts for kv in HOSTING_KV):
            continue
        found = [parts[f"{part}-{kv:g}"] for kv in HOSTING_KV]
        ours = [one["simultaneous"]["first"] if "simultaneous" in one else one for one in found]
        low, middle, high = (
            np.maximum([one[key] for one in ours], 0.0) for key in ("low", "median", "high")
        )
        at = x - 0.2 + 0.4 * k
        axes.bar(at, middle, 0.36, color=COLORS[k], label=f"{name}: median of 8 draws, range")
        axes.errorbar(at, middle, [middle - low, high - middle], fmt="none", ecolor="black")
        axes.plot(at, theirs[column], "D", color=COLORS[4], markeredgecolor="black",
                  label="the paper" if k else None)  # fmt: skip
    axes.set_xticks(x, [f"{kv:g} kV" for kv in HOSTING_KV])
    axes.set_ylabel("customers with an EV (%)")
    axes.set_title("Adoption without a violation, 10 kW chargers at full power all day")
    axes.legend(loc="upper left")
    save_figure(figure, path)


def draw_probability(path: Path, parts: Mapping[str, Any]) -> None:
    """Draw the probability of a violation over adoption by charging profile, with intervals."""
    figure = Figure(figsize=(11.0, 4.0), layout="constrained")
    panels = figure.subplots(1, len(HOSTING_KV), sharey=True)
    profiles = dict.fromkeys(profile for profile, _ in COURSES.values())
    colors = dict(zip(profiles, COLORS, strict=False))
    for axes, kv in zip(panels, HOSTING_KV, strict=True):
        for name, (profile, is_drawn) in COURSES.items():
            rows, color = parts[f"hosting-{kv:g}"][name]["probability"], colors[profile]
            x = [row["adoption_pct"] for row in rows]
            axes.plot(x, [row["p"] for row in rows], color=color, label=name,
                      linestyle="--" if is_drawn else "-")  # fmt: skip
            low, high = ([row[key] for row in rows] for key in ("low", "high"))
            axes.fill_between(x, low, high, color=color, alpha=0.25, linewidth=0.0)
        axes.set_title(f"{kv:g} kV")
        axes.set_xlabel("customers with an EV (%)")
    panels[0].set_ylabel("probability of a violation")
    panels[-1].legend(title="charging", loc="center left")
    save_figure(figure, path)
