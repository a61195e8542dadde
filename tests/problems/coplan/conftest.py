"""Owns the case that tests of co-planning share."""

from dataclasses import replace

import pytest

from powerflow import load_feeder
from problems.coplan.scenario import Scenario, make_scenario


@pytest.fixture(scope="session")
def paper_day() -> Scenario:
    """Return the paper's case: 6.9 kV, every customer with an EV of 10 kW, 24 h."""
    feeder = replace(load_feeder("iowa240"), base_kv=6.9)
    return make_scenario(feeder, charger_kw=10.0, adoption_pct=100.0, cases="paper", is_day=True)
