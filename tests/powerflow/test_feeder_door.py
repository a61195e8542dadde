"""Tests of make_feeder and Feeder: invariance, errors that name array and index, read-only data."""

import copy
import math
import pickle
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powerflow import Feeder, FeederError, make_feeder, synthetic_feeder
from powerflow.topology import subtree_sizes

# source S - A - (B - D, C)
RAW = {
    "name": "small",
    "base_kv": 10.0,
    "source": "S",
    "bus_id": ["S", "A", "B", "C", "D"],
    "p_kw": [0.0, 10.0, 20.0, 30.0, 40.0],
    "q_kvar": [0.0, 1.0, 2.0, 3.0, -4.0],
    "from_bus": ["S", "A", "A", "B"],
    "to_bus": ["A", "B", "C", "D"],
    "r_ohm": [0.1, 0.2, 0.3, 0.4],
    "x_ohm": [0.5, -0.6, 0.0, 0.8],
    "ampacity_a": [400.0, math.nan, 200.0, 100.0],
    "length_m": [0.0, 20.0, math.nan, 40.0],
    "kind": ["breaker", "line", "", "cable"],
    "customers": [0, 1, 2, 3, math.nan],
    "x": [0.0, 1.0, 2.0, 3.0, 4.0],
    "y": [0.0, -1.0, math.nan, 0.0, 0.0],
}
BUS_COLUMNS = ("bus_id", "p_kw", "q_kvar", "customers", "x", "y")
BRANCH_COLUMNS = ("from_bus", "to_bus", "r_ohm", "x_ohm", "ampacity_a", "length_m", "kind")


def small(**changes):
    return make_feeder(**(RAW | changes))


def with_entry(column, index, value):
    """Return RAW's column with one entry changed."""
    changed = list(RAW[column])
    changed[index] = value
    return {column: changed}


def content(feeder):
    """Return every field as plain values, NaN as None."""
    plain = {}
    for field in fields(feeder):
        value = getattr(feeder, field.name)
        value = value.tolist() if isinstance(value, np.ndarray) else value
        if isinstance(value, list):
            value = [None if item != item else item for item in value]
        plain[field.name] = value
    return plain


def shuffled(raw, random, flip=True):
    """Return raw columns with buses, branches and branch ends in random order."""
    out = dict(raw)
    bus_row = random.sample(range(len(raw["bus_id"])), len(raw["bus_id"]))
    branch_row = random.sample(range(len(raw["from_bus"])), len(raw["from_bus"]))
    out |= {column: [raw[column][k] for k in bus_row] for column in BUS_COLUMNS}
    out |= {column: [raw[column][k] for k in branch_row] for column in BRANCH_COLUMNS}
    for k in range(len(branch_row)):
        if flip and random.random() < 0.5:
            a, b = out["from_bus"][k], out["to_bus"][k]
            out["from_bus"][k], out["to_bus"][k] = b, a
    return out


def raw_columns(feeder):
    """Return what would make this feeder at the door."""
    raw = {column: list(getattr(feeder, column)) for column in BUS_COLUMNS}
    raw |= {column: list(getattr(feeder, column)[1:]) for column in BRANCH_COLUMNS[2:]}
    raw |= {"from_bus": [feeder.bus_id[k] for k in feeder.parent[1:]]}
    raw |= {"to_bus": list(feeder.bus_id[1:]), "source": feeder.bus_id[0]}
    raw |= {column: getattr(feeder, column) for column in ("name", "base_kv", "v_source_pu")}
    return raw


def test_columns_stand_in_sweep_order():
    feeder = small()
    assert feeder.bus_id == ("S", "A", "B", "D", "C")
    assert feeder.parent.tolist() == [-1, 0, 1, 2, 1]
    assert feeder.r_ohm.tolist() == [0.0, 0.1, 0.2, 0.4, 0.3]
    assert feeder.x_ohm.tolist() == [0.0, 0.5, -0.6, 0.8, 0.0]
    assert feeder.p_kw.tolist() == [0.0, 10.0, 20.0, 40.0, 30.0]
    assert feeder.q_kvar.tolist() == [0.0, 1.0, 2.0, -4.0, 3.0]
    np.testing.assert_array_equal(feeder.ampacity_a, [math.nan, 400.0, math.nan, 100.0, 200.0])
    np.testing.assert_array_equal(feeder.length_m, [math.nan, 0.0, 20.0, 40.0, math.nan])
    assert feeder.kind == ("", "breaker", "line", "cable", "")
    np.testing.assert_array_equal(feeder.customers, [0, 1, 2, math.nan, 3])
    assert (feeder.n_bus, feeder.n_branch, feeder.has_ampacity) == (5, 4, True)
    assert feeder.bus_index("D") == 3


def test_optional_columns_are_unknown_when_left_out():
    optional = ("ampacity_a", "length_m", "kind", "customers", "x", "y")
    feeder = make_feeder(**{key: value for key, value in RAW.items() if key not in optional})
    assert not feeder.has_ampacity
    assert feeder.kind == ("",) * 5
    for column in ("ampacity_a", "length_m", "customers", "x", "y"):
        assert np.isnan(getattr(feeder, column)).all()
    assert feeder.v_source_pu == 1.0


@settings(deadline=None)  # the first call compiles
@given(
    st.integers(2, 30), st.data(), st.booleans(), st.randoms(use_true_random=False), st.integers(0)
)
def test_row_order_and_branch_direction_do_not_matter(n_bus, data, is_scrambled, random, seed):
    depth = data.draw(st.integers(1, n_bus - 1))
    feeder = synthetic_feeder(n_bus=n_bus, depth=depth, seed=seed, is_scrambled=is_scrambled)
    again = make_feeder(**shuffled(raw_columns(feeder), random))
    assert content(again) == content(replace(feeder, title=""))
    assert again.digest() == feeder.digest()


@given(st.lists(st.text(min_size=1), min_size=5, max_size=5, unique_by=lambda text: text.strip()))
def test_any_printable_labels_will_do(labels):
    new = dict(zip(RAW["bus_id"], labels, strict=True))
    changes = {key: [new[bus] for bus in RAW[key]] for key in ("bus_id", "from_bus", "to_bus")}
    if not all(label.strip() and label.strip().isprintable() for label in labels):
        with pytest.raises(FeederError, match="expected a bus label"):
            small(source=new["S"], **changes)
        return
    feeder = small(source=new["S"], **changes)
    old = small()
    label_of = {new[bus].strip(): bus for bus in RAW["bus_id"]}
    is_same = [label.strip() for label in labels] == RAW["bus_id"]
    assert (feeder.digest() == old.digest()) == is_same
    for bus, label in enumerate(feeder.bus_id):
        at = old.bus_index(label_of[label])
        assert feeder.r_ohm[bus] == old.r_ohm[at]
        assert feeder.p_kw[bus] == old.p_kw[at]
        if bus:
            up = label_of[feeder.bus_id[feeder.parent[bus]]]
            assert up == old.bus_id[old.parent[at]]


def test_heavy_child_follows_its_parent():
    feeder = synthetic_feeder(n_bus=400, depth=60, seed=3, is_scrambled=True)
    size = subtree_sizes(feeder.parent)
    for bus in range(feeder.n_bus):
        children = np.flatnonzero(feeder.parent == bus)
        if len(children):
            assert feeder.parent[bus + 1] == bus
            assert size[bus + 1] == size[children].max()


def test_whole_numbers_and_text_are_the_same_labels():
    numbered = small(
        source=1,
        bus_id=[1, "2", np.int64(3), 4, " 5 "],
        from_bus=["1", 2, 2, 3],
        to_bus=[2, 3, 4, 5],
    )
    assert numbered.bus_id == ("1", "2", "3", "5", "4")
    assert numbered.bus_index(5) == numbered.bus_index("5") == 3


ERRORS = {
    "no name": ({"name": " "}, "name: expected a name on one line, not ' '"),
    "two-line name": ({"name": "a\nb"}, r"name: expected a name on one line, not 'a\\nb'"),
    "no buses": ({"bus_id": []}, "bus_id: no buses"),
    "no branches": (
        {"from_bus": [], "to_bus": []},
        "from_bus: no branches; expected at least one",
    ),
    "duplicate bus": (
        with_entry("bus_id", 3, "A"),
        r"bus_id\[3\]: bus A stands there a second time; it is already at bus_id\[1\]",
    ),
    "empty label": (with_entry("bus_id", 2, "  "), r"bus_id\[2\]: expected a bus label .*empty"),
    "two-line label": (with_entry("bus_id", 2, "a\nb"), r"bus_id\[2\]: expected .*'a\\nb'"),
    "fractional label": (with_entry("bus_id", 2, 2.0), r"bus_id\[2\]: expected .* not 2.0"),
    "true label": (with_entry("bus_id", 2, True), r"bus_id\[2\]: expected .* not True"),
    "unknown from": (
        with_entry("from_bus", 1, "Ax"),
        r"from_bus\[1\]: unknown bus Ax; it is not in bus_id \(did you mean A\?\)",
    ),
    "unknown to": (with_entry("to_bus", 3, "zz"), r"to_bus\[3\]: unknown bus zz"),
    "unknown source": ({"source": "T"}, "source: unknown source bus T; it is not in bus_id"),
    "empty source": ({"source": ""}, "source: expected a bus label"),
    "no source": ({"source": None}, "source: expected a bus label, .* not None"),
    "self": (
        with_entry("to_bus", 3, "B"),
        r"from_bus\[3\]: not radial, 1 loop: branch B-B joins bus B to itself; open",
    ),
    "parallel": (
        {key: [*RAW[key], RAW[key][1]] for key in BRANCH_COLUMNS}
        | {"from_bus": ["S", "A", "A", "B", "B"], "to_bus": ["A", "B", "C", "D", "A"]},
        r"from_bus\[4\]: not radial, 1 loop: branch B-A is parallel to the one at from_bus\[1\];",
    ),
    "loop": (
        {key: [*RAW[key], RAW[key][1]] for key in BRANCH_COLUMNS}
        | {"from_bus": ["S", "A", "A", "B", "D"], "to_bus": ["A", "B", "C", "D", "C"]},
        r"from_bus\[4\]: not radial, 1 loop: branch D-C closes the loop A, B, D, C; open a branch "
        "of each with --open FROM:TO, or let --radial mst choose$",
    ),
    "two loops": (
        {key: RAW[key] + RAW[key][1:3] for key in BRANCH_COLUMNS}
        | {"from_bus": ["S", "A", "A", "B", "D", "B"], "to_bus": ["A", "B", "C", "D", "C", "C"]},
        "not radial, 2 loops: branch D-C closes the loop A, B, D, C; "
        "branch B-C closes the loop A, B, C; open",
    ),
    "loop apart": (with_entry("from_bus", 1, "D"), r"branch D-B is parallel|branch B-D is par"),
    "cut off": (
        {key: RAW[key][:1] + RAW[key][2:] for key in BRANCH_COLUMNS},
        "from_bus: no path from the source S to 2 of 5 buses: B, D",
    ),
    "negative r": (
        with_entry("r_ohm", 2, -0.1),
        r"r_ohm\[2\]: expected a finite number that is not negative for branch A-C, not -0.1",
    ),
    "nan r": (with_entry("r_ohm", 0, math.nan), r"r_ohm\[0\]: .* for branch S-A, not nan"),
    "inf x": (with_entry("x_ohm", 1, -math.inf), r"x_ohm\[1\]: .* for branch A-B, not -inf"),
    "nan load": (with_entry("p_kw", 2, math.nan), r"p_kw\[2\]: .* for bus B, not nan"),
    "inf load": (with_entry("q_kvar", 4, math.inf), r"q_kvar\[4\]: .* for bus D, not inf"),
    "no ampacity": (
        with_entry("ampacity_a", 3, 0.0),
        r"ampacity_a\[3\]: .* positive for branch B-D, not 0.0",
    ),
    "inf ampacity": (with_entry("ampacity_a", 3, math.inf), r"ampacity_a\[3\]: .* not inf"),
    "negative length": (with_entry("length_m", 1, -1.0), r"length_m\[1\]: .* branch A-B"),
    "negative customers": (with_entry("customers", 1, -1), r"customers\[1\]: .* for bus A"),
    "inf x coordinate": (with_entry("x", 1, math.inf), r"x\[1\]: .* for bus A"),
    "text load": (with_entry("p_kw", 2, "many"), "p_kw: expected numbers"),
    "ragged load": (with_entry("p_kw", 2, [1, 2]), "p_kw: expected numbers"),
    "scalar load": ({"p_kw": 3.0}, r"p_kw: expected one number per row, shape \(5,\)"),
    "table of loads": ({"p_kw": [[0.0] * 5]}, r"p_kw: .* not shape \(1, 5\)"),
    "short loads": ({"p_kw": [0.0] * 4}, "p_kw: expected 5 entries, found 4"),
    "short r": ({"r_ohm": [0.0] * 3}, "r_ohm: expected 4 entries, found 3"),
    "short kind": ({"kind": ["line"]}, "kind: expected 4 entries, found 1"),
    "short to": ({"to_bus": ["A"]}, "to_bus: expected 4 entries, found 1"),
    "zero base": ({"base_kv": 0.0}, "base_kv: expected a base voltage in kV, a positive .* not 0"),
    "negative base": ({"base_kv": -10}, "base_kv: expected"),
    "nan base": ({"base_kv": math.nan}, "base_kv: expected .* not nan"),
    "text base": ({"base_kv": "10"}, "base_kv: expected"),
    "huge base": ({"base_kv": 10**400}, "base_kv: expected"),
    "zero source voltage": ({"v_source_pu": 0}, "v_source_pu: expected a source voltage in p.u."),
    "true source voltage": ({"v_source_pu": True}, "v_source_pu: expected"),
}


@pytest.mark.parametrize(("changes", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_each_fault_gives_one_clear_error(changes, message):
    with pytest.raises(FeederError, match=message) as caught:
        small(**changes)
    assert "\n" not in str(caught.value)


def test_bus_index_of_an_unknown_label_suggests_the_nearest():
    feeder = synthetic_feeder(n_bus=120, depth=20, seed=1)
    with pytest.raises(FeederError, match=r"has no bus 1190 \(did you mean 119\?\)"):
        feeder.bus_index(1190)


def test_arrays_are_read_only_and_apart_from_the_callers():
    p_kw = np.array(RAW["p_kw"])
    feeder = small(p_kw=p_kw)
    p_kw[1] = 99.0
    assert feeder.p_kw[1] == 10.0
    for seen in (feeder, pickle.loads(pickle.dumps(feeder)), copy.deepcopy(feeder)):
        for field in fields(Feeder):
            column = getattr(seen, field.name)
            if isinstance(column, np.ndarray):
                with pytest.raises(ValueError, match="read-only"):
                    column[0] = 1
    with pytest.raises(AttributeError):
        feeder.name = "other"
    assert content(pickle.loads(pickle.dumps(feeder))) == content(feeder)


def test_a_feeder_cannot_be_replaced_into_disorder():
    feeder = small()
    with pytest.raises(ValueError, match=r"p_kw: expected shape \(5,\), not \(3,\)"):
        replace(feeder, p_kw=np.zeros(3))
    with pytest.raises(ValueError, match=r"parent: expected -1 for bus 0"):
        replace(feeder, parent=np.array([-1, 0, 3, 1, 2]))
    with pytest.raises(ValueError, match=r"parent: expected -1 for bus 0"):
        replace(feeder, parent=np.array([-1, 0, -1, 1, 2]))
    with pytest.raises(ValueError, match="kind: expected 5 entries"):
        replace(feeder, kind=())


def test_digest_ignores_what_is_not_electrical():
    same = small(
        name="other",
        title="t",
        citation="c",
        notes=("n",),
        x=None,
        y=None,
        length_m=None,
        kind=None,
        customers=None,
    )
    assert same.digest() == small().digest()
    assert small(**with_entry("q_kvar", 0, -0.0)).digest() == small().digest()
    assert len(small().digest()) == 64


@pytest.mark.parametrize(
    "changes",
    [
        {"base_kv": 10.000000000000002},
        {"v_source_pu": 1.0000000000000002},
        {"source": "A"},
        with_entry("p_kw", 4, 40.00000000000001),
        with_entry("q_kvar", 4, 4.0),
        with_entry("r_ohm", 3, 0.4000000000000001),
        with_entry("x_ohm", 1, 0.6),
        with_entry("ampacity_a", 1, 100.0),
        with_entry("ampacity_a", 3, math.nan),
        with_entry("from_bus", 3, "C"),
        {"bus_id": ["S", "A", "C", "B", "D"]},
        {"bus_id": ["S", "A", "B", "C", "E"], "to_bus": ["A", "B", "C", "E"]},
    ],
)
def test_digest_sees_every_electrical_change(changes):
    assert small(**changes).digest() != small().digest()
