"""Owns the development stages of PV and vehicles, their warnings and the guideline ratios."""

from __future__ import annotations

from dataclasses import dataclass

from problems.core.errors import SettingError

PV_LIMITS = (0.10, 0.30, 0.60)
"""Ratios of PV to peak load at which stages 1, 2 and 3 begin (section 2 of the paper)."""

EV_LIMITS = (0.10, 0.30, 0.50)
"""Penetrations at which stages B, C and D begin (section 2.1)."""

PV_WARNING, EV_WARNING = 0.25, 0.15
"""Above these a detailed impact assessment should be made (section 5.1)."""

PV_WORDS = ("initial", "growth", "saturation", "high penetration")
EV_WORDS = ("uncoordinated", "time-of-use", "smart", "v2g")


@dataclass(frozen=True, slots=True)
class Guideline:
    """Hold what section 5.3 of the paper recommends to build beside PV.

    Parameters
    ----------
    storage_share_of_pv : (low, high) or None
        Power of storage per installed PV.
    storage_h : float or None
        Hours of storage; None where the paper names none.
    smart_share, v2g_share : float or None
        Least share of vehicles that are managed, and that may discharge.
    """

    storage_share_of_pv: tuple[float, float] | None = None
    storage_h: float | None = None
    smart_share: float | None = None
    v2g_share: float | None = None


def check_ratios(pv_ratio: float, ev_penetration: float) -> None:
    """Raise SettingError unless both are possible."""
    if not 0.0 <= pv_ratio <= 10.0:
        raise SettingError(f"--pv-ratio must be a fraction from 0 to 10, not {pv_ratio}")
    if not 0.0 <= ev_penetration <= 1.0:
        raise SettingError(f"--ev-penetration must be a fraction from 0 to 1, not {ev_penetration}")


def pv_stage(pv_ratio: float) -> int:
    """Return the stage of PV, 0 to 3.

    Examples
    --------
    >>> [pv_stage(ratio) for ratio in (0.05, 0.10, 0.59, 0.60)]
    [0, 1, 2, 3]
    """
    return sum(pv_ratio >= limit for limit in PV_LIMITS)


def ev_stage(ev_penetration: float) -> str:
    """Return the stage of vehicles, A to D; D begins above 50 %, the others at their limit.

    Examples
    --------
    >>> [ev_stage(share) for share in (0.05, 0.10, 0.50, 0.51)]
    ['A', 'B', 'C', 'D']
    """
    *lower, last = EV_LIMITS
    return "ABCD"[sum(ev_penetration >= limit for limit in lower) + (ev_penetration > last)]


def warnings(pv_ratio: float, ev_penetration: float) -> list[str]:
    """Return the warnings of section 5.1, one sentence each."""
    found = []
    if pv_ratio > PV_WARNING:
        found.append(
            f"PV is {pv_ratio:.0%} of the peak load, above {PV_WARNING:.0%}: "
            "assess reverse power, voltages and hosting capacity"
        )
    if ev_penetration > EV_WARNING:
        found.append(
            f"EV penetration is {ev_penetration:.0%}, above {EV_WARNING:.0%}: "
            "assess peak load, voltages and transformers"
        )
    return found


def guideline(pv_ratio: float) -> Guideline:
    """Return what section 5.3 recommends at a ratio of PV to peak load."""
    if pv_ratio > 0.5:
        return Guideline(storage_share_of_pv=(0.30, 0.40), v2g_share=0.30)
    if pv_ratio >= 0.3:
        return Guideline(storage_share_of_pv=(0.15, 0.15), storage_h=2.0, smart_share=0.20)
    return Guideline()
