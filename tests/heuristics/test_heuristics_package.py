"""The package: what an import costs, what it exports, and that its examples are true."""

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

import heuristics
import heuristics.experiment

# Adapters import libraries that need not be installed, and have tests of their own.
MODULES = [
    module.name
    for module in pkgutil.walk_packages(heuristics.__path__, prefix="heuristics.")
    if not module.name.startswith("heuristics.adapters")
]


@pytest.mark.parametrize("package", ["heuristics", "heuristics.experiment"])
def test_import_loads_nothing_heavy(package):
    heavy = "numpy", "numba", "scipy", "pandas", "joblib", "matplotlib"
    script = f"import sys, {package}; print([m for m in {heavy!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("package", [heuristics, heuristics.experiment])
def test_every_export_exists_where_it_says(package):
    for name in package.__all__:
        module = importlib.import_module(f"{package.__name__}.{package._HOME[name]}")
        assert getattr(package, name) is getattr(module, name)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = package.nonsense


def test_functions_stay_functions_when_their_modules_are_loaded():
    for module in MODULES:
        importlib.import_module(module)
    for package in (heuristics, heuristics.experiment):
        clash = {name for name in package.__all__ if f"{package.__name__}.{name}" in MODULES}
        assert clash == set()


@pytest.mark.parametrize("module", MODULES)
def test_examples_are_true(module):
    result = doctest.testmod(importlib.import_module(module))
    assert result.failed == 0
