"""Fuzz of the folder reader: mutated folders give one clear error or a feeder that is right."""

import time
from pathlib import Path

import numpy as np
import pytest

import powerflow
from powerflow import FeederError, load_feeder, power_flow
from powerflow.topology import path_to_source

FEEDERS = Path(powerflow.__file__).parent / "feeders"
NAMES = ("branches.csv", "buses.csv", "feeder.toml")
CELLS = (
    *("", " ", "abc", "nan", "NaN", "inf", "-inf", "1e999", "1e308", "-1e308", "1e-320", "-1", "0"),
    *(
        "-0.0",
        "+7",
        "1_000",
        "0x1F",
        "1,2",
        "1;2",
        '"',
        '""',
        '"1',
        "'",
        "#",
        "# 1",
        "\t",
        "-",
        ".",
    ),
    *("é", "１２", "١٢", "\u2028", "\x00", "\x1c1", "\x85", "\ufeff1", "\r", "\n", "9" * 400),
    *("x" * 3000, "True", "None", "1 2", "1e", "=1+1", "NULL", "1j", "\\", "[", "{}", "1979-05-27"),
)
BYTES = (b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\r", b"\n", b'"', b",", b"\x1a", b"\xc3")


def edit_line(rng, lines):
    """Delete, duplicate, swap or invent a line."""
    at, other = rng.integers(len(lines), size=2)
    match rng.integers(5):
        case 0:
            del lines[at]
        case 1:
            lines.insert(other, lines[at])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines.insert(at, rng.choice(CELLS))
        case 4:
            lines[at] = lines[at] + rng.choice([",", ",1", " ", "#", '"'])


def edit_cell(rng, lines):
    """Replace a cell by something nasty or by another cell of the file."""
    at, other = rng.integers(len(lines), size=2)
    separator = "=" if "=" in lines[at] else ","
    cells, others = lines[at].split(separator), lines[other].split(separator)
    k = rng.integers(len(cells))
    cells[k] = rng.choice(CELLS) if rng.random() < 0.6 else others[rng.integers(len(others))]
    lines[at] = separator.join(cells)


def edit_column(rng, lines):
    """Drop, duplicate, swap or negate a column."""
    n_column = lines[0].count(",") + 1
    k, other = rng.integers(n_column, size=2)
    kind = rng.integers(4)
    for at, line in enumerate(lines):
        cells = line.split(",")
        if len(cells) != n_column:
            continue
        if kind == 0:
            del cells[k]
        elif kind == 1:
            cells.insert(other, cells[k])
        elif kind == 2:
            cells[k], cells[other] = cells[other], cells[k]
        elif at:
            cells[k] = "-" + cells[k]
        lines[at] = ",".join(cells)


def edit_bytes(rng, data):
    """Truncate, cut, flip, insert, repeat or re-encode."""
    a, b = sorted(rng.integers(len(data) + 1, size=2).tolist())
    match rng.integers(7):
        case 0:
            return data[:a]
        case 1:
            return data[:a] + data[b:]
        case 2:
            return data[:a] + bytes([int(rng.integers(256))]) + data[a + 1 :]
        case 3:
            return data[:a] + BYTES[rng.integers(len(BYTES))] + data[a:]
        case 4:
            return data[:a] + rng.bytes(int(rng.integers(1, 30))) + data[a:]
        case 5:
            return data + data[a:b]
        case _:
            return data.decode(errors="replace").encode(rng.choice(["utf-16", "utf-8-sig"]))


def mutate(rng, files):
    """Return the folder with one to three mutations; a file of None is missing."""
    files = dict(files)
    for _ in range(rng.integers(1, 4)):
        name = NAMES[rng.choice(3, p=(0.4, 0.4, 0.2))]
        data = files[name]
        kind = rng.choice(6, p=(0.25, 0.35, 0.1, 0.2, 0.07, 0.03))
        if kind == 4:  # one label, in every file or in one
            old, new = rng.choice(["1", "2", "7", "33", "150", "1001"]), rng.choice(CELLS)
            for which in NAMES if rng.random() < 0.7 else (name,):
                text = (files[which] or b"").decode(errors="surrogateescape")
                text = text.replace(f"{old},", f"{new},").replace(f"= {old}\n", f'= "{new}"\n')
                files[which] = text.encode(errors="surrogateescape")
        elif kind == 5:
            files[name] = None if rng.random() < 0.5 else files[NAMES[rng.integers(3)]]
        elif not data:
            continue
        elif kind == 3:
            files[name] = edit_bytes(rng, data)
        else:
            lines = data.decode(errors="surrogateescape").split("\n")
            (edit_line, edit_cell, edit_column)[kind](rng, lines)
            files[name] = "\n".join(lines).encode(errors="surrogateescape")
    return files


def assert_answer_is_right(feeder):
    """Check that every branch of a converged power flow obeys Ohm and Kirchhoff, in volts."""
    result = power_flow(feeder, n_threads=1)
    if not result.converged[0]:
        assert np.isnan(result.loss_kw[0])
        return
    v_volt = result.v_pu[0] * feeder.base_kv * 1e3 / np.sqrt(3.0)
    s_va = (feeder.p_kw + 1j * feeder.q_kvar) * 1e3 / 3.0
    for k in range(feeder.n_bus - 1, 0, -1):
        z_ohm = feeder.r_ohm[k] + 1j * feeder.x_ohm[k]
        i_amp = np.conj(s_va[k] / v_volt[k])
        assert abs(i_amp) == pytest.approx(result.i_a[0, k], rel=1e-5, abs=1e-5)
        sending_volt = v_volt[k] + z_ohm * i_amp
        assert abs(sending_volt) == pytest.approx(v_volt[feeder.parent[k]], rel=1e-6)
        s_va[feeder.parent[k]] += sending_volt * np.conj(i_amp)
    assert 3e-3 * s_va[0].real == pytest.approx(result.substation_kw[0], rel=1e-5, abs=1e-3)


def assert_feeder_is_valid(feeder):
    """Check what the door promises of every feeder."""
    assert len(set(feeder.bus_id)) == feeder.n_bus >= 2
    assert all(label == label.strip() and label.isprintable() for label in feeder.bus_id)
    for column in (feeder.r_ohm, feeder.x_ohm, feeder.p_kw, feeder.q_kvar):
        assert np.isfinite(column).all()
    assert (feeder.r_ohm >= 0.0).all()
    assert 0.0 < feeder.base_kv < np.inf
    assert 0.0 < feeder.v_source_pu < np.inf
    assert not (feeder.ampacity_a <= 0.0).any()
    assert not np.isinf(feeder.ampacity_a).any()
    for bus in range(feeder.n_bus):
        assert path_to_source(feeder.parent, bus)[-1] == 0


def fuzz(n_folder, seed, folder):
    """Load mutated folders; return how many were valid and how many refused."""
    rng = np.random.default_rng(seed)
    originals = [
        {name: (FEEDERS / feeder / name).read_bytes() for name in NAMES}
        for feeder in ("ieee33", "ieee69", "ieee123", "iowa240")
    ]
    n_valid, n_refused = 0, 0
    for number in range(n_folder):
        files = mutate(rng, originals[rng.choice(4, p=(0.6, 0.2, 0.1, 0.1))])
        for name, data in files.items():
            (folder / name).unlink(missing_ok=True)
            if data is not None:
                (folder / name).write_bytes(data)
        start = time.perf_counter()
        try:
            feeder = load_feeder(folder)
        except FeederError as error:
            text = str(error)
            assert len(text.splitlines()) == 1, (seed, number, text)
            assert text.startswith(str(folder)), (seed, number, text)
            assert len(text) < 2000, (seed, number, text)
            assert text.isprintable(), (seed, number, text)
            n_refused += 1
        else:
            assert_feeder_is_valid(feeder)
            assert_answer_is_right(feeder)
            n_valid += 1
        assert time.perf_counter() - start < 20.0, (seed, number)
    return n_valid, n_refused


def test_mutated_folders_are_refused_clearly_or_answered_rightly(tmp_path):
    n_valid, n_refused = fuzz(300, 20, tmp_path)
    assert n_valid > 30
    assert n_refused > 150


@pytest.mark.slow
def test_ten_thousand_mutated_folders(tmp_path):
    n_valid, n_refused = fuzz(10_000, 21, tmp_path)
    assert n_valid > 1000
    assert n_refused > 5000
