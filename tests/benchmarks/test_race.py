"""The power flow race: who may take part, what becomes of failures, what the ratios are."""

import csv
import json
import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest

from benchmarks import cli
from benchmarks.peers import costs, power_flow
from benchmarks.peers.bound import bound_cycles, measured_cycles
from benchmarks.peers.cases import (
    N_CASE,
    device_loads,
    far_bus,
    make_case,
    target_ratios,
)
from benchmarks.peers.contender import Contender, Prepared
from benchmarks.peers.feederlab import solve_voltages
from benchmarks.peers.memory import own_peak_mib
from benchmarks.race import OURS, Row, judged, to_content, to_row, with_ratios
from benchmarks.registry import Task


@pytest.fixture(scope="module")
def case():
    return make_case("ieee33", 100, 1)


@pytest.fixture
def task(tmp_path):
    return Task(tmp_path, 1, True, lambda line: None)


def answering(name, change_pu=0.0):
    """Make a contender that copies our voltages and adds something."""

    def prepare(feeder, p_kw, q_kvar):
        case = make_case("ieee33", 100, 1)
        assert np.array_equal(p_kw, case.p_kw)
        return Prepared(lambda: solve_voltages(case).v_pu + change_pu, "set up so")

    return Contender(name, prepare)


def raising(feeder, p_kw, q_kvar):
    raise ValueError("cannot do trees\nand more")


def test_ratios_are_to_the_best_peer_and_failures_stay():
    rows = with_ratios(
        [
            Row("voltages", "a", OURS, 240.0, "1/s", target="ratio >= 24"),
            Row("voltages", "a", "slow", 5.0, "1/s"),
            Row("voltages", "a", "fast", 10.0, "1/s"),
            Row("voltages", "a", "broken", None, "1/s", note="failed"),
        ]
    )
    assert [row.ratio_to_best_peer for row in rows] == [24.0, 0.5, 1.0, None]
    assert [row.is_met for row in rows] == [True, None, None, None]
    assert rows[3].note == "failed"


def test_without_a_peer_there_is_no_ratio_and_the_target_is_missed():
    (ours, _) = with_ratios(
        [
            Row("voltages", "a", OURS, 240.0, "1/s", target="ratio >= 24"),
            Row("voltages", "a", "broken", None, "1/s"),
        ]
    )
    assert ours.ratio_to_best_peer is None
    assert ours.is_met is False


@pytest.mark.parametrize(
    ("target", "figure", "is_met"),
    [
        ("figure <= 1.5", 1.5, True),
        ("figure <= 1.5", 1.51, False),
        ("figure >= 1.8", 1.79, False),
        ("figure >= 1.8", 1.8, True),
        ("figure <= 1.5", None, False),
        ("", 3.0, None),
    ],
)
def test_targets(target, figure, is_met):
    assert judged(Row("j", "c", OURS, figure, "u", target=target)).is_met is is_met


def test_a_row_survives_its_json():
    row = Row("voltages", "a", "b", 1.25, "1/s", 0.5, "ratio >= 24", False, "note")
    assert to_row(json.loads(json.dumps(to_content(row)))) == row
    assert to_row(json.loads(json.dumps(to_content(Row("j", "c", "d", None, "u"))))).figure is None


@pytest.mark.parametrize(
    ("contender", "said"),
    [
        (Contender("x", raising), "failed: ValueError: cannot do trees"),
        (answering("x", 2e-7), "does not agree: voltages differ by up to 2.0e-07 p.u."),
        (answering("x", np.nan), "does not agree: voltages differ by up to nan p.u."),
    ],
)
def test_who_fails_or_disagrees_is_not_timed(case, contender, said):
    v_pu = solve_voltages(case).v_pu
    assert power_flow.admit(contender, case, v_pu) == (None, None, said)


def test_who_agrees_takes_part_and_who_is_slow_is_timed_once(case, monkeypatch):
    v_pu = solve_voltages(case).v_pu
    solve, seconds, note = power_flow.admit(answering("x", 5e-8), case, v_pu)
    assert solve is not None
    assert seconds > 0.0
    assert note == "set up so"
    monkeypatch.setattr(power_flow, "SLOW_S", 0.0)
    solve, seconds, note = power_flow.admit(answering("x"), case, v_pu)
    assert solve is None
    assert seconds > 0.0
    assert note == "set up so; timed once"


def test_every_contender_has_a_row_in_both_jobs(case, task):
    contenders = [answering("copy"), Contender("broken", raising)]
    rows = power_flow.race_case(case, contenders, 2, task)
    for job in ("voltages", "siting"):
        of_job = {row.contender: row for row in rows if row.job == job}
        assert list(of_job) == [OURS, "copy", "broken"]
        assert of_job["copy"].ratio_to_best_peer == 1.0
        assert of_job["broken"].figure is None
        ratio = of_job[OURS].figure / of_job["copy"].figure
        assert of_job[OURS].ratio_to_best_peer == pytest.approx(ratio)
    cycles = {(row.job, row.contender): row.figure for row in rows if row.unit == power_flow.CYCLES}
    assert len(cycles) == 4
    bound = cycles["voltages, cycles", "instruction bound"]
    assert bound == bound_cycles()
    assert cycles["voltages, cycles", OURS] > bound


def test_cycles():
    # 1 s at 3 GHz for 1000 cases of 101 buses in 10 sweeps.
    assert measured_cycles(1.0, 3e9, 1000, 100, 10.0) == pytest.approx(3000.0)
    assert bound_cycles(4) == 2.0 * bound_cycles(8)


def test_cases_repeat_and_are_what_they_say(case):
    again, other = make_case("ieee33", 100, 1), make_case("ieee33", 100, 2)
    assert np.array_equal(case.p_kw, again.p_kw)
    assert np.array_equal(case.device_bus, again.device_bus)
    assert not np.array_equal(case.p_kw, other.p_kw)
    factor = case.p_kw[:, 1:] / case.feeder.p_kw[1:]
    assert 0.25 <= factor.min() < 0.5
    assert 1.5 < factor.max() <= 2.25
    assert case.device_bus.min() >= 1
    assert case.device_bus.shape == (50, 6)
    assert (case.device_p_kw[:, 0, :2] > 0.0).all()
    assert (case.device_q_kvar[:, 0, 2:] < 0.0).all()


def test_spelled_out_loads(case):
    p_kw, q_kvar = device_loads(case)
    n_state = len(case.state_p_kw)
    for candidate in (0, 17):
        for state in range(n_state):
            p, q = case.state_p_kw[state].copy(), case.state_q_kvar[state].copy()
            for device, bus in enumerate(case.device_bus[candidate]):
                p[bus] += case.device_p_kw[candidate, 0, device]
                q[bus] += case.device_q_kvar[candidate, 0, device]
            assert p_kw[candidate * n_state + state] == pytest.approx(p)
            assert q_kvar[candidate * n_state + state] == pytest.approx(q)


def test_targets_by_size():
    assert [target_ratios(n) for n in (33, 69, 85, 118, 136, 5000)] == [
        (24, 45), (35, 60), (40, 60), (48, 80), (48, 80), (48, 80),
    ]  # fmt: skip
    assert list(N_CASE.values()) == [10_000] * 5 + [2_000, 400]


def test_five_percent_have_no_solution_in_either_job(case):
    assert case.feeder.bus_id[far_bus(case.feeder)] == "18"
    spoiled, n_bad = costs.with_divergent(case, 1)
    assert n_bad == {"voltages": 5, "siting": 2}
    assert (~solve_voltages(spoiled).converged).sum() == 5
    rows = costs.divergent_rows(case, 2, 1)
    assert [row.note for row in rows] == [
        "5 flagged of 5 past the nose", "2 flagged of 2 past the nose",
    ]  # fmt: skip


def test_the_command_leaves_its_files_with_or_without_peers(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(power_flow, "QUICK_N_CASE", {"ieee33": 64})
    out = tmp_path / "race"
    assert cli.main(["peers", "power-flow", "--quick", "--json", "--out", str(out)]) == 0
    answer = json.loads(capsys.readouterr().out)
    with (out / "race.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == [field.name for field in fields(Row)]
    assert list(rows[0])[:6] == [
        "job", "case", "contender", "figure", "unit", "ratio_to_best_peer",
    ]  # fmt: skip
    assert len(rows) == len(answer["rows"])
    timed = {row["contender"] for row in rows if row["job"] == "voltages"}
    assert {"feederlab", "tensorpowerflow", "power-grid-model linear"} <= timed
    # Of each peer there is a figure or a reason.
    assert all(row["figure"] or row["note"] for row in rows)
    memory = next(row for row in rows if row["job"] == "siting, memory")
    assert 50.0 < float(memory["figure"]) < 1024.0
    page = (out / "race.md").read_text(encoding="utf-8")
    assert "Targets missed" in page
    assert (out / "power_flows.png").stat().st_size > 5_000
    assert "cores_busy_with_others" in json.loads((out / "machine.json").read_text())
    assert not (out / "checkpoints").exists()


def test_the_peak_of_a_process_is_its_own():
    before = own_peak_mib()
    held = np.ones(256 * 2**17)
    after = own_peak_mib()
    # Less than what is held if this process had held more before.
    assert 100.0 < after - before < 280.0
    del held
    words = [
        sys.executable,
        "-c",
        "from benchmarks.peers.memory import own_peak_mib as p; print(p())",
    ]
    child = subprocess.run(words, capture_output=True, text=True, check=True)
    # It does not inherit the peak of the process that started it.
    assert float(child.stdout) < after - 20.0
