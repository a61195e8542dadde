"""Owns what our power flow costs beside the race: threads, divergent cases, memory."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np

from benchmarks.clock import by_turns, wall_seconds
from benchmarks.machine import Bystanders
from benchmarks.peers.cases import Case, far_bus, past_the_nose
from benchmarks.peers.feederlab import solve_siting, solve_voltages
from benchmarks.race import OURS, Row, judged

DIVERGENT_SHARE = 0.05
THREADS_SECONDS = 0.02
MEMORY_CASE = "brazil136"
MEMORY_N_CANDIDATE = 1_000_000


def thread_rows(case: Case, rounds: int) -> list[Row]:
    """Return how many times as fast two threads are, on the wall clock, in both jobs.

    The batch is repeated until one thread has something to do for a while. Only an idle machine
    has a second core to give: the note says how idle it was.
    """
    others = Bystanders()
    case = _repeated(case)
    calls = {
        "voltages 1": lambda: solve_voltages(case, 1),
        "voltages 2": lambda: solve_voltages(case, 2),
        "siting 1": lambda: solve_siting(case, 1),
        "siting 2": lambda: solve_siting(case, 2),
    }
    seconds = by_turns(calls, rounds, wall_seconds)
    said = f"{others.cores()} cores busy with other programs meanwhile"
    return [
        judged(
            Row(
                f"{job}, two threads", case.name, OURS,
                seconds[f"{job} 1"] / seconds[f"{job} 2"], "times one thread",
                target="figure >= 1.8", note=said,
            )
        )
        for job in ("voltages", "siting")
    ]  # fmt: skip


def _repeated(case: Case) -> Case:
    """Return the case with its power flows repeated until one thread takes THREADS_SECONDS."""
    seconds = min(wall_seconds(lambda: solve_siting(case)) for _ in range(3))
    n = math.ceil(THREADS_SECONDS / seconds)
    return replace(
        case,
        p_kw=np.tile(case.p_kw, (n, 1)),
        q_kvar=np.tile(case.q_kvar, (n, 1)),
        device_bus=np.tile(case.device_bus, (n, 1)),
        device_p_kw=np.tile(case.device_p_kw, (n, 1, 1)),
        device_q_kvar=np.tile(case.device_q_kvar, (n, 1, 1)),
    )


def divergent_rows(case: Case, rounds: int, seed: int) -> list[Row]:
    """Return what a batch costs with 5 % of its cases past the nose, over the clean one."""
    spoiled, n_bad = with_divergent(case, seed)
    found = {
        "voltages": int((~solve_voltages(spoiled).converged).sum()),
        "siting": int((~solve_siting(spoiled).converged).any(axis=1).sum()),
    }
    seconds = by_turns(
        {
            "voltages": lambda: solve_voltages(spoiled),
            "siting": lambda: solve_siting(spoiled),
            "voltages clean": lambda: solve_voltages(case),
            "siting clean": lambda: solve_siting(case),
        },
        rounds,
    )
    return [
        judged(
            Row(
                f"{job}, 5 % divergent", case.name, OURS,
                seconds[job] / seconds[f"{job} clean"], "times a clean batch",
                target="figure <= 1.5",
                note=f"{found[job]} flagged of {n_bad[job]} past the nose",
            )
        )
        for job in found
    ]  # fmt: skip


def with_divergent(case: Case, seed: int) -> tuple[Case, dict[str, int]]:
    """Return the case with 5 % of its power flows, or candidates, past the nose, and how many.

    In the voltages job all base loads are 1.05 to 3 times what the feeder can carry. In the siting
    job the first station takes that much, at the bus with the most impedance to the source: more
    than there is power for at any single bus but those near the source.
    """
    rng = np.random.default_rng([seed, 5])
    p_kw, q_kvar = case.p_kw.copy(), case.q_kvar.copy()
    rows = rng.permutation(len(p_kw))[: round(DIVERGENT_SHARE * len(p_kw))]
    factor = past_the_nose(case.feeder, len(rows), rng)[:, np.newaxis]
    p_kw[rows], q_kvar[rows] = case.feeder.p_kw * factor, case.feeder.q_kvar * factor
    bus, device_p_kw = case.device_bus.copy(), case.device_p_kw.copy()
    chosen = rng.permutation(len(bus))[: round(DIVERGENT_SHARE * len(bus))]
    bus[chosen, 0] = far_bus(case.feeder)
    device_p_kw[chosen, 0, 0] = case.feeder.p_kw.sum() * past_the_nose(
        case.feeder, len(chosen), rng
    )
    spoiled = replace(case, p_kw=p_kw, q_kvar=q_kvar, device_bus=bus, device_p_kw=device_p_kw)
    return spoiled, {"voltages": len(rows), "siting": len(chosen)}


def memory_row(n_candidate: int, seed: int) -> Row:
    """Return the peak memory of a process that scores so many candidates on 136 buses."""
    note = f"peak of a process of its own, {n_candidate:,} candidates in one load state"
    words = [sys.executable, "-m", "benchmarks.peers.memory", str(n_candidate), str(seed)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        figure = json.loads(done.stdout)["peak_mib"]
    else:
        figure, note = None, done.stderr.strip().splitlines()[-1]
    return judged(
        Row("siting, memory", MEMORY_CASE, OURS, figure, "MiB", target="figure <= 1024", note=note)
    )
