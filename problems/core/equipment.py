"""Owns the assets a plan consists of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from problems.core.errors import ContentError, SettingError

Kind = Literal["station", "capacitor"]
Mode = Literal["g2v", "v2g"]


@dataclass(frozen=True, slots=True)
class Asset:
    """Hold one piece of equipment, where it stands and how large it is.

    Parameters
    ----------
    kind : {"station", "capacitor"}
        Charging station, rated in kW, or capacitor bank, rated in kvar.
    bus : str
        Label of the bus it stands at.
    kw, kvar : float, optional
        Its rating, positive; the one that its kind asks for.
    stage : int
        Stage in which it is built, from 0.
    schedule_kw : tuple of float, optional
        Power drawn in each load state, for a station that does not follow the states' factor.
    """

    kind: Kind
    bus: str
    kw: float | None = None
    kvar: float | None = None
    stage: int = 0
    schedule_kw: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        where = f"{self.kind} at bus {self.bus}"
        if self.kind not in get_args(Kind):
            raise ContentError(f"{where}: kind must be one of {', '.join(get_args(Kind))}")
        rated, other = ("kw", "kvar") if self.kind == "station" else ("kvar", "kw")
        rating = getattr(self, rated)
        if rating is None or not (math.isfinite(rating) and rating > 0.0):
            raise ContentError(f"{where}: {rated} must be a positive number, not {rating}")
        if getattr(self, other) is not None:
            raise ContentError(f"{where}: a {self.kind} has no {other}")
        if self.stage < 0:
            raise ContentError(f"{where}: stage must be 0 or more, not {self.stage}")
        if self.schedule_kw is not None:
            if self.kw is None:
                raise ContentError(f"{where}: only a station has a schedule_kw")
            if not all(abs(power_kw) <= self.kw for power_kw in self.schedule_kw):
                raise ContentError(
                    f"{where}: schedule_kw must stay within the rating of {self.kw:g}"
                )


def check_mode(mode: str) -> Mode:
    """Return `mode` if it is a charging mode, else raise SettingError naming the two."""
    for known in get_args(Mode):
        if mode == known:
            return known  # type: ignore[no-any-return]
    raise SettingError(f"mode must be one of {', '.join(get_args(Mode))}, not '{mode}'")
