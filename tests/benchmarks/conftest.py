"""Owns the rows of the HGAPSO reproduction that tests share."""

import pytest
from hgapso_rows import Rows, by_figure

from benchmarks.papers.hgapso.physics import LossFloor
from benchmarks.papers.hgapso.tables import capacitor_rows, flow_rows, v2g_rows
from benchmarks.papers.rows import Row


@pytest.fixture(scope="module")
def floor() -> LossFloor:
    return LossFloor()


@pytest.fixture(scope="module")
def all_rows(floor: LossFloor) -> list[Row]:
    return [*flow_rows(), *capacitor_rows(floor), *v2g_rows(floor)]


@pytest.fixture(scope="module")
def rows(all_rows: list[Row]) -> Rows:
    return by_figure(all_rows)
