"""Owns the sensitivities: which assumed prices and habits are varied, over what, for whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.papers.staged.points import Point, Searches, Shared
from problems.staged.case import StagedData
from problems.staged.investment import SCHEMES, SchemeName
from problems.staged.studied import Studied

Change = Callable[[Studied, float], Studied]


@dataclass(frozen=True, slots=True)
class Axis:
    """Hold one sweep.

    Attributes
    ----------
    name : str
    values : tuple of float
    change : callable
        From a study and a value to the changed study.
    names : tuple of str
        Schemes that are searched anew; others do not depend on it.
    trend : int
        1 where no plan can cost less at a higher value, -1 where none can cost more, else 0.
    shared : callable
        As of `Searches.points`.
    """

    name: str
    values: tuple[float, ...]
    change: Change
    names: tuple[SchemeName, ...]
    trend: int
    shared: Shared = lambda *_: False


def with_data(study: Studied, change: Callable[[StagedData], StagedData]) -> Studied:
    """Return a study with changed data; its feeder and segments stay."""
    return replace(study, data=change(study.data))


def price(study: Studied, **prices: Any) -> Studied:
    """Return a study with other prices."""
    return with_data(study, lambda data: replace(data, prices=replace(data.prices, **prices)))


def managed_price(study: Studied, times: float) -> Studied:
    """Return a study in which all that managed charging adds to a basic pile costs `times` that."""
    now = study.data.prices
    return price(
        study,
        smart_pile=now.basic_pile + times * (now.smart_pile - now.basic_pile),
        v2g_pile=now.basic_pile + times * (now.v2g_pile - now.basic_pile),
        communication_per_station=times * now.communication_per_station,
    )


def last_stage(study: Studied, **shares: Any) -> Studied:
    """Return a study with other shares in its last stage."""

    def changed(data: StagedData) -> StagedData:
        return replace(data, stages=(*data.stages[:-1], replace(data.stages[-1], **shares)))

    return with_data(study, changed)


def elasticity(study: Studied, epsilon: float) -> Studied:
    """Return a study whose unmanaged vehicles answer time-of-use prices in stages II and III.

    The share that moves to the course of those that answer is the elasticity times the spread of
    the tariff, (peak - valley) / mean, at most 1: a definition of ours, for the paper prints none.
    """

    def changed(data: StagedData) -> StagedData:
        tariff = np.array(data.demand.energy_price_rmb_per_kwh)
        share = min(1.0, epsilon * float((tariff.max() - tariff.min()) / tariff.mean()))
        later = tuple(replace(stage, tou_share=share) for stage in data.stages[1:])
        return replace(data, stages=(data.stages[0], *later))

    return with_data(study, changed)


def pile_kw(study: Studied, discharge_kw: float) -> Studied:
    """Return a study whose two-way piles deliver another power."""
    return with_data(
        study, lambda data: replace(data, ev=replace(data.ev, discharge_kw=discharge_kw))
    )


def decided(_: int, flexibility: str, is_decided: bool) -> bool:
    """Share what does not depend on the prices of lines: every state that is decided."""
    return is_decided


def plain(_: int, flexibility: str, is_decided: bool) -> bool:
    """Share what does not depend on the prices of capacities either: states that have none."""
    return is_decided and flexibility == "none"


def before(stage: int) -> Shared:
    """Share what does not depend on a stage and those after it."""
    return lambda k_stage, *_: k_stage < stage


D_ONLY: tuple[SchemeName, ...] = ("D",)
C_AND_D: tuple[SchemeName, ...] = ("C", "D")

AXES = (
    Axis("V2G participation", (0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
         lambda s, v: last_stage(s, v2g_share_max=v), D_ONLY, -1, before(2)),
    Axis("line price", (0.2e6, 0.4e6, 1.2e6, 2.0e6),
         lambda s, v: price(s, line_per_km=v), SCHEMES, 1, decided),
    Axis("storage price", (300.0, 650.0, 2000.0),
         lambda s, v: price(s, storage_per_kwh=v), C_AND_D, 1),
    Axis("managed price", (1.0, 8.0), managed_price, D_ONLY, 1),
    Axis("two-way pile", (1.0, 2.0, 5.4), pile_kw, D_ONLY, -1, before(1)),
    Axis("price elasticity", (0.0, 0.6), elasticity, C_AND_D, 0, before(1)),
    Axis("residual value", (0.0, 1.0),
         lambda s, v: price(s, has_residual_value=v > 0.0), SCHEMES, -1, plain),
    Axis("V2G participation, all managed", (0.0, 1.0),
         lambda s, v: last_stage(s, v2g_share_max=v, smart_share_max=1.0), D_ONLY, -1, before(2)),
)  # fmt: skip


def all_sweeps(searches: Searches, axes: Sequence[Axis] = AXES) -> list[Point]:
    """Return every point of the sensitivities, each a quick search of its own.

    Schemes that an axis cannot change keep the plan of the study as it is. Where cost can only rise
    or fall along an axis, what is proven at one value is proven beyond it as well.
    """
    points: list[Point] = []
    for axis in axes:
        same = [name for name in SCHEMES if name not in axis.names]
        own: list[Point] = []
        for value in axis.values:
            own += searches.as_it_is(axis.name, value, same)
            changed = axis.change(searches.study, value)
            if changed.data == searches.study.data:
                own += searches.as_it_is(axis.name, value, axis.names)
            else:
                own += searches.points(axis.name, value, changed, axis.names, axis.shared)
        points += carried_bounds(own, axis.trend)
    return points


def carried_bounds(points: Sequence[Point], trend: int) -> list[Point]:
    """Return points with the highest bound that holds at each: its own, or one that it implies."""
    if trend == 0:
        return list(points)
    return [
        replace(
            point,
            bound_rmb=max(
                other.bound_rmb
                for other in points
                if other.scheme == point.scheme and trend * other.value <= trend * point.value
            ),
        )
        for point in points
    ]
