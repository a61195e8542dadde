"""Owns the studied feeder: a library feeder with the ratings, base and source of the data."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from powerflow.feeder import Feeder
from problems.core.errors import ContentError
from problems.staged.case import StagedData

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Hold a group of branches that are doubled together: their buses, and their length."""

    name: str
    bus: NDArray[np.int64]
    length_km: float


@dataclass(frozen=True, slots=True, eq=False)
class Studied:
    """Hold the feeder as it is studied, with its data.

    Attributes
    ----------
    feeder : Feeder
        With the data's base voltage, source voltage, impedances, ampacities and magnitude of load.
    data : StagedData
    segments : tuple of Segment
        In the order in which they first appear in the data.
    """

    feeder: Feeder
    data: StagedData
    segments: tuple[Segment, ...]

    def with_segments(self, is_doubled: BoolArray) -> Feeder:
        """Return the feeder with a second circuit, of the same kind, along the chosen segments.

        Two equal circuits side by side have half the impedance and twice the ampacity.
        """
        factor = np.ones(self.feeder.n_bus)
        for segment, is_chosen in zip(self.segments, is_doubled, strict=True):
            if is_chosen:
                factor[segment.bus] = 2.0
        return replace(
            self.feeder,
            r_ohm=self.feeder.r_ohm / factor,
            x_ohm=self.feeder.x_ohm / factor,
            ampacity_a=self.feeder.ampacity_a * factor,
        )


def studied(feeder: Feeder, data: StagedData) -> Studied:
    """Put data and feeder together, or raise ContentError naming the branch or bus that fails."""
    network = data.network
    for place, labels in (
        ("pv", [site.bus for site in data.pv]),
        ("ev.stations", [site.bus for site in data.ev.stations]),
        ("storage.sites", data.storage.sites),
    ):
        for label in labels:
            if label not in feeder.bus_id or label == feeder.bus_id[0]:
                raise ContentError(f"{place}: feeder {feeder.name} has no load bus '{label}'")
    if not float(feeder.p_kw.sum()) > 0.0:
        raise ContentError(f"feeder {feeder.name}: has no load that could grow")
    ampacity_a, length_km = np.full(feeder.n_bus, np.nan), np.zeros(feeder.n_bus)
    groups: dict[str, list[int]] = {}
    for branch in data.branches:
        where = f"branches: {branch.from_bus}-{branch.to_bus}"
        ends = [label for label in (branch.from_bus, branch.to_bus) if label in feeder.bus_id]
        if len(ends) != 2:
            raise ContentError(f"{where}: feeder {feeder.name} has no such branch")
        one, other = (feeder.bus_index(label) for label in ends)
        bus, parent = max(one, other), min(one, other)
        if feeder.parent[bus] != parent:
            raise ContentError(f"{where}: feeder {feeder.name} has no such branch")
        if np.isfinite(ampacity_a[bus]):
            raise ContentError(f"{where}: appears twice")
        ampacity_a[bus], length_km[bus] = branch.ampacity_a, branch.length_km
        if branch.segment:
            groups.setdefault(branch.segment, []).append(bus)
    missing = [k for k in range(1, feeder.n_bus) if not np.isfinite(ampacity_a[k])]
    if missing:
        k = missing[0]
        raise ContentError(
            f"branches: branch {feeder.bus_id[feeder.parent[k]]}-{feeder.bus_id[k]} of feeder "
            f"{feeder.name} has no ampacity ({len(missing)} are missing)"
        )
    # the cone rows take their scale from these loads, of which only the magnitude matters
    growth = 10.0 ** round(math.log10(data.stages[-1].peak_kw / float(feeder.p_kw.sum())))
    adapted = replace(
        feeder,
        p_kw=feeder.p_kw * growth,
        q_kvar=feeder.q_kvar * growth,
        base_kv=network.base_kv or feeder.base_kv,
        v_source_pu=network.source_pu,
        r_ohm=feeder.r_ohm * network.impedance_factor,
        x_ohm=feeder.x_ohm * network.impedance_factor,
        ampacity_a=ampacity_a,
    )
    segments = tuple(
        Segment(name, np.array(bus), float(length_km[bus].sum())) for name, bus in groups.items()
    )
    return Studied(adapted, data, segments)
