"""Owns what a report says: the sections that any study hands over, kept in report.json.

A study builds a `Page` and calls `write_page(folder, page)`; everything else (the look, the record
of settings and versions, `feederlab report` and `feederlab show`) works on the page alone:

    page = Page(
        title="Acceptance of ieee33",
        question="How much charging can bus 18 accept?",
        answer="Bus 18 accepts 1,234 kW; the lowest voltage binds at 19 h.",
        certificate="The cone relaxation is exact: its AC power flow differs by 1e-9 p.u.",
        command="feederlab accept ieee33 --buses 18",
        assumptions=("Balanced and radial.", "Prices: assumed, see the table."),
        sections=(
            Section(
                "Capacity",
                tables=(table_of("Buses", rows),),
                figures=(picture("capacity.png", "Capacity by bus."),),
            ),
        ),
    )
    write_page(folder, page)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from problems.core.content import from_content, json_text, read_json, to_content, write_text
from problems.core.errors import ContentError

FILE = "report.json"

Outcome = Literal["holds", "fails", "open"]


def outcome_of(is_met: bool) -> Outcome:
    """Return how a check that was made came out."""
    return "holds" if is_met else "fails"


@dataclass(frozen=True, slots=True)
class Table:
    """Hold a table: `rows` of cells (text, number, bool or None) under `columns`.

    Columns carry their unit as a suffix, as in the CSV files; the page spells it out. A long table
    is folded on the screen and left out of print, where its CSV serves better.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""
    is_long: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ContentError(
                    f"table '{self.title}': expected {len(self.columns)} cells, found {len(row)}"
                )


@dataclass(frozen=True, slots=True)
class Figure:
    """Hold a figure: a PNG `file` of the study's folder, or the `svg` text itself.

    `alt` says for those who cannot see it what the figure shows; `is_wide` gives it a whole row.
    """

    caption: str
    alt: str
    file: str = ""
    svg: str = ""
    is_wide: bool = False

    def __post_init__(self) -> None:
        if bool(self.file) == bool(self.svg):
            raise ContentError(f"figure '{self.caption}': expected either a file or an svg")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Hold a statement that was checked, the outcome, and what it rests on."""

    statement: str
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Hold one part of a report, in the order in which it is shown."""

    heading: str
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Hold a whole report.

    Parameters
    ----------
    title, question : str
        What was studied, and what was asked, as a question.
    answer, certificate : str
        The answer in one sentence, and what proves it, or that nothing does.
    command : str
        The command that repeats the study.
    assumptions : tuple of str
        What the answer rests on.
    sections : tuple of Section
        The rest; settings, versions and seed are added from the folder's record.json.
    """

    title: str
    question: str
    answer: str
    certificate: str
    command: str
    assumptions: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()


def table_of(
    title: str, rows: Sequence[Mapping[str, Any]], note: str = "", *, is_long: bool = False
) -> Table:
    """Return a table of rows that share their keys, as `write_table` takes them."""
    columns = tuple(rows[0]) if rows else ()
    cells = tuple(tuple(row[column] for column in columns) for row in rows)
    return Table(title, columns, cells, note, is_long)


def picture(file: str, caption: str, alt: str = "", *, is_wide: bool = False) -> Figure:
    """Return a figure that is a PNG in the study's folder."""
    return Figure(caption, alt or caption, file=file, is_wide=is_wide)


def write_page(folder: Path, page: Page) -> None:
    """Write report.json and report.html into a study's folder."""
    write_text(folder / FILE, json_text(to_content(page)))
    write_html(folder)


def write_html(folder: Path) -> Path:
    """Write report.html anew from report.json, record.json and the figures of a folder."""
    from problems.report.html import render

    page = read_page(folder)
    file = folder / "report.html"
    record = folder / "record.json"
    write_text(file, render(page, folder, read_json(record) if record.exists() else {}))
    return file


def read_page(folder: Path) -> Page:
    """Return what a study's report says, or raise ContentError without one."""
    file = folder / FILE
    if not file.exists():
        if (folder / "record.json").exists():
            raise ContentError(f"{folder}: no {FILE} yet; feederlab resume writes it")
        raise ContentError(f"{folder}: holds no study: there is no record.json")
    return from_content(Page, read_json(file), str(file))
