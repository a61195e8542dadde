"""What an installation brings along: every license is named, none is the GPL, nothing needs MKL."""

from importlib.metadata import version

import pytest

pytest.importorskip("packaging")

from benchmarks.licenses import is_allowed, packages


def test_nothing_that_is_installed_is_under_the_gpl() -> None:
    found = packages()
    assert {"numpy", "numba", "pymoo", "llvmlite"} <= {one.package for one in found}
    wrong = [one.package for one in found if not one.is_allowed]
    if wrong == ["scs"] and not version("scs").startswith("3.2."):
        pytest.skip("this environment is older than the bound that keeps MKL out")
    assert not wrong


@pytest.mark.parametrize(
    ("name", "words", "expected"),
    [
        ("a", "GPL-3.0-or-later", False),
        ("a", "GNU General Public License v2 (GPLv2)", False),
        ("a", "GNU Affero General Public License v3", False),
        ("a", "GNU Library or Lesser General Public License (LGPL)", True),
        ("a", "GNU Lesser General Public License v3 (LGPLv3)", True),
        ("a", "LGPL-2.1-or-later", True),
        ("a", "MIT OR GPL-2.0-only", True),
        ("a", "BSD-3-Clause", True),
        ("a", "", False),
        ("mkl", "BSD-3-Clause", False),
        ("intel-openmp", "Intel End User License Agreement", False),
    ],
)
def test_what_is_allowed(name: str, words: str, expected: bool) -> None:
    assert is_allowed(name, words) == expected
