"""What a study leaves behind: layout of feeders, tables, records, figures without feasible runs."""

from pathlib import Path

import numpy as np
import pytest

from heuristics.experiment import convergence_band
from powerflow.library import list_feeders, load_feeder
from problems.core.errors import ContentError
from problems.report.curves import draw_convergence
from problems.report.layout import branch_count, bus_positions, source_distance
from problems.report.record import claim_folder, make_record, study_name
from problems.report.tables import write_table


@pytest.mark.parametrize("name", list_feeders())
def test_no_two_buses_are_drawn_at_one_place(name: str) -> None:
    feeder = load_feeder(name)
    x, y, has_coordinates = bus_positions(feeder)
    assert np.isfinite(x).all()
    assert np.isfinite(y).all()
    if not has_coordinates:
        assert len(set(zip(x.tolist(), y.tolist(), strict=True))) == feeder.n_bus
        np.testing.assert_array_equal(x, branch_count(feeder))


def test_distance_is_the_sum_along_the_path() -> None:
    feeder = load_feeder("iowa240")
    distance, unit = source_distance(feeder)
    ohm, ohm_unit = source_distance(load_feeder("ieee33"))
    assert unit == "km"
    assert ohm_unit.startswith("Ω")
    bus, total_m = feeder.n_bus - 1, 0.0
    while bus > 0:
        total_m += feeder.length_m[bus]
        bus = int(feeder.parent[bus])
    assert distance[-1] == pytest.approx(total_m / 1000.0)
    assert ohm[1] == pytest.approx(np.hypot(0.0922, 0.0470))  # branch 1-2, Baran and Wu 1989


def test_table_keeps_every_bit_and_marks_what_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    write_table(file, [{"a": 0.1 + 0.2, "b": None, "c": 3}, {"a": 1.0, "b": True, "c": 4}])
    assert file.read_text() == "a,b,c\n0.30000000000000004,,3\n1.0,True,4\n"
    assert list(tmp_path.iterdir()) == [file]


def test_study_name_tells_settings_apart() -> None:
    names = {
        study_name(make_record("site", {"seed": seed}, {"ieee33": digest}))
        for seed in (1, 2)
        for digest in ("a", "b")
    }
    assert len(names) == 4


def test_folder_of_another_record_is_refused(tmp_path: Path) -> None:
    record = make_record("site", {"seed": 1}, {"ieee33": "a"})
    claim_folder(tmp_path / "study", record)
    claim_folder(tmp_path / "study", record)
    with pytest.raises(ContentError, match="holds a study with other feeders"):
        claim_folder(tmp_path / "study", {**record, "feeders": {"ieee33": "b"}})
    other = {**record, "versions": {**record["versions"], "numpy": "0.1"}}
    here = record["versions"]["numpy"]
    with pytest.raises(ContentError, match=rf"other versions \(numpy {here}, here 0\.1\)"):
        claim_folder(tmp_path / "study", other)


def test_convergence_without_feasible_runs_is_drawn(tmp_path: Path) -> None:
    grid = np.arange(1, 11)
    never = convergence_band([((1, -5.0, 0.3),), ((2, -7.0, 0.1),)], grid)
    late = convergence_band([((4, -5.0, 0.0),), ((6, -7.0, 0.0),)], grid)
    for name, bands in {"none": {"ga": never}, "some": {"ga": never, "pso": late}}.items():
        draw_convergence(tmp_path / f"{name}.png", name, bands, "usd", None)
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
