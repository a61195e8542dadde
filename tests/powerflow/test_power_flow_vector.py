"""The vector kernels agree with their portable twins, whatever the width, split or company."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portable_kernels import portable_flow, random_loads
from random_feeders import feeders, random_feeder

from powerflow import jit, kernels, load_feeder, nose, power_flow, score, synthetic_feeder
from powerflow.result import OUTPUTS

few = settings(max_examples=40, deadline=None, derandomize=True)


@few
@given(feeders(max_bus=30, reverse=0.2), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_sweep_and_newton_agree_with_their_portable_twins(feeder, n_case, seed):
    p_kw, q_kvar = random_loads(feeder, n_case, seed)
    fast = power_flow(feeder, p_kw, q_kvar, tol_pu=1e-12)
    assert fast.converged.all()
    for method in ("sweep", "newton"):
        is_solved, v, i, figures = portable_flow(method, feeder, p_kw, q_kvar)
        assert is_solved.all()
        assert fast.v_pu == pytest.approx(v, abs=1e-11)
        assert fast.i_a == pytest.approx(i, abs=1e-7, rel=1e-9)
        for name, values in zip(kernels.FIGURES, figures, strict=True):
            assert getattr(fast, name) == pytest.approx(values, rel=1e-9, abs=1e-8)


@few
@given(feeders(max_bus=30), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_newton_in_lanes_agrees_with_its_portable_twin(feeder, n_case, seed):
    p_kw, q_kvar = random_loads(feeder, n_case, seed)
    shares = {"zip_shares": (0.3, 0.3, 0.4), "shunt_q_kvar": -5.0}
    fast = power_flow(feeder, p_kw, q_kvar, tol_pu=1e-12, **shares)
    is_solved, v, i, figures = portable_flow("newton", feeder, p_kw, q_kvar, **shares)
    assert fast.converged.all()
    assert is_solved.all()
    assert fast.v_pu == pytest.approx(v, abs=1e-11)
    assert fast.i_a == pytest.approx(i, abs=1e-7, rel=1e-9)
    for name, values in zip(kernels.FIGURES, figures, strict=True):
        assert getattr(fast, name) == pytest.approx(values, rel=1e-9, abs=1e-8)


@pytest.mark.parametrize("highest", [2.0, 6.0, 12.0])
def test_the_same_cases_fail(highest):
    """Sweep and Newton in lanes, Newton case by case, sweeps for ever: one verdict."""
    feeder = load_feeder("ieee33")
    p_kw, q_kvar = random_loads(feeder, 300, 8, highest)
    fast = power_flow(feeder, p_kw, q_kvar).converged
    assert np.array_equal(fast, portable_flow("newton", feeder, p_kw, q_kvar)[0])
    assert np.array_equal(fast, portable_flow("sweep", feeder, p_kw, q_kvar, 1e-8)[0])
    assert fast.all() == (highest < 3.0)


@pytest.mark.parametrize("seed", range(6))
def test_the_error_left_is_below_the_tolerance(seed):
    feeder = synthetic_feeder(n_bus=150, depth=40, seed=seed, loading=0.7)
    p_kw, q_kvar = random_loads(feeder, 400, seed)
    exact = power_flow(feeder, p_kw, q_kvar, tol_pu=1e-13)
    for tol_pu in (1e-4, 1e-6, 1e-8, 1e-10):
        result = power_flow(feeder, p_kw, q_kvar, tol_pu=tol_pu)
        assert np.array_equal(result.converged, exact.converged)
        error = np.abs(result.v_pu - exact.v_pu)[exact.converged].max(axis=1)
        assert (error <= tol_pu).all()
        assert (result.mismatch_pu[exact.converged] <= tol_pu).all()


@pytest.mark.parametrize("name", ["ieee33", "ieee69", "ieee118", "iowa240"])
@pytest.mark.parametrize("share", [0.99, 0.999, 1.001, 1.01, 3.0])
def test_up_to_the_nose_and_not_past_it(name, share):
    feeder = load_feeder(name)
    factor = share * nose.nose_factor(feeder)
    result = power_flow(feeder, factor * feeder.p_kw, factor * feeder.q_kvar)
    assert result.converged[0] == (share < 1.0)
    assert np.isnan(result.loss_kw[0]) == (share > 1.0)


@pytest.mark.parametrize("n_bus", [2, 3, 5, 7, 8, 9, 16, 17])
def test_tiles_of_any_size_are_moved_whole(n_bus):
    feeder = random_feeder(n_bus, n_bus)
    p_kw, q_kvar = random_loads(feeder, 19, n_bus)
    together = power_flow(feeder, p_kw, q_kvar)
    for case in range(19):
        alone = power_flow(feeder, p_kw[case], q_kvar[case])
        for name in OUTPUTS:
            one, many = getattr(alone, name)[0], getattr(together, name)[case]
            assert np.array_equal(one, many, equal_nan=True), name


def test_a_change_in_any_kernel_file_outdates_the_cached_kernels(tmp_path):
    """Kernels of one file are compiled into those of another, which numba's cache cannot know."""
    package = Path(jit.__file__).parent
    for name in ("jit", "kernels", "plan", "vector", "tiles", "block", "newton", "lanes", "stream"):
        folder = tmp_path / name
        shutil.copytree(package, folder, ignore=shutil.ignore_patterns("__pycache__", "feeders"))
        assert jit.kernel_sources(folder) == jit.kernel_sources(package)
        with (folder / f"{name}.py").open("a") as file:
            file.write("# changed\n")
        jit.kernel_sources.cache_clear()
        assert jit.kernel_sources(folder) != jit.kernel_sources(package)


def test_a_kernel_outside_the_package_is_outdated_by_its_own_package(tmp_path):
    package = tmp_path / "elsewhere"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "callee.py").write_text(
        "from powerflow.jit import kernel\n\n\n@kernel\ndef add(x):\n    return x + 1.0\n"
    )
    (package / "caller.py").write_text(
        "from elsewhere.callee import add\nfrom powerflow.jit import kernel\n\n\n"
        "@kernel\ndef twice(x):\n    return add(add(x))\n"
    )
    command = [sys.executable, "-c", "from elsewhere.caller import twice; print(twice(0.0))"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    for step, expected in ((1.0, "2.0"), (5.0, "10.0")):
        callee = package / "callee.py"
        callee.write_text(callee.read_text().replace("1.0", str(step)))
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == expected


SCRIPT = """
import sys, numpy as np
from powerflow import load_feeder, power_flow, score
feeder = load_feeder("ieee69")
rng = np.random.default_rng(3)
p = feeder.p_kw * rng.uniform(0, 2.5, (50, 69))
flow = power_flow(feeder, p, tol_pu=1e-13)
zips = power_flow(feeder, p, zip_shares=(0.2, 0.3, 0.5), tol_pu=1e-13)
at, kw = rng.integers(1, 69, (50, 2)), rng.uniform(0, 900, (50, 1, 2))
one = score(feeder, at, kw, 0.0, tol_pu=1e-13)
np.savez(sys.argv[1], v=flow.v_pu, z=zips.v_pu, loss=one.loss_kw / 1e3, low=one.v_min_pu)
"""

TARGETS = {
    "avx2": {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+sse2,+avx,+avx2,+fma"},
    "sse2": {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "+sse2"},
    "32 lanes": {"POWERFLOW_LANES": "32"},
}


def run_script(path, environment):
    subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)], check=True, env=os.environ | environment
    )
    return np.load(path)


@pytest.mark.parametrize(
    "target",
    ["sse2", *(pytest.param(name, marks=pytest.mark.slow) for name in ("avx2", "32 lanes"))],
)
def test_every_vector_width_gives_the_same_figures(target, tmp_path):
    here = run_script(tmp_path / "here.npz", {})
    there = run_script(tmp_path / "there.npz", TARGETS[target])
    for name in here.files:
        assert np.isfinite(here[name]).all()
        assert np.abs(here[name] - there[name]).max() < 1e-12, name


@pytest.mark.slow
@pytest.mark.parametrize("factor", [5.0, 20.0])
def test_divergent_neighbors_cost_at_most_half_as_much_again(factor):
    feeder = load_feeder("ieee69")
    p_kw, q_kvar = random_loads(feeder, 10_000, 0)
    worse_p, worse_q = p_kw.copy(), q_kvar.copy()
    worse_p[::20] *= factor
    worse_q[::20] *= factor

    def seconds(p, q):
        spent = []
        for _ in range(9):
            start = time.thread_time()
            power_flow(feeder, p, q, outputs=("v_pu",), n_threads=1)
            spent.append(time.thread_time() - start)
        return np.median(spent)

    assert not power_flow(feeder, worse_p, worse_q).converged.all()
    assert seconds(worse_p, worse_q) < 1.5 * seconds(p_kw, q_kvar)


@pytest.mark.slow
def test_a_million_candidates_stay_under_a_gibibyte():
    resource = pytest.importorskip("resource")
    feeder = load_feeder("brazil136")
    rng = np.random.default_rng(0)
    n_candidate = 1_000_000
    device_bus = rng.integers(1, 136, (n_candidate, 6), dtype=np.int64)
    result = score(feeder, device_bus, 20.0, [0.0, 0.0, -50.0, -50.0, -50.0, -50.0])
    assert result.converged.all()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2**20
