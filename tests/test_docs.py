"""The documentation: tutorials run as they stand, links lead somewhere, pages are in the table."""

import contextlib
import importlib
import io
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from problems.cli.app import app

DOCS = Path(__file__).parents[1] / "docs"
TUTORIALS = sorted((DOCS / "tutorials").glob("*.md"))
PAGES = sorted(DOCS.rglob("*.md"))
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```', flags=re.DOTALL | re.MULTILINE)
NEEDS = {"co-plan.md": "cvxpy"}
"""Packages of an extra that a tutorial cannot do without."""


@pytest.fixture
def clean_modules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.usefixtures("clean_modules")
@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_tutorial_runs(page: Path) -> None:
    if page.name in NEEDS:
        pytest.importorskip(NEEDS[page.name])
    names: dict[str, object] = {}
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    assert blocks
    for language, title, content in blocks:
        if title:
            Path(title).parent.mkdir(parents=True, exist_ok=True)
            Path(title).write_text(content, encoding="utf-8")
            importlib.invalidate_caches()
        elif language == "python":
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(content, f"{page.name}", "exec"), names)
        elif language == "sh":
            for line in filter(None, content.splitlines()):
                run(line)
        else:
            assert language == "text", f"{page.name}: what is a block of {language} for?"


def run(line: str) -> None:
    program, *words = shlex.split(line, comments=True)
    assert program == "feederlab", line
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = get_command(app).main(words, prog_name=program, standalone_mode=False)
    assert not code, line
    assert out.getvalue(), line


def commands(page: Path) -> list[str]:
    """Return every whole command that a page shows, in blocks and between lines of text."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = [line for _, _, content in BLOCK.findall(text) for line in content.splitlines()]
    inline = re.findall(r"`(feederlab [^`]+)`", " ".join(text.split()))
    shown = [line for line in (*blocks, *inline) if line.startswith("feederlab ")]
    return [line for line in shown if not re.search(r"\.\.\.|<|\[|--help|completion|config", line)]


@pytest.mark.parametrize("page", [*PAGES, DOCS.parent / "README.md"], ids=lambda page: page.stem)
def test_every_command_shown_is_one_that_the_program_takes(page: Path) -> None:
    """Long ones are not run here, but their options and values are read as when they run."""
    program = get_command(app)
    for line in commands(page):
        _, name, *words = shlex.split(line, comments=True)
        assert name in program.commands, f"{page.name}: {line}"
        if any(word.isupper() and word.isalpha() for word in words):
            continue  # stands for a value
        try:
            program.commands[name].make_context(name, words)
        except Exception as error:
            # named in a sentence, it may leave its feeder out
            if type(error).__name__ != "MissingParameter":
                raise


def test_there_are_the_five_tutorials() -> None:
    assert [page.stem for page in TUTORIALS] == [
        "co-plan",
        "compare-algorithms",
        "your-own-engine",
        "your-own-feeder",
        "your-own-problem",
    ]


def test_your_own_engine_has_about_thirty_lines() -> None:
    page = (DOCS / "tutorials" / "your-own-engine.md").read_text(encoding="utf-8")
    engine = next(content for _, title, content in BLOCK.findall(page) if title)
    assert sum(bool(line.strip()) for line in engine.splitlines()) <= 30


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)#\s]+)", text):
        if not link.startswith(("http://", "https://")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_first_page_leads_to_every_tutorial() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    for page in TUTORIALS:
        assert f"(tutorials/{page.name})" in index


def test_the_citation_names_this_version() -> None:
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (DOCS.parent / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {project['version']}" in citation


@pytest.mark.slow
def test_the_pages_build(tmp_path: Path) -> None:
    pytest.importorskip("mkdocstrings")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    config = load_config(str(DOCS.parent / "mkdocs.yml"), site_dir=str(tmp_path), strict=True)
    build(config)
    assert (tmp_path / "index.html").is_file()
