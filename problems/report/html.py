"""Owns the look of a report: from a page to one HTML file that needs no network."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from problems.core.errors import ContentError
from problems.report.page import Figure, Page, Section, Table, Verdict

UNITS = {
    "kw": "kW",
    "kwh": "kWh",
    "mwh": "MWh",
    "kvar": "kvar",
    "pu": "p.u.",
    "pct": "%",
    "kv": "kV",
    "a": "A",
    "s": "s",
    "h": "h",
    "km": "km",
    "ohm": "Ω",
    "usd": "USD",
    "rmb": "RMB",
}
"""Suffixes of column names that are units, and how a reader spells them."""

CURRENCIES = (
    " aed ars aud bdt bgn brl cad chf clp cny cop czk dkk egp eur gbp hkd huf idr ils inr isk jpy "
    "kes krw kwd mad mxn myr ngn nok nzd pen php pkr pln qar ron rsd rub sar sek sgd thb try twd "
    "uah uyu vnd zar "
)
"""Suffixes that are currencies: ISO 4217, without those that are words of column names."""

HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
"""


def in_words(key: str) -> tuple[str, str]:
    """Return a key in words, and the unit that its suffix names, if any.

    Examples
    --------
    >>> in_words("loss_kw"), in_words("is_ac_feasible")
    (('loss', 'kW'), ('is ac feasible', ''))
    >>> in_words("investment_eur")
    ('investment', 'EUR')
    """
    name, _, suffix = key.rpartition("_")
    if name and suffix in UNITS and name != "engine":
        return name.replace("_", " "), UNITS[suffix]
    if name and f" {suffix} " in CURRENCIES:
        return name.replace("_", " "), suffix.upper()
    return key.replace("_", " "), ""


def render(page: Page, folder: Path, record: Mapping[str, Any]) -> str:
    """Return the HTML of a page.

    Parameters
    ----------
    page : Page
        What the report says.
    folder : Path
        Where its PNG figures are.
    record : mapping
        Content of record.json: settings, versions, seed; empty for none.

    Raises
    ------
    ContentError
        If a figure's file is not there.
    """
    parts = [
        HEAD.format(title=escape(page.title), style=_beside("page.css")),
        f"<header>\n<h1>{escape(page.title)}</h1>\n",
        f'<p class="question">{escape(page.question)}</p>\n</header>\n<main>\n',
        f'<div class="answer"><p>{escape(page.answer)}</p>'
        f"<p>{escape(page.certificate)}</p></div>\n",
        *(_section(section, folder) for section in page.sections),
        _section(Section("Assumptions", page.assumptions), folder) if page.assumptions else "",
        _repeat(page, record),
        '</main>\n<div id="tip" role="status" hidden></div>\n',
        f"<script>\n{_beside('page.js')}</script>\n</body>\n</html>\n",
    ]
    return "".join(parts)


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _section(section: Section, folder: Path) -> str:
    parts = [f"<section>\n<h2>{escape(section.heading)}</h2>\n"]
    if len(section.text) == 1:
        parts.append(f"<p>{escape(section.text[0])}</p>\n")
    elif section.text:
        items = "".join(f"<li>{escape(line)}</li>\n" for line in section.text)
        parts.append(f"<ul>\n{items}</ul>\n")
    if section.verdicts:
        parts.append(_verdicts(section.verdicts))
    parts += [_table(table) for table in section.tables if not table.is_long]
    if section.figures:
        figures = "".join(_figure(figure, folder) for figure in section.figures)
        parts.append(f'<div class="figures">\n{figures}</div>\n')
    for table in section.tables:
        if table.is_long:
            title = f"<summary>{escape(table.title)}</summary>"
            parts.append(f"<details>{title}\n{_table(table)}</details>\n")
    parts.append("</section>\n")
    return "".join(parts)


def _verdicts(verdicts: tuple[Verdict, ...]) -> str:
    rows = "".join(
        f'<tr><td class="{v.outcome}"></td><td>{escape(v.statement)}</td>'
        f"<td>{escape(v.reason)}</td></tr>\n"
        for v in verdicts
    )
    return f'<div class="scroll"><table class="verdicts"><tbody>\n{rows}</tbody></table></div>\n'


def _table(table: Table) -> str:
    numeric = [_is_number_column(table, k) for k in range(len(table.columns))]
    kinds = ["number" if is_number else "word" for is_number in numeric]
    heads = "".join(
        f'<th class="{kind}" scope="col"><button type="button">{_heading(column)}</button></th>'
        for kind, column in zip(kinds, table.columns, strict=True)
    )
    digits = [_column_decimals(table, k) for k in range(len(table.columns))]
    rows = "".join(
        "<tr>"
        + "".join(_cell(*words) for words in zip(row, kinds, digits, strict=True))
        + "</tr>\n"
        for row in table.rows
    )
    caption = "" if table.is_long else f"<caption>{escape(table.title)}</caption>"
    note = f'<p class="note">{escape(table.note)}</p>\n' if table.note else ""
    return (
        f'<div class="scroll"><table class="sortable">{caption}\n<thead><tr>{heads}</tr></thead>\n'
        f"<tbody>\n{rows}</tbody></table></div>\n{note}"
    )


def _is_number_column(table: Table, column: int) -> bool:
    cells = [row[column] for row in table.rows if row[column] is not None]
    return bool(cells) and all(
        isinstance(c, int | float) and not isinstance(c, bool) for c in cells
    )


def _heading(column: str) -> str:
    """Return a column's name in words, its unit apart: `loss_kw` is "loss (kW)"."""
    words, unit = in_words(column)
    return f'{escape(words)} <span class="unit">({unit})</span>' if unit else escape(words)


def _column_decimals(table: Table, column: int) -> int | None:
    """Return the decimals that a column's numbers share; None where each row is its own figure."""
    if table.columns[0] == "figure":
        return None
    cells = [row[column] for row in table.rows]
    return _decimals(max((abs(c) for c in cells if isinstance(c, int | float)), default=0.0))


def _cell(cell: Any, kind: str, decimals: int | None) -> str:
    if cell is None:
        return f'<td class="{kind}" data-key="">–</td>'
    if isinstance(cell, bool):
        return f'<td class="{kind}" data-key="{int(cell)}">{"yes" if cell else "no"}</td>'
    if isinstance(cell, int | float):
        return f'<td class="{kind}" data-key="{cell!r}">{figure_text(cell, decimals)}</td>'
    text = escape(str(cell))
    return f'<td class="{kind}" data-key="{text}">{text}</td>'


def figure_text(value: float, decimals: int | None = None) -> str:
    """Return a number as a person reads it: thousands apart, small ones by two digits."""
    if isinstance(value, int):
        return f"{value:,}"
    if decimals is None:
        decimals = _decimals(value)
    if value != 0.0 and abs(value) < 0.5 * 10.0**-decimals:
        return f"{value:.2g}"
    return f"{value:,.{decimals}f}"


def _decimals(largest: float) -> int:
    """Return how many decimals a column of numbers up to `largest` needs."""
    steps = ((1e4, 0), (1e3, 1), (10.0, 2))
    return next((decimals for size, decimals in steps if abs(largest) >= size), 4)


def _figure(figure: Figure, folder: Path) -> str:
    wide = ' class="wide"' if figure.is_wide else ""
    if figure.svg:
        drawn = figure.svg
    else:
        try:
            content = (folder / figure.file).read_bytes()
        except OSError as error:
            raise ContentError(f"{folder / figure.file}: {error.strerror}") from None
        data = base64.b64encode(content).decode("ascii")
        drawn = f'<img alt="{escape(figure.alt)}" src="data:image/png;base64,{data}">'
    caption = f"<figcaption>{escape(figure.caption)}</figcaption>"
    return f'<figure{wide}><div class="scroll">{drawn}</div>{caption}</figure>\n'


def _repeat(page: Page, record: Mapping[str, Any]) -> str:
    parts = [
        "<section>\n<h2>Settings and how to repeat this</h2>\n",
        f"<pre>{escape(page.command)}</pre>\n",
    ]
    if record:
        settings = record.get("settings", {})
        versions = {**record.get("versions", {}), "machine": record.get("machine", "")}
        lines = [f"Versions: {', '.join(f'{k} {v}' for k, v in versions.items())}."]
        if "seed" in settings:
            lines.insert(0, f"Seed: {settings['seed']}.")
        feeders = record.get("feeders", {})
        lines += [f"Digest of {name}: {digest[:16]}." for name, digest in feeders.items()]
        parts += [f'<p class="note">{escape(line)}</p>\n' for line in lines]
        rows = tuple(
            (re.sub("_", " ", name), _plain(value))
            for name, value in _flat(settings)
            if value not in (None, "", [], {})
        )
        parts.append("<details><summary>Every setting</summary>\n")
        parts.append(_table(Table("Settings", ("setting", "value"), rows, is_long=True)))
        parts.append("</details>\n")
    parts.append("</section>\n")
    return "".join(parts)


def _flat(settings: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{above}{name}: ")
        else:
            found.append((f"{above}{name}", value))
    return found


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, Mapping):
        return " ".join(f"{k}={_plain(v)}" for k, v in value.items())
    return str(value)
