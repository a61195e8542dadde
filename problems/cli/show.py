"""The command `feederlab show`: the gist of a study in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from problems.cli.output import Json, print_json, print_table
from problems.cli.report import Folder

if TYPE_CHECKING:
    from problems.report.page import Page

MARKS = {"holds": "✓ holds", "fails": "✗ fails", "open": "? open"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("show")(show)


def show(folder: Folder, as_json: Json = False) -> None:
    """Print what a study asked and found: question, answer, proof, verdicts, tables."""
    from problems.report.page import read_page

    page = read_page(Path(folder))
    if as_json:
        print_json(_gist(page))
        return
    for words in (page.title, page.question, "", page.answer, page.certificate, ""):
        typer.echo(words)
    for section in page.sections:
        for line in section.verdicts:
            reason = f" ({line.reason})" if line.reason else ""
            typer.echo(f"{MARKS[line.outcome]}  {line.statement}{reason}")
        for table in section.tables:
            if table.rows and not table.is_long:
                print_table(table.title, table.columns, table.rows)
    typer.echo(f"repeat: {page.command}")


def _gist(page: Page) -> dict[str, Any]:
    return {
        "title": page.title,
        "question": page.question,
        "answer": page.answer,
        "certificate": page.certificate,
        "assumptions": list(page.assumptions),
        "verdicts": [
            {"statement": v.statement, "outcome": v.outcome, "reason": v.reason}
            for section in page.sections
            for v in section.verdicts
        ],
        "command": page.command,
    }
