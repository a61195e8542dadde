"""The floors of the house: import-linter holds them, not a reviewer."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def tool(name: str) -> str:
    """Return the path of a command installed beside this Python."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    assert found is not None, f"{name} is not installed beside {sys.executable}"
    return found


def run(*words: str) -> None:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_only_point_down() -> None:
    run(tool("lint-imports"), "--no-cache")


def test_lint() -> None:
    run(tool("ruff"), "check", "--no-cache")


def test_format() -> None:
    run(tool("ruff"), "format", "--check", "--no-cache")


def test_types() -> None:
    run(sys.executable, "-m", "mypy")
