"""Owns the comparison with pandapower's Newton on random radial feeders, past the nose included."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import machine_class, versions
from benchmarks.registry import Task
from benchmarks.resume import Parts
from powerflow import power_flow, synthetic_feeder
from powerflow.feeder import Feeder
from powerflow.writers.pandapower import to_pandapower
from problems.core.content import from_content, json_text, write_text
from problems.report.tables import write_table

FloatArray = NDArray[np.float64]

N_FEEDER = 1_000
_N_PART = 100
AGREEMENT_PU = 1e-8
PAST_THE_NOSE_SHARE = 0.1

_TOLERANCES_MVA = (1e-11, 1e-10, 1e-9)
"""Tried in turn: what rounding leaves on the larger feeders."""

_MAX_ITERATIONS = 50


@dataclass(frozen=True, slots=True)
class Comparison:
    """Hold one feeder and what both programs said of it.

    Parameters
    ----------
    feeder : int
        Its number; with the seed of all, it makes the feeder (`random_feeder`).
    n_bus : int
    share_of_nose : float
        Loads over the greatest loads of the same proportions that have a power flow.
    is_solved, is_solved_by_pandapower : bool
    difference_pu : float or None
        Largest difference of |V|; None where either has no solution.
    agrees : bool
        Both solved it to the same voltages, or neither did.
    """

    feeder: int
    n_bus: int
    share_of_nose: float
    is_solved: bool
    is_solved_by_pandapower: bool
    difference_pu: float | None
    agrees: bool


def run(task: Task) -> Mapping[str, Any]:
    """Compare 1,000 feeders and write trust.csv and trust.json."""
    n = 20 if task.is_quick else N_FEEDER
    parts = Parts(task.out, "trust", {"seed": task.seed}, ("powerflow",))
    rows: list[Comparison] = []
    for first in range(0, n, _N_PART):
        numbers = range(first, min(first + _N_PART, n))
        part = parts.get(
            f"trust-{numbers.start}-{numbers.stop}",
            partial(_part, task.seed, numbers),
        )
        rows += [from_content(Comparison, row, "comparison") for row in part]
        disagree = sum(not row.agrees for row in rows)
        task.say(f"{len(rows)} of {n} feeders, {disagree} disagree")
    differences = [row.difference_pu for row in rows if row.difference_pu is not None]
    content = {
        "seed": task.seed,
        "feeders": n,
        "agree": sum(row.agrees for row in rows),
        "solved_by_both": len(differences),
        "flagged_by_both": sum(row.agrees and not row.is_solved for row in rows),
        "largest_difference_pu": max(differences, default=None),
        "tolerance_pu": AGREEMENT_PU,
        "machine": {**machine_class(), "versions": versions(("pandapower", "numpy", "numba"))},
    }
    write_table(task.out / "trust.csv", [asdict(row) for row in rows])
    write_text(task.out / "trust.json", json_text(content))
    parts.remove()
    return content


def _part(seed: int, numbers: range) -> list[dict[str, Any]]:
    return [asdict(row) for row in compare_many(seed, numbers)]


def compare_many(seed: int, numbers: Iterable[int]) -> Iterator[Comparison]:
    """Compare feeders of a seed by their numbers."""
    for number in numbers:
        feeder, share = random_feeder(seed, number)
        yield compare(number, feeder, share)


def random_feeder(seed: int, number: int) -> tuple[Feeder, float]:
    """Return a random feeder, and its loads as a share of the nose.

    2 to 300 buses, small feeders as often as large ones; any depth; R/X of the branches anywhere
    between 0.1 and 10; labels, order and direction of branches at random; 0.4 to 20 kV. The loads
    are up to 0.9 of the nose; on every tenth feeder they are 1.02 to 3 times the nose.
    """
    rng = np.random.default_rng([seed, number])
    n_bus = round(np.exp(rng.uniform(np.log(2.0), np.log(300.0))))
    low, high = np.sort(10.0 ** rng.uniform(-1.0, 1.0, 2))
    is_past = rng.random() < PAST_THE_NOSE_SHARE
    share = rng.uniform(1.02, 3.0) if is_past else rng.uniform(0.02, 0.9)
    feeder = synthetic_feeder(
        n_bus=n_bus,
        depth=int(rng.integers(1, n_bus)),
        seed=int(rng.integers(2**31)),
        loading=0.5,
        r_over_x=(low, high),
        base_kv=rng.choice([0.4, 4.16, 12.66, 20.0]),
        v_source_pu=rng.uniform(0.95, 1.05),
        is_scrambled=True,
    )
    factor = share / 0.5
    return replace(feeder, p_kw=factor * feeder.p_kw, q_kvar=factor * feeder.q_kvar), share


def compare(number: int, feeder: Feeder, share_of_nose: float) -> Comparison:
    """Solve a feeder with both programs, ours at its default tolerance."""
    ours = power_flow(feeder, outputs=("v_pu",))
    theirs_pu = pandapower_voltages(feeder)
    is_solved, is_theirs = bool(ours.converged[0]), theirs_pu is not None
    difference = None
    if is_solved and theirs_pu is not None and ours.v_pu is not None:
        difference = float(np.abs(ours.v_pu[0] - theirs_pu).max())
    agrees = is_solved == is_theirs if difference is None else difference <= AGREEMENT_PU
    return Comparison(number, feeder.n_bus, share_of_nose, is_solved, is_theirs, difference, agrees)


def pandapower_voltages(feeder: Feeder) -> FloatArray | None:
    """Return |V| in p.u., (n_bus,), by Newton-Raphson, or None where it does not converge."""
    import pandapower

    net = to_pandapower(feeder)
    for tolerance_mva in _TOLERANCES_MVA:
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                pandapower.runpp(
                    net,
                    algorithm="nr",
                    init="flat",
                    tolerance_mva=tolerance_mva,
                    max_iteration=_MAX_ITERATIONS,
                    numba=False,
                )
        except pandapower.LoadflowNotConverged:
            continue
        v_pu: FloatArray = net.res_bus.vm_pu.to_numpy()
        return v_pu
    return None
