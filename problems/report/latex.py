"""Owns the LaTeX table of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from problems.report.targets import SUCCESS_GAP

COLUMNS = ("engine", "feasible", "median", "quartiles", "best", "success", "ERT")
SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
TARGETS = {"certified": "certified bound", "best_known": "best known"}


def latex_table(
    summary: Sequence[Mapping[str, Any]], currencies: Mapping[str, str], conditions: str
) -> str:
    """Return summary rows as a table for a paper: package booktabs, nothing else.

    Parameters
    ----------
    summary : sequence of mapping
        As of `summary_rows`.
    currencies : mapping of str to str
        By feeder.
    conditions : str
        Of the study, for the caption.

    Returns
    -------
    str
        The greatest median and the smallest expected running time of each feeder are bold.
    """
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{Best NPV of each run ({_text(conditions)}). Success: within "
        rf"{_text(f'{SUCCESS_GAP:.1%}')} of the target, with Wilson's 95\,\% interval; ERT: "
        r"expected evaluations to it, with a bootstrap interval.}",
        r"\begin{tabular}{l" + "r" * (len(COLUMNS) - 1) + "}",
        r"\toprule",
        " & ".join(COLUMNS) + r" \\",
    ]
    for feeder in dict.fromkeys(row["feeder"] for row in summary):
        rows = [row for row in summary if row["feeder"] == feeder]
        currency = currencies[feeder]
        lines += [r"\midrule", _heading(rows[0], feeder, currency)]
        best = max((r[f"median_{currency}"] or float("-inf") for r in rows), default=None)
        least = min((r["ert"] or float("inf") for r in rows), default=None)
        lines += [_line(row, currency, best, least) for row in rows]
    lines += [r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def _heading(row: Mapping[str, Any], feeder: str, currency: str) -> str:
    target = ""
    if row["target"] is not None:
        amount = _number(row[f"target_{currency}"])
        target = f", {TARGETS[row['target']]} {amount}"
    words = f"{_text(feeder)}, {_text(currency.upper())}{target}"
    return rf"\multicolumn{{{len(COLUMNS)}}}{{l}}{{{words}}} \\"


def _line(row: Mapping[str, Any], currency: str, best: float | None, least: float | None) -> str:
    median, ert = row[f"median_{currency}"], row["ert"]
    success, spent = "--", "--"
    if row["success_rate"] is not None:
        low, high = row["success_low"], row["success_high"]
        success = f"{row['success_rate']:.2f} [{low:.2f}, {high:.2f}]"
    if ert is not None:
        high = r"$\infty$" if row["ert_high"] is None else _number(row["ert_high"])
        low = r"$\infty$" if row["ert_low"] is None else _number(row["ert_low"])
        spent = f"{_bold(_number(ert), ert == least)} [{low}, {high}]"
    cells = (
        _text(row["engine"]),
        f"{row['feasible']}/{row['runs']}",
        _bold(_number(median), median is not None and median == best),
        "--"
        if median is None
        else f"{_number(row[f'q1_{currency}'])} to {_number(row[f'q3_{currency}'])}",
        _number(row[f"best_{currency}"]),
        success,
        spent,
    )
    return " & ".join(cells) + r" \\"


def _number(value: float | None) -> str:
    if value is None:
        return "--"
    digits = f"{value:,.0f}".replace(",", r"\,")
    return digits if value >= 0 else f"${digits}$"


def _bold(text: str, is_best: bool) -> str:
    return rf"\textbf{{{text}}}" if is_best else text


def _text(words: str) -> str:
    return "".join(SPECIAL.get(letter, letter) for letter in words)
