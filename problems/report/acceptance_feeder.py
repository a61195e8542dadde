"""Owns what a report of accept shows of the feeder: devices, stations, voltages at capacity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from powerflow.solve import power_flow
from problems.acceptance.study import AcceptanceStudy
from problems.conic.solution import Solution
from problems.core.assess import required
from problems.report.feeder_svg import Mark, feeder_figure
from problems.report.page import Section
from problems.report.profile_svg import limit_levels, lowest_v_pu, profile_figure

WORDS = "at capacity"


def feeder_section(
    study: AcceptanceStudy, solution: Solution, stations: Sequence[tuple[str, float]]
) -> tuple[Section, ...]:
    """Return the feeder with stations as large as it accepts; nothing without AC voltages.

    Parameters
    ----------
    study : AcceptanceStudy
    solution : Solution
        The dispatch with these stations.
    stations : sequence of (bus, kW)
    """
    after = solution.ac.v_pu
    if after is None:
        return ()
    feeder, case = study.feeder, study.case()
    alone = power_flow(feeder, case.p_kw, case.q_kvar, outputs=("v_pu",))
    before = required(alone.v_pu)
    hour = int(np.argmin(after.min(axis=1)))
    highest = float(max(after[hour].max(), np.nanmax(before[hour], initial=1.0)))
    marks = [
        Mark("station", f"station of {kw:,.0f} kW", feeder.bus_index(bus)) for bus, kw in stations
    ]
    devices = study.devices
    marks += [Mark("storage", "storage", feeder.bus_index(unit.bus)) for unit in devices.storage]
    marks += [Mark("SVG", "SVG", feeder.bus_index(unit.bus)) for unit in devices.svg]
    marks += [Mark("PV", "PV", feeder.bus_index(unit.bus)) for unit in devices.pv]
    sizes = " and ".join(f"{kw:,.0f} kW at bus {bus}" for bus, kw in stations)
    return (
        Section(
            "Feeder",
            text=(
                f"Shown with {sizes}, AC power flow of the day; before: the loads alone, without "
                "stations and devices.",
            ),
            figures=(
                feeder_figure(
                    feeder, lowest_v_pu(before), lowest_v_pu(after), marks, after_words=WORDS
                ),
                profile_figure(
                    feeder,
                    before[hour],
                    after[hour],
                    limit_levels(study.v_min_pu, study.v_max_pu, highest),
                    after_words=WORDS,
                    shown=f", hour {hour}",
                ),
            ),
        ),
    )
