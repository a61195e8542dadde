"""A feeder's folder: what is read, in every spelling that does not matter."""

import math

import numpy as np
import pytest
from tables_folder import FILES, edit, write

from powerflow import FeederWarning, load_feeder


def test_a_folder_is_read(small):
    assert (small.name, small.base_kv, small.v_source_pu) == ("small", 10.0, 1.0)
    assert small.bus_id == ("S", "A", "B", "C")
    assert small.parent.tolist() == [-1, 0, 1, 1]
    assert small.r_ohm.tolist() == [0.0, 0.1, 0.2, 0.3]
    assert small.x_ohm.tolist() == [0.0, 0.5, 0.6, 0.7]
    assert small.p_kw.tolist() == [0.0, 10.0, 20.0, 30.0]
    assert small.q_kvar.tolist() == [0.0, 1.0, 2.0, -3.0]
    np.testing.assert_array_equal(small.ampacity_a, [math.nan, 400.0, math.nan, 200.0])
    np.testing.assert_array_equal(small.length_m, [math.nan, math.nan, 20.0, 30.0])
    np.testing.assert_array_equal(small.customers, [math.nan, 1.0, 2.0, 3.0])
    assert small.kind == ("", "breaker", "line", "")
    assert (small.x.tolist(), small.y.tolist()) == ([0.0, 1.0, 2.0, 2.0], [0.0, 0.0, 1.0, -1.0])


def test_words_and_source_voltage_are_read(tmp_path):
    more = (
        'slack_vpu_peak = 1.02\ntitle = "T"\ncitation = "C é"\nnotes = ["one", "two"]\nzone = 3\n'
    )
    feeder = load_feeder(write(tmp_path, {"feeder.toml": FILES["feeder.toml"] + more}))
    assert (feeder.v_source_pu, feeder.title, feeder.citation) == (1.02, "T", "C é")
    assert feeder.notes == ("one", "two")


ACCEPTED = {
    "comments and blank lines": {
        "branches.csv": "# a\n\n" + FILES["branches.csv"].replace("A,B", "  # A,B\n\n ,,,,,,\nA,B"),
        "buses.csv": FILES["buses.csv"].replace("B,20", "#B,20,2,2,2,1\nB,20") + "\n\n# end",
        "feeder.toml": "# a\n" + FILES["feeder.toml"],
    },
    "blanks around cells": {
        name: FILES[name].replace(",", "\t , ") for name in ("branches.csv", "buses.csv")
    },
    "quoted cells": {
        "buses.csv": FILES["buses.csv"].replace("B,20,2", '"B", "20" ,"2"'),
        "branches.csv": FILES["branches.csv"].replace("from_bus", '"from_bus"'),
    },
    "byte-order marks": {name: b"\xef\xbb\xbf" + text.encode() for name, text in FILES.items()},
    "CRLF": {name: text.replace("\n", "\r\n") for name, text in FILES.items()},
    "CR": {name: FILES[name].replace("\n", "\r") for name in ("branches.csv", "buses.csv")},
    "no last line end": {name: text.rstrip("\n") for name, text in FILES.items()},
    "columns in another order": {
        "buses.csv": "y,q_kvar,x,p_kw,customers,bus\n"
        "0,0,0,0,,S\n0,1,1,10,1,A\n1,2,2,20,2,B\n-1,-3,2,30,3,C\n"
    },
    "columns and files nobody knows": {
        "buses.csv": "".join(
            f"{line},{cell}\n"
            for line, cell in zip(
                FILES["buses.csv"].splitlines(), ("zone", "x", "", "nan", "7"), strict=True
            )
        ),
        "ties.csv": "nonsense",
    },
    "rows and ends in another order": {
        "branches.csv": "from_bus,to_bus,r_ohm,x_ohm,ampacity_a,length_m,kind\n"
        "C,A,0.3,0.7,200,30,\nA,B,0.2,0.6,,20,line\nA,S,0.1,0.5,400,,breaker\n"
    },
    "exponents and signs": edit("branches.csv", "0.2,0.6", "+2e-1,.6E0"),
}


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_spelling_that_does_not_matter(small, tmp_path, changes):
    feeder = load_feeder(write(tmp_path, changes))
    assert feeder.digest() == small.digest()
    assert feeder.bus_id == small.bus_id
    assert feeder.kind == small.kind
    for column in ("length_m", "customers", "x", "y"):
        np.testing.assert_array_equal(getattr(feeder, column), getattr(small, column))


def test_required_columns_are_enough(tmp_path):
    bare = {
        "branches.csv": "from_bus,to_bus,r_ohm,x_ohm\nS,A,0.1,0.5\n",
        "buses.csv": "bus,p_kw,q_kvar\nS,0,0\nA,10,1\n",
    }
    feeder = load_feeder(write(tmp_path, bare))
    assert feeder.n_bus == 2
    assert not feeder.has_ampacity
    assert feeder.kind == ("", "")


def test_labels_need_not_be_text_in_toml(tmp_path):
    numbered = {name: text.replace("S", "00150") for name, text in FILES.items()}
    assert load_feeder(write(tmp_path, numbered)).bus_id[0] == "00150"
    numbered = {name: text.replace("S", "150") for name, text in FILES.items()}
    numbered["feeder.toml"] = numbered["feeder.toml"].replace('"150"', "150")
    assert load_feeder(write(tmp_path, numbered)).bus_id[0] == "150"


def test_a_slip_in_the_name_of_an_optional_column_is_said(tmp_path):
    with pytest.warns(FeederWarning, match=r"branches\.csv: column ampacty_a is not read") as said:
        load_feeder(write(tmp_path, edit("branches.csv", "ampacity_a", "ampacty_a")))
    assert "did you mean ampacity_a?" in str(said[0].message)
