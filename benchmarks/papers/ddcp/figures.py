"""Owns the figures of the reproduction: maps, scatter, curve, voltages, dispatch, probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.papers.ddcp.diagnosis import CHARGER_KW, Grid
from benchmarks.papers.ddcp.parts import HOSTING_KV, PROFILES
from benchmarks.papers.ddcp.readings import LIBRARY, paper_day, printed
from problems.coplan.plan import LineUpgrade, StorageUnit, judge
from problems.coplan.vehicles import PAPER_ADOPTIONS_PCT
from problems.report.layout import bus_positions
from problems.report.style import COLORS, GREY, STYLE, draw_level, save_figure

FloatArray = NDArray[np.float64]
HOUR = "hour of the day (start)"


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


def draw_curve(path: Path, parts: Mapping[str, Any]) -> None:
    """Draw Figure 8: cost of lines and storage over the number of upgraded lines."""
    curve = parts["stages-lambda"]["curve"]
    points = [p for p in curve if p["total_usd"] is not None]
    n = [p["upgrades"] for p in points]
    lines = np.array([p["cable_usd"] for p in points]) / 1e6
    total = np.array([p["total_usd"] for p in points]) / 1e6
    figure = Figure(figsize=(7.0, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.bar(n, lines, color=COLORS[0], width=0.6, label="cables and breakers")
    axes.bar(n, total - lines, bottom=lines, color=COLORS[1], width=0.6, label="storage")
    if "stages-lexicographic" in parts:
        others = [p for p in parts["stages-lexicographic"]["curve"] if p["total_usd"] is not None]
        axes.plot(
            [p["upgrades"] for p in others], [p["total_usd"] / 1e6 for p in others], "D",
            color="black", markersize=4, label="total, Stage I without a weight",
        )  # fmt: skip
    for x, height, point in zip(n, total, points, strict=True):
        words = f"{height:.3f}\n{point['storage_kwh']:,.0f} kWh"
        axes.annotate(
            words, (x, height), xytext=(0, 6), textcoords="offset points", ha="center",
            va="bottom", fontsize=8,
        )  # fmt: skip
    notes: list[str] = []
    for status, what in (
        ("infeasible", "no storage keeps the limits"),
        ("solver_failed", "the solver failed"),
    ):
        without = [p["upgrades"] for p in curve if p["status"] == status]
        if without:
            notes.append(f"N = {_ranges(without)}: {what}")
    axes.set_xticks(n)
    axes.set_ylim(0.0, 1.3 * total.max())
    axes.set_xlabel("\n".join(["upgraded lines N", *notes]))
    axes.set_ylabel("cost (million USD)")
    axes.set_title("Stage III for every N, 6.9 kV, 100 % EVs")
    axes.legend(loc="upper right")
    save_figure(figure, path)


def _ranges(numbers: Sequence[int]) -> str:
    """Return whole numbers in rising order as words.

    Examples
    --------
    >>> _ranges([0, 1, 2, 5])
    '0 to 2, 5'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = (f"{r[0]} to {r[-1]}" if len(r) > 1 else str(r[0]) for r in runs)
    return ", ".join(words)


def draw_voltages(path: Path, parts: Mapping[str, Any]) -> None:
    """Draw Figure 9: the voltages of all buses by hour, without and with the plans."""
    plans = {
        "without upgrades": None,
        "cables alone (VCU)": parts["cables"]["vcu"]["keep, 1.05 x relaxed"],
        "three stages (DDCP)": parts["stages-lambda"]["plan"],
    }
    hours = np.arange(24)
    figure = Figure(figsize=(11.0, 4.0), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for axes, (name, plan) in zip(panels, plans.items(), strict=True):
        v_pu = _voltages(plan)
        for low, high, alpha, words in ((0, 100, 0.2, "all buses"), (25, 75, 0.5, "middle half")):
            axes.fill_between(
                hours, np.percentile(v_pu, low, axis=1), np.percentile(v_pu, high, axis=1),
                step="mid", color=COLORS[0], alpha=alpha, linewidth=0.0, label=words,
            )  # fmt: skip
        axes.step(hours, np.median(v_pu, axis=1), where="mid", color=COLORS[0], label="median")
        draw_level(axes, 0.95, "floor 0.95", "black")
        axes.set_title(f"{name}, lowest {v_pu.min():.3f} p.u.")
        axes.set_xlabel(HOUR)
    panels[0].set_ylabel("voltage (p.u.)")
    panels[-1].legend(loc="lower right")
    save_figure(figure, path)


def _voltages(plan: Mapping[str, Any] | None) -> FloatArray:
    """Return the voltages of a day with a plan, (n_hour, n_bus), by power flow."""
    day = paper_day(6.9)
    if plan is None:
        return day.diagnose().v_pu
    cables = [LineUpgrade(**line) for line in plan["cables"]]
    storage = [StorageUnit(**unit) for unit in plan["storage"]]
    return judge(day, LIBRARY, cables, storage).v_pu


def draw_dispatch(path: Path, parts: Mapping[str, Any]) -> None:
    """Draw Figure 10: how the storage of the DDCP plan is run, all units together."""
    units = parts["stages-lambda"]["plan"]["storage"]
    p_kw = np.sum([unit["p_kw"] for unit in units], axis=0)
    q_kvar = np.sum([unit["q_kvar"] for unit in units], axis=0)
    terms = LIBRARY.storage
    gained = np.where(p_kw > 0.0, p_kw * terms.charge_efficiency, p_kw / terms.discharge_efficiency)
    stored_kwh = np.concatenate([[0.0], np.cumsum(gained)])
    hours = np.arange(len(p_kw))
    figure = Figure(figsize=(7.0, 5.6), layout="constrained")
    power, energy = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    power.bar(hours, p_kw, color=COLORS[0], label="active power (kW)")
    power.step(hours, q_kvar, where="mid", color=COLORS[1], label="reactive power (kvar)")
    power.axhline(0.0, color="black", linewidth=0.8)
    power.set_ylabel("drawn; negative is delivered")
    kwh = sum(unit["kwh"] for unit in units)
    name = "1 unit" if len(units) == 1 else f"{len(units)} units"
    power.set_title(f"Storage of the DDCP plan, {name}, {kwh:,.0f} kWh in all")
    power.legend(loc="best")
    energy.plot(np.arange(len(stored_kwh)) - 0.5, stored_kwh - stored_kwh.min(), color=COLORS[2])
    energy.set_ylabel("stored above\nits least (kWh)")
    energy.set_xlabel(HOUR)
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
    for axes, kv in zip(panels, HOSTING_KV, strict=True):
        for k, profile in enumerate(PROFILES):
            rows = parts[f"hosting-{kv:g}"][profile]["probability"]
            x = [row["adoption_pct"] for row in rows]
            axes.plot(x, [row["p"] for row in rows], color=COLORS[k], label=profile)
            low, high = ([row[key] for row in rows] for key in ("low", "high"))
            axes.fill_between(x, low, high, color=COLORS[k], alpha=0.25, linewidth=0.0)
        axes.set_title(f"{kv:g} kV")
        axes.set_xlabel("customers with an EV (%)")
    panels[0].set_ylabel("probability of a violation")
    panels[-1].legend(title="charging", loc="center left")
    save_figure(figure, path)
