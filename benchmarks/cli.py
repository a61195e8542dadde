"""Owns the command line of the benchmarks: a subcommand each, `list`, and what they share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.registry import BENCHMARKS, Benchmark, Task
from problems.core.content import json_text, write_text


def parser() -> argparse.ArgumentParser:
    """Return the parser: `list`, and a subcommand for each benchmark."""
    top = argparse.ArgumentParser(prog="python -m benchmarks", description="Races, speed, trust.")
    commands = top.add_subparsers(dest="command", required=True)
    _add_options(commands.add_parser("list", help="every benchmark in one line"), None)
    names: dict[str, Any] = {}
    for one in BENCHMARKS:
        if not one.name:
            _add_options(commands.add_parser(one.command, help=one.summary), one)
            continue
        if one.command not in names:
            group = commands.add_parser(one.command, help="by name; see list")
            names[one.command] = group.add_subparsers(dest="name", required=True)
        _add_options(names[one.command].add_parser(one.name, help=one.summary), one)
    return top


def main(words: Sequence[str] | None = None) -> int:
    """Run one benchmark, or list them; return the exit code."""
    asked = parser().parse_args(words)
    benchmark: Benchmark | None = asked.benchmark
    if benchmark is None:
        content: dict[str, Any] = {
            "benchmarks": [{"command": one.title, "summary": one.summary} for one in BENCHMARKS]
        }
        if asked.out:
            write_text(Path(asked.out) / "list.json", json_text(content))
        if not asked.json:
            for one in BENCHMARKS:
                print(f"{one.title:20} {one.summary}")
    else:
        out = asked.out or Path("results") / "runs" / benchmark.title.replace(" ", "-")
        task = Task(Path(out), asked.seed, asked.quick, _say)
        content = {**benchmark.load()(task), "out": str(out)}
        if not asked.json:
            print(f"written to {out}")
    if asked.json:
        sys.stdout.write(json_text(content))
    return 0


def _add_options(command: argparse.ArgumentParser, benchmark: Benchmark | None) -> None:
    command.set_defaults(benchmark=benchmark)
    command.add_argument("--json", action="store_true", help="one JSON object and nothing else")
    command.add_argument("--out", metavar="DIR", help="folder for the files")
    if benchmark is not None:
        command.add_argument("--seed", type=int, default=1, help="of all chance (default 1)")
        command.add_argument(
            "--quick", action="store_true", help="tiny settings, to see that it runs"
        )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
