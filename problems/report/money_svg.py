"""Owns the figures of money on the page: cash flow by year, and the tornado of prices."""

from __future__ import annotations

from collections.abc import Sequence

from problems.report import svg
from problems.report.page import Figure
from problems.report.style import COLORS
from problems.siting.sensitivity import Swing

MOST_ASSETS = 18
"""Bars that a figure of costs has room for."""


def cash_figure(
    years: Sequence[tuple[int, float, float]], currency: str, what: str = "NPV"
) -> Figure:
    """Return bars of each year's discounted payments and the line of their running sum.

    Parameters
    ----------
    years : sequence of (year, discounted, running sum)
    currency : str
    what : str
        What the running sum ends at.
    """
    money = currency.upper()
    every = [value for _, *both in years for value in both] + [0.0]
    begin, last = years[0][0], years[-1][0]
    plot = svg.Plot(520, 330, (begin - 0.6, last + 0.6), svg.padded(min(every), max(every)))
    marks = [float(k) for k in range(begin, last + 1, max(1, round((last - begin) / 10)))]
    parts = [svg.axes(plot, "year", f"present value ({money})", x_ticks=marks, x_is_name=True)]
    wide = 0.6 * (plot.px(begin + 1.0) - plot.px(float(begin)))
    for year, discounted, total in years:
        top, base = sorted((plot.py(discounted), plot.py(0.0)))
        color = COLORS[0] if discounted >= 0.0 else COLORS[1]
        tip = f"year {year}\n{discounted:+,.0f} {money}\nsum {total:,.0f}"
        x = plot.px(float(year))
        parts.append(svg.rectangle(x - wide / 2, top, wide, max(base - top, 0.5), color, tip))
    zero = plot.py(0.0)
    parts.append(svg.line(plot.left, zero, plot.width - plot.right, zero, "#1c2733"))
    points = [(plot.px(float(year)), plot.py(total)) for year, _, total in years]
    parts.append(svg.path(points, "#000000"))
    parts += [
        svg.dot(x, y, 3, "#000000", f"sum to year {year}\n{total:,.0f} {money}")
        for (x, y), (year, _, total) in zip(points, years, strict=True)
    ]
    end = years[-1][2]
    parts.append(svg.text(plot.width - plot.right, 15, f"line: running sum, {end:,.0f}", "end"))
    alt = f"Discounted payments of each year and their running sum, which ends at the {what}"
    return Figure(alt + ".", alt, svg=svg.document(plot.width, plot.height, alt, parts))


def cost_figure(items: Sequence[tuple[str, str, float]], currency: str) -> Figure:
    """Return one bar an asset, the dearest on top: what each is, its kind, its cost.

    Beyond `MOST_ASSETS` the cheapest stand together in one bar.
    """
    money = currency.upper()
    items = sorted(items, key=lambda item: -item[2])
    if len(items) > MOST_ASSETS:
        rest = items[MOST_ASSETS - 1 :]
        words = f"{len(rest)} more"
        items = [*items[: MOST_ASSETS - 1], (words, "others", sum(cost for *_, cost in rest))]
    kinds = list(dict.fromkeys(kind for _, kind, _ in items))
    most = max(cost for *_, cost in items)
    plot = svg.Plot(
        520, 330, (0.0, 1.05 * most), (0.0, float(len(items))), left=150.0, right=34.0, top=24.0
    )
    row = (plot.height - plot.top - plot.bottom) / len(items)
    floor = plot.height - plot.bottom
    parts = []
    marks = svg.ticks(*plot.x_range, 4)
    for tick in marks:
        x = plot.px(tick)
        parts.append(svg.line(x, plot.top, x, floor, "#e4e8ec"))
        parts.append(svg.text(x, floor + 18, svg.tick_text(tick, marks), "middle"))
    for k, (name, kind, cost) in enumerate(items):
        y = plot.top + (k + 0.15) * row
        small = 'font-size="9"' if row < 16.0 else ""
        parts.append(svg.text(plot.left - 8, y + 0.6 * row, name, "end", small))
        tip = f"{name}\n{kind}: {cost:,.0f} {money}"
        color = COLORS[kinds.index(kind) % len(COLORS)]
        wide = plot.px(cost) - plot.left
        parts.append(svg.rectangle(plot.left, y, max(wide, 0.5), 0.7 * row, color, tip))
    parts.append(
        svg.text((plot.left + plot.width) / 2, plot.height - 7, f"cost ({money})", "middle")
    )
    for k, kind in enumerate(kinds):
        parts.append(svg.rectangle(150 + 92 * k, 5, 14, 8, COLORS[k % len(COLORS)]))
        parts.append(svg.text(168 + 92 * k, 14, kind))
    alt = "Cost of each asset, the dearest on top"
    return Figure(alt + ".", alt, svg=svg.document(plot.width, plot.height, alt, parts))


def tornado_figure(
    swings: Sequence[Swing], npv: float, currency: str, delta_pct: float, what: str = "NPV"
) -> Figure:
    """Return one bar a price, widest on top: the NPV when it alone is lower or higher.

    `what` names the figure where it is another, a total cost say.
    """
    ends = [v for s in swings for v in (s.npv_low, s.npv_high) if v is not None]
    plot = svg.Plot(
        520,
        330,
        svg.padded(min(ends, default=npv), max(ends, default=npv)),
        (0.0, float(len(swings))),
        left=196.0,
        top=24.0,
    )
    row = (plot.height - plot.top - plot.bottom) / len(swings)
    floor, money = plot.height - plot.bottom, currency.upper()
    parts = []
    marks = svg.ticks(*plot.x_range, 4)
    for tick in marks:
        x = plot.px(tick)
        parts.append(svg.line(x, plot.top, x, floor, "#e4e8ec"))
        parts.append(svg.text(x, floor + 18, svg.tick_text(tick, marks), "middle"))
    for k, swing in enumerate(swings):
        y = plot.top + (k + 0.15) * row
        words = swing.parameter.replace("_", " ").replace("capacitor", "bank")
        parts.append(svg.text(plot.left - 8, y + 0.5 * row, words, "end"))
        for value, color, side in (
            (swing.npv_low, COLORS[0], f"{delta_pct:g} % lower"),
            (swing.npv_high, COLORS[1], f"{delta_pct:g} % higher"),
        ):
            if value is not None:
                left, right = sorted((plot.px(value), plot.px(npv)))
                tip = f"{words}\n{side}: {what} {value:,.0f} {money}"
                parts.append(svg.rectangle(left, y, max(right - left, 0.5), 0.7 * row, color, tip))
    parts.append(svg.line(plot.px(npv), plot.top, plot.px(npv), floor, "#000000"))
    parts.append(
        svg.text((plot.left + plot.width) / 2, plot.height - 7, f"{what} ({money})", "middle")
    )
    for k, (name, color) in enumerate((("price lower", COLORS[0]), ("price higher", COLORS[1]))):
        parts.append(svg.rectangle(300 + 110 * k, 5, 14, 8, color))
        parts.append(svg.text(318 + 110 * k, 14, name))
    alt = f"{what} of this plan when one price at a time is {delta_pct:g} % lower or higher"
    return Figure(alt + ".", alt, svg=svg.document(plot.width, plot.height, alt, parts))
