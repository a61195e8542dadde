"""Owns the power flow race: check that contenders agree, time them by turns, keep every failure.

Two jobs. Voltages: loads of every (case, bus) in, |V| out, which is what every peer is made for.
Siting: base load states and a few devices in; losses, extreme voltages and greatest loading out.
Peers must be given all loads and all voltages for that too, so their rate in the siting job is the
one of the voltages job; spelling out the loads and drawing the figures from the voltages is left
out, in their favor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks.clock import by_turns, cpu_seconds, processor_hz
from benchmarks.machine import Bystanders, load_average, machine_class, versions
from benchmarks.peers import costs, lightsim2grid, power_grid_model, tensorpowerflow
from benchmarks.peers.bound import bound_cycles, measured_cycles
from benchmarks.peers.cases import (
    N_CASE,
    QUICK_N_CASE,
    Case,
    FloatArray,
    make_case,
    target_ratios,
)
from benchmarks.peers.contender import Contender
from benchmarks.peers.feederlab import AGREEMENT_PU, check, solve_siting, solve_voltages
from benchmarks.peers.page import write_results
from benchmarks.race import OURS, Row, to_content, to_row, with_ratios
from benchmarks.registry import Task
from benchmarks.resume import Parts

RATE = "power flows per CPU second"
CYCLES = "cycles per bus and iteration"
SLOW_S = 5.0
"""A contender whose first call takes longer than this is timed by that call alone."""

PACKAGES = ("power-grid-model", "lightsim2grid", "tensorpowerflow", "pandapower", "numpy", "numba")


def run(task: Task) -> Mapping[str, Any]:
    """Run the race and write race.csv, race.md, power_flows.png and machine.json."""
    n_case = QUICK_N_CASE if task.is_quick else N_CASE
    rounds = 2 if task.is_quick else 7
    n_memory = 10_000 if task.is_quick else costs.MEMORY_N_CANDIDATE
    settings = {"seed": task.seed, "cases": n_case, "rounds": rounds, "memory": n_memory}
    machine = {**machine_class(), "versions": versions(PACKAGES)}
    parts = Parts(
        task.out, "race", {**settings, "machine": machine}, ("benchmarks/peers", "powerflow")
    )
    rows: list[Row] = []
    others = {}
    for name, n in n_case.items():

        def race_one(name: str = name, n: int = n) -> dict[str, Any]:
            task.say(f"{name}: {n:,} cases")
            others = Bystanders()
            case = make_case(name, n, task.seed)
            made = race_case(case, all_contenders(), rounds, task)
            made += costs.thread_rows(case, rounds)
            made += costs.divergent_rows(case, rounds, task.seed)
            return {"others": others.cores(), "rows": [to_content(row) for row in made]}

        part = parts.get(name, race_one)
        rows += [to_row(content) for content in part["rows"]]
        others[name] = part["others"]
    task.say("memory")
    memory = parts.get("memory", lambda: to_content(costs.memory_row(n_memory, task.seed)))
    rows.append(to_row(memory))
    content = {
        "settings": settings,
        "machine": machine,
        "load_average_at_end": load_average(),
        "cores_busy_with_others": others,
        "rows": [to_content(row) for row in rows],
    }
    write_results(task.out, rows, content)
    parts.remove()
    return content


def all_contenders() -> list[Contender]:
    """Return every peer's contenders."""
    return [
        *power_grid_model.contenders(),
        *lightsim2grid.contenders(),
        *tensorpowerflow.contenders(),
    ]


def race_case(case: Case, contenders: list[Contender], rounds: int, task: Task) -> list[Row]:
    """Return the rows of both jobs, and of cycles, on one case."""
    checked = check(case)
    calls: dict[str, Callable[[], object]] = {
        "voltages": lambda: solve_voltages(case),
        "siting": lambda: solve_siting(case),
        "processor": processor_hz,
    }
    figures: dict[str, float | None] = {}
    notes: dict[str, str] = {}
    for contender in contenders:
        name = contender.name
        solve, seconds, notes[name] = admit(contender, case, checked.v_pu)
        figures[name] = None if seconds is None else case.n_case / seconds
        if solve is not None:
            calls[name] = solve
        task.say(f"  {name}: {notes[name] or 'agrees'}")
    hz: list[float] = []
    calls["processor"] = lambda: hz.append(processor_hz())
    seconds_of = by_turns(calls, rounds)
    for name in calls.keys() & figures.keys():
        figures[name] = case.n_case / seconds_of[name]
    rows = []
    iterations = {"voltages": checked.voltage_iterations, "siting": checked.siting_iterations}
    n_branch = case.feeder.n_bus - 1
    for job, target in zip(iterations, target_ratios(case.feeder.n_bus), strict=True):
        ours = Row(
            job, case.name, OURS, case.n_case / seconds_of[job], RATE,
            target=f"ratio >= {target}", note=f"{iterations[job]:.2f} sweeps in the mean",
        )  # fmt: skip
        peers = [Row(job, case.name, n, figures[n], RATE, note=notes[n]) for n in figures]
        rows += with_ratios([ours, *peers])
        cycles = measured_cycles(
            seconds_of[job], float(np.median(hz)), case.n_case, n_branch, iterations[job]
        )
        label = f"{job}, cycles"
        note = f"end to end, at {np.median(hz) / 1e9:.2f} GHz"
        rows += [
            Row(label, case.name, OURS, cycles, CYCLES, note=note),
            Row(label, case.name, "instruction bound", bound_cycles(), CYCLES),
        ]
    return rows


def admit(
    contender: Contender, case: Case, v_pu: FloatArray
) -> tuple[Callable[[], object] | None, float | None, str]:
    """Let a contender solve the case once and say whether its voltages are the right ones.

    Returns
    -------
    solve : callable or None
        For the clock; None if it failed, or is so slow that this one call is its time.
    seconds : float or None
        Of this call; None if it failed.
    note : str
        Why it failed, or how it was set up.
    """
    answers: list[FloatArray] = []
    try:
        prepared = contender.prepare(case.feeder, case.p_kw, case.q_kvar)
        seconds = cpu_seconds(lambda: answers.append(prepared.solve()))
    except Exception as error:  # whatever a peer raises is a row, not the end of the race
        lines = str(error).strip().splitlines() or [""]
        return None, None, f"failed: {type(error).__name__}: {lines[0]}"[:200]
    deviation = np.abs(answers[0] - v_pu).max()
    if not deviation <= AGREEMENT_PU:
        return None, None, f"does not agree: voltages differ by up to {deviation:.1e} p.u."
    if seconds > SLOW_S:
        said = f"{prepared.note}; timed once" if prepared.note else "timed once"
        return None, seconds, said
    return prepared.solve, seconds, prepared.note
