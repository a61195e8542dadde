"""A feeder's folder: each fault gives one line that names file, row and bus."""

import pytest
from tables_folder import FILES, edit, write

from powerflow import FeederError, load_feeder, synthetic_feeder

# fault: changed files, the file at fault, the rest of the message
ERRORS = {
    "no branches file": ({"branches.csv": None, "x": ""}, "", "branches.csv: no such file"),
    "no buses file": ({"buses.csv": None}, "buses.csv", ": no such file"),
    "no toml file": ({"feeder.toml": None}, "feeder.toml", ": no such file"),
    "no column r_ohm": (
        edit("branches.csv", "r_ohm", "r"),
        "branches.csv",
        " line 1: no column r_ohm; found from_bus, to_bus, r, x_ohm",
    ),
    "no column bus": (edit("buses.csv", "bus,", "node,"), "buses.csv", " line 1: no column bus;"),
    "semicolons": (
        {"buses.csv": FILES["buses.csv"].replace(",", ";")},
        "buses.csv",
        " line 1: no column bus; found bus;p_kw;q_kvar",
    ),
    "column twice": (
        edit("buses.csv", "customers", "p_kw"),
        "buses.csv",
        ": column p_kw stands there twice",
    ),
    "empty file": ({"branches.csv": ""}, "branches.csv", ": empty; expected the columns from_bus"),
    "comments only": ({"buses.csv": "# bus\n"}, "buses.csv", ": empty; expected the columns bus"),
    "header only": (
        {"branches.csv": FILES["branches.csv"].split("\n")[0]},
        "branches.csv",
        ": no branches; expected at least one",
    ),
    "no buses": ({"buses.csv": "bus,p_kw,q_kvar\n"}, "buses.csv", ": no buses"),
    "short line": (
        edit("branches.csv", "A,B,0.2,0.6,,20,line", "A,B,0.2,0.6"),
        "branches.csv",
        " line 3: expected 7 cells, found 4 (A,B,0.2,0.6)",
    ),
    "long line": (
        edit("buses.csv", "B,20,", "B,2,0,"),
        "buses.csv",
        " line 4: expected 6 cells, found 7",
    ),
    "text for a number": (
        edit("branches.csv", "0.6", "O.6"),
        "branches.csv",
        " line 3, column x_ohm: expected a finite number for branch A-B, not O.6",
    ),
    "decimal comma": (
        edit("branches.csv", "0.6", '"0,6"'),
        "branches.csv",
        " line 3, column x_ohm: expected a finite number for branch A-B, not 0,6",
    ),
    "underscore": (
        edit("buses.csv", "B,20", "B,2_0"),
        "buses.csv",
        " line 4, column p_kw: expected a finite number for bus B, not 2_0",
    ),
    "empty load": (
        edit("buses.csv", "B,20", "B,"),
        "buses.csv",
        " line 4, column p_kw: expected a finite number for bus B, found an empty cell",
    ),
    "nan": (
        edit("buses.csv", "20,2", "20,NaN"),
        "buses.csv",
        " line 4, column q_kvar: expected a finite number for bus B, not NaN",
    ),
    "nan for unknown": (
        edit("branches.csv", "400", "nan"),
        "branches.csv",
        " line 2, column ampacity_a: expected a finite number for branch S-A, not nan",
    ),
    "infinity": (
        edit("branches.csv", "0.3", "inf"),
        "branches.csv",
        " line 4, column r_ohm: expected a finite number for branch A-C, not inf",
    ),
    "beyond floats": (
        edit("buses.csv", "20,2", "20,1e999"),
        "buses.csv",
        " line 4, column q_kvar: expected a finite number for bus B, not 1e999",
    ),
    "comment after a row": (
        edit("buses.csv", "2,1\n", "2,1 # end\n"),
        "buses.csv",
        " line 4, column y: expected a finite number for bus B, not 1 # end",
    ),
    "duplicate bus": (
        edit("buses.csv", "C,30", "B,30"),
        "buses.csv",
        " line 5, column bus: bus B stands there a second time; it is already at ",
    ),
    "empty label": (
        edit("buses.csv", "C,30", ",30"),
        "buses.csv",
        " line 5, column bus: expected a bus label",
    ),
    "unknown bus": (
        edit("branches.csv", "A,C", "A,D"),
        "branches.csv",
        " line 4, column to_bus: unknown bus D; it is not in ",
    ),
    "bus without branch": (
        {"buses.csv": FILES["buses.csv"] + "E,1,1,1,,\n"},
        "branches.csv",
        ": no path from the source S to 1 of 5 buses: E",
    ),
    "two parents": (
        {"branches.csv": FILES["branches.csv"] + "\nC,B,1,1,,,\n"},
        "branches.csv",
        " line 6, column from_bus: not radial, 1 loop: branch C-B closes the loop A, C, B; open a ",
    ),
    "parallel": (
        {"branches.csv": FILES["branches.csv"] + "B,A,1,1,,,\n"},
        "branches.csv",
        " line 5, column from_bus: not radial, 1 loop: branch B-A is parallel to the one at ",
    ),
    "to itself": (
        edit("branches.csv", "A,C", "C,C"),
        "branches.csv",
        " line 4, column from_bus: not radial, 1 loop: branch C-C joins bus C to itself; open a ",
    ),
    "cut off": (
        edit("branches.csv", "S,A", "# S,A"),
        "branches.csv",
        ": no path from the source S to 3 of 4 buses: A, B, C",
    ),
    "negative resistance": (
        edit("branches.csv", "0.2,0.6", "-0.2,0.6"),
        "branches.csv",
        " line 3, column r_ohm: expected a finite number that is not negative for branch A-B, "
        "not -0.2",
    ),
    "negative ampacity": (
        edit("branches.csv", "200", "-200"),
        "branches.csv",
        " line 4, column ampacity_a: expected a finite number that is positive for branch A-C, "
        "not -200.0",
    ),
    "negative length": (
        edit("branches.csv", "20,line", "-20,line"),
        "branches.csv",
        " line 3, column length_m: expected a finite number that is not negative for branch A-B",
    ),
    "zero base voltage": (
        edit("feeder.toml", "10", "0"),
        "feeder.toml",
        ", base_kv: expected a base voltage in kV, a positive number, not 0",
    ),
    "negative base voltage": (edit("feeder.toml", "10", "-10"), "feeder.toml", ", base_kv: exp"),
    "nan base voltage": (edit("feeder.toml", "10", "nan"), "feeder.toml", ", base_kv: expected"),
    "text base voltage": (edit("feeder.toml", "10", '"10"'), "feeder.toml", ", base_kv: expected"),
    "source voltage": (
        {"feeder.toml": FILES["feeder.toml"] + "slack_vpu_peak = -1.0"},
        "feeder.toml",
        ", slack_vpu_peak: expected a source voltage in p.u., a positive number, not -1.0",
    ),
    "no name": (edit("feeder.toml", "name", "nom"), "feeder.toml", ": no key name"),
    "no base": (edit("feeder.toml", "base_kv", "kv"), "feeder.toml", ": no key base_kv"),
    "no source": (edit("feeder.toml", "slack_bus", "source"), "feeder.toml", ": no key slack_bus"),
    "unknown source": (
        edit("feeder.toml", '"S"', '"T"'),
        "feeder.toml",
        ", slack_bus: unknown source bus T; it is not in ",
    ),
    "source of a wrong kind": (
        edit("feeder.toml", '"S"', "1.0"),
        "feeder.toml",
        ", slack_bus: expected a bus label, text or a whole number, not 1.0",
    ),
    "empty name": (edit("feeder.toml", "small", ""), "feeder.toml", ", name: expected a name on "),
    "name of a wrong kind": (
        edit("feeder.toml", '"small"', "3"),
        "feeder.toml",
        ", name: expected text, not 3",
    ),
    "notes of a wrong kind": (
        {"feeder.toml": FILES["feeder.toml"] + "notes = [1]"},
        "feeder.toml",
        ", notes: expected a list of texts, not [1]",
    ),
    "not TOML": (edit("feeder.toml", "= 10", "10"), "feeder.toml", ": not TOML ("),
    "deep TOML": ({"feeder.toml": "a = " + "[" * 20000}, "feeder.toml", ": not TOML ("),
    "long number in TOML": (edit("feeder.toml", "10", "1" * 5000), "feeder.toml", ": not TOML ("),
    "open quotation": (
        edit("buses.csv", "B,20", '"B,20'),
        "buses.csv",
        " line 4: a quotation mark is left open",
    ),
    "long cell": (edit("buses.csv", "B,20", "B," + "2" * 200_000), "buses.csv", " line 4: not CSV"),
    "UTF-16": (
        {"buses.csv": FILES["buses.csv"].encode("utf-16")},
        "buses.csv",
        ": not UTF-8 text (byte 0)",
    ),
    "Latin-1": (
        {"buses.csv": FILES["buses.csv"].replace("B", "é").encode("latin-1")},
        "buses.csv",
        ": not UTF-8 text (byte ",
    ),
    "binary TOML": ({"feeder.toml": b"\xff\x00"}, "feeder.toml", ": not UTF-8 text"),
}


@pytest.mark.parametrize(("changes", "name", "message"), ERRORS.values(), ids=ERRORS.keys())
def test_each_fault_gives_one_line_naming_file_row_and_bus(tmp_path, changes, name, message):
    folder = write(tmp_path, changes)
    with pytest.raises(FeederError) as caught:
        load_feeder(folder)
    text = str(caught.value)
    assert text.startswith(f"{folder / name}{'' if name else '/'}{message}")
    assert len(text.splitlines()) == 1
    assert len(text) < 500 + 3 * len(str(folder))


def test_an_unreadable_file_is_named(tmp_path):
    write(tmp_path, {"buses.csv": None})
    (tmp_path / "buses.csv").mkdir()
    with pytest.raises(FeederError, match=r"buses\.csv: cannot be read"):
        load_feeder(tmp_path)


def test_a_synthetic_feeder_survives_being_written_and_read(tmp_path):
    feeder = synthetic_feeder(n_bus=200, depth=30, seed=5, is_scrambled=True)
    lines = [
        f'"{feeder.bus_id[feeder.parent[k]]}",{feeder.bus_id[k]},{feeder.r_ohm[k]!r},'
        f"{feeder.x_ohm[k]!r},{feeder.ampacity_a[k]!r}"
        for k in range(feeder.n_bus - 1, 0, -1)
    ]
    branches = "\n".join(["from_bus,to_bus,r_ohm,x_ohm,ampacity_a", *lines])
    loads = zip(feeder.bus_id, feeder.p_kw.tolist(), feeder.q_kvar.tolist(), strict=True)
    buses = "\n".join(["bus,p_kw,q_kvar", *(f"{bus},{p!r},{q!r}" for bus, p, q in loads)])
    toml = f'name="s"\nbase_kv={feeder.base_kv}\nslack_bus="{feeder.bus_id[0]}"'
    branches = branches.replace("np.float64(", "").replace(")", "")
    files = {"branches.csv": branches, "buses.csv": buses, "feeder.toml": toml}
    assert load_feeder(write(tmp_path, files)).digest() == feeder.digest()
