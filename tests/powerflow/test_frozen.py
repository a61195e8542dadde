"""Loads that depend on voltage: what the report says of them."""

import numpy as np

from powerflow.library import load_feeder
from powerflow.readers.frozen import freeze_loads
from powerflow.readers.network import Bus, Report


def test_powers_that_cancel_are_shown_as_zero():
    feeder = load_feeder("ieee33")
    loads = [Bus(12.66) for _ in range(feeder.n_bus)]
    for k, kw in enumerate((0.1, 0.2, -0.3), start=1):  # adds up to 5.6e-17
        loads[k].draw(-kw, 1.0, 2)
    report = Report()
    freeze_loads(feeder, loads, np.ones(feeder.n_bus), report)
    assert len(report.averaged) == 1
    assert ", 0 kW and 3 kvar at nominal voltage" in report.averaged[0]
    assert "e-" not in report.averaged[0]
